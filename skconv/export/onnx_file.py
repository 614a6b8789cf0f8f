"""Nets and pipelines as ONNX files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from sklearn.pipeline import Pipeline

from ..data.inputs import takes_channels_last
from ..data.iterators import has_transform
from ..network.free_sizes import network_for
from ..network.graph import Network
from ..network.model import Model
from ..targets.outputs import Outputs
from ..utils.files import atomic_write
from ..utils.optional import import_optional
from ..utils.versions import version_of
from .answers import answer_names, write_answers
from .network import write_network
from .steps import check_steps, row_of, write_steps
from .writer import IR_VERSION, OPSET, Writer

LARGEST = 2**31 - 2**20
"""Most bytes of weights: a file of protobuf has less than 2 GiB."""


def to_onnx(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted net, or a pipeline that ends in one, to an ONNX file.

    The file predicts any number of rows as ``predict_proba`` and ``predict`` do, without skconv and
    JAX. Layers become the operators that ONNX has for them, such as ``Conv``, ``MaxPool``, ``Gemm``
    and ``LSTM``; what has none, such as functions of your own, is traced by jax2onnx.

    Parameters
    ----------
    estimator : NeuralNet or Pipeline
        The steps before the net may be `~sklearn.preprocessing.StandardScaler`,
        `~sklearn.preprocessing.MinMaxScaler` and `skconv.preprocessing.Standardize`.
    path : str or path
        Ending in ``.onnx`` by convention.

    Raises
    ------
    ValueError
        With all layers, or all steps, that cannot be written; if the net has a `test_augment` or
        an iterator with a `transform`; if labels are neither numbers nor text, or the weights have
        2 GiB or more.
    TypeError
        For another estimator.
    NotFittedError
        If it is neither fitted nor initialized.
    ImportError
        If onnx is not installed: ``pip install 'skconv[onnx]'``.
    OSError
        With the path, if the file cannot be written.

    Notes
    -----
    Inputs are float32, of the shape that `predict` takes, under the names of the input layers. As
    in sklearn-onnx, the outputs of a classifier are ``label``, int64, float32 or text, and
    ``probabilities``, or ``scores`` if the net computes them; that of a regressor is ``variable``.
    Its shape is that of the output layer, (n, 1) for a single number, also where `predict` returns
    (n,). With several outputs, their names come before, as in ``digit_label``, and those of numbers
    stand alone.

    Nets that compute in bfloat16 or float64 are written in float32.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import onnxruntime
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralNet(max_epochs=1, random_state=0).fit(X, y)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, 'iris.onnx')
    ...     to_onnx(net, path)
    ...     session = onnxruntime.InferenceSession(path)
    >>> labels, probabilities = session.run(None, {'input': X.astype('float32')})
    >>> bool((labels == net.predict(X)).all()), probabilities.shape
    (True, (150, 3))
    """
    onnx = import_optional("onnx")
    steps, net = _split(estimator)
    check_steps(steps)
    fitted = net._fitted()
    if fitted.test_augment is not None:
        raise ValueError(
            "test_augment must be None, as ONNX has no augmentation, got "
            f"{fitted.test_augment!r}; set net.set_params(test_augment=None)"
        )
    if has_transform(fitted.iterator):
        raise ValueError(
            "batch_iterator_test must not have a transform of its own, which ONNX cannot run; "
            "transform X before, or in a step of a pipeline"
        )
    model = fitted.frozen
    trees = (own for tree in model.weights for own in tree.values())
    if sum(array.nbytes for own in trees for array in own.values()) > LARGEST:
        raise ValueError("the weights must have less than 2 GiB, the most that ONNX files hold")
    graph = _write(model, steps, fitted.outputs, net.data_format)
    for other in _other_sizes(model):
        _check_same(graph, _write(other, steps, fitted.outputs, net.data_format))
    written = onnx.helper.make_model(
        graph,
        producer_name="skconv",
        producer_version=version_of("skconv"),
        ir_version=IR_VERSION,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
    )
    with atomic_write(path) as temporary:
        temporary.write_bytes(written.SerializeToString())


