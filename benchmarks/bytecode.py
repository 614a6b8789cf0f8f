"""Bytecode of skconv, which an installed package has."""

from __future__ import annotations

import compileall
from importlib.util import find_spec
from pathlib import Path


def write_bytecode(checkout: Path | None) -> None:
    """Compile the modules of skconv, here and in an earlier checkout, to bytecode.

    Installers do so, but not for the checkout that is measured. Where Python may not write
    bytecode, a new process would take 0.5 s more to import skconv and to fit (AMD EPYC, Python
    3.11).
    """
    here = find_spec("skconv")
    assert here is not None
    assert here.origin is not None
    folders = [Path(here.origin).parent, *([checkout / "skconv"] if checkout else [])]
    for folder in folders:
        compileall.compile_dir(folder, quiet=1)
