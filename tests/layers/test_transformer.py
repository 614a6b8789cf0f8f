import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import map_coordinates

from skconv import NeuralNet
from skconv.errors import LayerError
from skconv.layers import DenseLayer, InputLayer, TPSTransformerLayer, TransformerLayer
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers

rng = np.random.default_rng(0)
x = rng.normal(size=(3, 2, 5, 7))
shape = (None, 2, 5, 7)
identity = np.array([1.0, 0, 0, 0, 1, 0])
theta = identity + 0.5 * rng.normal(size=(3, 6))

MODES = {"nearest": "nearest", "mirror": "mirror", "wrap": "grid-wrap"}
"""Our names of what lies outside, and scipy's."""


def affine(**fields):
    return TransformerLayer(localization_network="where", **fields)


def tps(**fields):
    return TPSTransformerLayer(localization_network="where", **fields)


def line(count):
    return np.linspace(-1, 1, count)


def sampled(x, places, mode):
    """Interpolate each channel at columns and rows from -1 to 1."""
    spatial = x.shape[2:]
    out = [
        [
            map_coordinates(
                c,
                ((v + 1) / 2 * (spatial[0] - 1), (u + 1) / 2 * (spatial[1] - 1)),
                order=1,
                mode=mode,
            )
            for c in image
        ]
        for image, (u, v) in zip(x, places, strict=True)
    ]
    return np.array(out)


def mapped(x, theta, sizes, mode):
    """Equations 1 and 3 of the paper, with scipy's interpolation."""
    u, v = np.meshgrid(line(sizes[1]), line(sizes[0]))
    places = [(a * u + b * v + c, d * u + e * v + f) for a, b, c, d, e, f in theta]
    return sampled(x, places, mode)


