import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import BatchNormLayer, Context, LocalResponseNormalization2DLayer

rng = np.random.default_rng(0)
images = rng.normal(3, 2, size=(5, 4, 3, 2))
rows = rng.normal(3, 2, size=(6, 4))


def start(shape=(4,)):
    params = {"beta": rng.normal(size=shape), "gamma": rng.normal(size=shape)}
    state = {"mean": rng.normal(size=shape), "inv_std": rng.uniform(1, 2, shape)}
    return params, state


@pytest.mark.parametrize(
    ("x", "axes", "reduced"),
    [
        (rows, "auto", (0,)),
        (images, "auto", (0, 2, 3)),
        (images[..., 0], "auto", (0, 2)),
        (images, (0, 1), (0, 1)),
        (images, (0, -1, 0), (0, 3)),
        (images, 0, (0,)),
    ],
)
def test_lasagne_formulas(forward, x, axes, reduced):
    kept = tuple(n for axis, n in enumerate(x.shape) if axis not in reduced)
    layer = BatchNormLayer(axes=axes)
    assert {s.shape for s in layer.param_specs((None, *x.shape[1:])).values()} == {kept}
    params, state = start(kept)

    def spread(value):
        return np.expand_dims(value, reduced)

    mean, inv_std = x.mean(reduced), 1 / np.sqrt(x.var(reduced) + 1e-4)
    out, new = forward(layer, params, x, train=True, state=state)
    expected = (x - spread(mean)) * spread(params["gamma"] * inv_std) + spread(params["beta"])
    np.testing.assert_allclose(out, expected, atol=1e-10)
    np.testing.assert_allclose(new["mean"], 0.9 * state["mean"] + 0.1 * mean, atol=1e-12)
    np.testing.assert_allclose(new["inv_std"], 0.9 * state["inv_std"] + 0.1 * inv_std, atol=1e-12)

    out = forward(layer, params, x, state=state)
    scale = spread(params["gamma"] * state["inv_std"])
    expected = (x - spread(state["mean"])) * scale + spread(params["beta"])
    np.testing.assert_allclose(out, expected, atol=1e-10)


def test_alpha_and_epsilon(forward):
    params, state = start()
    layer = BatchNormLayer(alpha=0.5, epsilon=2.0)
    _, new = forward(layer, params, rows, train=True, state=state)
    inv_std = 1 / np.sqrt(rows.var(0) + 2)
    np.testing.assert_allclose(new["mean"], (state["mean"] + rows.mean(0)) / 2, atol=1e-12)
    np.testing.assert_allclose(new["inv_std"], (state["inv_std"] + inv_std) / 2, atol=1e-12)


def test_gradients_reach_through_the_statistics_of_the_batch(float64):
    params, state = start()
    params = {"beta": params["beta"], "gamma": params["gamma"]}
    weights = rng.normal(size=rows.shape)

    def total(x, params):
        out, _ = BatchNormLayer().apply(params, state, x, ctx=Context(True))
        return (weights * out).sum()

    dx, found = jax.grad(total, argnums=(0, 1))(rows, params)
    inv_std = 1 / np.sqrt(rows.var(0) + 1e-4)
    hat = (rows - rows.mean(0)) * inv_std
    ct = weights * params["gamma"]
    expected = inv_std * (ct - ct.mean(0) - hat * (ct * hat).mean(0))
    np.testing.assert_allclose(dx, expected, atol=1e-10)
    np.testing.assert_allclose(found["beta"], weights.sum(0), atol=1e-12)
    np.testing.assert_allclose(found["gamma"], (weights * hat).sum(0), atol=1e-10)


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


def test_shift_and_scale_can_be_left_out(forward):
    layer = BatchNormLayer(beta=None, gamma=None)
    assert list(layer.param_specs((None, 4))) == ["mean", "inv_std"]
    out, _ = forward(layer, {}, rows, train=True, state=start()[1])
    expected = (rows - rows.mean(0)) / np.sqrt(rows.var(0) + 1e-4)
    np.testing.assert_allclose(out, expected, atol=1e-12)


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
def test_runtime_values_of_another_dtype_do_not_change_the_dtype(float64, dtype):
    layer = BatchNormLayer(epsilon=np.float32(1e-4), alpha=np.float32(0.1))
    params, state = jax.tree.map(lambda a: jnp.asarray(a, dtype), start())
    out, new = layer.apply(params, state, jnp.asarray(rows, dtype), ctx=Context(True))
    assert {out.dtype, new["mean"].dtype, new["inv_std"].dtype} == {jnp.dtype(dtype)}


@pytest.mark.parametrize("axes", [1, (1, 2), -1])
def test_the_batch_shares_statistics(axes):
    with pytest.raises(LayerError, match=r"axes=.* must hold 0, the batch$"):
        BatchNormLayer(axes=axes).output_shape((None, 4, 3, 2))


@pytest.mark.parametrize("axes", ["all", (0, 4), 1.0])
def test_axes_exist(axes):
    with pytest.raises(LayerError, match=r"axes=.* are no axes of an input with 4$"):
        BatchNormLayer(axes=axes).output_shape((None, 4, 3, 2))


@pytest.mark.parametrize("n", [1, 3, 5])
def test_responses_are_normalised_as_krizhevsky_wrote(forward, n):
    """Formula of section 3.3, with channels counted from 0 to N - 1."""
    a, N, k, alpha, beta = images, images.shape[1], 1.5, 0.3, 0.6
    expected = np.empty_like(a)
    for i in range(N):
        near = range(max(0, i - n // 2), min(N - 1, i + n // 2) + 1)
        expected[:, i] = a[:, i] / (k + alpha * sum(a[:, j] ** 2 for j in near)) ** beta
    layer = LocalResponseNormalization2DLayer(alpha=alpha, k=k, beta=beta, n=n)
    np.testing.assert_allclose(forward(layer, {}, images), expected, atol=1e-12)


def test_a_channel_is_in_the_middle_of_its_neighbours():
    assert list(LocalResponseNormalization2DLayer(n=4).check()) == ["n=4 is not odd"]
    assert list(LocalResponseNormalization2DLayer(n=0).check()) == [
        "n=0 is not a whole number of 1 or more"
    ]
