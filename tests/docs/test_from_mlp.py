"""The page for users of `MLPClassifier` has all of its parameters and attributes."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skconv import NeuralNetClassifier
from skconv.layers import DenseLayer, InputLayer
from skconv.utils.other_names import ATTRIBUTES, parameter_hint

PAGE = (Path(__file__).parents[2] / "docs" / "from_mlp.md").read_text()
CLASSES = (MLPClassifier, MLPRegressor)


def names_in_table(heading):
    """Return the names in the first column of the table under a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def parameters():
    return {name for cls in CLASSES for name in inspect.signature(cls).parameters}


def attributes():
    found = set()
    for cls in CLASSES:
        section = re.search(r"Attributes\n-+\n(.*?)\nSee Also", inspect.getdoc(cls), re.DOTALL)
        found |= set(re.findall(r"^(\w+_) : ", section[1], re.MULTILINE))
    return found


@pytest.mark.parametrize(
    ("heading", "expected"), [("Parameters", parameters()), ("Attributes", attributes())]
)
def test_each_name_has_one_row(heading, expected):
    assert len(expected) > 14
    assert sorted(names_in_table(heading)) == sorted(expected)


def test_other_names_are_explained():
    net = NeuralNetClassifier()
    own = set(net.get_params())
    assert [name for name in parameters() - own if not parameter_hint(name)] == []
    ours = {"classes_", "n_features_in_", "feature_names_in_"}
    assert attributes() - ours <= ATTRIBUTES.keys()


def test_the_penalty_is_that_of_alpha():
    """One step of gradient descent on all rows, from the same weights."""
    X, y = load_iris(return_X_y=True)
    alpha = 3.0
    sgd = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1, "batch_size": len(X)}
    mlp = MLPClassifier(5, alpha=alpha, random_state=0, **sgd).partial_fit(X, y, classes=[0, 1, 2])
    net = NeuralNetClassifier(
        layers=[("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)],
        hidden_num_units=5,
        update="sgd",
        update_learning_rate=0.1,
        objective_l2=alpha / (2 * len(X)),
        batch_iterator_train=len(X),
        max_epochs=1,
        input_shape=(None, 4),
        output_num_units=3,
        output_nonlinearity="softmax",
    ).initialize()
    weights = zip(("hidden", "output"), mlp.coefs_, mlp.intercepts_, strict=True)
    net.load_params_from(
        {f"{name}.{kind}": v for name, W, b in weights for kind, v in (("W", W), ("b", b))}
    )
    net.partial_fit(X, y)
    mlp.partial_fit(X, y)
    np.testing.assert_allclose(net.layers_["hidden"].W, mlp.coefs_[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(net.layers_["output"].W, mlp.coefs_[1], rtol=1e-4, atol=1e-6)
