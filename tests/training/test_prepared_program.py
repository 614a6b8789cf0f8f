import gc
import weakref

import numpy as np
import pytest

from skconv import clear_programs, compile_counts
from skconv.training import programs
from skconv.training.prepared_program import prepare_program

from ..nets import X, make_net, y


@pytest.fixture
def model():
    return make_net(hidden_num_units=9).fit(X, y)._fitted().frozen


def test_a_program_is_prepared_once(model):
    first, again = prepare_program(model, None, None), prepare_program(model, None, None)
    assert all(a is b for a, b in zip(first, again, strict=True))


def test_weights_that_may_change_are_looked_at_again():
    model = make_net().fit(X, y)._model
    before = prepare_program(model, None, None)
    assert model.prepared is None
    model.load({name: [0 * a for a in own] for name, own in model_values(model).items()})
    assert np.any(before.weights[0]["hidden"]["W"])
    assert not np.any(prepare_program(model, None, None).weights[0]["hidden"]["W"])


def model_values(model):
    places = {"hidden": ("W", "b"), "output": ("W", "b")}
    return {layer: [model.get((layer, name)) for name in own] for layer, own in places.items()}


def test_values_of_a_test_augment_are_read_for_each_prediction(model):
    def augment(forward, key, Xb):
        return forward(Xb)

    before = set(model.prepared)
    prepare_program(model, augment, None)
    assert model.prepared.keys() == before


def test_programs_live_as_long_as_their_cache_keeps_them():
    net = make_net(hidden_num_units=9).fit(X, y)
    expected = net.predict_proba(X)
    alive = weakref.ref(prepare_program(net._fitted().frozen, None, None).programs)
    gc.disable()
    try:
        clear_programs()
        assert alive() is None
    finally:
        gc.enable()
    before = compile_counts()["predict"]
    np.testing.assert_array_equal(net.predict_proba(X), expected)
    net.predict_proba(X)
    assert compile_counts()["predict"] == before + 1


def test_programs_in_use_are_dropped_last(monkeypatch):
    monkeypatch.setattr(programs, "_cache", {})
    monkeypatch.setattr(programs, "MAX_BYTES", 0)
    monkeypatch.setattr(programs, "MIN_PLANS", 2)
    used, *others = (
        make_net(hidden_num_units=n, max_epochs=0).fit(X, y)._fitted().frozen for n in (3, 4, 5)
    )
    first = prepare_program(used, None, None).programs
    for other in others:
        prepare_program(other, None, None)
        assert prepare_program(used, None, None).programs is first
    assert first in programs._cache.values()
