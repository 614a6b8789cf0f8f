"""All curves, in the order of execution."""

from __future__ import annotations

from . import devices, fits, searches
from .curve import Curve

ROWS = Curve(
    "rows",
    f"One hidden layer of {fits.UNITS} units, {fits.FEATURES} features, 10 classes, batches of 128",
    "rows",
    (1000, 10_000, 100_000, 1_000_000),
    (fits.rows,),
)

CLASSES = Curve(
    "classes",
    f"The same net on {fits.CLASS_ROWS:,} rows",
    "classes",
    (2, 16, 128, 1024, 8192),
    (fits.classes,),
    "With more classes, there are fewer rows of each, so the net would need more epochs.",
)

LAYERS = Curve(
    "layers",
    f"Dense layers of {fits.DEEP_UNITS} units, one after the other, on {fits.DEEP_ROWS:,} rows",
    "hidden layers",
    (1, 5, 15, 45, 100),
    (fits.layers,),
    "At such depths, dense layers without shortcuts hardly learn; the curve only shows their time.",
)

CANDIDATES = Curve(
    "candidates",
    f"A search over learning rates for a net of {searches.TINY_UNITS} hidden units on iris: "
    f"{searches.FOLDS} folds, {searches.TINY_EPOCHS} epochs, in a new process, including compiling",
    "candidates",
    (1, 8, 64, 512),
    (searches.batched, searches.one_by_one),
)

DEVICES = Curve(
    "devices",
    f"A net of three layers of {devices.UNITS} units on {devices.ROWS:,} rows, whose batches of "
    f"{devices.BATCH:,} the devices share; and the search above, after its programs are compiled",
    "simulated devices",
    (1, 2, 4, 8),
    (devices.shared_batches, devices.search),
    "The devices are simulated and share the cores of one CPU, so more of them cannot be faster. "
    "The rise of the curves is the cost of dividing the work.",
)

CURVES = (ROWS, CLASSES, LAYERS, CANDIDATES, DEVICES)
