import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from skconv.targets.forms import split_targets
from skconv.targets.numbers import Numbers
from skconv.targets.output_inference import guess_outputs, infer_outputs
from skconv.targets.outputs import Outputs

NAMES = ("digit", "parity", "size")


DIGIT, PARITY, SIZE = [3, 8, 5, 3], ["odd", "even", "odd", "odd"], [0.5, 1.5, 2.5, 3.5]


BY_NAME = {"size": SIZE, "digit": DIGIT, "parity": PARITY}


ROWS = [list(row) for row in zip(DIGIT, PARITY, SIZE, strict=True)]


OTHERS = (
    "y must be a dict of arrays, a list of 3 arrays or an array with 3 columns for the outputs "
    "digit, parity, size, got "
)


def raises(message):
    return pytest.raises(ValueError, match=f"^{re.escape(message)}")


def inferred(y=BY_NAME, **kwargs):
    return infer_outputs(y, NAMES, regression=(False, False, True), **kwargs)


@pytest.mark.parametrize(
    "y",
    [
        BY_NAME,
        pd.DataFrame(BY_NAME),
        pl.DataFrame(BY_NAME),
        (DIGIT, PARITY, SIZE),
        [np.array(DIGIT), pd.Series(PARITY), SIZE],
        ROWS,
        np.array(ROWS, dtype=object),
    ],
    ids=lambda y: type(y).__name__,
)
def test_every_form_of_y_gives_each_output_its_targets(y):
    digit, parity, size = split_targets(y, NAMES)
    assert (list(digit), list(parity), list(size)) == (DIGIT, PARITY, SIZE)
    assert [t.tolist() for t in inferred(y).classes[:2]] == [[3, 5, 8], ["even", "odd"]]


@pytest.mark.parametrize(
    ("y", "names", "message"),
    [
        (BY_NAME, (None,), "y must be an array for a net with a single output, got a dict of 's"),
        (
            {"digit": DIGIT, "parity": PARITY, "sise": SIZE},
            NAMES,
            "2 problems:\n"
            " - y must have names of outputs as keys, got 'sise'. Did you mean 'size'?\n"
            " - y must have targets for the output 'size'",
        ),
        (pd.DataFrame({"digit": DIGIT, "size": SIZE}), NAMES, "y must have targets for the output"),
        (np.array(DIGIT), NAMES, f"{OTHERS}shape (4,)"),
        (np.zeros((4, 2)), NAMES, f"{OTHERS}shape (4, 2)"),
        ((DIGIT, PARITY), NAMES, f"{OTHERS}2 entries"),
        (sparse.eye_array(3).tocsr(), NAMES, f"{OTHERS}shape (3, 3)"),
        (
            {"digit": [1, 1], "parity": PARITY, "size": [0.0, np.nan]},
            NAMES,
            "2 problems:\n - output 'digit': y must contain at least 2 classes, got 1 class: [1]"
            "\n - output 'size': Input y contains NaN. Set ignore_label=numpy.nan",
        ),
    ],
)
def test_targets_that_do_not_fit_the_outputs(y, names, message):
    with raises(message):
        infer_outputs(y, names, regression=(False, False, True)[: len(names)])


def test_classes_may_be_given_by_output():
    y = {**BY_NAME, "digit": [3] * 4}
    known = {"digit": range(10)}
    assert inferred(y, classes=known).classes[0].tolist() == list(range(10))
    assert inferred(y, classes=[range(5), None, None]).classes[0].tolist() == list(range(5))
    with raises("classes must have names of outputs as keys, got 'digt'. Did you mean 'digit'?"):
        inferred(classes={"digt": range(10)})


def test_a_network_that_saw_no_targets_counts_its_units():
    outputs = guess_outputs([(None, 3), (None, 2)], ("a", "b"), regression=(False, True))
    assert outputs.classes[0].tolist() == [0, 1, 2]
    assert outputs.targets[1] == Numbers((2,), np.float32, (2,))
    assert isinstance(outputs, Outputs)
