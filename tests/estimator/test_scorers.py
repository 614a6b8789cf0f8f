import re

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    fbeta_score,
    get_scorer,
    log_loss,
    make_scorer,
    matthews_corrcoef,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    roc_auc_score,
)

from skconv.errors import InvalidParameterError
from skconv.handlers import EarlyStopping

from ..nets import TARGETS, X, make_net, three_headed, y

KINDS = np.array(["a", "b", "c"])[y]


SIGNS = np.where(X[:, 0] > 0, "yes", "no")


LABELS = (X[:, :3] > 0).astype(int)


def last_row(scores, y, **given):
    net = make_net(custom_scores=scores, max_epochs=1, **given).fit(X, y, X_val=X, y_val=y)
    return net, net.train_history_[-1]


def test_scorers_get_labels_and_probabilities_as_the_net_predicts_them():
    scores = ["f1_macro", ("mcc", "matthews_corrcoef"), "neg_log_loss", "roc_auc_ovr", "accuracy"]
    own = ("own", lambda y_true, y_output: (y_true == y_output.argmax(1)).mean())
    net, row = last_row([*scores, own], KINDS)
    p, labels = net.predict_proba(X), net.predict(X)
    assert list(row)[-6:] == ["f1_macro", "mcc", "neg_log_loss", "roc_auc_ovr", "accuracy", "own"]
    assert row["f1_macro"] == pytest.approx(f1_score(KINDS, labels, average="macro"))
    assert row["mcc"] == pytest.approx(matthews_corrcoef(KINDS, labels))
    assert row["neg_log_loss"] == pytest.approx(-log_loss(KINDS, p), rel=1e-5)
    assert row["roc_auc_ovr"] == pytest.approx(roc_auc_score(KINDS, p, multi_class="ovr"))
    assert row["accuracy"] == row["own"] == pytest.approx(row["valid_accuracy"])
    assert row["accuracy"] == accuracy_score(KINDS, labels)


@pytest.mark.parametrize("units", [1, 2])
def test_scorers_of_two_classes(units):
    recall = make_scorer(fbeta_score, beta=2, pos_label="yes")
    net, row = last_row(["roc_auc", ("f2", recall)], SIGNS, output_num_units=units)
    assert row["roc_auc"] == pytest.approx(roc_auc_score(SIGNS, net.predict_proba(X)[:, 1]))
    assert row["f2"] == pytest.approx(fbeta_score(SIGNS, net.predict(X), beta=2, pos_label="yes"))


def test_scorers_of_several_labels():
    net, row = last_row(["f1_samples", "roc_auc"], LABELS)
    expected = f1_score(LABELS, net.predict(X), average="samples", zero_division=0)
    assert row["f1_samples"] == pytest.approx(expected)
    assert row["roc_auc"] == pytest.approx(roc_auc_score(LABELS, net.predict_proba(X)))


@pytest.mark.parametrize(
    ("size", "normalize_y"), [(X[:, 0] * 3.0, False), (9 + X[:, :2] * [3.0, 1.0], True)]
)
def test_scorers_of_numbers(size, normalize_y):
    given = {"regression": True, "normalize_y": normalize_y, "update_learning_rate": 0.01}
    scores = ["r2", "neg_root_mean_squared_error", ("mae", make_scorer(mean_absolute_error))]
    net, row = last_row(scores, size, **given)
    predicted = net.predict(X)
    assert "valid_accuracy" not in row
    assert row["r2"] == pytest.approx(r2_score(size, predicted))
    expected = get_scorer("neg_root_mean_squared_error")(net, X, size)
    assert row["neg_root_mean_squared_error"] == pytest.approx(expected)
    assert row["mae"] == pytest.approx(mean_absolute_error(size, predicted))
    assert mean_squared_error(size, predicted) > 0


def test_a_single_scorer_needs_no_list_and_early_stopping_maximizes_it():
    stopping = EarlyStopping(patience=1, monitor="roc_auc_ovr", verbose=0)
    net = make_net(custom_scores="roc_auc_ovr", on_epoch_finished=stopping, max_epochs=20)
    scores = net.fit(X, KINDS, X_val=X, y_val=KINDS).history_.roc_auc_ovr
    assert stopping.best_valid == scores.max()
    expected = roc_auc_score(KINDS, net.predict_proba(X), multi_class="ovr")
    assert stopping.best_valid == pytest.approx(expected)


