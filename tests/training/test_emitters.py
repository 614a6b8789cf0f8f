import jax
import jax.numpy as jnp
import numpy as np

from skconv.training.compiled_function import CompiledFunction
from skconv.training.emitters import has_large_loops


def update(weights):
    """Return a step of momentum."""

    def step(_, carry):
        weights, velocity = carry
        velocity = 0.9 * velocity - 0.1 * jnp.sin(weights)
        return weights + velocity, velocity

    return jax.lax.fori_loop(0, 3, step, (weights, weights))


def program(*shape):
    return jax.make_jaxpr(update)(jax.ShapeDtypeStruct(shape, np.float32)).jaxpr


def test_elementwise_operations_count_their_values():
    # two products, a difference and a sum, which a loop runs again and again
    assert not has_large_loops(program(2**9 - 1, 2**9))
    assert has_large_loops(program(2**9, 2**9))
    assert has_large_loops(program(2**6, 2**6, 2**6))


def test_images_are_left_to_the_older_emitters():
    assert not has_large_loops(program(4, 2**6, 2**6, 2**6))


def test_products_of_matrices_do_not_count():
    product = jax.make_jaxpr(jnp.matmul)(jnp.ones((2**10, 3)), jnp.ones((3, 2**10)))
    assert not has_large_loops(product.jaxpr)


def test_the_first_program_decides_and_is_traced_once():
    traces = []

    def function(x):
        traces.append(x.shape)
        for _ in range(len(x)):
            x = jnp.sin(x) * 2
        return x

    options = {"xla_llvm_disable_expensive_passes": True}
    older, newer = jax.jit(function, compiler_options=options), jax.jit(function)
    compiled = CompiledFunction(older, newer=newer)
    assert compiled(np.ones(9, np.float32)).shape == (9,)
    assert compiled(np.ones(9, np.float32)).shape == (9,)
    assert traces == [(9,)]
    assert (older._cache_size(), newer._cache_size()) == (0, 1)
    compiled(np.ones(1, np.float32))
    assert (older._cache_size(), newer._cache_size()) == (0, 2)
