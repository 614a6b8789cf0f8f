"""Logging to MLflow."""

from __future__ import annotations

import os
import time
import warnings
from typing import Any

from ..training.history import Row, numbers
from ..utils.optional import import_optional
from .base import RunLogger
from .hyperparams import describe_params, get_update_hyperparams

__all__ = ["MlflowLogger"]


class MlflowLogger(RunLogger):
    """Handler that logs parameters, history and the update rule's numbers as an MLflow run.

    Pass it as ``on_epoch_finished``. It needs MLflow: ``pip install 'skconv[mlflow]'``.

    Parameters
    ----------
    experiment : str
        Name of the experiment, created if it does not exist.
    tracking_uri : str or path, optional
        Where MLflow stores its runs; by default the one set by ``mlflow.set_tracking_uri``.
    run_name : str, optional

    Attributes
    ----------
    run_id : str or None
        ID of the run; a training that continues an earlier one, or resumes from a `Checkpoint`,
        logs to the same run. An epoch that was logged after the checkpoint is logged again.

    Warns
    -----
    UserWarning
        If the run of the training that continues does not exist any more; a new one is created.

    Examples
    --------
    >>> handler = MlflowLogger('digits', tracking_uri='sqlite:///mlflow.db')
    """

    allowed_in = ("on_epoch_finished",)

    def __init__(
        self,
        experiment: str = "skconv",
        tracking_uri: str | os.PathLike[str] | None = None,
        run_name: str | None = None,
    ) -> None:
        self.experiment = experiment
        self.tracking_uri = tracking_uri
        self.run_name = run_name
        super().__init__()

    def reset(self) -> None:
        """Start a new run at the next training."""
        super().reset()
        self.run_id: str | None = None

    def open(self, net: Any, train_history: list[Row]) -> Any:
        """Create a run, or reopen the one of the training that continues."""
        mlflow = import_optional("mlflow")
        uri = None if self.tracking_uri is None else os.fspath(self.tracking_uri)
        client = mlflow.MlflowClient(uri)
        if self.run_id is not None and self._reopens(client, self.run_id):
            return client
        known = client.get_experiment_by_name(self.experiment)
        experiment = known.experiment_id if known else client.create_experiment(self.experiment)
        self.run_id = client.create_run(experiment, run_name=self.run_name).info.run_id
        params = [mlflow.entities.Param(*param) for param in describe_params(net).items()]
        client.log_batch(self.run_id, params=params)
        return client

    def _reopens(self, client: Any, run_id: str) -> bool:
        """Return whether a run goes on, and warn if it does not exist."""
        try:
            client.update_run(run_id, status="RUNNING")
        except import_optional("mlflow").exceptions.MlflowException as error:
            warnings.warn(
                f"{type(self).__name__}: the run {run_id} cannot be continued ({error}); a new one "
                "is created",
                UserWarning,
                stacklevel=2,
            )
            return False
        return True

    def log(self, net: Any, train_history: list[Row]) -> None:
        """Log the last row of the history."""
        metric = import_optional("mlflow").entities.Metric
        row, now = train_history[-1], int(1000 * time.time())
        values = numbers(row) | get_update_hyperparams(net)
        metrics = [metric(name, value, now, row["epoch"]) for name, value in values.items()]
        self.opened.log_batch(self.run_id, metrics=metrics)

    def close(self) -> None:
        """End the run."""
        self.opened.set_terminated(self.run_id)
