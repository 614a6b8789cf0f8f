import re
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from sklearn.metrics import roc_auc_score

from skconv import NeuralNet
from skconv.errors import ProblemsError
from skconv.layers import DenseLayer, DropoutLayer, InputLayer, NonlinearityLayer
from skconv.nonlinearities import linear, rectify, sigmoid, softmax, tanh
from skconv.objectives import (
    binary_crossentropy,
    binary_focal_loss,
    binary_hinge_loss,
    categorical_crossentropy,
    categorical_focal_loss,
    huber_loss,
    multiclass_hinge_loss,
    squared_error,
)
from skconv.updates.rules import sgd

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 5)).astype(np.float32)
CLASSES = np.arange(60) % 3
TWO = np.arange(60) % 2
LABELS = np.stack([TWO, CLASSES > 0], axis=1).astype(int)
NUMBERS = X[:, :2].astype(float)
SHIFTED = NUMBERS + np.array([0, 9])
ROWS = np.eye(3)[CLASSES] * 0.8 + 0.2 / 3

LAYERS = [("input", InputLayer), ("out", DenseLayer)]


def net_of(y=None, layers=LAYERS, **given):
    """Return a net; keywords without a prefix are those of the output."""
    own = {"nonlinearity", "num_units"}
    renamed = {f"out_{name}" if name in own else name: value for name, value in given.items()}
    if "loss" in renamed:
        renamed["objective_loss_function"] = renamed.pop("loss")
    settings = {
        "update": sgd,
        "update_learning_rate": 0.1,
        "train_split": None,
        "regression": y is not None and np.asarray(y).dtype.kind == "f",
        "max_epochs": 1,
        "random_state": 0,
    }
    return NeuralNet(layers, **settings | renamed)


def error_of(y, **given):
    with pytest.raises(ValueError) as caught:
        net_of(y, **given).fit(X, y)
    return str(caught.value)


OUT = "layer 'out' (DenseLayer): nonlinearity must be "
LOGITS = "; leave out_nonlinearity unset, and training computes the loss from the logits"
UNSET = "; leave out_nonlinearity unset"


@pytest.mark.parametrize(
    ("y", "given", "message"),
    [
        (
            CLASSES,
            {"nonlinearity": linear},
            f"softmax for categorical_crossentropy, got linear{LOGITS}",
        ),
        (
            CLASSES,
            {"nonlinearity": None},
            f"softmax for categorical_crossentropy, got linear{LOGITS}",
        ),
        (
            CLASSES,
            {"nonlinearity": rectify},
            f"softmax for categorical_crossentropy, got rectify{LOGITS}",
        ),
        (
            CLASSES,
            {"nonlinearity": tanh},
            f"softmax for categorical_crossentropy, got tanh{LOGITS}",
        ),
        (
            CLASSES,
            {"nonlinearity": jax.nn.relu},
            f"softmax for categorical_crossentropy, got relu{LOGITS}",
        ),
        (
            CLASSES,
            {"nonlinearity": lambda x: 3 * x},
            f"softmax for categorical_crossentropy, got <lambda>{LOGITS}",
        ),
        (
            CLASSES,
            {"nonlinearity": sigmoid},
            f"softmax for categorical_crossentropy, got sigmoid{UNSET}",
        ),
        (
            CLASSES,
            {"nonlinearity": tanh, "loss": categorical_focal_loss},
            f"softmax for categorical_focal_loss, got tanh{LOGITS}",
        ),
        (
            TWO,
            {"nonlinearity": sigmoid},
            f"softmax for categorical_crossentropy, got sigmoid{UNSET}; or set out_num_units=1",
        ),
        (
            TWO,
            {"nonlinearity": linear, "num_units": 1},
            f"sigmoid for binary_crossentropy, got linear{LOGITS}",
        ),
        (
            TWO,
            {"nonlinearity": linear, "num_units": 1, "loss": squared_error},
            f"sigmoid for squared_error, got linear{UNSET}",
        ),
        (
            LABELS,
            {"nonlinearity": softmax},
            f"sigmoid for binary_crossentropy, got softmax, whose units sum to one{UNSET}",
        ),
        (LABELS, {"nonlinearity": linear}, f"sigmoid for binary_crossentropy, got linear{LOGITS}"),
        (
            LABELS,
            {"nonlinearity": tanh, "loss": binary_focal_loss},
            f"sigmoid for binary_focal_loss, got tanh{LOGITS}",
        ),
        (
            NUMBERS,
            {"nonlinearity": softmax},
            f"linear for squared_error, got softmax, whose units sum to one{UNSET}",
        ),
        (
            ROWS,
            {"nonlinearity": linear, "loss": categorical_crossentropy},
            f"softmax for categorical_crossentropy, got linear{LOGITS}",
        ),
        (
            ROWS,
            {"nonlinearity": linear, "loss": binary_crossentropy},
            f"sigmoid for binary_crossentropy, got linear{LOGITS}",
        ),
        (
            CLASSES,
            {"nonlinearity": softmax, "loss": multiclass_hinge_loss},
            f"linear for multiclass_hinge_loss, got softmax, whose units sum to one{UNSET}",
        ),
        (
            CLASSES,
            {"nonlinearity": sigmoid, "loss": optax.softmax_cross_entropy_with_integer_labels},
            f"linear for softmax_cross_entropy_with_integer_labels, got sigmoid{UNSET}",
        ),
        (
            TWO,
            {
                "nonlinearity": sigmoid,
                "num_units": 1,
                "loss": binary_hinge_loss,
                "objective_log_odds": True,
            },
            f"linear for binary_hinge_loss, got sigmoid{UNSET}",
        ),
        (
            TWO,
            {"nonlinearity": linear, "num_units": 1, "loss": binary_hinge_loss},
            f"sigmoid for binary_hinge_loss, got linear{LOGITS}",
        ),
    ],
)
def test_the_nonlinearity_suits_the_loss(y, given, message):
    assert error_of(y, **given) == OUT + message


