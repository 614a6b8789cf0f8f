import copy
import pickle
from dataclasses import fields
from functools import partial

import jax
import numpy as np
import pytest

from skconv.network.model import Model
from skconv.training.programs import compile_counts
from skconv.updates import adam
from skconv.updates.update_rule import Update

from .nets import X, make_net, y


@pytest.fixture
def net():
    return make_net().initialize()


@pytest.fixture(scope="module")
def fitted():
    return make_net().fit(X, y)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros((4, 5)), r"^parameter 'hidden.W' must have shape \(5, 4\), got \(4, 5\)$"),
        (np.full((5, 4), np.nan), "^parameter 'hidden.W' must hold finite numbers$"),
        (np.full((5, 4), 1e300), "^parameter 'hidden.W' must hold finite numbers$"),
        (
            np.full((5, 4), "a"),
            "^parameter 'hidden.W' must hold integers, or floats of .*, got <U1;",
        ),
    ],
)
def test_a_value_that_does_not_fit_leaves_the_parameter(net, value, message):
    W = net.layers_["hidden"].W
    before = W.get_value()
    with pytest.raises(ValueError, match=message):
        W.set_value(value)
    np.testing.assert_array_equal(W, before)


def test_initial_weights_follow_from_the_seed(net):
    def drawn(seed):
        return Model(net.network_, seed).initialize().get(("hidden", "W"))

    np.testing.assert_array_equal(drawn(1), drawn(1))
    assert not np.array_equal(drawn(1), drawn(2))


class NumpyOnly(pickle.Pickler):
    def persistent_id(self, value):
        assert not isinstance(value, jax.Array)


def test_a_pickle_holds_numpy_arrays_only_and_predicts_the_same(fitted, tmp_path):
    with open(tmp_path / "net.pickle", "wb") as file:
        NumpyOnly(file).dump(fitted)
    again = pickle.loads((tmp_path / "net.pickle").read_bytes())
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def arrays(net):
    return jax.tree.leaves(net._fitted().frozen.weights)


def test_weights_of_a_pickle_are_copied_to_the_device_once_and_not_for_a_single_prediction(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    again.predict(X)
    assert all(isinstance(array, np.ndarray) for array in arrays(again))
    again.predict(X)
    first = arrays(again)
    assert all(isinstance(array, jax.Array) for array in first)
    assert all(a is b for a, b in zip(first, arrays(again), strict=True))
    for a, b in zip(arrays(fitted), first, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)


def test_predictions_with_weights_on_the_host_and_on_the_device_share_a_program(fitted):
    expected, before = fitted.predict_proba(X), compile_counts()
    again = pickle.loads(pickle.dumps(fitted))
    for _ in range(3):
        np.testing.assert_array_equal(again.predict_proba(X), expected)
    assert compile_counts() == before


def test_weights_on_the_host_are_copied_before_programs_run_several_times(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    again.set_params(batch_iterator_test=2).predict(X)
    assert all(isinstance(array, jax.Array) for array in arrays(again))


def test_weights_of_a_pickle_are_those_loaded_last(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    before = again.predict_proba(X)
    again.load_params_from({name: [2 * a for a in own] for name, own in weights_of(fitted)})
    after = again.predict_proba(X)
    assert not np.array_equal(before, after)
    twice = pickle.loads(pickle.dumps(again))
    np.testing.assert_array_equal(twice.predict_proba(X), after)
    again.partial_fit(X, y)
    assert again._model._last is None
    assert not np.array_equal(again.predict_proba(X), after)


OTHERS = {"carry": lambda carry: carry._replace(), "network": copy.copy}


@pytest.mark.parametrize("name", [own.name for own in fields(Model) if own.compare])
def test_predictions_share_a_copy_until_something_is_replaced(fitted, name):
    model = fitted._model.frozen()
    first = model.for_prediction()
    assert model.for_prediction() is first
    before = getattr(model, name)
    setattr(model, name, OTHERS[name](before) if name in OTHERS else object())
    assert model.for_prediction() is not first
    assert getattr(first, name) is before


def weights_of(net):
    return net.get_all_params_values().items()


def test_training_goes_on_after_a_pickle_as_without():
    net = make_net(warm_start=True, max_epochs=1).fit(X, y)
    again = pickle.loads(pickle.dumps(net)).fit(X, y)
    np.testing.assert_array_equal(again.layers_["hidden"].W, net.fit(X, y).layers_["hidden"].W)


def test_a_deep_copy_has_weights_of_its_own(fitted):
    other = copy.deepcopy(fitted)
    other.layers_["hidden"].b.set_value(np.full(4, 9))
    assert not np.array_equal(fitted.layers_["hidden"].b, other.layers_["hidden"].b)


def test_weights_and_state_are_replaced_together(fitted):
    """Threads that predict between two assignments would see a mixture."""
    model, names = fitted._model.frozen(), []

    class Watched(Model):
        def __setattr__(self, name, value):
            names.append(name)
            super().__setattr__(name, value)

    model.__class__ = Watched
    model.put({("hidden", "W"): np.zeros((5, 4)), ("hidden", "b"): np.ones(4)})
    assert [name for name in names if name in ("carry", "params", "state", "opt")] == ["carry"]
    assert not model.get(("hidden", "W")).any()
    assert fitted._model.get(("hidden", "W")).any()


def test_copies_of_an_update_keep_its_state(net):
    made = []
    model, rule = net._model, partial(adam, learning_rate=0.1)
    update = Update(rule, (), ("beta1",))
    for other in (update, copy.deepcopy(update), pickle.loads(pickle.dumps(update))):
        model.start(other, lambda params: made.append(params) or "state")
    assert len(made) == 1
    model.start(Update(partial(adam, learning_rate=0.2), (), ("beta1",)), made.append)
    assert len(made) == 2
