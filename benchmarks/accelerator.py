"""Deep nets as they are trained on a GPU or TPU: ``python -m benchmarks.accelerator``.

On the CPU, the nets are narrow and the images few, so that the command can be tried out there.
"""

from __future__ import annotations

from .__main__ import main
from .cases.resnet import RESNETS

if __name__ == "__main__":
    main(cases=RESNETS)
