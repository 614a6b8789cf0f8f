import functools
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import get_scorer, make_scorer

from skconv.errors import InvalidParameterError
from skconv.estimator.scores import monitored_columns
from skconv.estimator.validation import check_settings

from ..nets import X, make_net, y

KINDS = np.array(["a", "b", "c"])[y]


def last_row(scores, y, **given):
    net = make_net(custom_scores=scores, max_epochs=1, **given).fit(X, y, X_val=X, y_val=y)
    return net, net.train_history_[-1]


NAMES = "a list of (name, function) or names of scikit-learn's scorers"


def named(y_true, y_output):
    return 0.5


@pytest.mark.parametrize(
    ("argument", "entry", "message"),
    [
        ("custom_scores", "rocauc", f"{NAMES}, got 'rocauc'. Did you mean 'roc_auc'?"),
        (
            "custom_scores",
            ("mcc", "mathews_corrcoef"),
            f"{NAMES}, got 'mathews_corrcoef'. Did you mean 'matthews_c",
        ),
        ("custom_scores", "foo", f"{NAMES}, got 'foo'. sklearn.metrics.get_scorer_names() returns"),
        ("custom_scores", named, f"{NAMES}, got {named!r}; write ('name', named)"),
        ("custom_scores", ("f1", 3), f"{NAMES}, got ('f1', 3)"),
        ("custom_scores", ("f1", dict), f"{NAMES}, got ('f1', <class 'dict'>); write dict()"),
        ("scores_valid", ("", named), "a list of (name, function) with names that are not empty, "),
        ("custom_scores", ("dur", named), f"{NAMES} with names that the history does not use, got"),
        (
            "custom_scores",
            ("a", lambda y: 1),
            "a list of (name, function) with functions (y_true, y",
        ),
        (
            "scores_train",
            "f1_macro",
            "a list of (name, function), got 'f1_macro'; scorers of scikit-",
        ),
        (
            "scores_valid",
            ("a", get_scorer("f1")),
            "a list of (name, function), got ('a', make_scor",
        ),
        (
            "scores_valid",
            ("a", lambda p: 1),
            "a list of (name, function) with functions (predictions",
        ),
        *(
            (argument, (name, named), "a list of (name, function) with names that the history does")
            for name in ("loss", "accuracy", "weight", "finite", "valid_loss", "dur")
            for argument in ("scores_train", "scores_valid")
        ),
    ],
)
def test_entries_that_are_no_scores_are_told(argument, entry, message):
    (error,) = check_settings({argument: [entry]}).found
    assert isinstance(error, InvalidParameterError)
    assert str(error).startswith(f"{argument} must be {message}")


@pytest.mark.parametrize(
    ("argument", "given", "hint"),
    [
        ("scores_train", ("mine", named), "; write [('mine', named)]"),
        ("scores_valid", ["mine", named], "; write [('mine', named)]"),
        ("scores_valid", named, "; write [('named', named)]"),
        ("scores_train", {"mine": named}, "; write [('mine', named)]"),
        ("scores_train", "accuracy", ""),
        ("scores_valid", {("mine", named)}, ""),
        ("custom_scores", ("mine", named), "; write [('mine', named)]"),
        ("custom_scores", ("mine", "f1_macro"), "; write [('mine', 'f1_macro')]"),
        ("custom_scores", named, "; write [('named', named)]"),
    ],
)
def test_what_is_no_list_of_scores_is_told_once(argument, given, hint):
    (error,) = check_settings({argument: given}).found
    assert isinstance(error, InvalidParameterError)
    assert str(error).startswith(f"{argument} must be a list of (name, function)")
    assert str(error).endswith(f"got {given!r}{hint}")


@pytest.mark.parametrize(
    "given",
    [
        {"custom_scores": ["f1_macro", ("f1_macro", named)]},
        {"custom_scores": [("f1_macro", named)], "scores_valid": [("f1_macro", named)]},
        {"scores_train": [("f1_macro", named)], "scores_valid": [("f1_macro", named)]},
    ],
)
def test_no_two_scores_have_the_same_name(given):
    with pytest.raises(
        ValueError, match=r"must have names that the history does not use, got 'f1_macro'$"
    ):
        make_net(**given).fit(X, y)


def test_a_function_keeps_its_contract():
    seen = []

    def score(y_true, y_output):
        seen.append((y_true, y_output))
        return 0.5

    _, row = last_row([("mine", functools.partial(score))], KINDS)
    assert row["mine"] == 0.5
    ((y_true, y_output),) = seen
    np.testing.assert_array_equal(y_true, y)
    assert y_output.shape == (40, 3)


def test_columns_know_which_of_their_values_are_better():
    def accuracy(*arrays):
        return 0.0

    scorer = make_scorer(accuracy)
    custom = ["f1_macro", ("error", accuracy), ("mine", accuracy), ("loss", scorer), ("foo", named)]
    params = {"custom_scores": custom, "scores_train": [("mae", accuracy)], "scores_valid": None}
    adding = SimpleNamespace(history_columns=["rate"])
    fit = SimpleNamespace(valid=True, columns=["train_loss", "mae"])
    expected = {"train_loss": "min", "mae": None, "rate": None}
    own = {"f1_macro": "max", "error": None, "mine": "max", "loss": "max", "foo": None}
    assert monitored_columns(fit, params, [adding]) == expected | own
    fit.valid = None
    assert monitored_columns(fit, params, [adding]) == expected
