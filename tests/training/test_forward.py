import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import log_loss

from skconv.data.iterators import BatchIterator
from skconv.handlers import Handler
from skconv.layers import DenseLayer
from skconv.updates.rules import sgd

from ..nets import LAYERS, TARGETS, X, make_net, softmax_of, still_net, three_headed, y

rng = np.random.default_rng(0)


def test_augmentations_act_in_their_order_on_float32_batches_of_the_public_shape():
    seen = []

    def plus_class(key, Xb, yb):
        seen.append((Xb.shape, Xb.dtype, yb.shape))
        return Xb.at[:, 0, 0, :].add(yb[:, None].astype(jnp.float32)), yb

    def double(key, Xb, yb):
        return 2 * Xb, (yb + 1) % 3

    images = rng.integers(0, 2, size=(32, 1, 1, 3)).astype(np.uint8)
    labels = np.arange(32) % 3
    net = still_net(augment=[plus_class, double]).fit(images, labels)
    assert set(seen) == {((16, 1, 1, 3), jnp.dtype("float32"), (16,))}
    logits = 2.0 * (images.reshape(32, 3) + labels[:, None])
    expected = log_loss((labels + 1) % 3, softmax_of(logits)) + 1e-3 * 3
    assert net.train_history_[0]["train_loss"] == pytest.approx(expected, rel=1e-5)


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


def losses_in_numpy(params, w):
    """Return the mean loss of each output and the penalty, from textbook formulas in float64."""

    def dense(x, name):
        return x @ params[name, "W"] + params[name, "b"]

    x, share = X.astype(np.float64), w / w.sum()
    hidden = np.maximum(dense(x, "hidden"), 0)
    early, kind = (softmax_of(dense(hidden, name)) for name in ("early", "kind"))
    p = 1 / (1 + np.exp(-dense(hidden, "sign")[:, 0]))
    error = (dense(hidden, "size") - TARGETS["size"]) ** 2
    return {
        "kind": -share @ np.log(kind[np.arange(40), y]),
        "sign": -share @ np.log(np.where(TARGETS["sign"], p, 1 - p)),
        "size": share @ error.mean(axis=1),
        "early": -share @ np.log(early[np.arange(40), y]),
        "l2": 0.05 * sum((W**2).sum() for (_, name), W in params.items() if name == "W"),
    }


FACTORS = {"kind": 1.0, "sign": 0.5, "size": 2.0, "early": 0.3, "l2": 1.0}


def total_in_numpy(params, w):
    return sum(FACTORS[name] * loss for name, loss in losses_in_numpy(params, w).items())


def test_loss_and_gradient_of_several_outputs_are_weighted_sums():
    w = rng.uniform(0.5, 2, size=40)
    net = three_headed(update_learning_rate=1.0)
    before = {p.place: np.float64(p) for p in start(net).get_all_params()}
    net.set_params(max_epochs=1).fit(X, TARGETS, sample_weight=w, X_val=X, y_val=TARGETS)
    after = {p.place: np.float64(p) for p in net.get_all_params()}
    row = net.train_history_[0]
    assert row["train_loss"] == pytest.approx(total_in_numpy(before, w), rel=1e-5)
    for place in before:
        for i in np.ndindex(before[place].shape):
            near = [{**before, place: before[place].copy()} for _ in range(2)]
            for params, step in zip(near, (1e-6, -1e-6), strict=True):
                params[place][i] += step
            slope = (total_in_numpy(near[0], w) - total_in_numpy(near[1], w)) / 2e-6
            assert before[place][i] - after[place][i] == pytest.approx(slope, abs=1e-5)
    valid = losses_in_numpy(after, np.ones(40))
    for name in net.outputs:
        assert row[f"valid_loss_{name}"] == pytest.approx(valid[name], rel=1e-4)
    expected = sum(FACTORS[name] * valid[name] for name in valid if name != "early")
    assert row["valid_loss"] == pytest.approx(expected, rel=1e-4)


def start(net):
    return net.set_params(max_epochs=0).fit(X, TARGETS)


def test_an_output_that_feeds_another_keeps_its_nonlinearity():
    layers = [LAYERS[0], ("first", DenseLayer), ("second", DenseLayer)]
    net = make_net(layers=layers, outputs=["first", "second"], train_split=None, max_epochs=1)
    net.set_params(update=sgd, update_learning_rate=0.0, objective_l2=0.0, batch_iterator_train=40)
    net.fit(X, (y, y > 0))
    first, second = net.predict_proba(X)
    W, b = (net.layers_["second"].get_params()[i].get_value() for i in (0, 1))
    np.testing.assert_allclose(second, softmax_of(first @ W + b), rtol=1e-4)
    expected = log_loss(y, first) + log_loss(y > 0, second)
    assert net.train_history_[0]["train_loss"] == pytest.approx(expected, rel=1e-5)
