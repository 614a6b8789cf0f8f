import re

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator

from skconv.data.inputs import check_rows
from skconv.data.reconstruction import as_target, check_autoencoder, check_order, reconstructs
from skconv.data.rows import Inputs

TABLE = np.arange(12, dtype=np.float32).reshape(4, 3)
IMAGES = np.arange(4 * 2 * 3 * 5, dtype=np.float32).reshape(4, 2, 3, 5)
LAST = np.moveaxis(IMAGES, 1, -1).copy()


def rows_of(X, **options):
    return check_rows(BaseEstimator(), X, reset=True, **options)


@pytest.mark.parametrize(
    ("y", "regression", "outputs", "autoencoder", "expected"),
    [
        (None, True, None, False, True),
        (None, True, None, True, True),
        ([1], True, None, True, True),
        ([1], True, None, False, False),
        (None, False, None, False, False),
        (None, True, ["a", "b"], False, False),
        (None, {"a": True}, "a", False, True),
    ],
)
def test_the_target_is_x_without_y_or_if_asked_for(y, regression, outputs, autoencoder, expected):
    assert reconstructs(y, regression, outputs, autoencoder) is expected


@pytest.mark.parametrize(
    ("X", "options"),
    [
        (TABLE, {}),
        (IMAGES, {}),
        (LAST, {"data_format": "channels_last"}),
        ({"image": IMAGES}, {}),
    ],
    ids=["table", "images", "channels last", "dict"],
)
def test_float32_is_its_own_target_without_a_copy(X, options):
    target = as_target(rows_of(X, **options))
    given = X["image"] if isinstance(X, dict) else X
    np.testing.assert_array_equal(target, TABLE if given is TABLE else IMAGES)
    assert target.dtype == np.float32
    assert np.shares_memory(target, given)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float64])
def test_other_numbers_become_float32(kind):
    target = as_target(rows_of(IMAGES.astype(kind)))
    np.testing.assert_array_equal(target, IMAGES)
    assert target.dtype == np.float32


def test_a_subset_has_its_own_rows():
    rows = rows_of(LAST, data_format="channels_last").subset(np.array([3, 1]))
    np.testing.assert_array_equal(as_target(rows), IMAGES[[3, 1]])


def test_several_inputs_and_sparse_x_are_refused():
    with pytest.raises(ValueError, match=r"y must be given .*several inputs.*y=X\['a'\]"):
        as_target(rows_of({"a": TABLE, "b": TABLE}))
    with pytest.raises(ValueError, match=r"X must be dense .*X\.toarray\(\)"):
        as_target(rows_of(sparse.csr_array(TABLE)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"regression": False}, "regression must be True for autoencoder=True, got False"),
        (
            {"outputs": ["a", "b"]},
            "autoencoder must be False for a net with 2 outputs, got True; give X as the target",
        ),
    ],
)
def test_the_parameter_needs_one_output_of_numbers(given, message):
    params = {"regression": True, "outputs": None, "autoencoder": True}
    check_autoencoder(params)
    check_autoencoder(params | given | {"autoencoder": False})
    with pytest.raises(ValueError, match=re.escape(message)):
        check_autoencoder(params | given)


def test_flat_images_whose_channels_move_are_refused():
    rows = rows_of(LAST.reshape(4, -1), data_format="channels_last")
    check_order(rows, Inputs({"input": (None, 30)}))
    check_order(rows, Inputs({"input": (None, 5, 6)}))
    check_order(rows_of(LAST, data_format="channels_last"), Inputs({"input": (None, 2, 3, 5)}))
    with pytest.raises(ValueError, match="got flattened images; reshape it"):
        check_order(rows, Inputs({"input": (None, 2, 3, 5)}))
