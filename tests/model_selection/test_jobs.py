import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv.model_selection.jobs import FitBatch, Job
from skconv.utils.memo import Memo
from tests.nets import X, make_net, y

ROWS = np.arange(5, 40)


def run(*jobs, params=(), **options):
    batch = FitBatch(X, y, dict(params), **{"lanes": "vmap", "max_lanes": None, **options})
    return batch.run(jobs)


def test_a_net_reads_its_rows_where_they_are():
    (job,) = run(Job(make_net(), ROWS))
    known = make_net().fit(X[ROWS], y[ROWS])
    np.testing.assert_allclose(job.estimator.predict_proba(X), known.predict_proba(X), atol=1e-5)
    assert job.error is None
    assert job.seconds > 0
    assert job.trained_for(2)
    assert not job.trained_for(3)


def test_pipelines_and_others_beside_it():
    jobs = run(
        Job(make_pipeline(StandardScaler(), make_net()), ROWS),
        Job(make_pipeline(StandardScaler(), make_net(random_state=1)), ROWS),
        Job(LogisticRegression(), ROWS),
        Job(LogisticRegression(C=-1), ROWS),
    )
    first, second, other, faulty = jobs
    assert first.estimator[0] is second.estimator[0]
    assert first.estimator.memory is None
    np.testing.assert_allclose(first.estimator[0].mean_, X[ROWS].mean(axis=0), atol=1e-6)
    known = make_pipeline(StandardScaler(), make_net(random_state=1)).fit(X[ROWS], y[ROWS])
    np.testing.assert_allclose(second.estimator.predict_proba(X), known.predict_proba(X), atol=1e-5)
    np.testing.assert_array_equal(
        other.estimator.coef_, LogisticRegression().fit(X[ROWS], y[ROWS]).coef_
    )
    assert "C" in str(faulty.error)
    assert not faulty.trained_for(1)


def test_going_on():
    (job,) = run(Job(make_net(max_epochs=2), ROWS))
    job.estimator.set_params(max_epochs=5)
    (further,) = run(Job(job.estimator, ROWS, continues=True))
    known = make_net(max_epochs=5).fit(X[ROWS], y[ROWS])
    assert [row["epoch"] for row in further.estimator.train_history_] == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(job.estimator.predict_proba(X), known.predict_proba(X), atol=1e-5)


def test_how_many_at_a_time():
    batch = FitBatch(X, y, {}, "vmap", None)
    assert batch.width(Job(make_net(), ROWS), Memo()) > 1
    assert batch.width(Job(LogisticRegression(), ROWS), Memo()) == 1
    assert FitBatch(X, y, {}, "vmap", 3).width(Job(make_net(), ROWS), Memo()) == 3


def test_a_validation_set_with_as_many_rows_stays_whole():
    valid = {"X_val": X[::-1], "y_val": y[::-1]}
    (job,) = run(Job(make_net(max_epochs=1), ROWS), params=valid)
    known = make_net(max_epochs=1).fit(X[ROWS], y[ROWS], **valid)
    losses = [net.train_history_[0]["valid_loss"] for net in (job.estimator, known)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
