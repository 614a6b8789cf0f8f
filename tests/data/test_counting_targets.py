import warnings

import numpy as np
import pytest

from skconv.data.counting_targets import check_counting
from skconv.data.dataset import Dataset
from skconv.data.iterators import BatchIterator
from skconv.data.rows import Rows
from skconv.targets.output_inference import infer_outputs

Y = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, np.nan]])
OUTPUTS = infer_outputs(np.nan_to_num(Y), (None,), regression=(True,)).ignoring((np.nan,))


def dataset(y, weights=None, target_weights=None):
    rows = Rows({"input": np.zeros((len(y), 1), np.float32)}, {"input": (1,)})
    return Dataset(rows, y, weights, BatchIterator(2), target_weights)


def test_a_column_without_targets_warns():
    with pytest.warns(UserWarning, match="^column 1 of y has no targets to train on, as all are"):
        check_counting(OUTPUTS, dataset(Y), None)


def test_time_steps_without_targets_share_their_units_with_others():
    tags = np.array([["a", "b", "-"], ["b", "a", "-"], ["a", "-", "-"]])
    inferred = infer_outputs(tags, (None,), regression=(False,), ignored=("-",))
    outputs = inferred.match([(None, 3, 2)], axes=(-1,))
    check_counting(outputs, dataset(outputs.encode(tags)), None)


def test_some_target_must_count():
    message = "^the training samples must have a target that counts, but all of them are ignored"
    with pytest.raises(ValueError, match=message):
        check_counting(OUTPUTS, dataset(np.full((3, 2), np.nan)), None)
    weights = (np.array([[0.0, 1.0]] * 3),)
    with pytest.raises(ValueError, match=message):
        check_counting(OUTPUTS, dataset(Y, target_weights=weights), None)


def test_a_validation_set_whose_targets_do_not_count_warns():
    with pytest.warns(UserWarning, match="^the validation set has no target that counts"):
        check_counting(OUTPUTS, dataset(np.ones((3, 2))), dataset(Y, np.zeros(3)))


def test_columns_with_some_targets_are_taken_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        some = np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, 4.0]])
        check_counting(OUTPUTS, dataset(some), dataset(some[:1]))
