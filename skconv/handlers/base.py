"""Base classes of handlers, and the life cycle of a handler.

A net calls its handlers in this order. An ``on_...`` event calls the handlers in the list of this
parameter, functions included, by ``__call__``. All other events go to each `Handler`, whichever
parameter lists it.

======================== ======================== ==================================================
event                    arguments                when
======================== ======================== ==================================================
``reset``                none                     before a fit that starts afresh
``check``                ``(net, columns)``       before each training; refuses one that cannot work
``check_several``        none                     before a search or ensemble; refuses, too
``watches``              none                     before each training; whether to call `step`
``on_training_started``  ``(net, train_history)`` before the first epoch
``begin``                ``(net, train_history)`` after all handlers of ``on_training_started``
``begun``                ``(net, train_history)`` after all handlers' ``begin``
``set_state``            ``(state)``              in ``begun`` of a `Checkpoint` that found a file
``on_batch_finished``    ``(net, train_history)`` after each batch; not for a `statistic`
``step``                 ``(net, progress)``      a few times a second; after ``on_batch_finished``
``on_epoch_finished``    ``(net, train_history)`` after each epoch, with its row in the history
``get_state``            none                     when a `Checkpoint` writes its file
``finish``               ``(net, train_history)`` after the last epoch, `StopIteration` or Ctrl-C
``on_training_finished`` ``(net, train_history)`` after all handlers' ``finish``
``end``                  ``(net, train_history)`` at the very end, even after an exception
======================== ======================== ==================================================

`StopIteration` raised at any event from ``on_training_started`` to ``on_epoch_finished`` ends the
training. An epoch that it interrupts gets no row in the history.

A handler with state resumes from a checkpoint by `Handler.get_state` and `Handler.set_state`. Any
object or function with these two methods does, not only a `Handler`.

Of several processes that train a net together, each calls all its handlers, but ``step`` only in
the first one. An exception that a handler raises in one process ends the training in all of them.

If the training fails before the end of its first epoch, handlers get the attributes back that they
had before ``reset``.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol

from ..errors import Problems
from ..ops.processes import is_first
from ..training.events import EVENTS, Progress
from ..training.history import Row
from ..utils.plain_values import is_plain

Direction = Literal["min", "max"]
"""Whether smaller or larger values are better."""

Columns = Mapping[str, Direction | None]
"""Numbers in the rows of the history by name, and which values are better, as far as known."""


HASH = "{hash}"
"""Placeholder in paths, for characters that differ from training to training."""

NO_HASH = "0" * 12
"""What stands for these characters before a training has any."""


def hash_of(net: Any, path: str | os.PathLike[str]) -> str:
    """Return the characters that tell a training from others, if a path has ``{hash}``."""
    return net._fitted().model.identity.hash if HASH in os.fspath(path) else NO_HASH


def with_statistics(handlers: Sequence[Any]) -> list[Any]:
    """Return the handlers whose statistic stands for their call after each batch, each once.

    In a class that overrides ``__call__``, it is called.
    """
    distinct = {id(handler): handler for handler in handlers}
    return [one for one in distinct.values() if _owner(one, "statistic") is _owner(one, "__call__")]


def _owner(handler: Any, name: str) -> type | None:
    """Return the class that defines an attribute of a handler; None for functions and `Handler`."""
    owner = next((cls for cls in type(handler).__mro__ if name in vars(cls)), None)
    return None if owner is Handler else owner


class HandlerFunction(Protocol):
    """A function or object that a net calls with itself and its history."""

    def __call__(self, net: Any, train_history: list[Row], /) -> object:
        """Handle the event; `StopIteration` ends the training."""


class Handler:
    """Base class of handlers that keep state or need more events than their call.

    A plain function ``(net, train_history)`` is a handler, too. Inherit from this class to forget
    the state of an earlier training in `reset`, to prepare in `begin` and to clean up in `end`.

    Examples
    --------
    >>> class StopBelow(Handler):
    ...     def __init__(self, loss):
    ...         self.loss = loss
    ...
    ...     def __call__(self, net, train_history):
    ...         if train_history[-1]['train_loss'] < self.loss:
    ...             raise StopIteration
    >>> from skconv import NeuralNet
    >>> net = NeuralNet(on_epoch_finished=StopBelow(0.1))
    """

    allowed_in: ClassVar[tuple[str, ...]] = EVENTS
    """Parameters of a net that may list the handler."""

    history_columns: ClassVar[tuple[str, ...]] = ()
    """Names of values that the handler adds to the rows of the history, for others to monitor."""

    resumes: ClassVar[bool] = True
    """Whether two trainings, of which the second continues the first, equal one of all epochs."""

    catches_sigterm: ClassVar[bool] = False
    """Whether SIGTERM interrupts a training with this handler as Ctrl-C does."""

    parameter_checks: ClassVar[Mapping[str, Callable[[Any], str | None]]] = {}
    """For each parameter a check of its value, as in ``skconv.utils.checks``."""

    measures: ClassVar[tuple[tuple[str, Callable[..., Any]], ...]] = ()
    """Names and functions that map the gradients of a step, ``{'conv1': {'W': array}}``, to a
    scalar. They are traced into the training step and become columns of the history."""

    statistic: ClassVar[tuple[Callable[..., Any], Callable[..., Any]] | None] = None
    """Functions ``start(weights)`` and ``update(value, weights, **numbers)`` of a statistic of the
    weights, a pair of parameters and state. If ``on_batch_finished`` lists the handler, they are
    compiled into the training step, in place of a call after each batch."""

    statistic_value: Any = None
    """The statistic after the steps so far; None to start it."""

    def statistic_numbers(self) -> dict[str, float]:
        """Return the numbers that `statistic` takes, which compile nothing."""
        return {}

    def reset(self) -> None:
        """Forget the previous training; called when a net starts afresh."""

    def check_parameters(self) -> None:
        """Raise `ValueError` for invalid parameters."""
        problems = Problems()
        for name, check in self.parameter_checks.items():
            value = getattr(self, name)
            valid = check(value)
            if valid is not None:
                problems.add_parameter(f"{type(self).__name__}: {name}", valid, value)
        problems.raise_any()

    def check(self, net: Any, columns: Columns) -> None:
        """Raise `ValueError` if the handler cannot work in the training that is about to start.

        Parameters
        ----------
        net : NeuralNet
        columns : mapping of str to {'min', 'max'} or None
            Names of the numbers that each row of the history will have, and whether smaller or
            larger values are better, as far as known.
        """
        self.check_parameters()

    def check_several(self) -> None:
        """Raise `ValueError` if copies of the handler cannot serve several trainings.

        Searches and ensembles, which train copies of one net, call it before their first training.
        """

    def check_path(self, name: str, path: str | os.PathLike[str]) -> None:
        """Raise `ValueError` for a path without ``{hash}``; to be called in `check_several`.

        Parameters
        ----------
        name : str
            Parameter that has the path.
        path : str or path
        """
        path = os.fspath(path)
        if HASH not in path:
            stem, suffix = os.path.splitext(path)
            raise ValueError(
                f"{type(self).__name__}: {name} must contain {HASH} where several nets are "
                f"trained, so that each has a file of its own, got {path!r}; write "
                f"{stem + '-' + HASH + suffix!r}"
            )

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Prepare for a training; called once before it, whichever parameter lists the handler.

        Handlers in ``on_training_started`` have been called by then.
        """

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Handle the event; `StopIteration` ends the training."""
        raise NotImplementedError

    def begun(self, net: Any, train_history: list[Row]) -> None:
        """Follow up on `begin`; called once before each training, after `begin` of all handlers."""

    def get_state(self) -> dict[str, Any]:
        """Return what the handler has learned in this training, for a checkpoint.

        Returns
        -------
        dict of str to object
            Numbers, strings, None, arrays, and lists, tuples and dicts of them. By default all
            attributes of such values that are not parameters; others are left out.
        """
        parameters = inspect.signature(type(self)).parameters
        own = {name: value for name, value in vars(self).items() if name not in parameters}
        return {name: value for name, value in own.items() if is_plain(value)}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take over what `get_state` returned; called after `begin`, before the first step."""
        vars(self).update(state)

    def finish(self, net: Any, train_history: list[Row]) -> None:
        """Complete a training; called once after its last epoch, but not after an exception."""

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Clean up; called once after each training, even after one that failed."""

    def watches(self) -> bool:
        """Return whether `step` is to be called in this training."""
        return False

    def step(self, net: Any, progress: Progress) -> None:
        """Follow the progress; called a few times a second if `watches` returned True."""


class Logger(Handler):
    """Base class of handlers that hold a file, a run or a display open while a net trains.

    What is open is left out of pickles and copies. Subclasses define `open`, `log` and `close`. Of
    processes that train a net together, only the first logs.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the previous training."""
        self.opened: Any = None

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Open the log."""
        if is_first():
            self.opened = self.open(net, train_history)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Log the last epoch."""
        if is_first():
            self.log(net, train_history)

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Close the log."""
        if self.opened is not None:
            self.close()
            self.opened = None

    def get_state(self) -> dict[str, Any]:
        """Return nothing: a training that resumes opens a log of its own."""
        return {}

    def open(self, net: Any, train_history: list[Row]) -> Any:
        """Open the log and return it; it is kept as `opened`."""
        raise NotImplementedError

    def log(self, net: Any, train_history: list[Row]) -> None:
        """Log the last epoch."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the log."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"opened": None}


class RunLogger(Logger):
    """Base class of loggers to a run of their own, which a resumed training continues.

    The run is opened at the first epoch that is logged; by then, a `Checkpoint` that found a file
    has set the attributes by which `open` finds the run. If it was killed after an epoch that is
    not in the file, `open` and `log` meet this epoch again.
    """

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Do nothing; the first epoch opens the run."""

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Log the last epoch."""
        if self.opened is None and is_first():
            self.opened = self.open(net, train_history)
        super().__call__(net, train_history)

    def get_state(self) -> dict[str, Any]:
        """Return what the run is found by: all plain attributes that are not parameters."""
        state = Handler.get_state(self)
        return {name: value for name, value in state.items() if value is not None}
