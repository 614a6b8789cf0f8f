import copy
import pickle

import numpy as np
import pytest

from skconv.init import Constant, GlorotUniform
from skconv.layers import DenseLayer
from skconv.utils.owned_values import OwnedValue, owned, plain


def test_each_layer_owns_its_values():
    one, two = DenseLayer(num_units=3), DenseLayer(num_units=3)
    assert one.W == two.W
    assert one.W is not two.W
    assert DenseLayer(num_units=3, W=one.W).W is one.W
    assert one == two
    assert hash(one) == hash(two)


def test_they_are_used_and_shown_as_what_they_hold():
    layer = DenseLayer(num_units=3, W=Constant(2.0), b=np.arange(3.0))
    assert repr(layer.W) == "Constant(val=2.0)"
    assert layer.W.val == 2.0
    np.testing.assert_array_equal(layer.b.values, [0, 1, 2])
    np.testing.assert_array_equal(layer.W(None, (2,), np.float32), [2, 2])
    assert isinstance(layer.param_specs((None, 2))["W"].init, Constant)
    assert DenseLayer(num_units=3, b=None).b is None


def test_copies_keep_what_is_shared():
    one = DenseLayer(num_units=3)
    pair = [one, DenseLayer(one, 3, W=one.W), DenseLayer(one, 3, W=one.W.T)]
    for first, second, third in (copy.deepcopy(pair), pickle.loads(pickle.dumps(pair))):
        assert first.W is second.W is third.W.T
        assert first.W is not one.W
        assert isinstance(plain(first.W), GlorotUniform)


def test_a_copied_layer_has_its_own_parameters_and_shares_those_of_others():
    one = DenseLayer(num_units=3)
    two = DenseLayer(one, 3, W=one.W)
    other = copy.copy(two)
    assert (other.num_units, other.incoming) == (3, one)
    assert other.W is one.W
    assert other.b is not two.b
    assert copy.copy(one).W is not one.W
    assert copy.copy(other).W is one.W


def test_the_transposed_of_the_transposed_is_the_parameter():
    value = owned("he_normal")
    assert value.T.T is value
    assert owned(value.T).T is value
    assert plain(value) == "he_normal"


def test_there_are_no_values_without_inputs():
    W = DenseLayer(num_units=3).W
    uses = {
        "get_value": lambda: W.get_value(),
        "set_value": lambda: W.set_value(np.zeros((2, 3))),
    }
    for name, use in uses.items():
        message = rf"^a layer that was not given its inputs has no values .* so '{name}' is missing"
        with pytest.raises(AttributeError, match=message):
            use()
    for name in ("name", "shape", "dimshuffle"):
        message = f"^a parameter of a layer has no '{name}'; other layers may share it as it is, W="
        with pytest.raises(AttributeError, match=message):
            getattr(W, name)
    with pytest.raises(AttributeError, match=r"^a parameter of a layer is not an expression, so"):
        W.eval()


def test_values_are_what_a_net_starts_from():
    value = OwnedValue(0.5)
    assert value.start == 0.5
    value.keep(np.ones(3))
    np.testing.assert_array_equal(plain(value), np.ones(3))
    np.testing.assert_array_equal(value.copied().start, np.ones(3))
    assert value == OwnedValue(0.5)
    assert hash(value) == hash(0.5)
