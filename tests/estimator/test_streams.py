import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skconv import compile_counts
from skconv.model_selection import BatchedGridSearchCV
from tests.nets import X, make_net, y
from tests.preprocessing.test_map_dataset import Columns, Dataset, Iterable, Tensor, pairs

from ..exactness import assert_agree

BATCHES = [(X[i : i + 16], y[i : i + 16]) for i in range(0, 40, 16)]
"""Two of one size, and a smaller one."""


class Loader:
    """Batches that start afresh each time, as of a DataLoader of torch."""

    def __init__(self, batches=BATCHES):
        self.batches, self.passes = batches, 0

    def __iter__(self):
        self.passes += 1
        for Xb, yb in self.batches:
            yield [Tensor(Xb), Tensor(yb)]


@pytest.fixture(scope="module")
def fitted():
    return make_net().fit(X, y)


@pytest.fixture(scope="module")
def streamed():
    return make_net().partial_fit_stream(BATCHES, classes=[0, 1, 2], epochs=2)


def test_each_batch_is_a_step_as_in_partial_fit(streamed):
    net = make_net()
    for Xb, yb in BATCHES * 2:
        net.partial_fit(Xb, yb, classes=[0, 1, 2])
    assert_agree(net.predict_proba(X), streamed.predict_proba(X))
    assert [row["epoch"] for row in streamed.train_history_] == [1, 2, 3, 4, 5, 6]


def test_the_size_of_a_batch_is_that_of_the_step(streamed):
    net = make_net(batch_iterator_train=3)
    net.partial_fit_stream(BATCHES, classes=[0, 1, 2], epochs=2)
    assert_agree(net.predict_proba(X), streamed.predict_proba(X))
    assert net._fitted().model.step == 6


def test_batches_of_one_size_and_a_smaller_one_share_a_program(streamed):
    before = compile_counts()
    make_net().partial_fit_stream(Loader(), classes=[0, 1, 2], epochs=5)
    clone(streamed).partial_fit_stream(iter(BATCHES), classes=[0, 1, 2])
    assert compile_counts() == before


def test_a_loader_of_tensors_is_read_once_per_epoch(streamed):
    loader = Loader()
    net = make_net().partial_fit_stream(loader, classes=[0, 1, 2], epochs=2)
    assert loader.passes == 2
    assert_agree(net.predict_proba(X), streamed.predict_proba(X))


def test_weights_come_third():
    weights = np.arange(16.0)
    net = make_net().partial_fit_stream([(*BATCHES[0], weights)], classes=[0, 1, 2])
    other = make_net(batch_iterator_train=16)
    other.partial_fit(*BATCHES[0], classes=[0, 1, 2], sample_weight=weights)
    assert_agree(net.predict_proba(X), other.predict_proba(X))


def test_batches_of_x_are_reconstructed():
    net = make_net(regression=True).partial_fit_stream([(X[:16],)])
    assert_agree(net.predict(X), make_net(regression=True).partial_fit(X[:16]).predict(X))


def test_a_handler_ends_the_stream():
    def stop(net, history):
        if len(history) == 2:
            raise StopIteration

    net = make_net(on_epoch_finished=stop).partial_fit_stream(BATCHES, classes=[0, 1, 2], epochs=9)
    assert len(net.train_history_) == 2


def test_ctrl_c_ends_the_stream_with_a_warning():
    def batches():
        yield BATCHES[0]
        raise KeyboardInterrupt

    net = make_net()
    with pytest.warns(UserWarning, match="training was interrupted after 1 batches"):
        net.partial_fit_stream(batches(), classes=[0, 1, 2])
    assert len(net.train_history_) == 1


def test_ctrl_c_within_the_first_batch_leaves_a_net_that_predicts():
    def interrupt(net, history):
        raise KeyboardInterrupt

    net = make_net(on_training_started=interrupt)
    with pytest.warns(UserWarning, match="training was interrupted after 0 batches"):
        net.partial_fit_stream(BATCHES, classes=[0, 1, 2])
    assert net.train_history_ == []
    assert np.isin(net.predict(BATCHES[0][0]), [0, 1, 2]).all()


