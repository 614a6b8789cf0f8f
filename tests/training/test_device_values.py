import gc
import weakref

import jax
import numpy as np
import pytest

from skconv.ops.mesh import make_mesh
from skconv.training import device_values
from skconv.training.device_values import runtime_for

from ..nets import make_net


@pytest.fixture
def network():
    sizes = {"input_shape": (None, 5), "output_num_units": 3}
    return make_net(noise_p=0.25, **sizes).initialize().network_


def test_numbers_are_copied_once_for_each_network(network):
    values = runtime_for(network, None)
    assert all(isinstance(value, jax.Array) for value in jax.tree.leaves(values))
    assert values["noise"]["p"] == 0.25
    assert values["noise"]["p"].dtype == np.float32
    assert runtime_for(network, None) is values


def test_another_default_device_gets_copies_of_its_own(network, monkeypatch):
    values = runtime_for(network, None)
    monkeypatch.setattr(device_values, "device", lambda: "another")
    assert runtime_for(network, None) is not values


def test_devices_that_share_rows_get_numbers_of_the_host(network):
    mesh = make_mesh(jax.local_devices()[:1])
    assert runtime_for(network, mesh) is network.float32_runtime


def test_copies_end_with_the_network(network):
    own = network.structure()
    kept = weakref.ref(runtime_for(own, None)["noise"]["p"])
    del own
    gc.collect()
    assert kept() is None
