"""Every kernel of every platform against NumPy, and the choice between them."""

import os
import subprocess
import sys
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skconv import NeuralNet, clear_programs
from skconv.layers import BatchNormLayer, Conv2DLayer, DenseLayer, InputLayer, Pool2DLayer
from skconv.ops import platform
from skconv.ops.platform import KERNELS, OTHERS, kernel_for
from skconv.ops.windows import Window


def convolve(x, W, window):
    """Correlate position by position."""
    x = np.pad(x, ((0, 0), *window.pads, (0, 0)))
    filters, channels = len(W) // window.groups, W.shape[1]
    out = np.zeros((len(x), *positions(x, window), len(W)))
    for group, *position in np.ndindex(window.groups, *out.shape[1:-1]):
        seen = x[at(position, window)][..., group * channels : (group + 1) * channels]
        own = W[group * filters : (group + 1) * filters]
        products = seen.reshape(len(x), -1) @ np.moveaxis(own, 1, -1).reshape(filters, -1).T
        out[:, *position, group * filters : (group + 1) * filters] = products
    return out


def pool_max(x, window):
    """Return the maxima position by position."""
    return pooled(x, window, np.max, -np.inf)


def pool_sum(x, window):
    """Return the sums position by position."""
    return pooled(x, window, np.sum, 0)


def pooled(x, window, reduce, value):
    x = np.pad(x, ((0, 0), *window.pads, (0, 0)), constant_values=value)
    out = np.zeros((len(x), *positions(x, window), x.shape[-1]))
    for position in np.ndindex(*out.shape[1:-1]):
        seen = x[at(position, window)]
        out[:, *position] = reduce(seen, axis=tuple(range(1, seen.ndim - 1)))
    return out


def positions(x, window):
    """Count the positions of the window along each axis of a padded array."""
    axes = zip(x.shape[1:-1], window.size, window.stride, window.dilation, strict=True)
    return [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in axes]


def at(position, window):
    """Return the index of what the window sees at a position."""
    axes = zip(position, window.size, window.stride, window.dilation, strict=True)
    return slice(None), *(slice(i * s, i * s + d * (k - 1) + 1, d) for i, k, s, d in axes)


ends = st.tuples(st.integers(0, 2), st.integers(0, 2))


@st.composite
def convolutions(draw):
    """Draw images, filters and a window that fits them."""
    axes = draw(st.integers(1, 3))
    size, stride, dilation = (
        tuple(draw(st.integers(1, most)) for _ in range(axes)) for most in (3, 3, 2)
    )
    pads = tuple(draw(ends) for _ in range(axes))
    groups = draw(st.sampled_from((1, 2, 4)))
    rng = np.random.default_rng(draw(st.integers(0, 100)))
    x, W = rng.normal(size=(2, *(6, 5, 5)[:axes], 4)), rng.normal(size=(8, 4 // groups, *size))
    return x, W, Window(size, stride, pads, dilation, groups)


@st.composite
def poolings(draw):
    """Draw images and a window that fits them and sees at least one pixel everywhere."""
    axes = draw(st.integers(1, 3))
    size, stride = (tuple(draw(st.integers(1, 3)) for _ in range(axes)) for _ in range(2))
    pads = tuple(draw(st.tuples(*[st.integers(0, k - 1)] * 2)) for k in size)
    rng = np.random.default_rng(draw(st.integers(0, 100)))
    return rng.normal(size=(2, *(6, 5, 4)[:axes], 2)) - 3, Window(size, stride, pads)


def tile_maxima(x, size):
    """Return the maximum of each tile and its index, as a vector."""
    largest = pool_max(x, Window(size, size))
    index = pooled(x, Window(size, size), first_maximum, 0)
    return as_vector((largest, index))


def first_maximum(seen, axis):
    """Return the index of the maximum over the spatial axes, in row-major order."""
    return seen.reshape(len(seen), -1, seen.shape[-1]).argmax(1)


@st.composite
def tilings(draw):
    """Draw images and the size of tiles that fill them."""
    size = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    counts = [draw(st.integers(1, 3)) for _ in size]
    rng = np.random.default_rng(draw(st.integers(0, 100)))
    spatial = [n * k for n, k in zip(counts, size, strict=True)]
    return rng.normal(size=(2, *spatial, 2)) - 3, size


def batch_norm(x, gamma, beta, epsilon, axes):
    """Return the normalized values, their means and inverse deviations, as a vector."""
    mean, inv_std = x.mean(axes), (x.var(axes) + epsilon) ** -0.5
    spread = [np.expand_dims(value, axes) for value in (mean, inv_std * gamma, beta)]
    return as_vector(((x - spread[0]) * spread[1] + spread[2], mean, inv_std))


def as_vector(outputs):
    """Join the outputs of a kernel that has several."""
    if not isinstance(outputs, tuple):
        return outputs
    numbers = jax.numpy if any(isinstance(one, jax.Array) for one in outputs) else np
    return numbers.concatenate([one.ravel().astype(outputs[0].dtype) for one in outputs])


@st.composite
def batches(draw):
    """Draw values, a scale and a shift, what is added to variances, and axes."""
    shape = draw(st.lists(st.integers(2, 4), min_size=2, max_size=4))
    axes = tuple(sorted(draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))))
    kept = [n for axis, n in enumerate(shape) if axis not in axes]
    rng = np.random.default_rng(draw(st.integers(0, 100)))
    return (
        rng.normal(2, 1, shape),
        rng.normal(size=kept),
        rng.normal(size=kept),
        np.array(0.5),
        axes,
    )


CASES = {
    "convolve": (convolve, convolutions()),
    "pool_max": (pool_max, poolings()),
    "pool_sum": (pool_sum, poolings()),
    "tile_maxima": (tile_maxima, tilings()),
    "batch_norm": (batch_norm, batches()),
}
"""A reference and inputs for each operation of `KERNELS`."""