def test_an_invalid_batch_is_named_and_the_steps_before_are_kept(streamed):
    net = make_net()
    with pytest.raises(ValueError, match="previously unseen labels") as caught:
        net.partial_fit_stream([BATCHES[0], (X[:16], y[:16] + 7)], classes=[0, 1, 2])
    assert caught.value.__notes__ == ["in batch 1"]
    assert len(net.train_history_) == 1


@pytest.mark.parametrize(
    ("batches", "options", "message"),
    [
        ([], {}, "batches must hold at least one batch, got none"),
        ({"a": X}, {}, "batches must be an iterable of .*, got dict"),
        (3, {}, "batches must be an iterable of .*, got int"),
        (BATCHES, {"epochs": 0}, "epochs must be a positive integer, got 0"),
        (iter(BATCHES), {"epochs": 2}, "start afresh with each of the 2 epochs.*got list_iterator"),
        ([{"image": X, "label": y}], {}, "got a dict of 'image', 'label' in batch 0; give pairs"),
        ([X], {}, "each batch must be .*, got a ndarray in batch 0"),
        ([(X, y, None, 1)], {}, "got a tuple of 4 in batch 0"),
        ([(X, None)], {}, "requires y to be passed"),
    ],
)
def test_other_streams_are_refused(batches, options, message):
    net = make_net()
    with pytest.raises(ValueError, match=message):
        net.partial_fit_stream(batches, **options)
    with pytest.raises(NotFittedError):
        net.predict(X)


def test_a_map_dataset_is_x_and_y(fitted):
    dataset = pairs(X, y)
    net = make_net().fit(dataset)
    assert dataset.asked == list(range(40))
    assert_agree(net.predict_proba(dataset), fitted.predict_proba(X))
    assert_agree(net.transform(dataset), fitted.transform(X))
    assert net.score(dataset) == fitted.score(X, y)
    assert_array_equal(make_net().fit(Dataset(*X), y).predict(X), fitted.predict(X))
    assert_array_equal(make_net().fit(Tensor(X), Tensor(y)).predict(Tensor(X)), fitted.predict(X))
    assert_array_equal(make_net().fit(list(map(Tensor, X)), y).predict(X), fitted.predict(X))
    valid = clone(fitted).fit(pairs(X, y), X_val=pairs(X, y)).train_history_[-1]["valid_accuracy"]
    assert valid > 0


def test_columns_of_a_dataset_are_named(fitted):
    rows = Columns(*({"image": x, "label": label} for x, label in zip(X, y, strict=True)))
    net = make_net().fit(rows, "label")
    assert_array_equal(net.predict(X), fitted.predict(X))
    assert net.score(rows, "label") == fitted.score(X, y)
    with pytest.raises(ValueError, match=r"remove the others, as by dataset\.remove_columns"):
        net.predict(rows)


def test_a_search_reads_a_dataset(fitted):
    found, expected = (
        BatchedGridSearchCV(make_net(), {"update_learning_rate": [0.01, 0.1]}, cv=2).fit(*data)
        for data in [(pairs(X, y),), (X, y)]
    )
    scores = [search.cv_results_["mean_test_score"] for search in (found, expected)]
    assert_array_equal(*scores)


def test_streams_given_to_fit_say_where_they_go(fitted):
    for stream in (Loader(), iter(BATCHES), Iterable()):
        with pytest.raises(ValueError, match=r"X must be an array.*\(X, y\) by partial_fit_stream"):
            make_net().fit(stream)
        with pytest.raises(ValueError, match="predict them one by one"):
            fitted.predict(stream)
    with pytest.raises(ValueError, match=r"X must have rows of one shape, got \(5,\) in row 0"):
        make_net().fit(pairs([*X[:3], X[3, :2]], y[:4]))
