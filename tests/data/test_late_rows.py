import re
import warnings

import numpy as np
import pytest
from sklearn.model_selection import GroupShuffleSplit

from skconv.data import late_rows
from skconv.data.chunks import iterate_chunks
from skconv.data.device import place_chunk
from skconv.data.inputs import check_rows
from skconv.data.iterators import BatchIterator
from skconv.data.late_rows import LateRows, as_late
from skconv.data.rows import Inputs
from skconv.layers import ConcatLayer, DenseLayer, InputLayer
from skconv.preprocessing import RowView

from ..late import LATE, Sorted, make_late
from ..nets import X as ROWS
from ..nets import make_net, y

IMAGES = np.random.default_rng(0).integers(0, 9, (20, 2, 3, 4))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64, bool, ">f4", np.float64])
@pytest.mark.parametrize("last", [False, True])
def test_rows_are_those_of_the_array(dtype, last):
    X = IMAGES.astype(dtype)
    options = {"reset": True, "data_format": "channels_last" if last else "channels_first"}
    shape = (None, 4, 2, 3) if last else (None, 2, 3, 4)
    for net, late in ((make_net(), Sorted(X)), (make_net(), RowView(X))):
        rows = check_rows(net, late, **options).arrange(Inputs({"input": shape}))
        expected = check_rows(make_net(), X, **options).arrange(Inputs({"input": shape}))
        assert net.n_features_in_ == 24
        assert (len(rows), rows.shapes) == (20, expected.shapes)
        for index in (np.array([3, 17, 0]), slice(2, 5)):
            found = rows.take(index)["input"]
            assert found.dtype == expected.take(index)["input"].dtype
            np.testing.assert_array_equal(found, expected.take(index)["input"])


def test_mapped_files_are_converted_by_chunk_if_they_do_not_serve_as_they_are(tmp_path):
    X = np.memmap(tmp_path / "X", np.uint16, "w+", shape=(6, 2, 3))
    assert as_late("X", X).X is X
    serves = np.memmap(tmp_path / "Y", np.float32, "w+", shape=(6, 2, 3))
    assert as_late("X", serves) is None
    assert as_late("X", serves[:, :, ::-1]) is not None
    assert as_late("X", X[0, 0]) is None
    assert as_late("X", np.zeros((2, 3), np.uint16)) is None


@pytest.fixture(scope="module")
def net():
    return make_net(max_epochs=1, train_split=0.2).fit(ROWS, y)


@pytest.mark.parametrize("kind", LATE)
def test_a_net_trains_and_predicts_as_on_the_array(net, kind, tmp_path):
    X = make_late(kind, ROWS.astype(np.float64), tmp_path)
    found = make_net(max_epochs=1, train_split=0.2).fit(
        X, make_late(kind, y, tmp_path / "y") if kind == "sorted" else y
    )
    np.testing.assert_array_equal(found.predict_proba(X), net.predict_proba(ROWS))
    assert found.score(X, y) == net.score(ROWS, y)
    assert found.train_history_[0]["valid_loss"] == net.train_history_[0]["valid_loss"]


