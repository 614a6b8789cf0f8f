import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skconv.training.history import append_row, number_columns, numbers

KEYS = [
    "epoch",
    "train_loss",
    "train_loss_best",
    "valid_loss",
    "valid_loss_best",
    "valid_accuracy",
    "dur",
]


def valid(loss, accuracy=0.5, **scores):
    return {"loss": loss, "accuracy": accuracy, **scores}


def test_a_row_has_the_keys_of_nolearn_in_its_order():
    history = []
    row = append_row(history, {"loss": 2.0}, valid(3.0, 0.25), 1.5)
    assert list(row) == KEYS
    assert list(row.values()) == [1, 2.0, True, 3.0, True, 0.25, 1.5]
    assert history == [row]
    assert history[0] is row


def test_scores_follow_under_their_names():
    row = append_row([], {"loss": 1.0, "top5": 0.9}, valid(1.0, f1=0.8), 0.0)
    assert list(row) == [*KEYS, "top5", "f1"]
    assert (row["top5"], row["f1"]) == (0.9, 0.8)


def test_a_loss_that_is_nan_is_never_best():
    row = append_row([], {"loss": 1.0}, valid(math.nan, math.nan), 0.0)
    assert math.isnan(row["valid_loss"])
    assert math.isnan(row["valid_accuracy"])
    assert row["valid_loss_best"] is False
    assert row["train_loss_best"] is True


def test_regression_has_no_accuracy():
    row = append_row([], {"loss": 1.0}, {"loss": 2.0}, 0.0)
    assert list(row) == [key for key in KEYS if key != "valid_accuracy"]
    assert number_columns(["loss"], ["loss"]) == ["train_loss", "valid_loss", "dur"]


def test_what_is_given_stays_as_it_was():
    train, scores = {"loss": 1.0, "top5": 0.5}, valid(1.0, f1=0.5)
    append_row([], train, scores, 0.0)
    assert train == {"loss": 1.0, "top5": 0.5}
    assert scores == valid(1.0, f1=0.5)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9)), min_size=1, max_size=12))
def test_a_loss_is_best_where_it_is_below_all_before(losses):
    history = []
    for train_loss, valid_loss in losses:
        append_row(history, {"loss": train_loss}, valid(valid_loss), 0.0)
    assert [row["epoch"] for row in history] == list(range(1, len(losses) + 1))
    for key, column in zip(("train_loss", "valid_loss"), np.transpose(losses), strict=True):
        before = np.minimum.accumulate([math.inf, *column])[:-1]
        assert [row[f"{key}_best"] for row in history] == (column < before).tolist()


def test_a_loss_that_is_no_number_is_never_best_and_never_in_the_way():
    history = []
    for loss in (math.nan, 2.0, math.nan, 2.0, 1.0):
        append_row(history, {"loss": loss}, valid(math.nan), 0.0)
    assert [row["train_loss_best"] for row in history] == [False, True, False, False, True]


def test_the_columns_are_those_of_a_row():
    row = append_row([], {"loss": 1.0, "top5": 0.5}, valid(1.0, f1=0.5), 0.0)
    flags = ("epoch", "train_loss_best", "valid_loss_best")
    assert number_columns(["top5", "loss"], ["accuracy", "f1", "loss"]) == [
        name for name in row if name not in flags
    ]
    assert number_columns(["loss", "top5"], None) == ["train_loss", "dur", "top5"]


def test_numbers_for_trackers_are_finite_and_no_flags():
    row = append_row([], {"loss": 1.0, "top5": 0.5}, {"loss": math.nan}, 0.25)
    assert numbers(row) == {"train_loss": 1.0, "dur": 0.25, "top5": 0.5}


@given(st.lists(st.floats(width=16), max_size=8))
def test_the_best_loss_is_below_all_before_it(losses):
    history = []
    for i, loss in enumerate(losses):
        row = append_row(history, {"loss": loss}, valid(0.0), 0.0)
        below_all = all(not loss >= before for before in losses[:i]) and not math.isnan(loss)
        assert row["train_loss_best"] is below_all