@pytest.mark.parametrize("y", [TWO, NUMBERS[:, 0]])
def test_a_softmax_of_one_unit_is_always_one(y):
    text = error_of(y, nonlinearity=jax.nn.softmax, num_units=1)
    assert text == (
        "layer 'out' (DenseLayer): nonlinearity must not be softmax for a single unit, where it "
        "is always 1; leave out_nonlinearity unset"
    )


@pytest.mark.parametrize(
    ("y", "given", "message"),
    [
        (
            CLASSES,
            {"loss": binary_crossentropy},
            "objective_loss_function must take a class for each row, got "
            "binary_crossentropy, which compares each of the 3 units of layer 'out' "
            "(DenseLayer) with a target of its own; leave it unset",
        ),
        (
            TWO,
            {"loss": binary_crossentropy},
            "objective_loss_function must take a class for each row, got "
            "binary_crossentropy, which compares each of the 2 units of layer 'out' "
            "(DenseLayer) with a target of its own; leave it unset, or set out_num_units=1",
        ),
        (
            CLASSES,
            {"loss": squared_error},
            "objective_loss_function must take a class for each row, got squared_error, "
            "which compares each of the 3 units of layer 'out' (DenseLayer) with a target "
            "of its own; leave it unset",
        ),
        (
            CLASSES,
            {"loss": optax.softmax_cross_entropy},
            "objective_loss_function must take class indices, got softmax_cross_entropy, "
            "which takes rows of probabilities; leave it unset",
        ),
        (
            TWO,
            {"loss": multiclass_hinge_loss, "num_units": 1},
            "layer 'out' (DenseLayer): num_units must be 2 for multiclass_hinge_loss, "
            "which takes a unit for each class, got 1; or leave objective_loss_function "
            "unset",
        ),
        (
            TWO,
            {"loss": binary_hinge_loss, "num_units": 1, "objective_binary": False},
            "objective_loss_function must take labels as 0 and 1, got binary_hinge_loss "
            "for targets of -1 and 1",
        ),
        (
            LABELS,
            {"loss": categorical_crossentropy},
            "y must hold rows of class probabilities, which sum to one, for "
            "categorical_crossentropy, got rows of labels that do not; leave "
            "objective_loss_function unset",
        ),
        (
            NUMBERS,
            {"loss": categorical_crossentropy},
            "y must hold rows of class probabilities, which sum to one, for "
            "categorical_crossentropy, got rows of numbers that do not; leave "
            "objective_loss_function unset",
        ),
        (
            LABELS,
            {"loss": optax.softmax_cross_entropy_with_integer_labels},
            "y must hold a class for each row for "
            "softmax_cross_entropy_with_integer_labels; leave objective_loss_function unset",
        ),
        (
            np.full(60, 1.5),
            {"loss": binary_crossentropy},
            "y must hold numbers from 0 to 1 for binary_crossentropy, got 1.5; for "
            "regression leave objective_loss_function unset",
        ),
        (
            np.full(60, 0.5),
            {"loss": binary_hinge_loss},
            "y must hold only 0 and 1 for binary_hinge_loss, got 0.5; for regression leave "
            "objective_loss_function unset",
        ),
    ],
)
def test_the_targets_suit_the_loss(y, given, message):
    assert error_of(y, **given) == message


