"""Batch iterators and validation sets."""

import pickle

import numpy as np
from sklearn.base import clone

from skconv import BatchIterator, NeuralNet, TrainSplit
from skconv.data.iterators import as_train_iterator

from .nets import X, is_same, make_net, make_regressor, y
from .outcomes import differs, refused, same

ROWS = np.arange(20.0)[:, None] + 20 * np.arange(10)
LABELS = np.arange(20)


class Flip(BatchIterator):
    """Changes the sign of half of the samples of a batch, in place."""

    flip_columns = ()

    def transform(self, Xb, yb):
        Xb, yb = super().transform(Xb, yb)
        Xb[::2] *= -1
        return Xb, yb


@same
def test_batches():
    """`for Xb, yb in BatchIterator(2)(X, y)`, in the order of the rows"""
    batches = list(BatchIterator(2)(ROWS, LABELS))
    assert len(batches) == 10
    assert np.array_equal(batches[0][0], ROWS[:2])
    assert np.array_equal(np.concatenate([yb for _, yb in batches]), LABELS)


@same
def test_no_targets():
    """`BatchIterator(2)(X)`: yb is None"""
    assert [yb for _, yb in BatchIterator(2)(ROWS)] == [None] * 10


@same
def test_shuffled_batches():
    """`BatchIterator(2, shuffle=True)(X, y)` shuffles, with rows and targets together"""
    Xs, ys = map(np.concatenate, zip(*BatchIterator(2, True, 42)(ROWS, LABELS), strict=True))
    assert sorted(ys) == LABELS.tolist()
    assert not np.array_equal(ys, LABELS)
    assert np.array_equal(Xs[:, 0], ys)


@differs("X and y of the caller keep their order")
def test_shuffled_in_place():
    """`BatchIterator(2, shuffle=True)` shuffles X and y in place"""
    rows = ROWS.copy()
    list(BatchIterator(2, shuffle=True)(rows, LABELS))
    assert np.array_equal(rows, ROWS)


@same
def test_dicts():
    """`BatchIterator(2, shuffle=True)` with a dict as X"""
    for Xb, _ in BatchIterator(2, shuffle=True)({"one": ROWS, "two": 10 * ROWS}):
        assert Xb["one"].shape == (2, 10)
        assert np.array_equal(Xb["two"], 10 * Xb["one"])


@same
def test_batches_twice():
    """Batches iterated over twice, and their `n_samples`"""
    batches = BatchIterator(3)(ROWS, LABELS)
    assert len(list(batches)) == len(list(batches)) == 7
    assert batches.n_samples == 20


@same
def test_arguments_of_iterators():
    """`BatchIterator(batch_size, shuffle, seed)`, in this order"""
    iterator = BatchIterator(128, True, 42)
    assert (iterator.batch_size, iterator.shuffle, iterator.seed) == (128, True, 42)


@differs("a number, as by default, shuffles the rows in each epoch; an iterator keeps their order")
def test_default_order():
    """Batches are those of `BatchIterator(batch_size=128)`, in the order of the rows"""
    assert as_train_iterator(None).shuffle
    assert as_train_iterator(128).shuffle
    assert not as_train_iterator(BatchIterator(128)).shuffle


@differs("it follows from the net's `random_state`")
def test_seed_of_an_iterator():
    """The seed of a `BatchIterator` is 42"""
    assert BatchIterator(128, shuffle=True).seed is None


@differs("the same, but X is left as it is; nolearn keeps changes in place for the next epochs")
def test_transform():
    """`transform` of a subclass changes the batches of `fit`, as by `Xb[::2] *= -1`"""
    before = X.copy()
    net = make_net(batch_iterator_train=Flip(128)).fit(X, y)
    assert np.array_equal(X, before)
    assert not is_same(net.get_all_params_values(), make_net().fit(X, y).get_all_params_values())


@differs("the last batch is filled up with rows that do not count")
def test_size_of_batches():
    """`transform` gets the rest of the rows as the last batch"""
    seen = []

    class Seen(BatchIterator):
        def transform(self, Xb, yb):
            seen.append((Xb.shape, yb.dtype, yb.shape))
            return Xb, yb

    make_net(batch_iterator_train=Seen(128)).fit(X, y)
    assert set(seen) == {((128, 5), np.dtype(np.int32), (128,))}


@same
def test_transform_at_prediction(fitted):
    """`transform` of `batch_iterator_test` changes X in `predict` and `get_output`; yb is None"""

    class Negative(BatchIterator):
        def transform(self, Xb, yb):
            assert yb is None
            return -Xb, yb

    net = make_net(batch_iterator_test=Negative(128))
    net.load_params_from(fitted)
    assert np.array_equal(net.predict_proba(X), fitted.predict_proba(-X))
    assert np.array_equal(net.get_output("hidden", X), fitted.get_output("hidden", -X))


@same
def test_attributes_of_iterators():
    """`net.batch_iterator_train.flip_columns = ...`, which `clone` and `pickle` keep"""
    net = make_net(batch_iterator_train=Flip(128))
    net.batch_iterator_train.flip_columns = [(0, 1)]
    assert clone(net).batch_iterator_train.flip_columns == [(0, 1)]
    assert pickle.loads(pickle.dumps(net)).batch_iterator_train.flip_columns == [(0, 1)]


@refused("override order(n, seed, epoch, y) to choose the rows of each epoch")
def test_own_iter():
    """`__iter__` of a subclass, as for balanced batches"""

    class Balanced(BatchIterator):
        def __iter__(self):
            return iter([])

    make_net(batch_iterator_train=Balanced(128)).fit(X, y)


