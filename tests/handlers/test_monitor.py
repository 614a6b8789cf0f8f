import math
import re

import numpy as np
import optax
import pytest
from sklearn.metrics import get_scorer_names

from skconv.handlers import (
    EarlyStopping,
    GradientNorm,
    Handler,
    ReduceLROnPlateau,
    RememberBestWeights,
    SaveWeights,
    TerminateOnNaN,
)
from skconv.handlers.monitor import MonitoringHandler, Watched, direction_of

from ..nets import X, make_net, y

LOSSES = """
train_loss valid_loss valid_loss_digit valid_loss_accuracy val_loss loss logloss
log_loss mse MSE mae RMSE rmse_val error err wordErrorRate negative_log_likelihood nll
brier_score_loss dice_loss perplexity max_error hamming_loss false_positive_rate
"""

SCORES = """
valid_accuracy valid_accuracy_loss val_acc accuracy f1 F1 macroF1 valid_f1 AUC roc r2 R2
mcc IoU mIoU mAP top_5_accuracy recall precision kappa score dice_score dice neg_mse
minus_error log_likelihood d2_pinball_score
"""


@pytest.mark.parametrize("name", LOSSES.split())
def test_names_of_losses_and_errors_are_better_if_smaller(name):
    assert direction_of(name) == "min"


@pytest.mark.parametrize("name", SCORES.split())
def test_names_of_scores_are_better_if_larger(name):
    assert direction_of(name) == "max"


@pytest.mark.parametrize("name", get_scorer_names())
def test_scorers_of_scikit_learn_are_better_if_larger(name):
    assert direction_of(name) == "max"


@pytest.mark.parametrize("name", ["foo", "luck", "grad_norm", "dur", "learning_rate", "", "x1"])
def test_other_names_say_nothing(name):
    assert direction_of(name) is None


HANDLERS = [
    EarlyStopping,
    ReduceLROnPlateau,
    RememberBestWeights,
    lambda **given: SaveWeights("a.npz", only_best=True, **given),
]


def fit(handler, **given):
    return make_net(on_epoch_finished=handler, **{"max_epochs": 1, **given}).fit(X, y)


@pytest.mark.parametrize("make", HANDLERS)
@pytest.mark.parametrize(
    ("monitor", "given", "message"),
    [
        ("val_loss", {}, r"got 'val_loss'\. Did you mean 'valid_loss'\?$"),
        ("val_acc", {}, r"got 'val_acc'\. Did you mean 'valid_accuracy'\?$"),
        ("f1", {}, r"got 'f1'\. Valid names: .* pass custom_scores=\[\('f1', function\)\]\.$"),
        ("epoch", {}, r"got 'epoch'\. Valid names: train_loss, valid_loss, valid_accuracy, dur\.$"),
        ("valid_accuracy", {"regression": True}, r"got 'valid_accuracy'\. Valid names: train_loss"),
        (
            "valid_accuracy",
            {"train_split": None},
            r"got .*\. Losses and scores of validation need a validation set\.$",
        ),
    ],
)
def test_unknown_columns_are_told_before_the_first_step(make, monitor, given, message):
    handler = make(monitor=monitor)
    name = type(handler).__name__
    with pytest.raises(
        ValueError, match=rf"^{name}: monitor must be a column of the history, {message}"
    ):
        fit(handler, **given)


