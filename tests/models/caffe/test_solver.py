import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris

from skconv import NeuralNet
from skconv.models import CaffeSchedule, from_caffe_solver
from skconv.updates import adadelta, adagrad, adam, momentum, nesterov_momentum, rmsprop, sgd


@pytest.fixture
def solver(file):
    def solver(text, **how):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return from_caffe_solver(file(text, "solver.prototxt"), **how)

    return solver


@pytest.mark.parametrize(
    ("text", "keywords"),
    [
        ("", {"update": sgd}),
        ("momentum: 0.9", {"update": momentum, "update_momentum": 0.9}),
        (
            'type: "Nesterov" momentum: 0.95',
            {"update": nesterov_momentum, "update_momentum": 0.95},
        ),
        (
            'type: "Adam" momentum: 0.9 delta: 1e-6',
            {
                "update": adam,
                "update_beta1": 0.9,
                "update_beta2": 0.999,
                "update_epsilon": 1e-6,
            },
        ),
        ('type: "AdaGrad" delta: 1e-3', {"update": adagrad, "update_epsilon": 1e-6}),
        (
            'type: "RMSProp" rms_decay: 0.98 delta: 1e-3',
            {"update": rmsprop, "update_rho": 0.98, "update_epsilon": 1e-6},
        ),
        (
            "solver_type: ADADELTA momentum: 0.95 delta: 1e-6",
            {"update": adadelta, "update_rho": 0.95, "update_epsilon": 1e-6},
        ),
        (
            "clip_gradients: 10 random_seed: 7",
            {"update": sgd, "update_clip_norm": 10, "random_state": 7},
        ),
        (
            'weight_decay: 0.004 regularization_type: "L1"',
            {"update": sgd, "objective_l1": 0.004},
        ),
        ("weight_decay: 0.004", {"update": sgd, "objective_l2": 0.002}),
        (
            'net: "x.prototxt" test_iter: 100 test_interval: 500 display: 20 snapshot: 1000 '
            'snapshot_prefix: "x" solver_mode: GPU average_loss: 40',
            {"update": sgd},
        ),
    ],
)
def test_settings(solver, text, keywords):
    assert solver(f"base_lr: 0.05\n{text}") == {"update_learning_rate": 0.05, **keywords}


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ('"step" gamma: 0.1 stepsize: 100', CaffeSchedule("step", 0.05, 0.1, stepsize=100)),
        (
            '"multistep" gamma: 0.1 stepvalue: 10 stepvalue: 20',
            CaffeSchedule("multistep", 0.05, 0.1, stepvalues=(10, 20)),
        ),
        ('"inv" gamma: 1e-4 power: 0.75', CaffeSchedule("inv", 0.05, 1e-4, 0.75)),
        ('"exp" gamma: 0.9', CaffeSchedule("exp", 0.05, 0.9)),
        ('"sigmoid" gamma: -1 stepsize: 5', CaffeSchedule("sigmoid", 0.05, -1.0, stepsize=5)),
    ],
)
def test_policies(solver, text, schedule):
    keywords = solver(f"base_lr: 0.05 lr_policy: {text}")
    assert keywords == {"update": sgd, "update_learning_rate": schedule}


def test_iterations_become_epochs(solver):
    keywords = solver('lr_policy: "poly" max_iter: 101', iterations_per_epoch=50)
    assert keywords["max_epochs"] == 3
    assert keywords["update_learning_rate"].max_iter == 101
    with pytest.raises(ValueError, match="iterations_per_epoch must be a positive integer, got 0"):
        solver("", iterations_per_epoch=0)


def test_what_has_no_counterpart_is_named(file):
    text = (
        'max_iter: 9 iter_size: 2 clip_gradients: 1 weight_decay: 1 type: "RMSProp" momentum: 0.9\n'
        "mine: 3"
    )
    message = (
        r"solver.prototxt has settings without a counterpart: mine in line 2, momentum with "
        r"RMSProp, weight_decay after clip_gradients \(the penalty is clipped as well\), "
        r"max_iter: 9 \(pass iterations_per_epoch\), iter_size: 2 \(multiply the batch size by it\)"
    )
    with pytest.warns(UserWarning, match=message):
        from_caffe_solver(file(text, "solver.prototxt"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('type: "Adamm"', r"solver.prototxt: type must be .* got 'Adamm'. Did you mean 'Adam'\?"),
        ('lr_policy: "stepp"', r"solver.prototxt: lr_policy: policy must be .* 'step'\?"),
        ('regularization_type: "L3"', "regularization_type must be 'L1' or 'L2', got 'L3'"),
        ("\nsolver_mode: TPU", r"line 2: solver_mode must be a value .* got TPU"),
        ('layer { name: "conv1" }', "solver.prototxt must be a solver, got a layout; read it by"),
        ("base_lr: x", "solver.prototxt, line 1: "),
    ],
)
def test_damaged_solvers(solver, text, message):
    with pytest.raises(ValueError, match=message):
        solver(text)


def test_a_net_trains_with_it_as_the_formula_says(solver):
    """Caffe's steps: ``V = 0.9 V + lr (g + decay W)``, ``W -= V``, here for a softmax."""
    X, y = load_iris(return_X_y=True)
    X = X.astype(np.float32)
    keywords = solver(
        'base_lr: 0.1 lr_policy: "step" gamma: 0.5 stepsize: 2 momentum: 0.9 weight_decay: 0.01'
    )
    from skconv.layers import DenseLayer, InputLayer

    layers = [("input", InputLayer), ("output", DenseLayer)]
    how = {"train_split": None, "batch_iterator_train": 150, "output_W": 0.0, "max_epochs": 4}
    net = NeuralNet(layers, **keywords, **how).fit(X, y)
    W, b, V, v = np.zeros((4, 3)), np.zeros(3), 0, 0
    for rate in (0.1, 0.1, 0.05, 0.05):
        logits = X @ W + b
        p = np.exp(logits - logits.max(1, keepdims=True))
        g = (p / p.sum(1, keepdims=True) - np.eye(3)[y]) / len(y)
        V = 0.9 * V + rate * (X.T @ g + 0.01 * W)
        v = 0.9 * v + rate * g.sum(0)
        W, b = W - V, b - v
    np.testing.assert_allclose(net.layers_["output"].W.get_value(), W, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(net.layers_["output"].b.get_value(), b, rtol=1e-4, atol=1e-5)
