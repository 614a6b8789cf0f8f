import jax
import jax.numpy as jnp
import numpy as np

from skconv.ops.mesh import (
    ROWS_AND_WEIGHTS,
    current_mesh,
    keep_weights,
    make_mesh,
    multiple_of,
    platform_of,
    put_batches,
    put_weights,
    sharing_rows,
    split_rows,
    whole,
)

MESH = make_mesh(jax.local_devices()[:1])


def test_functions_are_traced_for_the_mesh_of_the_block():
    seen = []

    def double(x):
        seen.append(current_mesh())
        return split_rows(keep_weights(x)) * 2

    with sharing_rows(MESH), sharing_rows(None):
        jax.make_jaxpr(double)(jnp.ones(3))
    with sharing_rows(MESH):
        traced = jax.make_jaxpr(double)(jnp.ones(3))
    assert seen == [None, MESH]
    assert current_mesh() is None
    assert str(traced).count("sharding_constraint") == 2


def test_arrays_of_a_mesh_are_fetched_for_the_default_device():
    tree = {"W": np.ones(3), "b": jnp.zeros(2)}
    placed = put_weights(tree, MESH)
    assert {leaf.sharding for leaf in jax.tree.leaves(placed)} == {whole(MESH)}
    assert put_weights(placed, MESH)["W"].unsafe_buffer_pointer() == (
        placed["W"].unsafe_buffer_pointer()
    )
    fetched = put_weights(placed, None)
    assert type(fetched["W"]) is np.ndarray
    np.testing.assert_array_equal(fetched["W"], tree["W"])
    assert put_weights(tree, None) is tree


def test_batches_are_placed_by_their_second_axis():
    batches = put_batches((np.zeros((2, 4, 3)), np.zeros((2, 4))), MESH)
    assert [tuple(array.sharding.spec) for array in batches] == [(None, "rows")] * 2
    assert whole(None) is None
    assert put_batches(np.zeros((2, 4)), None).sharding == jnp.zeros(1).sharding


def test_large_weights_are_split_along_their_largest_axis():
    mesh = make_mesh(jax.local_devices()[:1], ROWS_AND_WEIGHTS)
    tree = {"W": np.zeros((3, 20, 20, 7)), "b": np.zeros(7), "step": 0}
    placed = put_weights(tree, mesh)
    assert {name: tuple(own.sharding.spec) for name, own in placed.items()} == {
        "W": (None, "rows and weights"), "b": (), "step": ()
    }  # fmt: skip
    assert {tuple(own.sharding.spec) for own in put_weights(tree, MESH).values()} == {()}
    with sharing_rows(mesh):
        traced = str(jax.make_jaxpr(keep_weights)(jnp.zeros((40, 30))))
    assert "P('rows and weights'" in traced


def test_multiples():
    assert [multiple_of(4, n) for n in (1, 4, 5)] == [4, 4, 8]


def test_the_platform_of_a_mesh():
    assert platform_of(MESH) == jax.local_devices()[0].platform
