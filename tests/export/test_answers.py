import numpy as np
import pytest
from sklearn.datasets import load_iris

from skconv import NeuralNet
from skconv.layers import Conv2DLayer, DenseLayer, InputLayer

X, y = load_iris(return_X_y=True)
X = X[::10].astype("float32")
y = y[::10]
rng = np.random.default_rng(0)
QUICK = {"max_epochs": 1, "random_state": 0, "verbose": 0, "train_split": None}


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["setosa", "versicolor", "virginica"])[y],
        y - 1,
        y == 1,
        y.astype(float),
    ],
    ids=["text", "integers", "booleans", "floats"],
)
def test_labels_and_probabilities(run, labels):
    net = NeuralNet([InputLayer, (DenseLayer, {"name": "out"})], **QUICK).fit(X, labels)
    made, _ = run(net, X)
    assert list(made) == ["label", "probabilities"]
    assert made["label"].tolist() == net.predict(X).tolist()
    np.testing.assert_allclose(made["probabilities"], net.predict_proba(X), rtol=1e-5)


def test_scores(run):
    loss = {"objective_loss_function": "multiclass_hinge_loss", "out_nonlinearity": None}
    net = NeuralNet([InputLayer, (DenseLayer, {"name": "out"})], **loss, **QUICK).fit(X, y)
    made, _ = run(net, X)
    assert made["label"].tolist() == net.predict(X).tolist()
    np.testing.assert_allclose(made["scores"], net.decision_function(X), rtol=1e-5, atol=1e-6)


def test_several_labels(run):
    net = NeuralNet([InputLayer, (DenseLayer, {"name": "out"})], **QUICK).fit(
        X, np.stack([y < 2, y > 0], 1).astype(int)
    )
    made, _ = run(net, X)
    assert made["label"].tolist() == net.predict(X).tolist()
    np.testing.assert_allclose(made["probabilities"], net.predict_proba(X), rtol=1e-5)


def test_classes_of_pixels(run):
    images = rng.normal(size=(4, 2, 3, 3)).astype("float32")
    labels = np.array(["a", "b", "c"])[rng.integers(0, 3, (4, 3, 3))]
    net = NeuralNet([InputLayer, (Conv2DLayer, {"name": "out", "filter_size": 1})], **QUICK)
    net.fit(images, labels)
    made, _ = run(net, images)
    assert made["label"].tolist() == net.predict(images).tolist()
    np.testing.assert_allclose(made["probabilities"], net.predict_proba(images), rtol=1e-5)


def test_numbers_in_the_units_of_y(run):
    net = NeuralNet(
        [InputLayer, (DenseLayer, {"name": "out"})], regression=True, normalize_y=True, **QUICK
    )
    net.fit(X, 100 + 10 * X[:, 0])
    made, _ = run(net, X)
    assert list(made) == ["variable"]
    np.testing.assert_allclose(made["variable"][:, 0], net.predict(X), rtol=1e-5)


def test_several_outputs_put_their_names_before(run):
    layers = [
        (InputLayer, {"name": "input"}),
        (DenseLayer, {"name": "kind", "incoming": "input"}),
        (DenseLayer, {"name": "size", "incoming": "input"}),
    ]
    outputs = {"outputs": ["kind", "size"], "regression": {"size": True}}
    net = NeuralNet(layers, **outputs, **QUICK).fit(X, {"kind": y, "size": X[:, 0]})
    made, _ = run(net, X)
    assert list(made) == ["kind_label", "kind_probabilities", "size"]
    kind, size = net.predict(X)
    assert made["kind_label"].tolist() == kind.tolist()
    np.testing.assert_allclose(made["size"][:, 0], size, rtol=1e-5)