ALL = [
    pytest.param(operation, kernel, id=f"{operation}-{name}")
    for operation, kernels in KERNELS.items()
    for name, kernel in kernels.items()
]


def test_every_operation_has_cases_and_a_kernel_for_each_platform():
    assert CASES.keys() == KERNELS.keys()
    assert all(OTHERS in kernels for kernels in KERNELS.values())


@pytest.mark.parametrize(("operation", "kernel"), ALL)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_kernels_agree_with_numpy(operation, kernel, data):
    reference, cases = CASES[operation]
    *arrays, window = data.draw(cases)
    expected = reference(*arrays, window)
    rng = np.random.default_rng(0)
    cotangent = rng.normal(size=expected.shape)
    directions = [rng.normal(size=array.shape) for array in arrays]

    @jax.jit
    def compute(arrays, cotangent):
        out, back = jax.vjp(lambda *arrays: as_vector(kernel(*arrays, window)), *arrays)
        return out, back(cotangent)

    with jax.enable_x64(True):
        out, gradients = compute(arrays, cotangent)
    np.testing.assert_allclose(out, expected, atol=1e-10)
    for i, (gradient, direction) in enumerate(zip(gradients, directions, strict=True)):
        values = []
        for step in (1e-6, -1e-6):
            moved = [a + step * direction if j == i else a for j, a in enumerate(arrays)]
            values.append((reference(*moved, window) * cotangent).sum())
        found = (np.asarray(gradient) * direction).sum()
        np.testing.assert_allclose(found, (values[0] - values[1]) / 2e-6, rtol=1e-5, atol=1e-6)


def other_device(name):
    """Return a stand-in for a device of another platform, which says nothing of its memory."""
    return SimpleNamespace(platform=name, memory_stats=lambda: None)


@pytest.fixture
def on(monkeypatch):
    """Report another platform, and record the kernels that are chosen."""

    def on(name):
        chosen = []

        def recorded(operation, platform, kernel):
            def run(*args):
                chosen.append((operation, platform))
                return kernel(*args)

            return run

        for operation, kernels in KERNELS.items():
            recorders = {name: recorded(operation, name, kernels[name]) for name in kernels}
            monkeypatch.setitem(KERNELS, operation, recorders)
        if name is not None:
            monkeypatch.setattr(platform, "device", lambda: other_device(name))
        return chosen

    clear_programs()
    yield on
    clear_programs()


X = np.random.default_rng(0).normal(size=(20, 1, 8, 8)).astype(np.float32)
y = np.arange(20) % 2


def fit():
    layers = [
        ("input", InputLayer),
        (Conv2DLayer, {"num_filters": 2, "filter_size": 3}),
        (Pool2DLayer, {"pool_size": 3, "stride": 2}),
        (Pool2DLayer, {"pool_size": 2, "stride": 1, "mode": "average"}),
        BatchNormLayer,
        ("output", DenseLayer),
    ]
    return NeuralNet(layers, max_epochs=1, batch_iterator_train=10, random_state=0).fit(X, y)


OPERATIONS = ("convolve", "pool_max", "pool_sum", "batch_norm")


def test_the_default_device_chooses_the_kernels(on):
    chosen = on(None)
    with jax.default_device(jax.devices("cpu")[0]):
        fit()
    assert set(chosen) == {(operation, "cpu") for operation in OPERATIONS}


@pytest.mark.parametrize("name", ["gpu", "tpu"])
def test_other_platforms_use_xlas_kernels(on, name):
    chosen = on(name)
    fit()
    assert set(chosen) == {(operation, OTHERS) for operation in OPERATIONS}


@pytest.mark.cpu_only(reason="the other platform is a GPU")
def test_a_program_belongs_to_its_platform(on):
    chosen = on(None)
    fit()
    del chosen[:]
    fit()
    assert chosen == []
    chosen = on("gpu")
    fit()
    assert {name for _, name in chosen} == {OTHERS}


def test_a_backend_that_is_not_the_default_device_chooses_nothing(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    cpu = jax.local_devices(backend="cpu")[0]
    for chosen in (cpu, "cpu"):
        with jax.default_device(chosen):
            assert (platform.device(), platform.platform()) == (cpu, "cpu")
            assert kernel_for("convolve", X) is KERNELS["convolve"]["cpu"]


ON_TWO_DEVICES = """
import threading

import jax
import jax.numpy as jnp
from skconv.ops import platform
from skconv.ops.mesh import make_mesh, sharing_rows

first, second = jax.local_devices()
assert (platform.device(), platform.devices()) == (first, [first, second])
with jax.default_device("cpu"):
    assert (platform.device(), platform.devices()) == (first, [first, second])
with jax.default_device(second):
    assert (platform.device(), platform.devices()) == (second, [second])

    found = []
    place = lambda: found.append(jnp.ones(1).device)
    for target in (place, platform.keep_device(place)):
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
    assert found == [first, second], found

traced = []

@jax.jit
def function(x):
    traced.append(platform.device())
    return x

for device in (first, second, first, second):
    with jax.default_device(device):
        function(1.0)
assert traced == [first, second], traced

with jax.default_device(second), platform.on_host():
    assert platform.device() == first
for devices, kind in (([first, second], "others"), ([second], "cpu")):
    with sharing_rows(make_mesh(devices)):
        kernel = platform.kernel_for("convolve", jnp.ones((2, 3)))
    assert kernel is platform.KERNELS["convolve"][kind]
"""


def test_devices_are_those_that_the_user_chose():
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", ON_TWO_DEVICES]
    subprocess.run(command, env={**os.environ, **flags}, check=True)