NAMES = "a list of (name, function) or names of scikit-learn's scorers"


SUIT = "a list of (name, function) or scorers that suit y"


@pytest.mark.parametrize(
    ("scores", "y", "given", "message"),
    [
        (["r2"], y, {}, f"{SUIT}, got 'r2', a scorer for regression"),
        (["f1_macro"], X[:, 0], {"regression": True}, f"{SUIT}, got 'f1_macro', a scorer for clas"),
        (["accuracy"], y, {"regression": True}, f"{SUIT}, got 'accuracy', a scorer for classifica"),
        (
            ["roc_auc"],
            y,
            {},
            f"{SUIT}, got 'roc_auc', which fails on the validation set with ValueError: "
            "multi_class must be in ('ovo', 'ovr'); scorers that suit y: roc_auc_ovo, roc_auc_ovo_",
        ),
        (
            [("own", make_scorer(accuracy_score))],
            np.arange(40),
            {"regression": True},
            f"{SUIT}, got 'own', which fails on the validation set with ValueError: ",
        ),
        (
            ["neg_mean_squared_log_error"],
            -np.ones(40),
            {"regression": True},
            f"{SUIT}, got 'neg_mean_squared_log_error', which fails on the validation set with Va",
        ),
    ],
)
def test_scorers_that_do_not_suit_y_are_told_before_training(scores, y, given, message):
    net = make_net(custom_scores=scores, **given)
    with pytest.raises(
        InvalidParameterError, match=rf"^custom_scores must be {re.escape(message)}"
    ):
        net.fit(X, y)
    assert not hasattr(net, "train_history_")


def test_scorers_of_several_outputs_are_given_by_output():
    scores = {
        "size": ["r2", ("mine", lambda true, predicted: float(predicted.sum() + true.sum()))],
        "kind": ("f1_macro",),
        "sign": "roc_auc",
    }
    net = three_headed(custom_scores=scores, max_epochs=2, normalize_y=True)
    net.fit(X, TARGETS, X_val=X[:30], y_val={name: part[:30] for name, part in TARGETS.items()})
    (kind, _, size), (_, sign, _) = net.predict(X[:30]), net.predict_proba(X[:30])
    expected = {
        "r2_size": r2_score(TARGETS["size"][:30], size),
        "mine_size": size.sum() + TARGETS["size"][:30].sum(),
        "f1_macro_kind": f1_score(TARGETS["kind"][:30], kind, average="macro"),
        "roc_auc_sign": roc_auc_score(TARGETS["sign"][:30], sign[:, 1]),
    }
    row = net.train_history_[-1]
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (
            ["f1_macro"],
            f"{SUIT}, got 'f1_macro', a scorer, which takes a single output; give it to an output, "
            "as in {'kind': 'f1_macro'}, or write a function of all outputs",
        ),
        ({"kind": "r2"}, f"{SUIT}, got 'r2_kind', a scorer for regression"),
        ({"kind": "f1"}, "scorers that suit y: f1_macro, f1_micro, f1_weighted"),
        ({"size": ["r2", "rr2"]}, f"{NAMES}, got 'rr2'. Did you mean 'r2'?"),
        ({"sizes": "r2"}, "names of outputs as keys, got 'sizes'. Did you mean 'size'?"),
        ({"kind": ["f1_macro", "f1_macro"]}, "does not use, got 'f1_macro_kind'"),
        ({"kind": [("valid_loss", max)]}, "does not use, got 'valid_loss'"),
        ({"size": 3}, f"{NAMES}, got 3"),
    ],
)
def test_scorers_that_do_not_suit_several_outputs(scores, message):
    net = three_headed(custom_scores=scores, train_split=0.2)
    with pytest.raises(ValueError, match=re.escape(message)):
        net.fit(X, TARGETS)
    assert not hasattr(net, "train_history_")
