import re

import numpy as np
import onnx
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, PowerTransformer, StandardScaler

from skconv import NeuralNet
from skconv.export import to_onnx
from skconv.layers import Conv2DLayer, DenseLayer, GlobalPoolLayer, InputLayer, MaxPool2DLayer
from skconv.preprocessing import Standardize

X, y = load_iris(return_X_y=True)
X, y = X[::10], y[::10]
QUICK = {"max_epochs": 1, "random_state": 0, "verbose": 0, "train_split": None}
rng = np.random.default_rng(0)


def table_net(**given):
    return NeuralNet([InputLayer, (DenseLayer, {"name": "out"})], **QUICK, **given)


@pytest.fixture(scope="module")
def fitted():
    return table_net().fit(X, y)


@pytest.mark.parametrize(
    "step", [StandardScaler(), MinMaxScaler((0, 2), clip=True), Standardize(per="all")], ids=repr
)
def test_pipelines_are_one_graph(run, step):
    pipeline = make_pipeline(step, "passthrough", table_net()).fit(X[2:], y[2:])
    made, operators = run(pipeline, X)
    np.testing.assert_allclose(made["probabilities"], pipeline.predict_proba(X), rtol=1e-5)
    assert "Cast" in operators


def test_images_with_channels_last_and_pixels_in_tables(run):
    layers = [(Conv2DLayer, {"name": "conv", "num_filters": 3, "filter_size": 2})]
    layers += [(DenseLayer, {"name": "out"})]
    images = rng.normal(size=(6, 4, 5, 2)).astype("float32")
    labels = [0, 1, 2] * 2
    net = NeuralNet([InputLayer, *layers], data_format="channels_last", **QUICK)
    pipeline = make_pipeline(Standardize(data_format="channels_last"), net).fit(images, labels)
    made, _ = run(pipeline, images)
    np.testing.assert_allclose(made["probabilities"], pipeline.predict_proba(images), rtol=1e-5)

    table = images.reshape(6, -1)
    shaped = [(InputLayer, {"name": "input", "shape": (None, 2, 4, 5)}), *layers]
    pipeline = make_pipeline(StandardScaler(), NeuralNet(shaped, **QUICK)).fit(table, labels)
    made, _ = run(pipeline, table)
    np.testing.assert_allclose(made["probabilities"], pipeline.predict_proba(table), rtol=1e-5)


@pytest.fixture(scope="module")
def any_size():
    layers = [
        (InputLayer, {"name": "input", "shape": (None, 2, None, None)}),
        (Conv2DLayer, {"name": "conv", "num_filters": 3, "filter_size": 3, "pad": "same"}),
        (MaxPool2DLayer, {"name": "pool", "pool_size": 2}),
        (GlobalPoolLayer, {"name": "mean"}),
        (DenseLayer, {"name": "out"}),
    ]
    return NeuralNet(layers, **QUICK).fit(rng.normal(size=(6, 2, 4, 6)), [0, 1, 2] * 2)


def test_sizes_may_be_open(run, any_size):
    for shape in ((2, 2, 4, 6), (3, 2, 9, 5)):
        images = rng.normal(size=shape).astype("float32")
        made, _ = run(any_size, images)
        np.testing.assert_allclose(made["probabilities"], any_size.predict_proba(images), rtol=1e-5)


def test_layers_for_one_size_are_named(any_size, tmp_path):
    net = NeuralNet(any_size.layers, **QUICK, pool_ignore_border=False)
    net.fit(rng.normal(size=(6, 2, 4, 6)), [0, 1, 2] * 2)
    with pytest.raises(ValueError, match="layer 'pool' is written for one size of the inputs"):
        to_onnx(net, tmp_path / "net.onnx")


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        (lambda: table_net(), NotFittedError, "not fitted"),
        (lambda: LogisticRegression(), TypeError, "a NeuralNet, or a Pipeline that ends in one"),
        (
            lambda: GridSearchCV(LogisticRegression(), {}).fit(X, y),
            TypeError,
            "export its best_estimator_",
        ),
        (
            lambda: make_pipeline(PowerTransformer(), table_net()).fit(X, y),
            ValueError,
            "step 'powertransformer' must be one of StandardScaler, MinMaxScaler, Standardize, "
            "got PowerTransformer; export pipeline[-1]",
        ),
        (
            lambda: table_net(test_augment=lambda X, key: X).fit(X, y),
            ValueError,
            "test_augment must be None",
        ),
    ],
)
def test_what_cannot_be_written(tmp_path, made, error, message):
    with pytest.raises(error, match=re.escape(message)):
        to_onnx(made(), tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


def test_versions_and_names(fitted, tmp_path):
    to_onnx(fitted, tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    assert model.producer_name == "skconv"
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 21)]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "N"
    assert {"out.W", "out.b"} < {own.name for own in model.graph.initializer}