def bent(x, offsets, points, mode):
    """Scipy's splines through the control points."""
    side = line(int(points**0.5))
    controls = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    grid = np.stack(np.meshgrid(line(x.shape[3]), line(x.shape[2])), -1)
    places = []
    for row in offsets:
        moved = controls + row.reshape(2, -1).T
        spline = RBFInterpolator(controls, moved, kernel="thin_plate_spline")
        places.append(spline(grid.reshape(-1, 2)).T.reshape(2, *grid.shape[:2]))
    return sampled(x, places, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("factor", "sizes"), [(1, (5, 7)), (2, (2, 3)), ((0.5, 1.5), (10, 4)), ((5,), (1, 1))]
)
def test_affine_maps(forward, mode, factor, sizes):
    if sizes == (1, 1):
        expected = sampled(x, theta[:, [2, 5]][..., None, None], MODES[mode])
    else:
        expected = mapped(x, theta, sizes, MODES[mode])
    out = forward(affine(downsample_factor=factor, border_mode=mode), {}, x, theta)
    np.testing.assert_allclose(out, expected, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("points", [4, 16])
def test_thin_plate_splines(forward, mode, points):
    offsets = 0.4 * rng.normal(size=(3, 2 * points))
    out = forward(tps(control_points=points, border_mode=mode), {}, x, offsets)
    np.testing.assert_allclose(out, bent(x, offsets, points, MODES[mode]), atol=1e-10)


def test_control_points_go_where_they_are_sent(forward):
    images = np.zeros((1, 1, 5, 5))
    images[0, 0, 1, 3] = 1.0
    offsets = np.zeros((2, 9))
    offsets[:, 4] = 0.5, -0.5
    out = forward(tps(control_points=9), {}, images, offsets.reshape(1, -1))
    assert out[0, 0, 2, 2] == pytest.approx(1.0)
    assert abs(out[0, 0, [0, 0, 4, 4], [0, 4, 0, 4]]).max() < 1e-12


@pytest.mark.parametrize("mode", MODES)
def test_the_identity(forward, mode):
    images = x.astype(np.float32)
    kept = forward(affine(border_mode=mode), {}, images, np.tile(identity, (3, 1)))
    np.testing.assert_allclose(kept, images, atol=1e-6)
    kept = forward(tps(border_mode=mode), {}, images, np.zeros((3, 32)))
    np.testing.assert_allclose(kept, images, atol=1e-6)


def test_single_pixels_have_no_outside(forward):
    pixel = x[:, :, :1, :1]
    for mode in MODES:
        out = forward(affine(border_mode=mode), {}, pixel, theta)
        np.testing.assert_allclose(out, pixel, atol=1e-12)


def test_bfloat16_finds_the_pixels_of_large_images():
    images = jnp.arange(300, dtype=jnp.bfloat16).reshape(1, 1, 300, 1)
    out, _ = affine().apply({}, {}, images, jnp.asarray(identity[None], jnp.bfloat16), ctx=None)
    np.testing.assert_array_equal(out, images)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("spline", [False, True])
def test_gradients_are_central_differences(float64, mode, spline):
    layer = tps(control_points=4, border_mode=mode) if spline else affine(border_mode=mode)
    rng = np.random.default_rng(2)
    where = 0.3 * rng.normal(size=(3, 8)) if spline else identity + 0.5 * rng.normal(size=(3, 6))
    cotangent, along_x, along_where = (rng.normal(size=a.shape) for a in (x, x, where))

    def total(x, where):
        out, _ = layer.apply({}, {}, jnp.moveaxis(x, 1, -1), where, ctx=None)
        return (jnp.moveaxis(out, -1, 1) * cotangent).sum()

    def moved(step):
        images, places = x + step * along_x, where + step * along_where
        if spline:
            return bent(images, places, 4, MODES[mode])
        return mapped(images, places, x.shape[2:], MODES[mode])

    of_x, of_where = jax.grad(total, argnums=(0, 1))(x, where)
    slope = (of_x * along_x).sum() + (of_where * along_where).sum()
    expected = ((moved(1e-6) - moved(-1e-6)) * cotangent).sum() / 2e-6
    np.testing.assert_allclose(slope, expected, rtol=1e-6)


def test_the_network_is_named_by_a_keyword_or_given_as_a_layer():
    start = {"num_units": 6, "W": 0.0, "b": identity, "nonlinearity": None}
    images = InputLayer(shape)
    where = DenseLayer(images, **start)
    whole = build_network(read_layers(TransformerLayer(images, where, name="out")), {})
    assert whole.node("out").incomings == ("input0", "dense1")
    net = NeuralNet(
        [("input", InputLayer(shape)), ("where", DenseLayer), ("out", TransformerLayer)],
        **{f"where_{name}": value for name, value in start.items()},
        out_incoming="input",
        out_localization_network="where",
        regression=True,
    ).initialize()
    found = net.predict(x.astype(np.float32))
    np.testing.assert_allclose(found.reshape(x.shape), x, atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "numbers", "message"),
    [
        (
            affine(),
            8,
            r"^localization_network must have output shape \(None, 6\), got \(None, 8\)$",
        ),
        (tps(), 6, r"^localization_network must have output shape \(None, 32\), got \(None, 6\)$"),
        (
            affine(downsample_factor=(6, 1)),
            6,
            r"^downsample_factor must leave pixels of \(None, 2, 5, 7\), got \(6, 1\)$",
        ),
    ],
)
def test_what_does_not_fit(layer, numbers, message):
    with pytest.raises(LayerError, match=message):
        layer.output_shape(shape, (None, numbers))


def test_images_are_needed():
    with pytest.raises(LayerError, match=r"input must have shape \(n, channels, height, width\)"):
        affine().output_shape((None, 2, 5), (None, 6))


@pytest.mark.parametrize(
    ("layer", "error"),
    [
        (TransformerLayer(), "localization_network is missing"),
        (
            affine(downsample_factor=0),
            "downsample_factor must be a positive number, or two of them, got 0",
        ),
        (
            affine(downsample_factor=(1, 2, 3)),
            "downsample_factor must be a positive number, or two of them, got (1, 2, 3)",
        ),
        (
            affine(border_mode="same"),
            "border_mode must be one of 'nearest', 'mirror', 'wrap', got 'same'",
        ),
        (
            tps(control_points=15),
            "control_points must be the square of an integer >= 2, got 15",
        ),
        (
            tps(control_points=1),
            "control_points must be the square of an integer >= 2, got 1",
        ),
    ],
)
def test_fields_that_cannot_be(layer, error):
    assert list(layer.check()) == [error]
