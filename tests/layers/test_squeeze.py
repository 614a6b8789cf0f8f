import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import SqueezeExciteLayer
from skconv.nonlinearities import tanh

rng = np.random.default_rng(0)
x = rng.normal(size=(3, 6, 5, 4))
shape = (None, 6, 5, 4)
params = {
    "W1": rng.normal(size=(6, 2)),
    "b1": rng.normal(size=2),
    "W2": rng.normal(size=(2, 6)),
    "b2": rng.normal(size=6),
}


def squeezed(x, W1, b1, W2, b2, bend=lambda z: np.maximum(z, 0)):
    """Equations 2 to 4 of the paper."""
    hidden = bend(x.mean((2, 3)) @ W1 + b1)
    return x / (1 + np.exp(-(hidden @ W2 + b2)))[:, :, None, None]


def test_the_formula(forward):
    out = forward(SqueezeExciteLayer(ratio=3), params, x)
    np.testing.assert_allclose(out, squeezed(x, **params), atol=1e-12)


def test_sequences_and_volumes(forward):
    layer, expected = SqueezeExciteLayer(num_hidden=2), squeezed(x, **params)
    sequences, volumes = x.reshape(3, 6, 20), x.reshape(3, 6, 5, 2, 2)
    for images in (sequences, volumes):
        out = forward(layer, params, images)
        np.testing.assert_allclose(out, expected.reshape(images.shape), atol=1e-12)


def test_other_nonlinearities_and_no_biases(forward):
    layer = SqueezeExciteLayer(ratio=3, b1=None, b2=None, nonlinearity1=tanh, nonlinearity2=None)
    W1, W2 = params["W1"], params["W2"]
    weights = np.tanh(x.mean((2, 3)) @ W1) @ W2
    out = forward(layer, {"W1": W1, "W2": W2}, x)
    np.testing.assert_allclose(out, x * weights[:, :, None, None], atol=1e-12)
    assert list(layer.param_specs(shape)) == ["W1", "W2"]


def test_gradients_are_central_differences(float64):
    layer = SqueezeExciteLayer(ratio=3, nonlinearity1=tanh)
    cotangent = rng.normal(size=x.shape)
    given = {"x": x, **params}
    direction = {name: rng.normal(size=value.shape) for name, value in given.items()}

    def total(given):
        params = {name: value for name, value in given.items() if name != "x"}
        out, _ = layer.apply(params, {}, jnp.moveaxis(given["x"], 1, -1), ctx=None)
        return (jnp.moveaxis(out, -1, 1) * cotangent).sum()

    def moved(step):
        return squeezed(**{k: v + step * direction[k] for k, v in given.items()}, bend=np.tanh)

    found = jax.grad(total)({name: jnp.asarray(value) for name, value in given.items()})
    slope = sum((found[name] * direction[name]).sum() for name in given)
    expected = ((moved(1e-5) - moved(-1e-5)) * cotangent).sum() / 2e-5
    np.testing.assert_allclose(slope, expected, rtol=1e-8)


def test_shapes_of_parameters():
    specs = SqueezeExciteLayer(ratio=4).param_specs((None, 10, 5, 5))
    assert {name: spec.shape for name, spec in specs.items()} == {
        "W1": (10, 2),
        "b1": (2,),
        "W2": (2, 10),
        "b2": (10,),
    }
    assert [spec.regularizable for spec in specs.values()] == [True, False, True, False]


def test_a_ratio_that_leaves_nothing():
    message = r"^ratio must be at most the number of channels, 6, got 16; or give num_hidden$"
    with pytest.raises(LayerError, match=message):
        SqueezeExciteLayer().output_shape(shape)
    assert SqueezeExciteLayer(num_hidden=1).output_shape(shape) == shape


def test_rows_without_space():
    with pytest.raises(
        LayerError, match=r"input must have axes after the channels, got \(None, 6\)$"
    ):
        SqueezeExciteLayer(ratio=2).output_shape((None, 6))


@pytest.mark.parametrize(
    ("name", "value", "valid"),
    [
        ("ratio", 0, "a positive integer"),
        ("num_hidden", 0.5, "a positive integer or None"),
    ],
)
def test_fields_that_cannot_be(name, value, valid):
    assert list(SqueezeExciteLayer(**{name: value}).check()) == [
        f"{name} must be {valid}, got {value}"
    ]
