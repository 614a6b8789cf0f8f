import threading

import jax
import jax.numpy as jnp
import numpy as np

from skconv.ops.dealt_batches import (
    BATCHES,
    collect,
    deal,
    dealing_batches,
    dealing_mesh,
    deals_batches,
    on_each_device,
)
from skconv.ops.mesh import make_mesh

MESH = make_mesh(jax.local_devices()[:1], BATCHES)


def test_batches_go_to_the_devices_in_turn_and_come_back_in_order():
    X = np.arange(24).reshape(4, 3, 2)
    dealt = deal({"input": X}, MESH)
    assert dealt["input"].shape == (4, 1, 3, 2)
    assert tuple(dealt["input"].sharding.spec) == (None, BATCHES)
    np.testing.assert_array_equal(collect(dealt)["input"], X)


def test_a_device_runs_a_function_on_its_batches():
    def doubled(batches, steps, others):
        known = jnp.arange(len(batches)) < steps
        return jnp.where(known[:, None, None], others * batches, 0)

    X = np.arange(24).reshape(4, 3, 2)
    run = jax.jit(on_each_device(doubled, MESH))
    out = collect(run(deal(X, MESH), np.int32(3), np.int32(2)))
    np.testing.assert_array_equal(out[:3], 2 * X[:3])
    np.testing.assert_array_equal(out[3], np.zeros((3, 2)))


def test_several_batches_are_dealt_within_the_block_and_in_its_thread():
    device, seen = jax.local_devices()[0], []
    two = [device, device]
    assert not deals_batches(dealing_mesh(2))
    with dealing_batches(two):
        assert dealing_mesh(1) is None
        assert deals_batches(dealing_mesh(2))
        thread = threading.Thread(target=lambda: seen.append(dealing_mesh(2)))
        thread.start()
        thread.join()
        with dealing_batches([device]):
            assert dealing_mesh(2) is None
        assert deals_batches(dealing_mesh(2))
    assert dealing_mesh(2) is None
    assert seen == [None]
    assert not deals_batches(make_mesh(two))