@pytest.mark.parametrize("make", HANDLERS)
def test_a_name_that_says_nothing_needs_a_mode(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scores = [("luck", lambda y_true, y_output: 0.5)]
    handler = make(monitor="luck")
    with pytest.raises(
        ValueError,
        match="^"
        + re.escape(
            f"{type(handler).__name__}: mode must be 'min' or 'max' for monitor='luck', whose name "
            "does not say which values are better, got 'auto'"
        ),
    ):
        fit(handler, custom_scores=scores)
    for mode in ("min", "max"):
        handler = make(monitor="luck", mode=mode, verbose=0)
        fit(handler, custom_scores=scores)
        assert handler.watched == Watched("luck", mode)


def f1_score(y_true, y_output):
    return 0.5


def my_error(y_true, y_output):
    return 0.5


@pytest.mark.parametrize(
    ("score", "direction"),
    [
        (("luck", f1_score), "max"),
        (("luck", my_error), "min"),
        (("luck", "neg_log_loss"), "max"),
        (("error", "matthews_corrcoef"), "max"),
        (("f1", f1_score), "max"),
        (("f1", my_error), None),
        ("f1_macro", "max"),
        ("accuracy", "max"),
    ],
)
def test_the_function_of_a_score_says_what_its_name_does_not(score, direction):
    name = score if isinstance(score, str) else score[0]
    handler = EarlyStopping(monitor=name, verbose=0)
    if direction is None:
        with pytest.raises(ValueError, match="EarlyStopping: mode must be 'min' or 'max'"):
            fit(handler, custom_scores=[score])
        return
    net = fit(handler, custom_scores=[score])
    assert handler.watched == Watched(name, direction)
    assert handler.best_valid == net.train_history_[0][name]


def test_every_number_of_the_history_can_be_monitored():
    class Adding(Handler):
        history_columns = ("extra_loss",)

        def __call__(self, net, train_history):
            train_history[-1]["extra_loss"] = 2.5

    scores = {
        "scores_train": [("inner_mse", lambda p, t: p[:, 0])],
        "scores_valid": [("outer_mse", lambda p, t: p[:, 0])],
    }
    for monitor in ("train_loss", "inner_mse", "outer_mse", "extra_loss", "valid_accuracy"):
        handler = EarlyStopping(monitor=monitor, verbose=0)
        net = fit([Adding(), GradientNorm(), handler], **scores)
        assert handler.best_valid == net.train_history_[0][monitor]
    handler = EarlyStopping(monitor="grad_norm", mode="min", verbose=0)
    fit([GradientNorm(), handler])
    assert handler.best_valid > 0


def test_the_validation_loss_stands_for_the_training_loss_without_a_validation_set():
    for make in HANDLERS[:3]:
        handler = make()
        fit(handler, train_split=None)
        assert handler.watched == Watched("train_loss", "min")


class Watching(MonitoringHandler):
    def __init__(self, monitor="a", mode="min"):
        self.monitor, self.mode = monitor, mode
        self.reset()

    def __call__(self, net, train_history):
        """Do nothing."""


@pytest.mark.parametrize(
    ("mode", "value", "best", "margin", "better"),
    [
        ("min", 1.0, None, 0.0, True),
        ("min", math.nan, None, 0.0, False),
        ("min", 1.0, 1.0, 0.0, False),
        ("min", 0.5, 1.0, 0.0, True),
        ("max", 0.5, 1.0, 0.0, False),
        ("max", 1.5, 1.0, 0.0, True),
        ("max", 1.5, 1.0, 0.5, False),
        ("max", 1.75, 1.0, 0.5, True),
        ("max", math.nan, 1.0, 0.0, False),
        ("max", -1.0, -math.inf, 0.0, True),
        ("min", 1.0, math.inf, 0.0, True),
        ("min", math.inf, math.inf, 0.0, False),
    ],
)
def test_a_value_is_better_by_more_than_a_margin(mode, value, best, margin, better):
    handler = Watching(mode=mode)
    handler.check(None, {"a": None})
    assert handler.is_better(value, best, margin) is better


def test_nan_never_improves_and_is_told():
    values = iter([math.nan, 0.25, math.nan])
    handler = EarlyStopping(monitor="f1", verbose=0)
    with pytest.warns(UserWarning, match="^EarlyStopping: f1 is NaN, which never counts as an imp"):
        fit(handler, max_epochs=3, custom_scores=[("f1", lambda t, p: next(values))])
    assert (handler.best_valid, handler.best_valid_epoch) == (0.25, 2)


def test_all_problems_of_all_handlers_are_told_at_once_and_leave_the_net_and_them_as_they_were():
    good, bad = EarlyStopping(verbose=0), ReduceLROnPlateau()
    net = make_net(on_epoch_finished=[good, bad]).fit(X, y)
    before, best, weights = net.train_history_, good.best_valid, net.get_all_params_values()
    bad.patience, bad.monitor = 0, "val_loss"
    net.on_epoch_finished.append(TerminateOnNaN("val_loss"))
    with pytest.raises(
        ValueError,
        match=r"^2 problems:\n - ReduceLROnPlateau: patience must be a positive integer, got 0\n"
        r" - TerminateOnNaN: monitor must be a column of the history, got 'val_loss'\. Did you",
    ):
        net.fit(X, y)
    assert net.train_history_ is before
    assert good.best_valid == best is not None
    assert good.best_weights is not None
    for layer, arrays in net.get_all_params_values().items():
        for one, other in zip(arrays, weights[layer], strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("make", "given", "valid"),
    [
        (EarlyStopping, {"patience": 0}, "a positive integer, got 0"),
        (EarlyStopping, {"patience": True}, "a positive integer, got True"),
        (EarlyStopping, {"patience": 2.5}, "a positive integer, got 2.5"),
        (EarlyStopping, {"mode": "maximize"}, "one of 'auto', 'min', 'max', got 'maximize'"),
        (EarlyStopping, {"monitor": None}, "a string, got None"),
        (EarlyStopping, {"min_delta": -0.1}, "a finite number >= 0.0, got -0.1"),
        (EarlyStopping, {"min_delta": math.nan}, "a finite number >= 0.0, got nan"),
        (EarlyStopping, {"verbose": "yes"}, "a non-negative integer, got 'yes'"),
        (ReduceLROnPlateau, {"factor": math.nan}, "between 0 and 1, exclusive, got nan"),
        (ReduceLROnPlateau, {"factor": True}, "between 0 and 1, exclusive, got True"),
        (ReduceLROnPlateau, {"patience": -1}, "a positive integer, got -1"),
        (ReduceLROnPlateau, {"threshold": math.inf}, "a finite number >= 0.0, got inf"),
        (ReduceLROnPlateau, {"cooldown": -1}, "a non-negative integer, got -1"),
        (ReduceLROnPlateau, {"min_rate": -1}, "a finite number >= 0.0, got -1"),
        (HANDLERS[3], {"every_n_epochs": 0}, "a positive integer, got 0"),
        (RememberBestWeights, {"score": 1}, "a string or None, got 1"),
        (TerminateOnNaN, {"monitor": ["a"]}, r"a string or None, got ['a']"),
    ],
)
def test_invalid_parameters_are_told_at_once_and_once_more_before_training(make, given, valid):
    ((name, value),) = given.items()
    message = rf"^\w+: {name} must be .*{re.escape(valid)}$"
    with pytest.raises(ValueError, match=message):
        make(**given)
    handler = make()
    setattr(handler, name, value)
    with pytest.raises(ValueError, match=message):
        fit(handler)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"loss": "valid_accuracy"},
            "loss must be a column to minimize, got 'valid_accuracy'; write score='valid_accuracy'",
        ),
        (
            {"score": "valid_loss"},
            "score must be a column to maximize, got 'valid_loss'; write loss='valid_loss'",
        ),
        (
            {"score": "f1", "mode": "max"},
            "mode must be 'auto' without monitor, got 'max'; write monitor='f1', mode='max'",
        ),
    ],
)
def test_a_loss_is_not_a_score(given, message):
    with pytest.raises(ValueError, match=f"^{re.escape(f'RememberBestWeights: {message}')}$"):
        RememberBestWeights(**given)


def test_updates_keep_their_state_in_a_net_that_was_only_checked():
    net = make_net(update=optax.adam, max_epochs=1).fit(X, y)
    before = net._model
    with pytest.raises(ValueError, match="EarlyStopping: monitor"):
        net.set_params(on_epoch_finished=EarlyStopping(monitor="foo")).partial_fit(X, y)
    assert net._model is before
