import jax
import jax.numpy as jnp
from jax.extend.core import subjaxprs

from skconv.training.operations import operations


def count(program):
    return len(program.eqns) + sum(map(count, subjaxprs(program)))


def test_operations_are_those_that_jax_finds():
    def train(x):
        def step(i, x):
            return jax.lax.cond(i > 1, jnp.sin, lambda x: jax.nn.softmax(x @ x), x)

        return jax.lax.fori_loop(0, 3, step, jax.checkpoint(jax.nn.relu)(x)).sum()

    inference = jax.make_jaxpr(train)(jnp.ones((2, 2))).jaxpr
    assert len(list(operations(inference))) == count(inference) > 15
    gradients = jax.make_jaxpr(jax.grad(lambda x: jax.jit(jnp.tanh)(x).sum()))(jnp.ones(3)).jaxpr
    assert len(list(operations(gradients))) == count(gradients) > 3
