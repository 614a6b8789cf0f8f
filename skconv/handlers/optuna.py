"""Pruning of trials of Optuna."""

from __future__ import annotations

from typing import Any

from ..errors import did_you_mean
from ..training.history import Row
from ..utils.checks import text
from ..utils.optional import import_optional
from .base import Columns, Direction
from .monitor import MonitoringHandler

__all__ = ["OptunaPruning"]


def _trial(value: Any) -> str | None:
    """Check that a value has the methods of a trial."""
    missing = [name for name in ("report", "should_prune") if not hasattr(value, name)]
    return "a trial of Optuna" if missing else None


class OptunaPruning(MonitoringHandler):
    """Handler that reports each epoch to a trial of Optuna, and ends trials that Optuna prunes.

    Pass it as ``on_epoch_finished``. After an epoch at which the study's pruner gives up the trial,
    `fit` raises ``optuna.TrialPruned``, which the study expects; the net keeps the weights of that
    epoch. It needs Optuna: ``pip install 'skconv[optuna]'``.

    Fits of one trial that follow each other, such as the folds of ``cross_val_score``, are one
    sequence of steps. Copies of the handler report to the same trial, but pickles leave the trial
    out, so the folds cannot be trained in other processes.

    Parameters
    ----------
    trial : optuna.trial.Trial
        Trial whose objective function trains the net.
    monitor : str
        Column of the history to report, of which smaller values are better if the study minimizes,
        and larger ones if it maximizes. Without a validation set, ``'valid_loss'`` stands for the
        training loss.

    Raises
    ------
    ValueError
        For invalid parameters; in `fit`, if the history has no such column, if its better values
        are not those that the study looks for, or if the study has several objectives; and in
        skconv's searches and ensembles.
    optuna.TrialPruned
        In `fit`, if the trial is pruned.

    Examples
    --------
    >>> import optuna
    >>> from skconv import NeuralNet
    >>> def objective(trial):
    ...     rate = trial.suggest_float('rate', 1e-4, 1e-1, log=True)
    ...     net = NeuralNet(update_learning_rate=rate, on_epoch_finished=OptunaPruning(trial))
    ...     return net.fit(X, y).train_history_[-1]['valid_loss']
    >>> study = optuna.create_study(pruner=optuna.pruners.MedianPruner())
    >>> study.optimize(objective, n_trials=20)  # doctest: +SKIP
    """

    allowed_in = ("on_epoch_finished",)
    parameter_checks = {"trial": _trial, "monitor": text}

    def __init__(self, trial: Any, monitor: str = "valid_loss") -> None:
        self.trial = trial
        self.monitor = monitor
        self.check_parameters()
        self.reset()

    def reset(self) -> None:
        """Count on from the steps that the trial has by now."""
        super().reset()
        self.steps_before: int | None = None

    def check(self, net: Any, columns: Columns) -> None:
        """Check that the study looks for what is better in the column."""
        if self.trial is None:
            raise ValueError(
                f"{type(self).__name__}: trial must be a trial of Optuna, got None, as pickles "
                "leave it out; train in the process of the study, and give nets that were loaded "
                "another handler"
            )
        super().check(net, columns)
        wanted = self._direction()
        assert self.watched is not None
        column = self.watched.column
        if wanted is not None and columns[column] not in (None, wanted):
            size, aim = ("larger", "maximizes") if wanted == "max" else ("smaller", "minimizes")
            fitting = [name for name in columns if columns[name] == wanted]
            raise ValueError(
                f"{type(self).__name__}: monitor must be a column whose {size} values are better, "
                f"as the study {aim}, got {column!r}.{did_you_mean(column, fitting)}"
            )

    def check_several(self) -> None:
        """Raise `ValueError`, as the trial takes one training after the other."""
        raise ValueError(
            f"{type(self).__name__}: a trial takes the epochs of one training after the other; "
            "train the net alone, or use scikit-learn's cross_val_score"
        )

    def _direction(self) -> Direction | None:
        """Return which values the study looks for; None without a study, as in a fixed trial."""
        study = getattr(self.trial, "study", None)
        if study is None:
            return None
        if len(study.directions) > 1:
            raise ValueError(
                f"{type(self).__name__}: trial must be of a study with one objective, got "
                f"{len(study.directions)}, for which Optuna prunes no trials"
            )
        return "max" if study.direction.name == "MAXIMIZE" else "min"

    def _monitored(self) -> tuple[str, str, str]:
        return "monitor", self.monitor, self._direction() or "min"

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Report the last epoch; raise ``optuna.TrialPruned`` if the trial is pruned."""
        row = train_history[-1]
        if self.steps_before is None:
            self.steps_before = max(0, self._last_step() + 1 - row["epoch"])
        step = self.steps_before + row["epoch"]
        value = self.read(row)
        self.trial.report(value, step)
        if self.trial.should_prune():
            assert self.watched is not None
            raise import_optional("optuna").TrialPruned(
                f"pruned at step {step}, with {self.watched.column}={value:.4g}"
            )

    def _last_step(self) -> int:
        """Return the last step of earlier fits in this trial; 0 before the first fit."""
        study = getattr(self.trial, "study", None)
        if study is None:
            return 0
        reported = study.get_trials(deepcopy=False)[self.trial.number].intermediate_values
        return max(reported, default=0)

    def get_state(self) -> dict[str, Any]:
        """Return nothing: a training that resumes belongs to another trial."""
        return {}

    def __deepcopy__(self, memo: dict[int, Any]) -> OptunaPruning:
        return type(self)(self.trial, self.monitor)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"trial": None}
