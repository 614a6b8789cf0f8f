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
    f"The same net on {fits.CLASS_ROWS:,} rows of more classes",
    "classes",
    (2, 16, 128, 1024, 8192),
    (fits.classes,),
    "The more classes, the fewer rows of each, and the more epochs the net would need.",
)

LAYERS = Curve(
    "layers",
    f"Dense layers of {fits.DEEP_UNITS} units, one after the other, on {fits.DEEP_ROWS:,} rows",
    "hidden layers",
    (1, 5, 15, 45, 100),
    (fits.layers,),
    "Plain layers of rectifiers learn little at such depths; the curve is about their times.",
)

CANDIDATES = Curve(
    "candidates",
    f"Learning rates for a net of {searches.TINY_UNITS} hidden units on iris, "
    f"{searches.FOLDS} folds, {searches.TINY_EPOCHS} epochs, in a new process, including compiling",
    "candidates",
    (1, 8, 64, 512),
    (searches.batched, searches.one_by_one),
)

DEVICES = Curve(
    "devices",
    f"Three layers of {devices.UNITS} units, batches of {devices.BATCH:,} in all, on "
    f"{devices.ROWS:,} rows; and the search above, with programs that are already compiled",
    "simulated devices",
    (1, 2, 4, 8),
    (devices.shared_batches, devices.search),
    "The devices are simulated: they share the cores of one CPU, so more of them cannot be faster, "
    "and what the curves rise is the cost of dividing the work.",
)

CURVES = (ROWS, CLASSES, LAYERS, CANDIDATES, DEVICES)
