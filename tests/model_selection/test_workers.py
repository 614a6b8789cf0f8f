import numpy as np
from joblib import parallel_config
from sklearn.linear_model import LogisticRegression

from skconv.model_selection.jobs import FitBatch, Job
from skconv.model_selection.workers import JoblibWorkers, ThisProcess, workers_for
from skconv.utils.memo import Memo
from tests.nets import X, y


def test_they_are_those_of_the_backend():
    assert isinstance(workers_for(None), ThisProcess)
    assert isinstance(workers_for(1), ThisProcess)
    assert isinstance(workers_for(2), JoblibWorkers)
    with parallel_config(n_jobs=3):
        assert isinstance(workers_for(None), JoblibWorkers)


def test_each_process_has_something_to_do():
    assert ThisProcess().at_a_time(3) == 3
    assert JoblibWorkers(4).at_a_time(3) == 4
    assert JoblibWorkers(4).at_a_time(5) == 5


def test_results_have_the_order_of_the_jobs():
    jobs = [Job(LogisticRegression(C=C), np.arange(30)) for C in (0.1, 1.0, 0.1)]
    with parallel_config(backend="threading"):
        done = workers_for(2).run(FitBatch(X, y, {}, "auto", None), jobs, Memo())
    assert [job.estimator.C for job in done] == [0.1, 1.0, 0.1]
    assert all(hasattr(job.estimator, "coef_") for job in done)
