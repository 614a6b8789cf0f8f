import jax
import numpy as np
import pytest

from skconv import NeuralNet
from skconv.export import to_onnx


def randomize(net):
    """Give a net weights that leave no layer out, and positive deviations."""
    rng = np.random.default_rng(1)
    weights = {
        parameter.name: (
            rng.uniform(0.5, 1.5, parameter.get_value().shape)
            if parameter.name.rpartition(".")[2] in ("inv_std", "std")
            else parameter.get_value() + 0.1 * rng.normal(size=parameter.get_value().shape)
        ).astype("float32")
        for parameter in net.get_all_params()
    }
    net.load_params_from(weights)
    return net


def predictions(net, X):
    """Compute the outputs as one program, which takes less time than one for each operation."""
    function, params = net.as_function()
    return np.asarray(jax.jit(function)(params, X))


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """Write a net or pipeline, and run the file by onnxruntime for some inputs."""
    onnx = pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    path = tmp_path_factory.mktemp("export") / "net.onnx"

    def run(estimator, *inputs):
        to_onnx(estimator, path)
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(path)
        names = [one.name for one in session.get_inputs()]
        given = {n: np.asarray(X, "float32") for n, X in zip(names, inputs, strict=True)}
        names = [one.name for one in session.get_outputs()]
        made = dict(zip(names, session.run(None, given), strict=True))
        return made, [node.op_type for node in model.graph.node]

    return run


@pytest.fixture(scope="session")
def same(run):
    """Compare the output of layers with onnxruntime's for several numbers of rows.

    Layers are (name, class, keywords), fed by an input of a shape; returns the operators.
    """

    def same(shape, *layers, nonnegative=False):
        from skconv.layers import InputLayer

        entries = [(InputLayer, {"name": "input", "shape": (None, *shape)})]
        entries += [(cls, {"name": f"layer{i}", **given}) for i, (cls, given) in enumerate(layers)]
        net = randomize(NeuralNet(entries, regression=True, random_state=0).initialize())
        rng = np.random.default_rng(0)
        for n in (3,):
            X = rng.normal(size=(n, *shape)).astype("float32")
            X = np.abs(X) * 3 if nonnegative else X
            made, operators = run(net, X)
            want = predictions(net, X)
            assert made["variable"].shape == want.shape
            scale = np.abs(want).max()
            np.testing.assert_allclose(made["variable"], want, rtol=1e-5, atol=1e-5 * scale)
        return operators

    return same
