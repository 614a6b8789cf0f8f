import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv.model_selection.jobs import FitBatch, Job
from skconv.utils.memo import Memo
from tests.nets import X, batches_of_epochs, make_net, softmax_of, softmax_regression, still_net, y

ROWS = np.arange(5, 40)


def run(*jobs, params=(), **options):
    batch = FitBatch(X, y, dict(params), **{"lanes": "vmap", "max_lanes": None, **options})
    return batch.run(jobs)


W = np.random.default_rng(1).normal(size=(5, 3))


def steep(**params):
    return still_net(output_W=W, update_learning_rate=0.5, objective_l2=0.0, **params)


def assert_trained(net, epochs, scaled=X):
    """Compare a net of `steep` with gradient descent on the rows of the job in NumPy."""
    batches = [ROWS[rows] for rows in batches_of_epochs(len(ROWS), 16, epochs, net.random_state)]
    expected, bias = softmax_regression(W, scaled, y, batches, 0.5)
    np.testing.assert_allclose(net.layers_["output"].W, expected, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(net.layers_["output"].b, bias, rtol=1e-3, atol=1e-6)
    assert [row["epoch"] for row in net.train_history_] == list(range(1, epochs + 1))


def test_a_net_reads_its_rows_where_they_are():
    (job,) = run(Job(steep(max_epochs=2), ROWS))
    assert_trained(job.estimator, 2)
    assert job.error is None
    assert job.seconds > 0
    assert job.trained_for(2)
    assert not job.trained_for(3)


def test_rows_may_be_given_by_a_mask():
    """As a search gets them from splits of the user's own."""
    train = np.array([3, 9, 27])
    mask = np.isin(np.arange(len(X)), train)
    np.testing.assert_array_equal(Job(make_net(), mask).train, train)


def test_pipelines_and_others_beside_it():
    jobs = run(
        Job(make_pipeline(StandardScaler(), steep()), ROWS),
        Job(make_pipeline(StandardScaler(), steep(random_state=1)), ROWS),
        Job(LogisticRegression(), ROWS),
        Job(LogisticRegression(C=-1), ROWS),
    )
    first, second, other, faulty = jobs
    assert first.estimator[0] is second.estimator[0]
    assert first.estimator.memory is None
    scaled = (X - X[ROWS].mean(axis=0)) / X[ROWS].std(axis=0)
    for job in (first, second):
        assert_trained(job.estimator[1], 1, scaled)
    np.testing.assert_array_equal(
        other.estimator.coef_, LogisticRegression().fit(X[ROWS], y[ROWS]).coef_
    )
    assert "C" in str(faulty.error)
    assert not faulty.trained_for(1)


def test_going_on():
    (job,) = run(Job(steep(max_epochs=2), ROWS))
    job.estimator.set_params(max_epochs=5)
    (further,) = run(Job(job.estimator, ROWS, continues=True))
    assert_trained(further.estimator, 5)


def test_how_many_at_a_time():
    batch = FitBatch(X, y, {}, "vmap", None)
    assert batch.width(Job(make_net(), ROWS), Memo()) > 1
    assert batch.width(Job(LogisticRegression(), ROWS), Memo()) == 1
    assert FitBatch(X, y, {}, "vmap", 3).width(Job(make_net(), ROWS), Memo()) == 3


@pytest.mark.parametrize("prefix", ["", "neuralnet__"])
def test_a_validation_set_with_as_many_rows_stays_whole(prefix):
    labels = y[::-1]
    valid = {f"{prefix}X_val": X[::-1] - 1, f"{prefix}y_val": labels}
    net = make_pipeline(None, steep()) if prefix else steep()
    (job,) = run(Job(net, ROWS), params=valid)
    net = net[-1] if prefix else net
    assert job.error is None
    assert_trained(net, 1)
    p = softmax_of((X[::-1] - 1) @ net.layers_["output"].W + net.layers_["output"].b)
    loss = -np.log(p[np.arange(40), labels]).mean()
    assert net.train_history_[0]["valid_loss"] == pytest.approx(loss, rel=1e-5)
