"""Nets of Caffe as networks with weights."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import Problems, did_you_mean, list_names, nearest
from ...utils.checks import positive_each
from ..pretrained import Pretrained
from . import elementwise, ends, filters, neighbors, shapes
from .binary import read_blobs
from .finish import finish
from .graph import Graph
from .layout import CaffeLayer, Layout, read_layout
from .rates import rate_keywords
from .text import read_text
from .transform import image_transform, preprocessing_of
from .weights import load_weights

CONVERTERS = {
    **ends.CONVERTERS,
    **filters.CONVERTERS,
    **neighbors.CONVERTERS,
    **elementwise.CONVERTERS,
    **shapes.CONVERTERS,
}
"""How to add a layer of each type to a graph."""


def from_caffe(
    layout: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None = None,
    *,
    input_shape: Sequence[int] | None = None,
) -> Pretrained:
    """Read a net of Caffe: its layout, and its weights.

    Parameters
    ----------
    layout : str or path
        A ``.prototxt`` for prediction (``deploy.prototxt``) or training (``train_val.prototxt``),
        in the current format or in V1. Layers for training only are left out.
    weights : str or path, optional
        A ``.caffemodel``; by default, the network comes without weights.
    input_shape : sequence of int, optional
        Channels, height and width of the input, if the layout does not tell or for another size.

    Returns
    -------
    Pretrained
        ``network`` has the layers under the names of the file, in which other characters than
        letters and digits are underscores: ``'inception_3a/1x1'`` is ``'inception_3a_1x1'``.
        ``preprocessing`` is a `CaffePreprocessing` if the layout reads images and has their mean,
        scale or size (``transform_param``), and None otherwise. Mirrored images are for training.

    Raises
    ------
    ValueError
        With the lines of all layers that have an unknown type, or of all that cannot be built; with
        the layers for which the weights are missing or have another shape; or if a file is damaged.
    ImportError
        If protobuf is not installed: ``pip install 'skconv[caffe]'``.

    Warns
    -----
    UserWarning
        Names what has no counterpart: fields that Caffe does not have, other learning rates for
        biases than for weights (``lr_mult``), factors on the weight decay (``decay_mult``), and
        losses other than ``SoftmaxWithLoss``, ``SigmoidCrossEntropyLoss`` and ``EuclideanLoss``;
        and a ``mean_file``.

    Notes
    -----
    Most nets of Caffe were trained on images in the order blue, green, red, with values from 0 to
    255 less the mean of each channel. If the layout does not tell the mean, as most for prediction
    do not, find it where the weights come from: a first step ``CaffePreprocessing(mean_value=...)``
    takes images in the usual order.

    ``Scale`` after ``BatchNorm`` becomes part of it, and ``Softmax`` at the end part of the layer
    before. So ``NeuralNet(**pretrained.network | {'fc8_num_units': 10}, pretrained=pretrained)``
    is fine-tuned to ten classes.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> text = '''
    ... layer { name: "data" type: "Input" top: "data"
    ...         input_param { shape { dim: 1 dim: 3 dim: 32 dim: 32 } } }
    ... layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
    ...         convolution_param { num_output: 8 kernel_size: 3 pad: 1 } }
    ... layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
    ... layer { name: "fc" type: "InnerProduct" bottom: "conv1" top: "fc"
    ...         inner_product_param { num_output: 10 } }
    ... layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
    ... '''
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, 'deploy.prototxt')
    ...     _ = path.write_text(text)
    ...     network = from_caffe(path).network
    >>> [name for name, layer in network['layers']]
    ['data', 'conv1', 'relu1', 'fc']
    """
    if input_shape is not None:
        sizes = tuple(input_shape) if isinstance(input_shape, list | tuple | np.ndarray) else ()
        if positive_each(sizes):
            raise ValueError(
                f"input_shape must be a sequence of positive integers, got {input_shape!r}"
            )
        input_shape = tuple(map(int, sizes))
    net = read_layout(read_text(layout, "Net"))
    graph = convert(net, input_shape)
    network, moved = finish(graph)
    network |= rate_keywords(graph, moved)
    arrays: dict[str, np.ndarray] = {}
    if weights is not None:
        arrays = load_weights(graph, moved, read_blobs(weights), Path(weights).name)
    preprocessing = None
    for layer in net.layers:
        if layer.type in ends.FILES and preprocessing is None:
            preprocessing = preprocessing_of(layer, input_shape)
            if image_transform(layer).mean_file:
                graph.notes.append(f"mean_file of {layer} is not read; subtract its mean from X")
    if graph.notes:
        warnings.warn(f"{net.file}: {'; '.join(graph.notes)}", stacklevel=2)
    source = Path(layout if weights is None else weights).name
    return Pretrained(network, arrays, preprocessing, source)


def convert(net: Layout, input_shape: Sequence[int] | None = None) -> Graph:
    """Return the graph of a net.

    Parameters
    ----------
    net : Layout
    input_shape : sequence of int, optional
        Channels, height and width of the only input, instead of those of the file.

    Returns
    -------
    Graph

    Raises
    ------
    ValueError
        With all layers of an unknown type, or all problems of layers, and their lines.
    """
    _check_types(net)
    problems, graph = Problems(), Graph()
    failed: set[str] = set()
    chosen = None if input_shape is None else _only_input(net)
    sizes = () if input_shape is None else (1, *input_shape)

    def attempt(where: str, made: Sequence[str], add: Callable[..., None], *args: Any) -> None:
        try:
            add(*args)
        except ValueError as error:
            problems.add(f"{where}: {error}")
            failed.update(made)

    given = {name: sizes if name == chosen else shape for name, shape in net.inputs.items()}
    if chosen is not None:
        given.setdefault(chosen, sizes)
    for name, shape in given.items():
        attempt(net.file, [name], graph.add_input, name, shape)
    for layer in net.layers:
        if failed.intersection(layer.bottoms):
            failed.update(layer.tops)  # a consequence of a problem before
        elif not (layer.type in ends.INPUTS and chosen in layer.tops):
            where = f"{net.at(layer.line)}: {layer}"
            attempt(where, layer.tops, _add_layer, layer, graph)
    problems.raise_any()
    return graph


def _check_types(net: Layout) -> None:
    problems = Problems()
    for layer in net.layers:
        if layer.type not in CONVERTERS:
            near = nearest(layer.type, CONVERTERS)
            hint = f". Did you mean {near!r}?" if near else ""
            problems.add(
                f"{net.at(layer.line)}: layer {layer.name!r} has the unknown type "
                f"{layer.type!r}{hint}"
            )
    problems.raise_any()


def _add_layer(layer: CaffeLayer, graph: Graph) -> None:
    missing = [name for name in layer.bottoms if name not in graph.tops]
    if missing and layer.type not in ends.OBSERVERS:
        hint = (
            did_you_mean(missing[0], graph.tops, most=8)
            if graph.tops
            else (
                " No layer makes inputs for prediction; pass input_shape=(channels, height, width)."
            )
        )
        raise ValueError(f"bottom must name tops of layers before, got {missing[0]!r}.{hint}")
    CONVERTERS[layer.type](layer, graph)


def _only_input(net: Layout) -> str:
    """Return the blob that a given shape is for: the only one that layers take and none makes."""
    made: set[str] = set()
    found: dict[str, None] = {}
    for layer in net.layers:
        if layer.type not in ends.INPUTS and layer.type not in ends.OBSERVERS:
            found |= dict.fromkeys(name for name in layer.bottoms if name not in made)
            made.update(layer.tops)
    if len(found) != 1:
        raise ValueError(
            f"input_shape must be omitted for a net with {len(found)} inputs: {list_names(found)}"
        )
    return next(iter(found))
