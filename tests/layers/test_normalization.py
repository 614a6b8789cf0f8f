import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.layers import BatchNormLayer, Context

rng = np.random.default_rng(0)
rows = rng.normal(3, 2, size=(6, 4))


def start(shape=(4,)):
    params = {"beta": rng.normal(size=shape), "gamma": rng.normal(size=shape)}
    state = {"mean": rng.normal(size=shape), "inv_std": rng.uniform(1, 2, shape)}
    return params, state


def test_running_statistics_pass_no_gradient(float64):
    params, state = start()

    def total(x):
        _, new = BatchNormLayer().apply(params, state, x, ctx=Context(True))
        return new["mean"].sum() + new["inv_std"].sum()

    np.testing.assert_array_equal(jax.grad(total)(rows), np.zeros_like(rows))


def test_prediction_renews_nothing(float64):
    params, state = start()
    assert BatchNormLayer().apply(params, state, rows, ctx=Context(False))[1] is state


def test_parameters_in_lasagne_order():
    specs = BatchNormLayer().param_specs((None, 4, 3, 2))
    assert list(specs) == ["beta", "gamma", "mean", "inv_std"]
    assert [spec.trainable for spec in specs.values()] == [True, True, False, False]
    assert [spec.regularizable for spec in specs.values()] == [False, True, False, False]


def test_initial_values():
    params, state = BatchNormLayer().init(jax.random.key(0), (None, 2))
    assert jax.tree.map(np.ndarray.tolist, jax.tree.map(np.asarray, (params, state))) == (
        {"beta": [0, 0], "gamma": [1, 1]},
        {"mean": [0, 0], "inv_std": [1, 1]},
    )


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
def test_runtime_values_of_another_dtype_do_not_change_the_dtype(float64, dtype):
    layer = BatchNormLayer(epsilon=np.float32(1e-4), alpha=np.float32(0.1))
    params, state = jax.tree.map(lambda a: jnp.asarray(a, dtype), start())
    out, new = layer.apply(params, state, jnp.asarray(rows, dtype), ctx=Context(True))
    assert {out.dtype, new["mean"].dtype, new["inv_std"].dtype} == {jnp.dtype(dtype)}


def test_a_frozen_layer_computes_the_same_in_training_and_at_prediction(float64):
    params, state = start()
    for grad_scale, same in ((0.0, True), (0.5, False), (None, False)):
        layer = BatchNormLayer(grad_scale=grad_scale)
        training, predicting = (
            layer.apply(params, state, rows, ctx=Context(train))[0] for train in (True, False)
        )
        assert np.allclose(training, predicting) == same
