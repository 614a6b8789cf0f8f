import os
import signal
import time
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold

from skconv import compile_counts
from skconv.handlers import Handler
from skconv.model_selection import BatchedGridSearchCV, BatchedHalvingSearch
from skconv.model_selection.dask_workers import DaskWorkers
from tests.nets import X, still_net, y

GRID = {"batch_iterator_train": [8, 16], "update_learning_rate": [0.01, 0.1]}
"""Candidates of two architectures."""

CS = {"C": [0.01, 1.0, 100.0]}


class Frame(pd.DataFrame):
    """A data frame that counts how often it is pickled."""

    pickled = 0

    def __reduce__(self):
        type(self).pickled += 1
        return pd.DataFrame, (self.to_numpy(),)


def kill_once(path):
    """Kill this process, unless a file tells that it was done before."""
    if not Path(path).exists():
        Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)


class Killing(Handler):
    def __init__(self, path):
        self.path = path

    def __call__(self, net, train_history):
        kill_once(self.path)


@pytest.fixture(scope="module")
def cluster():
    import dask
    from distributed import Client, LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 2, "dashboard_address": None}
    with (
        dask.config.set({"distributed.worker.profile.enabled": False}),  # it doubles the time
        LocalCluster(**options) as cluster,
        Client(cluster),
    ):
        yield cluster


@pytest.fixture
def client(cluster):
    from distributed import get_client

    with parallel_config(backend="dask"):
        yield get_client()


@pytest.fixture(scope="module")
def expected(cluster):
    """The scores of workers of which none is lost; this process trains nothing."""
    before = compile_counts()["train"]
    with parallel_config(backend="dask"):
        found = scores(searching(), Frame(X))
    assert compile_counts()["train"] == before
    return found


def scores(search, X=X):
    results = search.fit(X, y).cv_results_
    return np.stack([results[f"split{i}_test_score"] for i in range(2)])


def searching(net=None, grid=GRID):
    return BatchedGridSearchCV(net or trained(), grid, cv=2, refit=False, error_score=-1.0)


def trained(**params):
    return still_net(output_W=0.0, update_learning_rate=0.1, max_epochs=2, **params)


def test_data_are_sent_once_and_a_worker_compiles_an_architecture_once(client, expected):
    assert Frame.pickled == 1
    assert len(np.unique(expected)) > 2
    compiled = [counts["train"] for counts in client.run(compile_counts).values()]
    assert len(compiled) == 2
    assert max(compiled) <= 2


def test_candidates_continue_on_any_worker(client):
    params = {"param_grid": {"update_learning_rate": [0.0, 0.1]}, "cv": 2, "factor": 2}
    net = still_net(output_W=0.0, max_epochs=2)
    search = BatchedHalvingSearch(net, **params, min_resources=1, refit=False).fit(X, y)
    assert search.n_resources_ == [1, 2]
    assert search.best_params_ == {"update_learning_rate": 0.1, "max_epochs": 2}


def test_data_that_were_lost_are_sent_again(client, monkeypatch):
    send, lost = DaskWorkers._send, []

    def losing(self, value, *objects):
        future = send(self, value, *objects)
        if not lost:
            lost.append(future)
            future.cancel(force=True)
        return future

    monkeypatch.setattr(DaskWorkers, "_send", losing)
    expected = scores(GridSearchCV(LogisticRegression(), CS, cv=2, refit=False, n_jobs=1))
    np.testing.assert_array_equal(scores(searching(LogisticRegression(), CS)), expected)
    assert lost


def test_after_ctrl_c_unfinished_fits_have_no_score(client, monkeypatch):
    import distributed

    class Interrupted(distributed.as_completed):
        def __next__(self):
            if self.count() < 3:
                raise KeyboardInterrupt
            return super().__next__()

    monkeypatch.setattr(distributed, "as_completed", Interrupted)
    with pytest.warns(FitFailedWarning, match="interrupted before its last epoch"):
        found = scores(searching(LogisticRegression(), CS))
    assert 0 < (found == -1).sum() < found.size


class Elsewhere(LogisticRegression):
    """An estimator whose module the workers lack."""

    def __reduce__(self):
        return import_module, ("no_module_of_the_workers",)


def test_what_workers_cannot_import_is_raised(client):
    with pytest.raises(ModuleNotFoundError, match="no_module_of_the_workers"):
        scores(searching(Elsewhere(), CS))


def test_fits_that_kill_every_worker_have_no_score(client, monkeypatch):
    import distributed

    result, killed = distributed.Future.result, []

    def once(future):
        if not killed:
            killed.append(future)
            raise distributed.KilledWorker("share", SimpleNamespace(address="tcp://gone"), 3)
        return result(future)

    monkeypatch.setattr(distributed.Future, "result", once)
    with pytest.warns(FitFailedWarning, match="all those workers died"):
        found = scores(searching(LogisticRegression(), CS))
    assert 0 < (found == -1).sum() < found.size


def test_fits_of_a_lost_worker_run_on_another(client, expected, tmp_path):
    path = tmp_path / "killed"
    lost = searching(trained(on_epoch_finished=Killing(str(path))))
    np.testing.assert_array_equal(scores(lost), expected)
    assert path.exists()


class Losing(KFold):
    """A splitter that ends all workers of a cluster, after the search has found some."""

    def __init__(self, cluster):
        super().__init__(2)
        self.cluster = cluster

    def split(self, X, y=None, groups=None):
        self.cluster.scale(0)
        while self.cluster.workers:
            time.sleep(0.01)
        return super().split(X, y, groups)


def test_a_search_that_lost_all_workers_for_good_ends_with_an_error():
    import dask
    from distributed import Client, LocalCluster

    search = BatchedGridSearchCV(LogisticRegression(), CS, refit=False)
    wait = {"distributed.scheduler.no-workers-timeout": "500 ms"}
    options = {"n_workers": 1, "processes": False, "dashboard_address": ":0"}
    message = (
        "all workers of the Dask cluster are lost, and no other joined it within 0.5 s. Start "
        "workers, .*; to wait longer, write .*no-workers-timeout"
    )
    with (
        dask.config.set(wait),
        LocalCluster(**options) as cluster,
        Client(cluster, set_as_default=False) as client,
        parallel_config(backend="dask", client=client),
        pytest.raises(TimeoutError, match=message),
    ):
        search.set_params(cv=Losing(cluster)).fit(X, y)