@pytest.mark.parametrize(
    ("y", "given"),
    [
        (CLASSES, {"nonlinearity": jax.nn.softmax}),
        (TWO, {"nonlinearity": jax.nn.sigmoid, "num_units": 1}),
        (TWO, {"num_units": 1, "loss": squared_error}),
        (LABELS, {"loss": huber_loss}),
        (ROWS, {"loss": categorical_crossentropy}),
        (ROWS, {"nonlinearity": softmax}),
        (ROWS, {"loss": binary_crossentropy}),
        (
            np.where(TWO, 1.0, -1.0),
            {"loss": binary_hinge_loss, "objective_log_odds": True, "objective_binary": False},
        ),
        (np.tanh(NUMBERS), {"nonlinearity": tanh}),
        (CLASSES, {"nonlinearity": tanh, "loss": lambda p, t: jnp.where(t > 0, p[:, 0], 1.0)}),
    ],
)
def test_pairs_that_suit_each_other_train_without_a_warning(y, given):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = net_of(y, **given).fit(X, y)
    if y is CLASSES and "loss" not in given:
        np.testing.assert_allclose(net.predict_proba(X).sum(axis=1), 1, atol=1e-6)


def test_numbers_that_the_nonlinearity_cannot_reach():
    assert error_of(SHIFTED, nonlinearity=tanh) == (
        "layer 'out' (DenseLayer): nonlinearity must reach the numbers in y, whose mean is "
        f"{np.float32(SHIFTED).mean(axis=0)[1]:g}, got tanh, which returns numbers from "
        "-1 to 1; leave out_nonlinearity unset"
    )
    message = (
        rf"^layer 'out' \(DenseLayer\): y has numbers from {NUMBERS.min():g} to "
        rf"{NUMBERS.max():g}, which are partly out of reach of tanh, which returns numbers from "
        "-1 to 1; leave out_nonlinearity unset$"
    )
    with pytest.warns(UserWarning, match=message):
        net_of(NUMBERS, nonlinearity=tanh).fit(X, NUMBERS)


def test_each_output_is_checked_and_the_fitted_net_stays():
    layers = [
        LAYERS[0],
        (DenseLayer, {"name": "a", "nonlinearity": tanh}),
        (DenseLayer, {"name": "b", "incoming": "input", "nonlinearity": softmax}),
        (DenseLayer, {"name": "c", "incoming": "input"}),
    ]
    given = {"outputs": ["a", "b"], "aux_outputs": {"c": 0.3}, "regression": [False, True]}
    net = net_of(layers=layers, **given).set_params(a_nonlinearity=softmax, b_nonlinearity=None)
    before = net.fit(X, (CLASSES, NUMBERS)).predict(X)[1]
    net.set_params(a_nonlinearity=tanh, b_nonlinearity=softmax, c_nonlinearity=sigmoid)
    with pytest.raises(ProblemsError) as caught:
        net.fit(X, (CLASSES, NUMBERS))
    for name, wanted in (("a", "softmax"), ("b", "linear"), ("c", "softmax")):
        assert f"layer '{name}' (DenseLayer): nonlinearity must be {wanted} for" in str(
            caught.value
        )
    np.testing.assert_array_equal(net.predict(X)[1], before)


@pytest.mark.parametrize("last", [NonlinearityLayer, DropoutLayer])
def test_layers_after_the_units_end_in_what_the_loss_takes(last):
    layers = [*LAYERS[:1], (DenseLayer, {"name": "units", "num_units": 3}), ("out", last)]
    net = net_of(layers=layers, units_nonlinearity=None).fit(X, CLASSES)
    np.testing.assert_allclose(net.predict_proba(X).sum(axis=1), 1, atol=1e-6)
    if last is NonlinearityLayer:
        text = error_of(CLASSES, layers=layers, units_nonlinearity=None, nonlinearity=tanh)
        assert text.startswith("layer 'out' (NonlinearityLayer): nonlinearity must be softmax")


def test_losses_of_optax_on_logits_train_as_our_own_do():
    ours, theirs = (
        net_of(CLASSES, loss=loss, max_epochs=3).fit(X, CLASSES)
        for loss in (None, optax.softmax_cross_entropy_with_integer_labels)
    )
    p = ours.predict_proba(X)
    np.testing.assert_allclose(theirs.predict_proba(X), p, atol=1e-5)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)


