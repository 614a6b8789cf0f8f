import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.base import clone

from skconv import NeuralNet
from skconv.errors import LayerError
from skconv.layers import (
    BatchNormLayer,
    ConcatLayer,
    Context,
    Conv2DLayer,
    CyclicPoolLayer,
    CyclicRollLayer,
    CyclicSliceLayer,
    CyclicStackLayer,
    DenseLayer,
    DropoutLayer,
    InputLayer,
    Layer,
    MaxPool2DLayer,
    root_mean_square,
)
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.nonlinearities import tanh

rng = np.random.default_rng(0)
images = rng.normal(size=(3, 2, 8, 8))
image = ("input", InputLayer((None, 2, 8, 8)))
ORDER = {"cyclic": 4, "dihedral": 8}


def turned(x, i):
    """The i-th orientation of images, from 4 on of their mirror image."""
    return np.rot90(x[..., ::-1] if i >= 4 else x, i % 4, axes=(2, 3))


def turned_back(x, i):
    """Undo `turned`, the other way round."""
    x = np.rot90(x, -(i % 4), axes=(2, 3))
    return x[..., ::-1] if i >= 4 else x


def all_orientations(x, n):
    return np.concatenate([turned(x, i) for i in range(n)])


def place(i, j):
    """The orientation of what is brought to orientation j, and from there to i."""
    marked = np.arange(9.0).reshape(1, 1, 3, 3)
    found = turned(turned(marked, j), i)
    return next(k for k in range(8) if np.array_equal(turned(marked, k), found))


def filled(network):
    params, state = network.init(jax.random.key(0))
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda a: rng.normal(size=a.shape), params)
    return params, jax.tree.map(lambda a: rng.uniform(0.5, 1, a.shape), state)


@pytest.fixture(params=ORDER)
def group(request):
    return request.param


@pytest.fixture
def applied(float64):
    def applied(layers, x, *, train=False, mask=None, to=None):
        network = build_network(read_layers(layers), {})
        params, state = filled(network)
        key = jax.random.key(0) if train else None
        ctx = Context(train, key, None if mask is None else jnp.asarray(mask))
        to = None if to is None else [to]
        outputs, _ = network.apply(params, state, {"input": x}, {}, ctx, to=to)
        return np.asarray(outputs[0])

    return applied


def apply(layer, x):
    """Apply a layer to an array in its public shape."""
    with jax.enable_x64(True):
        last = jnp.moveaxis(x, 1, -1) if x.ndim == 4 else jnp.asarray(x)
        out, _ = layer.apply({}, {}, last, ctx=Context(False))
        return np.asarray(jnp.moveaxis(out, -1, 1) if out.ndim == 4 else out)


def test_slices_are_the_orientations_one_after_the_other(group):
    found = apply(CyclicSliceLayer(group=group), images)
    np.testing.assert_array_equal(found, all_orientations(images, ORDER[group]))


@pytest.mark.parametrize(
    ("function", "reference"),
    [
        (jnp.mean, np.mean),
        (jnp.max, np.max),
        (root_mean_square, lambda x, axis: np.sqrt((x**2).mean(axis))),
    ],
)
def test_pooling_turns_maps_back(group, function, reference):
    maps = rng.normal(size=(3 * ORDER[group], 2, 5, 5))
    aligned = [turned_back(part, i) for i, part in enumerate(np.split(maps, ORDER[group]))]
    found = apply(CyclicPoolLayer(group=group, pool_function=function), maps)
    np.testing.assert_allclose(found, reference(np.array(aligned), axis=0), atol=1e-9)


def test_pooling_rows_just_reduces(group):
    rows = rng.normal(size=(3 * ORDER[group], 7))
    found = apply(CyclicPoolLayer(group=group), rows)
    np.testing.assert_allclose(found, rows.reshape(-1, 3, 7).mean(0), atol=1e-12)


def test_a_pool_undoes_a_slice(group):
    there = apply(CyclicSliceLayer(group=group), images)
    back = apply(CyclicPoolLayer(group=group), there)
    np.testing.assert_allclose(back, images, atol=1e-12)


def test_the_root_mean_square_has_a_slope_at_zero():
    slope = jax.grad(lambda x: root_mean_square(x, axis=0))(jnp.zeros(3))
    np.testing.assert_array_equal(slope, 0)


def test_stacking_makes_channels_of_the_orientations(group):
    maps = rng.normal(size=(3 * ORDER[group], 2, 5, 5))
    aligned = [turned_back(part, i) for i, part in enumerate(np.split(maps, ORDER[group]))]
    found = apply(CyclicStackLayer(group=group), maps)
    np.testing.assert_array_equal(found, np.concatenate(aligned, axis=1))


