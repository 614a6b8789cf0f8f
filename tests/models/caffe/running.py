"""Run nets of Caffe here and in OpenCV, with random weights."""

import functools

import jax
import numpy as np

from skconv.estimator.heads import read_heads
from skconv.estimator.routing import route_keywords
from skconv.layers import Context
from skconv.models.caffe.convert import convert
from skconv.models.caffe.layout import read_layout
from skconv.models.caffe.text import read_text
from skconv.network.builder import build_network
from skconv.network.layer_list import layer_keywords, read_layers
from skconv.network.target_info import TargetInfo

from .writer import caffemodel


def read_graph(path, **how):
    """The graph of a layout, before it is finished."""
    return convert(read_layout(read_text(path, "Net")), **how)


def random_weights(path, seed=0):
    """Weights for each layer of a layout, by its name."""
    rng = np.random.default_rng(seed)
    return {
        slots.layer.name: [
            _random(rng, slots.layer.type, i, shape) for i, shape in enumerate(slots.shapes)
        ]
        for slots in read_graph(path).slots
    }


def _random(rng, kind, i, shape):
    if kind == "BatchNorm":
        mean, variance = rng.normal(0, 0.1, shape), rng.uniform(0.5, 2, shape)
        return (3 * mean, 3 * variance, np.full(shape, 3.0))[i].astype(np.float32)
    if kind == "Scale":
        return rng.uniform(0.2, 0.6, shape).astype(np.float32)
    fan = np.prod(shape[1:]) if len(shape) > 1 else 100
    return (rng.normal(size=shape) * np.sqrt(2 / fan)).astype(np.float32)


def write(folder, text, weights=None, **how):
    """Write a layout and its weights, by default random ones, and return both paths."""
    layout, model = folder / "net.prototxt", folder / "net.caffemodel"
    layout.write_text(text)
    weights = random_weights(layout) if weights is None else weights
    model.write_bytes(caffemodel(weights, **how))
    return layout, model


def build(network):
    """The network that layers and keywords describe; outputs may have any shape."""
    given = dict(network)
    entries = read_layers(given.pop("layers"))
    names = given.pop("outputs", None)
    heads = read_heads(names, given.pop("aux_outputs", ()), [entry.name for entry in entries])
    for name in ("output_weights", "regression"):
        given.pop(name, None)
    owners = {entry.name: layer_keywords(entry.cls) for entry in entries}
    routed, problems = route_keywords(given, owners, [])
    problems.raise_any()
    return build_network(entries, routed, tasks=[TargetInfo()] * len(heads), heads=heads)


def outputs(pretrained, X, to=None):
    """What layers of a net compute, by default its outputs."""
    network = build(pretrained.network)
    to = pretrained.network.get("outputs") if to is None else to
    to = [to] if isinstance(to, str) else to
    params, state = {}, {}
    for (name, param), spec in network.places():
        value = pretrained.weights[f"{name}.{param}"]
        assert value.shape == spec.shape
        (params if spec.trainable else state).setdefault(name, {})[param] = value
    inputs = X if isinstance(X, dict) else {next(iter(network.inputs)): X}

    # compiled in less time, to slower code
    @functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
    def run(params, state, inputs):
        runtime = network.float32_runtime
        return network.apply(params, state, inputs, runtime, Context(train=False), to=to)[0]

    return [np.asarray(output) for output in run(params, state, inputs)]


def opencv_outputs(layout, model, X, names):
    """What OpenCV computes for layers of a net."""
    import cv2

    net = cv2.dnn.readNetFromCaffe(str(layout), str(model))
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    for name, value in (X if isinstance(X, dict) else {"": X}).items():
        net.setInput(value, name)
    return net.forward(list(names))


def difference(found, wanted):
    """The largest difference, relative to the largest value."""
    assert found.size == wanted.size
    return np.abs(found.ravel() - wanted.ravel()).max() / np.abs(wanted).max()
