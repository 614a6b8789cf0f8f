import jax
import numpy as np
import pytest

from skconv import NeuralNet
from skconv.models import from_onnx


@pytest.fixture(scope="session")
def write(tmp_path_factory):
    """Write nodes of ONNX on an input X; the output is Y."""
    onnx = pytest.importorskip("onnx")
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"

    def write(shape, nodes, arrays=None, rank=None, opset=21):
        value = onnx.helper.make_tensor_value_info
        constants = [onnx.numpy_helper.from_array(a, n) for n, a in (arrays or {}).items()]
        sizes = ["N", *shape] if shape and shape[0] != "N" else list(shape)
        made = []
        for op, inputs, outputs, given in nodes:
            name = f"{op}_{outputs}" if op in [node.name for node in made] else op
            fed = inputs.split(",") if inputs else []
            made.append(onnx.helper.make_node(op, fed, outputs.split(","), name=name, **given))
        axes = len(sizes) if rank is None else rank
        graph = onnx.helper.make_graph(
            made,
            "g",
            [value("X", 1, sizes)],
            [value("Y", 1, ["N"] + [None] * (axes - 1))],
            constants,
        )
        opsets = [onnx.helper.make_opsetid("", opset)]
        onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10), path)
        return path

    return write


@pytest.fixture(scope="session")
def same(write):
    """Compare the net that is read with onnxruntime, and return the names of its layers."""
    onnxruntime = pytest.importorskip("onnxruntime")

    def same(shape, nodes, arrays=None, rank=None, opset=21):
        path = write(shape, nodes, arrays, rank, opset)
        X = np.random.default_rng(0).normal(size=(3, *shape)).astype("float32")
        (want,) = onnxruntime.InferenceSession(path).run(None, {"X": X})
        pretrained = from_onnx(path)
        net = NeuralNet(**pretrained.network, regression=True, random_state=0).initialize()
        net.load_params_from(dict(pretrained.weights))
        function, params = net.as_function()
        made = np.asarray(jax.jit(function)(params, X))
        size = np.abs(want).max()  # sums are rounded at the size of their terms
        np.testing.assert_allclose(
            made.reshape(want.shape), want, rtol=1e-5, atol=5e-7 * max(size, 2)
        )
        return [layer.__name__ for _, layer in pretrained.network["layers"]][1:]

    return same
