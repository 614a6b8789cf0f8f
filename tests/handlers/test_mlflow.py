import mlflow
import pytest

from skconv.handlers import Checkpoint, MlflowLogger
from skconv.updates import nesterov_momentum

from ..nets import X, make_net, y


@pytest.fixture
def uri(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return (tmp_path / "runs").as_uri()


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_training_is_a_run(uri):
    logger = MlflowLogger("digits", uri, run_name="first")
    net = make_net(update=nesterov_momentum, on_epoch_finished=logger).fit(X, y)
    client = mlflow.MlflowClient(uri)
    run = client.get_run(logger.run_id)
    assert (run.info.run_name, run.info.status) == ("first", "FINISHED")
    assert run.data.params["update_learning_rate"] == "0.1"
    assert run.data.params["update"] == "nesterov_momentum"
    found = client.get_metric_history(logger.run_id, "valid_loss")
    losses = [(metric.step, metric.value) for metric in found]
    assert losses == [(row["epoch"], row["valid_loss"]) for row in net.train_history_]
    assert run.data.metrics["update_learning_rate"] == 0.1


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_training_that_goes_on_stays_in_its_run_and_a_fit_has_a_new_one(uri):
    logger = MlflowLogger(tracking_uri=uri)
    net = make_net(on_epoch_finished=logger).partial_fit(X, y).partial_fit(X, y)
    client, first = mlflow.MlflowClient(uri), logger.run_id
    assert [metric.step for metric in client.get_metric_history(first, "train_loss")] == [1, 2]
    net.fit(X, y)
    assert logger.run_id != first
    experiment = client.get_experiment_by_name("skconv")
    assert len(client.search_runs([experiment.experiment_id])) == 2


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_resumed_training_stays_in_its_run_as_long_as_there_is_one(uri, tmp_path):
    def fit(epochs):
        logger, save = MlflowLogger(tracking_uri=uri), Checkpoint(tmp_path / "a.npz", verbose=0)
        make_net(max_epochs=epochs, on_epoch_finished=[logger, save]).fit(X, y)
        return logger.run_id

    client, first = mlflow.MlflowClient(uri), fit(1)
    assert fit(2) == first
    assert [metric.step for metric in client.get_metric_history(first, "train_loss")] == [1, 2]
    client.delete_run(first)
    with pytest.warns(UserWarning, match=f"MlflowLogger: the run {first} cannot be continued"):
        other = fit(3)
    assert [metric.step for metric in client.get_metric_history(other, "train_loss")] == [3]