@pytest.mark.parametrize("shape", [(2, 5, 5), (7,)])
def test_rolling_brings_to_each_orientation_what_the_others_see(group, shape):
    parts = rng.normal(size=(ORDER[group], 3, *shape))
    expected = []
    for own in range(ORDER[group]):
        seen = [parts[place(i, own)] for i in range(ORDER[group])]
        if len(shape) == 3:
            seen = [turned_back(maps, i) for i, maps in enumerate(seen)]
        expected.append(np.concatenate(seen, axis=1))
    found = apply(CyclicRollLayer(group=group), parts.reshape(-1, *shape))
    np.testing.assert_array_equal(found, np.concatenate(expected))


def test_the_rolled_maps_of_the_first_orientation_are_the_stack(group):
    maps = rng.normal(size=(3 * ORDER[group], 2, 5, 5))
    rolled = apply(CyclicRollLayer(group=group), maps)
    np.testing.assert_array_equal(rolled[:3], apply(CyclicStackLayer(group=group), maps))


def convolving(group, *more):
    return [
        image,
        ("slice", CyclicSliceLayer(group=group)),
        ("conv", Conv2DLayer(num_filters=3, filter_size=3, nonlinearity=tanh)),
        *more,
    ]


def test_rolling_keeps_orientations_equivalent(group, applied):
    """An image that comes turned gives the same maps in another order."""
    layers = convolving(
        group,
        ("roll", CyclicRollLayer(group=group)),
        ("conv2", Conv2DLayer(num_filters=2, filter_size=2, nonlinearity=tanh)),
        ("pool", CyclicPoolLayer(group=group)),
    )
    n = ORDER[group]
    maps = applied(layers, all_orientations(images, n), to="conv2")
    maps = maps.reshape(n, n, 3, *maps.shape[1:])
    for own, i in np.ndindex(n, n):
        np.testing.assert_allclose(maps[own, i], maps[place(own, i), 0], atol=1e-12)


def test_pooled_maps_turn_with_the_image(group, applied):
    layers = convolving(group, ("pool", CyclicPoolLayer(group=group)))
    usual, *found = np.split(applied(layers, all_orientations(images, ORDER[group])), ORDER[group])
    for i, maps in enumerate(found, 1):
        np.testing.assert_allclose(maps, turned(usual, i), atol=1e-12)


@pytest.mark.parametrize("train", [False, True])
def test_turned_images_are_answered_alike(group, train, applied):
    layers = convolving(
        group,
        ("norm", BatchNormLayer()),
        ("shrink", MaxPool2DLayer(pool_size=2)),
        ("roll", CyclicRollLayer(group=group)),
        ("hidden", DenseLayer(num_units=5, nonlinearity=tanh)),
        ("roll2", CyclicRollLayer(group=group)),
        ("hidden2", DenseLayer(num_units=4, nonlinearity=tanh)),
        ("pool", CyclicPoolLayer(group=group, pool_function=root_mean_square)),
        ("output", DenseLayer(num_units=2, nonlinearity=None)),
    )
    usual = applied(layers, images, train=train)
    last = ORDER[group] - 1
    np.testing.assert_allclose(applied(layers, turned(images, 1), train=train), usual, atol=1e-12)
    np.testing.assert_allclose(
        applied(layers, turned(images, last), train=train), usual, atol=1e-12
    )
    assert not np.allclose(applied(layers, np.roll(images, 2, axis=3), train=train), usual)


def test_without_the_mirror_images_a_reflection_makes_a_difference(applied):
    layers = convolving(
        "cyclic",
        ("hidden", DenseLayer(num_units=5, nonlinearity=tanh)),
        ("pool", CyclicPoolLayer()),
    )
    assert not np.allclose(applied(layers, images[..., ::-1]), applied(layers, images))


class Masked(Layer):
    """Multiply by the mask."""

    layout = "any"

    def output_shape(self, *input_shapes):
        return input_shapes[0]

    def apply(self, params, state, *inputs, ctx):
        x = inputs[0]
        return x * ctx.mask.reshape(-1, *(1,) * (x.ndim - 1)), state


def test_the_mask_goes_with_the_copies(group, applied):
    layers = [
        image,
        ("before", Masked()),
        ("slice", CyclicSliceLayer(group=group)),
        ("within", Masked()),
        ("pool", CyclicPoolLayer(group=group)),
        ("after", Masked()),
    ]
    mask = np.array([1.0, 2.0, 0.0])
    found = applied(layers, images, mask=mask, train=True)
    np.testing.assert_allclose(found, images * mask[:, None, None, None] ** 3, atol=1e-12)
    within = applied(layers, images, mask=mask, train=True, to="within")
    expected = all_orientations(images * mask[:, None, None, None] ** 2, ORDER[group])
    np.testing.assert_allclose(within, expected, atol=1e-12)


