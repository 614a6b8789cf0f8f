import numpy as np
import pytest

from skconv.data.iterators import BatchIterator
from skconv.handlers import Handler

from ..nets import X, softmax_of, still_net, y


def test_scores_are_means_over_rows_or_over_batches():
    def rows(predictions, targets):
        return predictions[:, 0]

    def scalar(predictions, targets):
        return predictions[:, 0].mean()

    scores = {"scores_train": [("row", rows), ("mean", scalar)], "scores_valid": [("valid", rows)]}
    net = still_net(batch_iterator_train=BatchIterator(16), **scores)
    row = net.fit(X[:, :3], y, X_val=X[:20, :3], y_val=y[:20]).train_history_[0]
    p = softmax_of(X[:, :3])[:, 0]
    filled = [p[:16].mean(), p[16:32].mean(), p[[*range(32, 40), *range(8)]].mean()]
    assert row["row"] == pytest.approx(p.mean(), rel=1e-5)
    assert row["mean"] == pytest.approx(np.average(filled, weights=[16, 16, 8]), rel=1e-5)
    assert row["valid"] == pytest.approx(p[:20].mean(), rel=1e-5)


@pytest.mark.parametrize("argument", ["scores_train", "scores_valid"])
@pytest.mark.parametrize(
    ("score", "message"),
    [
        (lambda p, t: None, r" must return a number or an array, got None"),
        (lambda p, t: "0.5", r" must return a number or an array, got '0.5'"),
        (lambda p, t: p[1:], r" must return .* each of the 16 rows of a batch, got .* \(15, 3\)"),
        (lambda p, t: p[:, :0], r" must return a number or .* got an array of shape \(16, 0\)"),
        (
            lambda p, t: float(p.mean()),
            r" must be a function that JAX can trace, but failed with ConcretizationTypeError: .*; "
            "functions of NumPy arrays belong in custom_scores",
        ),
        (lambda p, t: p["a"], r" must be a function that JAX can trace, but failed with "),
    ],
)
def test_scores_that_cannot_be_compiled_are_told_before_the_first_step(argument, score, message):
    net = still_net(max_epochs=1).fit(X[:, :3], y)
    before = net._model
    with pytest.raises(ValueError, match=rf"^the score 'mine' of {argument}{message}"):
        net.set_params(**{argument: [("mine", score)]}).fit(X[:, :3], y, X_val=X[:, :3], y_val=y)
    assert net._model is before


def test_scores_may_be_python_numbers_and_flags():
    scores = {
        "scores_train": [("two", lambda p, t: 2)],
        "scores_valid": [("on", lambda p, t: t >= 0)],
    }
    row = still_net(**scores).fit(X[:, :3], y, X_val=X[:, :3], y_val=y).train_history_[0]
    assert (row["two"], row["on"]) == (2.0, 1.0)


def test_a_measure_that_is_no_number_is_told():
    class Measuring(Handler):
        measures = (("rows", lambda grads: grads["output"]["b"]),)

        def __call__(self, net, train_history):
            """Do nothing."""

    message = r"^the measure 'rows' of a handler must return a number, got an array of shape \(3,\)"
    with pytest.raises(ValueError, match=message):
        still_net(on_training_started=Measuring()).fit(X[:, :3], y)