def test_scores_instead_of_probabilities():
    net = net_of(CLASSES, loss=multiclass_hinge_loss, out_W=np.eye(5, 3), max_epochs=0)
    assert not hasattr(net, "decision_function")
    net.fit(X, CLASSES)
    np.testing.assert_allclose(net.decision_function(X), X[:, :3], rtol=1e-6)
    np.testing.assert_array_equal(net.predict(X), X[:, :3].argmax(axis=1))
    assert not hasattr(net, "predict_proba")
    with pytest.raises(AttributeError) as caught:
        net.predict_proba(X)
    assert "leave its nonlinearity" in str(caught.value.__cause__)
    assert not hasattr(net_of(max_epochs=0).fit(X, CLASSES), "decision_function")


@pytest.mark.parametrize(
    ("y", "units", "given"),
    [
        (np.array(["a", "b"])[TWO], 1, {"loss": binary_hinge_loss, "objective_log_odds": True}),
        (TWO, 1, {"loss": optax.sigmoid_binary_cross_entropy, "nonlinearity": linear}),
        (LABELS, 2, {"loss": binary_hinge_loss, "objective_log_odds": True}),
    ],
)
def test_the_sign_of_log_odds_decides(y, units, given):
    net = net_of(num_units=units, out_W=np.eye(5, units), max_epochs=1, **given)
    net.set_params(update_learning_rate=0.0).fit(X, y, X_val=X, y_val=y)
    odds = X[:, :units] if units > 1 else X[:, 0]
    np.testing.assert_allclose(net.decision_function(X), odds, rtol=1e-6)
    found = net.predict(X)
    expected = odds > 0 if units > 1 else net.classes_[(odds > 0).astype(int)]
    np.testing.assert_array_equal(found, expected)
    correct = found == y if units == 1 else (found == y).all(axis=1)
    assert net.train_history_[-1]["valid_accuracy"] == pytest.approx(correct.mean())
    if units == 1:
        assert 0 <= roc_auc_score(y, net.decision_function(X)) <= 1


def test_a_net_without_data_tells_scores_from_probabilities():
    given = {"input_shape": (None, 5), "num_units": 3}
    assert hasattr(net_of(**given).initialize(), "predict_proba")
    net = net_of(nonlinearity=linear, **given).initialize()
    assert net.decision_function(X).shape == (60, 3)
    assert not hasattr(net, "predict_proba")


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (
            lambda p, t: (p[:, 0] - t[:, 0][:, None]) ** 2,
            "must return a loss for each row, got shape (n, n) from <lambda> for "
            "predictions of shape (n, 2) and targets of shape (n, 2); they may have been "
            "broadcast",
        ),
        (
            lambda p, t: jnp.mean((p - t) ** 2),
            "must return a loss for each row, got a scalar from <lambda> for predictions "
            "of shape (n, 2) and targets of shape (n, 2); leave out the mean",
        ),
        (
            lambda p, t: p.T - t.T,
            "must return a loss for each row, got shape (2, n) from <lambda> for "
            "predictions of shape (n, 2) and targets of shape (n, 2); they may have been "
            "broadcast",
        ),
        (
            lambda p, t: p @ t,
            "must take predictions of shape (n, 2) and targets of shape (n, 2) and dtype "
            "float32, but <lambda> failed with TypeError",
        ),
    ],
)
def test_a_loss_of_the_user_s_own_returns_a_loss_for_each_row(loss, message):
    assert error_of(NUMBERS, loss=loss).startswith(f"objective_loss_function {message}")


@pytest.mark.parametrize(
    ("loss", "hint"),
    [
        (lambda p, t: np.abs(np.asarray(p) - t), "compute it with jax.numpy in place of NumPy"),
        (lambda p, t: p - t if (p > t).all() else t - p, "write jax.numpy.where in place of if"),
    ],
)
def test_a_loss_that_jax_cannot_trace_is_told_what_to_write(loss, hint):
    assert error_of(NUMBERS, loss=loss).endswith(f"; {hint}")


def test_a_loss_of_the_user_s_own_may_not_mix_up_classes():
    message = "must take predictions of shape (n, 3) and targets of shape (n,) and dtype int32"
    with pytest.raises(ValueError, match=re.escape(message)):
        net_of(CLASSES, loss=lambda p, t: (p - t) ** 2).fit(X[:3], CLASSES[:3])
