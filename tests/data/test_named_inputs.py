import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skconv.data.named_inputs import by_input
from skconv.errors import ProblemsError
from skconv.preprocessing import SliceDict
from skconv.utils.row_containers import has_names

IMAGE, TABLE = np.zeros((4, 1, 2, 2), np.uint8), np.eye(4, 3)
X = {"image": IMAGE, "table": TABLE}
NAMES = ["image", "table"]
SAMPLES = [{"image": x, "table": row} for x, row in zip(IMAGE, TABLE, strict=True)]


def test_dicts_have_names_and_sparse_matrices_have_not():
    assert has_names(X)
    assert has_names(SliceDict(X))
    assert not has_names(sparse.dok_matrix(TABLE))
    assert not has_names([IMAGE, TABLE])


@pytest.mark.parametrize("make", [list, tuple])
def test_a_list_has_the_order_of_the_input_layers(make):
    for names in (NAMES, NAMES[::-1]):
        found = by_input(make([IMAGE, TABLE]), names)
        assert list(found) == names
        assert found[names[0]] is IMAGE
        assert found[names[1]] is TABLE


@pytest.mark.parametrize("given", [TABLE, TABLE.tolist(), list(TABLE), sparse.dok_matrix(TABLE)])
def test_for_a_single_input_all_is_as_it_was(given):
    assert by_input(given, ["input"]) is given
    assert by_input(given, []) is given


@pytest.mark.parametrize("given", [X, SliceDict(X), SliceDict(X)[[]], dict(reversed(X.items()))])
def test_a_dict_is_as_it_was(given):
    assert by_input(given, NAMES) is given


@pytest.mark.parametrize(
    ("given", "got"),
    [
        (TABLE, "a single ndarray"),
        (pd.DataFrame(TABLE), "a single DataFrame"),
        (TABLE.tolist(), "a list of 4"),
        ([IMAGE, TABLE, TABLE], "a list of 3"),
        (None, "a single NoneType"),
    ],
)
def test_one_array_does_not_serve_several_inputs(given, got):
    message = f"^X must have an array for each of the input layers 'image', 'table', got {got}; "
    with pytest.raises(ValueError, match=f"{message}.*SplitColumns"):
        by_input(given, NAMES)


@pytest.mark.parametrize(
    ("given", "got"),
    [
        (list(X), "the names 'image', 'table' without arrays"),
        (set(X), "the names .* without arrays"),
        (np.array(list(X)), "the names 'image', 'table' without arrays"),
        (["table"], "the names 'table' without arrays"),
        (X.keys(), "dict_keys"),
        (X.values(), "dict_values"),
        (X.items(), "dict_items"),
        ([X], "a list of dicts"),
        (np.array(X), "an array of dicts"),
        (np.array([X]), "an array of dicts"),
        (tuple(SAMPLES), "a tuple of dicts"),
    ],
)
def test_what_a_dict_becomes_where_it_is_taken_for_samples_is_known(given, got):
    message = f"^X must be an array, or a dict of arrays, got {got}; .*preprocessing.SliceDict"
    with pytest.raises(ValueError, match=message):
        by_input(given, NAMES)
    if "names" not in got:
        with pytest.raises(ValueError, match=message):
            by_input(given, ["input"])


def test_samples_as_dicts_are_stacked_by_input():
    with pytest.raises(ValueError, match=r"\{name: np.stack\(\[x\[name\] for x in X\]\) for name"):
        by_input(SAMPLES, NAMES)
    tables = [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}]
    assert by_input(tables, ["input"]) is tables  # a DataFrame is advised later on


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        ({}, ["X must have an array for each input layer, got an empty dict"]),
        ({"image": IMAGE}, ["X must have an array for the input layer 'table', got .* 'image'$"]),
        (
            {"image": IMAGE, "tabel": TABLE},
            ["names of input layers as keys, got 'tabel'. Did you mean 'table'", "layer 'table'"],
        ),
        ({0: IMAGE, 1: TABLE}, ["got 0. Valid names: image, table", "got 1", "layer 'image'"]),
    ],
)
def test_names_are_those_of_input_layers(given, messages):
    with pytest.raises((ValueError, ProblemsError), match="(?s)" + ".*".join(messages)):
        by_input(given, NAMES)