def test_slices_of_slices_are_joined_from_within(applied):
    layers = [
        image,
        ("slice", CyclicSliceLayer(group="dihedral")),
        ("again", CyclicSliceLayer()),
        ("conv", Conv2DLayer(num_filters=2, filter_size=3, nonlinearity=tanh)),
        ("pool", CyclicPoolLayer()),
        ("drop", DropoutLayer()),
        ("pool2", CyclicPoolLayer(group="dihedral")),
    ]
    network = build_network(read_layers(layers), {})
    copies = {node.name: node.copies for node in network.nodes}
    assert copies["conv"] == (4, 8)
    assert copies["drop"] == (8,)
    assert copies["pool2"] == ()
    usual = applied(layers, images)
    np.testing.assert_allclose(applied(layers, turned(images, 5)), turned(usual, 5), atol=1e-12)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            [("input", InputLayer((None, 2, 8, 6))), ("slice", CyclicSliceLayer())],
            r"^layer 'slice' \(CyclicSliceLayer\): input must be square images, which can be "
            r"turned, got \(None, 2, 8, 6\)$",
        ),
        (
            [("input", InputLayer((None, 8))), ("slice", CyclicSliceLayer())],
            r"^layer 'slice' \(CyclicSliceLayer\): input must have shape \(n, channels, height, ",
        ),
        (
            [image, ("pool", CyclicPoolLayer())],
            r"^layer 'pool' \(CyclicPoolLayer\): input must have the 4 copies of each row of "
            r"a CyclicSliceLayer with group='cyclic', got 1$",
        ),
        (
            [
                image,
                ("slice", CyclicSliceLayer(group="dihedral")),
                ("roll", CyclicRollLayer()),
                ("pool", CyclicPoolLayer(group="dihedral")),
            ],
            r"^layer 'roll' \(CyclicRollLayer\): input must have the 4 copies of .* "
            r"group='cyclic', got 8$",
        ),
        (
            [image, ("slice", CyclicSliceLayer()), ("hidden", DenseLayer(num_units=3))],
            r"^layer 'hidden' \(DenseLayer\) is an output and must hold one copy of each row, "
            r"got 4; add a CyclicPoolLayer before it$",
        ),
        (
            [
                image,
                ("slice", CyclicSliceLayer()),
                ("both", ConcatLayer(incomings=["input", "slice"])),
            ],
            r"^layer 'both' \(ConcatLayer\): inputs must have equally many copies of each row, "
            r"got 1 and 4$",
        ),
        (
            [
                image,
                ("slice", CyclicSliceLayer()),
                ("conv", Conv2DLayer(num_filters=2, filter_size=(1, 3))),
                ("pool", CyclicPoolLayer()),
            ],
            r"^layer 'pool' \(CyclicPoolLayer\): input must be square images, .* "
            r"got \(None, 2, 8, 6\)$",
        ),
        (
            [image, ("slice", CyclicSliceLayer(group="square"))],
            r"^layer 'slice' \(CyclicSliceLayer\): group must be one of 'cyclic', "
            r"'dihedral', got 'square'$",
        ),
        (
            [image, ("slice", CyclicSliceLayer()), ("pool", CyclicPoolLayer(pool_function=None))],
            r"^layer 'pool' \(CyclicPoolLayer\): pool_function must be a function \(array, ",
        ),
    ],
)
def test_what_cannot_be_built(layers, message):
    with pytest.raises(ValueError, match=message):
        build_network(read_layers(layers), {})


def test_layers_of_their_own_name_what_is_wrong():
    with pytest.raises(LayerError, match=r"^input must be square images"):
        CyclicRollLayer().output_shape((None, 2, 8, 6))


def test_a_net_learns_what_holds_in_all_orientations():
    """Which of two shapes a picture shows, of which only upright ones are there to learn from."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = 0.1 * rng.normal(size=(60, 1, 8, 8)).astype(np.float32)
    X[y == 0, 0, 1:6, 2] += 1
    X[y == 1, 0, 1:4, 2] += 1
    X[y == 1, 0, 3, 2:5] += 1
    net = NeuralNet(
        layers=[
            ("input", InputLayer),
            ("slice", CyclicSliceLayer),
            ("conv", Conv2DLayer),
            ("norm", BatchNormLayer),
            ("roll", CyclicRollLayer),
            ("hidden", DenseLayer),
            ("pool", CyclicPoolLayer),
            ("output", DenseLayer),
        ],
        slice_group="dihedral",
        roll_group="dihedral",
        pool_group="dihedral",
        pool_pool_function=root_mean_square,
        conv_num_filters=4,
        conv_filter_size=3,
        hidden_num_units=16,
        batch_iterator_train=16,
        batch_iterator_test=7,
        update_learning_rate=0.05,
        max_epochs=15,
        random_state=0,
    )
    net = clone(net).fit(X, y)
    again = pickle.loads(pickle.dumps(net))
    usual = net.predict_proba(X)
    for i in range(8):
        np.testing.assert_allclose(again.predict_proba(turned(X, i)), usual, atol=1e-5)
    assert net.score(turned(X, 3), y) > 0.9
    hidden = net.get_output("slice", X)
    assert hidden.shape == (8 * 60, 1, 8, 8)
    np.testing.assert_array_equal(hidden, all_orientations(X, 8))
