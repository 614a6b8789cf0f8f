import mlflow
import numpy as np
import pytest

from skconv.handlers import MlflowLogger

from ..nets import X, make_net, y

NET = "skconv.estimator.neural_net.NeuralNet"

pytestmark = [
    pytest.mark.filterwarnings(f"ignore:{of_mlflow_itself}")
    for of_mlflow_itself in (
        "The ``noload`` loader strategy",  # of its tables
        r".*Any type hint is inferred as AnyType:UserWarning",  # of its classes
    )
]


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """A net, and its run with the model, in a database."""
    folder = tmp_path_factory.mktemp("mlflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        experiment = mlflow.create_experiment("iris", (folder / "models").as_uri())
        logger = MlflowLogger("iris")
        net = make_net(on_epoch_finished=logger).fit(X, y)
        with mlflow.start_run(run_id=logger.run_id, experiment_id=experiment):
            model = mlflow.sklearn.log_model(
                net,
                name="net",
                serialization_format="skops",
                skops_trusted_types=[NET],
                pip_requirements=["skconv"],
            )
        yield net, mlflow.get_run(logger.run_id), model.model_uri


def test_the_logger_and_the_model_share_a_run(logged):
    net, run, _ = logged
    assert run.info.status == "FINISHED"
    assert run.data.params["update_learning_rate"] == "0.1"
    assert run.data.metrics["valid_loss"] == net.train_history_[-1]["valid_loss"]
    assert len(run.outputs.model_outputs) == 1


def test_the_model_is_loaded_as_one_of_scikit_learn_and_as_a_function(logged):
    net, _, uri = logged
    loaded = mlflow.sklearn.load_model(uri)
    np.testing.assert_array_equal(loaded.predict_proba(X), net.predict_proba(X))
    np.testing.assert_array_equal(mlflow.pyfunc.load_model(uri).predict(X), net.predict(X))
    loaded.set_params(on_epoch_finished=None).fit(X, y)
