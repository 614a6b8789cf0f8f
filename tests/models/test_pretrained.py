import copy
import pickle

import jax.numpy as jnp
import numpy as np
import pytest

from skconv import models
from skconv.models import Pretrained

WEIGHTS = {"output.W": np.ones((4, 2), np.float32), "output.b": np.zeros(2, np.float32)}


@pytest.fixture
def pretrained():
    return Pretrained(models.default((4,), 3), WEIGHTS, source="four", classes=("a", "b"))


def test_copies_share_the_arrays(pretrained):
    assert copy.copy(pretrained) is copy.deepcopy([pretrained])[0] is pretrained


def test_pickles_keep_everything(pretrained):
    other = pickle.loads(pickle.dumps(pretrained))
    assert dict(other.network) == dict(pretrained.network)
    assert (other.source, other.classes, repr(other)) == ("four", ("a", "b"), repr(pretrained))
    np.testing.assert_array_equal(other.weights["output.W"], WEIGHTS["output.W"])


def test_pickles_take_functions_that_have_no_name():
    network = models.default((4,), 3) | {"hidden_nonlinearity": jnp.square, "output_W": lambda: 0}
    other = pickle.loads(pickle.dumps(Pretrained(network, WEIGHTS)))
    assert other.network["hidden_nonlinearity"](3) == 9


def test_neither_network_nor_weights_can_be_changed(pretrained):
    for mapping in (pretrained.network, pretrained.weights):
        with pytest.raises(TypeError):
            mapping["output.b"] = 1
    with pytest.raises(AttributeError):
        pretrained.weights = {}


def test_is_described_by_its_size(pretrained):
    assert repr(pretrained) == "Pretrained('four', 2 arrays, 10 numbers)"
