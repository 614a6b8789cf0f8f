import math

import pytest
from sklearn.exceptions import ConvergenceWarning

from skconv.handlers import TerminateOnNaN

from ..nets import X, make_net, y


def ended(rows, **given):
    handler = TerminateOnNaN(verbose=0, **given)
    for i in range(len(rows)):
        try:
            handler(None, rows[: i + 1])
        except StopIteration:
            return i + 1, handler.found
    return None


def row(epoch, valid=1.0, score=0.5):
    return {"epoch": epoch, "valid_loss": valid, "score": score}


def test_any_number_may_end_the_training():
    assert ended([row(1), row(2, valid=math.inf), row(3)]) == (2, "valid_loss")
    assert ended([row(1), row(2), row(3, score=math.nan)]) == (3, "score")
    assert ended([row(1, valid=math.inf)]) == (1, "valid_loss")
    assert ended([row(1), row(2)]) is None


def test_what_was_no_number_from_the_beginning_is_left_out_unless_it_is_named():
    rows = [row(1, valid=math.nan), row(2, valid=math.nan)]
    assert ended(rows) is None
    assert ended(rows, monitor="valid_loss") == (1, "valid_loss")
    assert ended([row(1), row(2, valid=math.nan)], monitor="score") is None


def test_a_score_of_a_net_ends_its_training(capsys):
    scores = iter([0.5, 0.25, math.nan, 0.5])
    net = make_net(
        max_epochs=9,
        custom_scores=[("luck", lambda y_true, y_output: next(scores))],
        on_epoch_finished=TerminateOnNaN(),
    ).fit(X, y)
    assert len(net.train_history_) == 3
    assert capsys.readouterr().out == "luck is nan in epoch 3; ending training.\n"


def test_the_training_loss_needs_no_handler():
    net = make_net(update_learning_rate=1e30, on_epoch_finished=TerminateOnNaN())
    with pytest.warns(ConvergenceWarning, match="became NaN or infinite in epoch 1"):
        net.fit(X, y)
    assert net.on_epoch_finished.found is None
