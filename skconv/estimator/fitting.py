"""The life of a training: begin it, adopt its results, and undo it if it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from ..data.features import FEATURES
from ..data.fit_arguments import FitArguments
from ..handlers.base import Handler
from ..network.graph import Network, Place
from ..network.model import Model
from ..ops.device_choice import is_devices, mesh_for
from ..ops.processes import training_together
from ..training.events import Handlers
from ..training.fitted_net import FittedNet
from ..training.hosts import Hosts
from ..training.identity import TrainingIdentity
from ..training.loop import Score, TrainingLoop
from ..training.prepared_fit import PreparedFit
from ..utils.memo import Memo
from .blueprint import ConfiguredNet
from .initial_model import Continuation, draw_model
from .prepare import prepare
from .scorers import read_custom_scores
from .scores import monitored_columns


class FittingMixin:
    """What a net does around a training."""

    custom_scores: Any
    devices: Any
    train_history_: list[dict[str, Any]]
    _model: Model
    _outputs: Any
    _settings: Callable[[], dict[str, Any]]
    _given_handlers: Callable[[], list[Any]]
    _handlers: Callable[..., Handlers]
    _enter_layers: Callable[[], None]
    _remember_as_given: Callable[[], None]
    _fitted: Callable[[], FittedNet]
    get_params: Callable[..., dict[str, Any]]

    @contextmanager
    def _training(
        self, arguments: FitArguments, *, continues: bool, memo: Memo | None = None
    ) -> Iterator[TrainingLoop]:
        """Prepare a training and adopt its results.

        If it fails before an epoch is completed, the net and its handlers are restored.

        Used by `fit`, and by searches and ensembles.

        Parameters
        ----------
        arguments : FitArguments
        continues : bool
            Whether to continue from the current weights.
        memo : Memo, optional
            Results that fits on the same data share.

        Yields
        ------
        TrainingLoop
        """
        mesh = mesh_for(self.devices) if is_devices(self.devices) else None
        with training_together(mesh):
            yield from self._prepared(arguments, Hosts(mesh), memo, continues=continues)

    def _prepared(
        self, arguments: FitArguments, hosts: Hosts, memo: Memo | None, *, continues: bool
    ) -> Iterator[TrainingLoop]:
        """Yield the loop of a training, and adopt its results."""
        continuation = Continuation(self._model, self._outputs) if continues else None
        with hosts.together():
            own = memo or Memo(shares=False)
            prepared = prepare(cast(ConfiguredNet, self), arguments, continuation, own)
            scores = self._custom_scores(prepared)
            given = [handler for handler in self._given_handlers() if isinstance(handler, Handler)]
            columns = monitored_columns(prepared, self._settings(), given)
        before = [(item, dict(vars(item))) for item in (self, *given)]
        loop = None
        try:
            self._adopt(prepared, fresh=not continues)
            prepared.model.identity = TrainingIdentity(
                prepared, self._settings(), self.get_params(deep=False), continues=continues
            )
            with hosts.together():
                handlers = self._handlers(fresh=not continues, columns=columns)
            prepared_loop = TrainingLoop(
                net=self,
                fit=prepared,
                history=self.train_history_,
                handlers=handlers,
                custom_scores=scores,
                memo=memo,
            )
            with self._restoring_params():
                loop = prepared_loop
                yield loop
        except BaseException as error:
            interrupted = isinstance(error, KeyboardInterrupt)
            if loop is None or not (loop.epochs or interrupted):
                for item, attributes in before:
                    vars(item).clear()
                    vars(item).update(attributes)
                self._enter_layers()
            raise
        finally:
            prepared.model.join()
        self._model.loaded = False

    def _custom_scores(self, prepared: PreparedFit) -> list[Score]:
        return read_custom_scores(self.custom_scores, prepared)

    def _adopt(self, prepared: PreparedFit, *, fresh: bool) -> None:
        """Adopt the model, the targets and the features of a prepared fit."""
        for name in FEATURES:
            self.__dict__.pop(name, None)
        self.__dict__.update(prepared.features)
        self.__dict__.pop("classes_", None)
        classes = prepared.outputs.classes
        if classes is not None:
            self.classes_ = classes
        # in one step, as predictions in other threads read both
        self.__dict__.update({"_model": prepared.model, "_outputs": prepared.outputs})
        self._enter_layers()
        self.train_history_ = [] if fresh else list(self.train_history_)
        self._remember_as_given()

    @contextmanager
    def _restoring_params(self) -> Iterator[None]:
        """Restore the parameters, which handlers may change, at the end of the block."""
        given = self.get_params(deep=False)
        try:
            yield
        finally:
            for name in self.get_params(deep=False).keys() - given.keys():
                delattr(self, name)
            self.__dict__.update(given)

    def _start(self, network: Network, values: Mapping[Place, Any]) -> None:
        model = draw_model(self._settings(), network, Memo(shares=False), values)
        model.loaded = bool(values)  # from which the next fit continues
        before = dict(self.__dict__)
        try:
            self._model, self._outputs, self.train_history_ = model, None, []
            self._enter_layers()
            classes = self._fitted().outputs.classes
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            self._enter_layers()
            raise
        if classes is not None:
            self.classes_ = classes