@refused("override order(n, seed, epoch, y) to choose the rows of each epoch")
def test_own_call():
    """`__call__` of a subclass of `BatchIterator`"""

    class Called(BatchIterator):
        def __call__(self, X, y=None):
            return self

    make_net(batch_iterator_test=Called(128)).fit(X, y)


@refused("batch_iterator_train must be a positive integer, a BatchIterator or None")
def test_other_iterators():
    """An iterator that is not a `BatchIterator`"""
    make_net(batch_iterator_train=lambda X, y=None: [(X, y)]).fit(X, y)


@differs("predictions keep the order of X; nolearn shuffles them")
def test_shuffled_predictions(fitted):
    """`batch_iterator_test=BatchIterator(128, shuffle=True)`"""
    net = make_net(batch_iterator_test=BatchIterator(128, shuffle=True))
    net.load_params_from(fitted)
    assert np.array_equal(net.predict_proba(X), fitted.predict_proba(X))


@differs(
    "samples are drawn at random, with `random_state`; "
    "see [the validation set](from_nolearn.md#the-validation-set) for the first fold"
)
def test_default_split():
    """`TrainSplit(0.2)` validates on the first fold, without shuffling"""
    first, second = (TrainSplit(0.2, random_state=seed)(X, y)[1] for seed in (0, 1))
    assert not np.array_equal(first, second)


@same
def test_split_by_hand(fitted):
    """`X_train, X_valid, y_train, y_valid = TrainSplit(0.2)(X, y, net)`"""
    parts = TrainSplit(0.2)(X, y, fitted)
    assert [len(part) for part in parts] == [32, 8, 32, 8]
    again = TrainSplit(0.2)(X, y, fitted)
    assert all(map(np.array_equal, parts, again))


@same
def test_split_by_class():
    """`TrainSplit(0.2)` keeps the proportions of the classes"""
    labels = np.repeat([0, 1], [75, 25])
    _, _, y_train, y_valid = TrainSplit(0.2)(np.zeros((100, 1)), labels, make_net())
    assert (y_train.sum(), y_valid.sum()) == (20, 5)


@differs("samples are drawn at random; `shuffle=False` takes the last ones, nolearn the first")
def test_split_without_classes():
    """`TrainSplit(0.2, stratify=False)`"""
    labels = np.repeat([0, 1], [75, 25])
    rows = np.arange(100)[:, None]
    assert 0 < TrainSplit(0.2, stratify=False)(rows, labels, make_net())[3].sum() < 20
    last = TrainSplit(0.2, stratify=False, shuffle=False)(rows, labels, make_net())
    assert last[1].ravel().tolist() == list(range(80, 100))


@same
def test_split_of_numbers():
    """`TrainSplit(0.2)` with `regression=True`"""
    parts = TrainSplit(0.2)(ROWS, LABELS / 7, make_regressor())
    assert [len(part) for part in parts] == [16, 4, 16, 4]


@same
def test_split_of_nothing():
    """`TrainSplit(0.0)(X, y, net)`: the validation set is empty"""
    assert [len(part) for part in TrainSplit(0.0)(X, y, make_net())] == [40, 0, 40, 0]


@differs("51 of 100 samples; nolearn has `round(1 / eval_size)` folds, so half of them")
def test_split_of_another_size():
    """`TrainSplit(0.51)`"""
    assert len(TrainSplit(0.51)(np.zeros((100, 1)), np.zeros(100, int), make_net())[1]) == 51


@same
def test_split_of_dicts():
    """`TrainSplit(0.2)` with a dict as X"""
    X_train, X_valid, _, y_valid = TrainSplit(0.2)({"one": ROWS, "two": ROWS}, LABELS % 4, None)
    assert len(X_train["one"]) == len(X_train["two"]) == 16
    assert np.array_equal(X_valid["one"][:, 0] % 4, y_valid)


@refused("Write instead: random_state=42")
def test_seed_of_a_split():
    """`TrainSplit(0.2, seed=42)`"""
    TrainSplit(0.2, seed=42)


@refused("write shuffle=True, which is another argument")
def test_third_argument_of_a_split():
    """`TrainSplit(0.2, True, True)`, with `shuffle` by position"""
    TrainSplit(0.2, True, True)(X, y, make_net())


@same
def test_own_split():
    """`__call__(X, y, net)` of a subclass of `TrainSplit`"""

    class Halves(TrainSplit):
        def __call__(self, X, y, net):
            seen.append(net.regression)
            return X[::2], X[1::2], y[::2], y[1::2]

    seen = []
    make_net(train_split=Halves(0.5)).fit(X, y, epochs=0)
    assert seen == [False]


@same
def test_split_function():
    """`train_split=function`, `(X, y, net) -> X_train, X_valid, y_train, y_valid`"""
    seen = []

    def split(X, y, net):
        seen.append(len(X))
        return X[:32], X[32:], y[:32], y[32:]

    make_net(train_split=split).fit(X, y, epochs=0)
    assert seen == [40]


@refused("pass train_split, a function (X, y, net) that returns X_train, X_valid, y_train, y_valid")
def test_split_method():
    """A method `train_test_split` of a subclass of the net, which is deprecated"""

    class Net(NeuralNet):
        def train_test_split(self, X, y, eval_size):
            return X, X, y, y

    make_net(Net).fit(X, y)


@same
def test_split_for_another_size():
    """`clone(net).train_split.eval_size`"""
    assert clone(make_net(train_split=TrainSplit(0.3))).train_split.eval_size == 0.3
