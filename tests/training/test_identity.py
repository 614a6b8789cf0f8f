from dataclasses import replace

import numpy as np
import pytest

from skconv.data.dataset import Dataset
from skconv.data.iterators import BatchIterator
from skconv.data.ragged_rows import RaggedRows
from skconv.data.rows import Rows
from skconv.handlers import Handler
from skconv.training import identity

from ..nets import X, make_net, y


class Look(Handler):
    """Keep the identity of a training, and end it."""

    def begin(self, net, train_history):
        self.identity = net._fitted().model.identity
        self.parts, self.hash = self.identity.parts, self.identity.hash
        raise StopIteration

    def __call__(self, net, train_history):
        pass


def looked(**params):
    look = Look()
    net = make_net(on_training_started=look, **params).fit(X, y)
    return look, net


def test_an_identity_lasts_as_long_as_the_training():
    look, net = looked()
    assert net._model.identity is None
    assert look.identity.given["update_learning_rate"] == 0.1
    assert len(look.hash) == 12
    assert looked()[0].parts == look.parts
    assert looked(random_state=1)[0].hash != look.hash


def rows(X, index=None):
    return Rows({None: X}, {None: X.shape[1:]}, index)


def test_large_rows_are_sampled(monkeypatch):
    X = np.zeros((5000, 4), np.float32)
    whole = identity._digest_rows(rows(X))
    monkeypatch.setattr(identity, "EXACT_BYTES", 16 * 100)
    sampled = identity._digest_rows(rows(X))
    last, unseen = X.copy(), X.copy()
    last[-1, 0] = unseen[1, 0] = 1
    assert identity._digest_rows(rows(last)) != sampled
    assert identity._digest_rows(rows(unseen)) == sampled
    assert identity._digest_rows(rows(X[1:])) != sampled
    monkeypatch.undo()
    assert identity._digest_rows(rows(unseen)) != whole


@pytest.mark.parametrize("index", [np.arange(4), np.array([3, 2, 1, 0])])
def test_the_order_of_the_rows_counts(index):
    X = np.arange(8.0).reshape(4, 2)
    taken = identity._digest_rows(rows(X, index))
    assert taken == identity._digest_rows(rows(X[index].copy()))
    assert (taken == identity._digest_rows(rows(X))) == (index[0] == 0)


def differing(one, **changes):
    first, second = map(identity._digest_dataset, (one, replace(one, **changes)))
    return {name for name in first if first[name] != second[name]}


def test_rows_targets_and_all_weights_tell_trainings_apart():
    X, ones = np.arange(8.0).reshape(4, 2), np.ones(4, np.float32)
    own = Dataset(rows(X), np.arange(4), ones, BatchIterator(2), (ones,))
    assert differing(own) == differing(own, rows=rows(X.copy())) == set()
    assert differing(own, rows=rows(X + 1)) == {"X"}
    assert differing(own, y=np.arange(4)[::-1]) == {"y"}
    for weights in ({"weights": 2 * ones}, {"weights": None}, {"target_weights": (2 * ones,)}):
        assert differing(own, **weights) == {"weights of the rows"}


def test_places_of_rows_of_several_shapes_tell_trainings_apart():
    groups = [rows(np.zeros((2, n))) for n in (2, 3)]
    places = [np.array(index) for index in ([0, 1], [2, 3], [0, 2], [1, 3])]
    one, other = RaggedRows.of(groups, places[:2]), RaggedRows.of(groups, places[2:])
    assert differing(Dataset(one, np.arange(4), None, BatchIterator(2)), rows=other) == {"X"}