def test_inputs_targets_weights_and_groups_may_all_be_late():
    layers = [
        ("left", InputLayer),
        ("right", InputLayer),
        (ConcatLayer, {"incomings": ["left", "right"]}),
        ("output", DenseLayer),
    ]
    weights, groups = np.linspace(1, 2, 40), np.arange(40) % 5
    predictions = []
    for own in (np.asarray, Sorted):
        net = make_net(
            layers=layers, max_epochs=1, train_split=GroupShuffleSplit(1, random_state=0)
        )
        pair = {"left": own(ROWS[:, :2].astype(np.float64)), "right": own(ROWS[:, 2:])}
        given = {"sample_weight": own(weights), "groups": own(groups)}
        net.fit(pair, own(y), **given)
        predictions.append((net.predict_proba(pair), net.score(pair, own(y), own(weights))))
        net.partial_fit(pair, own(y))
        predictions[-1] += (net.predict_proba(pair),)
    for found, expected in zip(*predictions, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_values_that_are_not_finite_are_refused_before_training_with_their_row(net, value):
    wrong = ROWS.astype(np.float64)
    wrong[33, 2] = value
    before, odd = net.predict_proba(ROWS), "or too large for float32 " if value == 1e300 else ""
    message = f"X must hold finite numbers, got {value} {odd}in row 33, value 2; fill missing"
    message = re.escape(message)
    for call in (lambda X: net.fit(X, y), lambda X: net.partial_fit(X, y), net.predict):
        with pytest.raises(ValueError, match="^" + message):
            call(Sorted(wrong))
    with pytest.raises(ValueError, match="^X_val: " + message):
        net.fit(ROWS, y, X_val=Sorted(wrong), y_val=y)
    with pytest.raises(ValueError, match=r"in row 3, value 2"):
        net.predict(RowView(Sorted(wrong))[30:])
    net.predict(RowView(Sorted(wrong))[:30])
    np.testing.assert_array_equal(net.predict_proba(ROWS), before)


def test_values_are_not_looked_at_where_there_is_nothing_to_check(monkeypatch):
    monkeypatch.setattr(late_rows, "PIECE_BYTES", 64)
    for X, check in ((ROWS.astype(np.int16), True), (ROWS.astype(np.float64), False)):
        source = Sorted(X)
        check_rows(make_net(), source, reset=False, check=check)
        assert source.read <= 2 * late_rows.FEW
    source = Sorted(ROWS.astype(np.float64))
    check_rows(make_net(), source, reset=False)
    assert source.read >= len(ROWS)
    assert source.largest <= 4


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.array([["a", "b"]]), "could not convert string to float"),
        (np.zeros((0, 3)), "Found array with 0 sample(s)"),
        (np.zeros((3, 0)), "Found array with 0 feature(s)"),
        (np.zeros((3, 4), complex), "X must hold numbers, got complex numbers"),
        (np.zeros((3, 4), "M8[s]"), "X must hold numbers, got dates"),
        (np.zeros((3, 4), "i4,f4"), "X must not be a structured array"),
        (np.ma.masked_equal(np.eye(3), 0), "X must not have masked values"),
    ],
)
def test_what_is_not_numbers_is_refused(X, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check_rows(make_net(), Sorted(X), reset=True)


def test_a_shape_that_is_not_known_is_refused():
    import dask.array

    X = dask.array.ones((6, 2), chunks=2)
    message = r"^X must have a known shape, got \(nan, 2\); call X.compute_chunk_sizes\(\)"
    with pytest.raises(ValueError, match=message):
        as_late("X", X[X[:, 0] > 0])


def test_rounding_of_identifiers_warns():
    X = 2**40 + np.arange(300)[:, None]
    with pytest.warns(UserWarning, match="is converted to float32, which leaves 1 of 300"):
        check_rows(make_net(), Sorted(X), reset=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_rows(make_net(), Sorted(X - X[0]), reset=True)


def test_a_sample_comes_from_all_over_the_rows(monkeypatch):
    monkeypatch.setattr(late_rows, "SAMPLE", 32)
    given, converted = LateRows(RowView(np.arange(200.0).reshape(100, 2))).sample()
    assert given[0, 0] == 0
    assert given[-1, 1] == 199
    assert (len(given), converted.dtype) == (16, np.float32)


class Numbered:
    """Rows whose values tell their number, more of them than float32 can count."""

    shape, dtype = (2**24 + 64, 2), np.dtype(np.uint8)

    def __getitem__(self, key):
        rows = np.arange(*key.indices(self.shape[0])) if isinstance(key, slice) else key
        return np.stack([rows % 251, rows % 256], axis=1).astype(np.uint8)


def test_numbers_of_rows_beyond_those_of_float32_are_exact():
    positions = 2**24 + np.array([1, 3, 33, 5, 63, 32, 31, 0])
    rows = check_rows(make_net(), Numbered(), reset=True).subset(positions)
    rows = rows.arrange(Inputs({"input": (None, 2)}))
    for iterator in (BatchIterator(4), BatchIterator(4, shuffle="blocks", block=2)):
        (chunk,) = iterate_chunks(rows, positions, None, iterator)
        X, y = chunk.X["input"][: chunk.steps], chunk.y[: chunk.steps]
        np.testing.assert_array_equal(X, np.stack([y % 251, y % 256], axis=-1))
        assert sorted(y.ravel()) == sorted(positions)
        placed = place_chunk(chunk, None)
        assert placed.rows.dtype == np.int32
    (end,) = iterate_chunks(rows.whole().subset(np.array([2**24 + 63])), None, None, iterator)
    assert end.X["input"][0, 0].tolist() == [(2**24 + 63) % 251, 63]


def test_of_several_processes_each_reads_and_checks_its_share(monkeypatch, tmp_path):
    path = tmp_path / "X.npy"
    np.save(path, np.where(np.arange(40)[:, None] == 25, np.nan, np.zeros((40, 2), np.float32)))
    mapped = np.load(path, mmap_mode="r")
    assert as_late("X", mapped) is None
    monkeypatch.setattr(late_rows, "reads_together", lambda: True)
    rows = LateRows(as_late("X", mapped), check=True)
    for own in (range(10, 20), range(30, 40)):
        monkeypatch.setattr(late_rows, "own_range", lambda n, own=own: own)
        rows.check_values()
    monkeypatch.setattr(late_rows, "own_range", lambda n: range(20, 30))
    with pytest.raises(ValueError, match="X must hold finite numbers, got nan in row 25"):
        rows.check_values()
