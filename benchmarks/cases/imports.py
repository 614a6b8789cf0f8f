"""Case: import time."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

from ..case import Case, Contender, Measure, Sample, Setting

CODE = "import time; began = time.perf_counter(); import {}; print(time.perf_counter() - began)"


def _import(_: Setting, *, names: str) -> Measure:
    def measure(_: int) -> Sample:
        command = [sys.executable, "-c", CODE.format(names)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        return Sample([float(answer.stdout)])

    return measure


IMPORTS = Case(
    "imports",
    "Import in a new process",
    (
        Contender("import skconv", partial(_import, names="skconv"), ours=True),
        Contender(
            "import jax, optax, sklearn.base",
            partial(_import, names="jax, optax, sklearn.base"),
            1.1,
        ),
    ),
    rounds=9,
)