def _split(estimator: Any) -> tuple[list[tuple[str, Any]], Any]:
    """Return the steps before the net, and the net."""
    steps, net = [], estimator
    if isinstance(estimator, Pipeline):
        *before, (_, net) = estimator.steps
        steps = [(name, step) for name, step in before if step not in (None, "passthrough")]
    if not callable(getattr(net, "_fitted", None)):
        hint = "; export its best_estimator_" if hasattr(net, "best_estimator_") else ""
        raise TypeError(
            "estimator must be a NeuralNet, or a Pipeline that ends in one, got "
            f"{type(net).__name__}{hint}"
        )
    return steps, net


def _write(
    model: Model, steps: Sequence[tuple[str, Any]], outputs: Outputs, data_format: Any
) -> Any:
    """Return the graph of a model with its inputs and outputs."""
    helper = import_optional("onnx.helper")
    network = model.network
    if steps and len(network.inputs) > 1:
        raise ValueError(
            f"a pipeline must end in a net with one input, got {len(network.inputs)} inputs: "
            f"{', '.join(network.inputs)}; export pipeline[-1], the net"
        )
    names = [*network.inputs, *(name for own in answer_names(outputs) for name in own)]
    writer = Writer(names)
    inputs, entering = [], {}
    for name in network.inputs:
        last = takes_channels_last(data_format, name)
        row = _open_row(network, name)
        wanted = (*row[1:], row[0]) if last and len(row) > 1 else row
        given = row_of(steps[0][1]) if steps else wanted
        sizes = ["N", *(f"{name}_{i}" if n is None else n for i, n in enumerate(given, 1))]
        inputs.append(helper.make_tensor_value_info(name, 1, sizes))
        x = write_steps(writer, steps, name)
        writer.scope = f"{name}/rows"
        if len(given) != len(wanted):
            x = writer.add("Reshape", x, writer.integers(0, *wanted, name="shape"))
        if wanted != row:
            order = range(1, len(row))
            x = writer.add("Transpose", x, perm=[0, len(row), *order])
        entering[name] = x
    found = write_network(writer, model, entering)
    ranks = [len(shape) for shape in network.outputs.values()]
    answers = write_answers(writer, outputs, found, ranks)
    made = [
        helper.make_tensor_value_info(name, kind, ["N", *[None] * (axes - 1)])
        for name, kind, axes in answers
    ]
    return helper.make_graph(writer.nodes, "skconv", inputs, made, writer.initializers)


def _open_row(network: Network, name: str) -> tuple[Any, ...]:
    """Return the shape of a row of an input, with None for sizes that are free."""
    return (network.free.get(name) or network.inputs[name])[1:]


def _other_sizes(model: Model) -> list[Model]:
    """Return the model for inputs of other sizes, if it leaves sizes open."""
    found = []
    for grow in (lambda n: 2 * n, lambda n: n + 1):
        rows = {
            name: tuple(
                grow(n) if free is None else n
                for n, free in zip(row, _open_row(model.network, name), strict=True)
            )
            for name, row in model.network.rows().items()
        }
        if rows == model.network.rows():
            continue
        other = model.frozen()
        try:
            other.network = network_for(model.network, rows)
        except ValueError:  # such as for a net that halves images and enlarges them again
            continue
        found.append(other)
    return found


def _check_same(graph: Any, other: Any) -> None:
    """Raise an error unless graphs for inputs of several sizes are the same."""
    pairs = zip((*graph.node, *graph.initializer), (*other.node, *other.initializer), strict=False)
    for own, theirs in pairs:
        if own != theirs:
            layer = own.name.partition("/")[0].partition(".")[0]
            raise ValueError(
                f"layer {layer!r} is written for one size of the inputs, but the net takes several;"
                " build it for one input_shape, and load_params_from this net"
            )
