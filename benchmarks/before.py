"""Measure an earlier checkout of skconv beside this one, in turn with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from .case import Case, Measure, Setting


def with_earlier(case: Case, checkout: Path) -> Case:
    """Add the skconv of a checkout to a case, after the contender that ratios refer to."""
    place = next(i for i, contender in enumerate(case.contenders) if contender.ours)
    now = case.contenders[place]
    earlier = replace(
        now,
        name=f"{now.name}, before",
        make=partial(_make, str(checkout.resolve()), now.make),
        ours=False,
        before=True,
    )
    rest = case.contenders[place + 1 :]
    return replace(case, contenders=(*case.contenders[: place + 1], earlier, *rest))


def _make(checkout: str, make: Callable[[Setting], Measure], setting: Setting) -> Measure:
    """Let this process and those that it starts import skconv from the checkout."""
    sys.path.insert(0, checkout)
    paths = [checkout, os.environ.get("PYTHONPATH")]
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return make(setting)
