"""Deep nets as they are trained on a GPU or TPU: ``python -m benchmarks.accelerator``.

On the CPU, the nets are narrow and the images few, so that the command can be tried out there.
``--cost`` runs nothing: it compares the program of skconv with the one by hand, both lowered for
CUDA, by their operations and memory traffic.
"""

from __future__ import annotations

import sys
from typing import Any

from . import __main__, lowered
from .cases.resnet import RESNETS


def main(arguments: list[str], **sizes: Any) -> None:
    """Run the benchmarks, or compare costs with ``--cost``."""
    if arguments == ["--cost"]:
        lowered.show(**sizes)
    else:
        __main__.main(arguments, RESNETS)


if __name__ == "__main__":
    main(sys.argv[1:])
