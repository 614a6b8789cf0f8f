import jax
import jax.numpy as jnp

from benchmarks.compile_clock import time_compiling


def test_what_the_first_call_takes_longer_is_compiling():
    jitted = jax.jit(lambda x: jnp.sin(x) @ x)

    def fit():
        return {"training loss": float(jitted(jnp.ones(7)))}

    sample = time_compiling(fit)
    assert sample.values[0] > 0
    assert sample.scores["in XLA, s"] > 0
    assert sample.scores["training loss"] > 5
