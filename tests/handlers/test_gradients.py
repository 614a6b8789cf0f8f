import numpy as np
import pytest

from skconv import compile_counts
from skconv.handlers import GradientNorm

from ..nets import X, make_net, softmax_of, still_net, y


def norms_of_batches(size):
    """Gradients of W and b of the softmax regression whose logits are X, in NumPy."""
    found = []
    for start in range(0, len(X), size):
        rows = slice(start, start + size)
        slope = (softmax_of(np.float64(X[rows, :3])) - np.eye(3)[y[rows]]) / len(X[rows])
        grads = X[rows].T.astype(np.float64) @ slope, slope.sum(axis=0)
        found.append(np.sqrt(sum(np.square(grad).sum() for grad in grads)))
    return np.array(found)


def regression(**given):
    W = np.eye(5)[:, :3]
    return still_net(output_W=W, objective_l2=None, batch_iterator_train=40, **given)


MOMENTS = ["on_training_started", "on_batch_finished", "on_epoch_finished"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_history_has_the_norm_of_all_gradients(moment):
    net = regression(**{moment: GradientNorm()}, update_clip_norm=1e-3, output_grad_scale=0.5)
    (row,) = net.fit(X, y).train_history_
    assert row["grad_norm"] == pytest.approx(norms_of_batches(40)[0], rel=1e-5)


def test_steps_are_averaged_and_told_to_those_who_look_at_batches():
    seen = []

    def look(net, train_history):
        seen.append(net.last_batch_["grad_norm"])

    net = make_net(on_batch_finished=[GradientNorm(), look], train_split=None).fit(X, y)
    by_epoch = np.reshape(seen, (2, 3)) @ [16, 16, 8] / 40
    found = [row["grad_norm"] for row in net.train_history_]
    np.testing.assert_allclose(found, by_epoch, rtol=1e-5)


def test_it_is_compiled_once_wherever_it_is_listed_and_in_clones():
    net = make_net(max_epochs=3, on_training_started=GradientNorm()).fit(X, y)
    before = compile_counts()
    make_net(on_epoch_finished=[GradientNorm(), GradientNorm()]).fit(X, y)
    assert compile_counts() == before
    assert "grad_norm" in net.train_history_[-1]
    assert "grad_norm" not in make_net().fit(X, y).train_history_[-1]


def test_its_column_is_taken():
    net = make_net(
        on_epoch_finished=GradientNorm(), scores_train=[("grad_norm", lambda p, y: p[:, 0])]
    )
    with pytest.raises(ValueError, match=r"names that the history does not use, got 'grad_norm'"):
        net.fit(X, y)
