import numpy as np
import pytest

from ..nets import TARGETS, X, softmax_of, three_headed, y

rng = np.random.default_rng(0)


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
