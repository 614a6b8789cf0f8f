import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from skconv.data import inputs
from skconv.data.inputs import check_rows
from skconv.data.plain_rows import plain_rows

IMAGES = np.random.default_rng(0).normal(size=(4, 3, 2, 2)).astype(np.float32)
TABLE = IMAGES.reshape(4, 12)


class Estimator(SimpleNamespace):
    def __sklearn_tags__(self):  # which scikit-learn reads
        return SimpleNamespace(target_tags=SimpleNamespace(required=False))


def fitted(**attributes):
    return Estimator(**{"n_features_in_": 12, **attributes})


def with_value(value):
    changed = TABLE.copy()
    changed[2, 5] = value
    return changed


PLAIN = {
    "table": TABLE,
    "images": IMAGES,
    "bytes": TABLE.astype(np.uint8),
    "read only": np.frombuffer(TABLE.tobytes(), np.float32).reshape(4, 12),
    "a slice": TABLE[1:3],
}

OTHERS = {
    "float64": np.float64(TABLE),
    "int8": TABLE.astype(np.int8),
    "bool": TABLE > 0,
    "big endian": TABLE.astype(">f4"),
    "columns first": np.asfortranarray(TABLE),
    "every second": np.repeat(TABLE, 2, axis=1)[:, ::2],
    "list": TABLE.tolist(),
    "subclass": TABLE.view(np.ma.MaskedArray),
    "one axis": TABLE[0],
    "no axis": np.float32(1),
    "no rows": TABLE[:0],
    "no features": TABLE[:, :0],
    "too few": TABLE[:, :4],
    "nan": with_value(np.nan),
    "inf": with_value(np.inf),
    "both infinities": np.concatenate([with_value(np.inf), with_value(-np.inf)]),
    "objects": TABLE.astype(object),
    "dict": {"left": TABLE},
}


def outcome(estimator, X, **options):
    """The rows, or the error, and the warnings of `check_rows`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            rows = check_rows(estimator, X, reset=False, **options)
        except (ValueError, TypeError) as error:
            found = type(error), str(error)
        else:
            arrays = {name: np.asarray(array) for name, array in rows.arrays.items()}
            told = {name: (a.dtype, a.shape, a.tobytes()) for name, a in arrays.items()}
            found = told, rows.shapes, rows.reading.check, len(rows)
    return found, [str(one.message) for one in caught]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("kind", PLAIN | OTHERS)
def test_rows_errors_and_warnings_are_those_of_the_full_checks(kind, check, monkeypatch):
    X = (PLAIN | OTHERS)[kind]
    assert (plain_rows(fitted(), X, None, check=check) is not None) == (
        kind in PLAIN or (not check and ("nan" in kind or "inf" in kind))
    )
    for estimator in (fitted(), fitted(feature_names_in_=np.array(list("abcdefghijkl")))):
        found = outcome(estimator, X, check=check)
        with monkeypatch.context() as patch:
            patch.setattr(inputs, "plain_rows", lambda *args, **options: None)
            assert outcome(estimator, X, check=check) == found


def test_large_finite_values_are_left_to_the_full_check():
    X = np.full((2, 12), 3e38, np.float32)
    assert plain_rows(fitted(), X, None, check=True) is None
    assert len(check_rows(fitted(), X, reset=False)) == 2


def test_arrays_are_not_copied():
    for X in (TABLE, IMAGES):
        assert np.shares_memory(plain_rows(fitted(), X, None, check=True).arrays[None], X)


def test_what_is_not_known_to_fit_is_read_in_full():
    assert plain_rows(SimpleNamespace(), TABLE, None, check=True) is None
    named = fitted(feature_names_in_=np.array(list("abcdefghijkl")))
    assert plain_rows(named, TABLE, None, check=True) is None
    last = outcome(fitted(), np.moveaxis(IMAGES, 1, -1).copy(), data_format="channels_last")
    assert last[0][1] == {None: (3, 2, 2)}


INPUTS = {"left": (12,), "right": (3, 2, 2)}


@pytest.mark.parametrize(
    ("X", "plain"),
    [
        ({"left": TABLE, "right": IMAGES}, True),
        ({"right": TABLE, "left": TABLE}, True),
        ({"left": TABLE}, False),
        ({"left": TABLE, "right": IMAGES[:2]}, False),
        ({"left": TABLE[:, :3], "right": IMAGES}, False),
        ({"left": with_value(np.nan), "right": IMAGES}, False),
        ({}, False),
    ],
)
def test_each_input_of_a_dict_must_be_plain(X, plain, monkeypatch):
    assert (plain_rows(fitted(n_features_in_=24), X, INPUTS, check=True) is not None) == plain
    if not X:
        return
    found = outcome(fitted(n_features_in_=24), X, expected=INPUTS)
    monkeypatch.setattr(inputs, "plain_rows", lambda *args, **options: None)
    assert outcome(fitted(n_features_in_=24), X, expected=INPUTS) == found
