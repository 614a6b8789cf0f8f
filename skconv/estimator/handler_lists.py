"""The handlers that a net is given, by the event at which it calls them, and their check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from inspect import signature
from typing import Any, Self, SupportsIndex

from ..errors import Problems
from ..handlers import Handler
from ..training.events import EVENTS
from ..utils.checks import as_list, takes_arguments


class HandlerParameter:
    """A parameter of a net that takes handlers, and reads as an empty list if it is None.

    Handlers appended to this list are given to the net; otherwise, the parameter remains None.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, net: Any, owner: type | None = None) -> Any:
        if net is None:
            return self
        stored, name = vars(net), self._name
        if name not in stored:
            raise AttributeError(f"{type(net).__name__} has no attribute {name!r}")
        if stored[name] is not None:
            return stored[name]
        return _NoHandlers(lambda handlers: stored.update({name: handlers}))

    def __set__(self, net: Any, value: Any) -> None:
        unset = isinstance(value, _NoHandlers) and not value
        vars(net)[self._name] = None if unset else value


class _NoHandlers(list[Any]):
    """An empty list that is adopted as a parameter when it gets its first handlers."""

    def __init__(self, adopt: Callable[[list[Any]], None]) -> None:
        super().__init__()
        self._adopt: Callable[[list[Any]], None] | None = adopt

    def append(self, handler: Any) -> None:
        super().append(handler)
        self._be_adopted()

    def extend(self, handlers: Iterable[Any]) -> None:
        super().extend(handlers)
        self._be_adopted()

    def insert(self, index: SupportsIndex, handler: Any) -> None:
        super().insert(index, handler)
        self._be_adopted()

    def __iadd__(self, handlers: Iterable[Any]) -> Self:  # type: ignore[misc]
        self.extend(handlers)
        return self

    def _be_adopted(self) -> None:
        if self._adopt is not None:
            self._adopt(self)
            self._adopt = None  # refers to the net, which refers to this list

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return list, (list(self),)


def check_handlers(values: Mapping[str, Any], problems: Problems) -> None:
    """Check the handlers of all events, and add any errors to `problems`.

    Parameters
    ----------
    values : mapping of str to object
        Parameters of a net by name.
    problems : Problems

    Examples
    --------
    >>> problems = Problems()
    >>> check_handlers({'on_epoch_finished': Handler}, problems)
    >>> str(problems.found[0])
    "on_epoch_finished must be a function (net, train_history), or a list of them, \
got <class 'skconv.handlers.base.Handler'>; write Handler()"
    """
    for event in EVENTS:
        for handler in as_list(values.get(event)):
            _check_handler(event, handler, problems)


def _check_handler(event: str, handler: Any, problems: Problems) -> None:
    valid = "a function (net, train_history), or a list of them"
    if isinstance(handler, type):
        problems.add_parameter(event, valid, handler, f"; write {handler.__name__}()")
    elif not takes_arguments(handler, 2):
        problems.add_parameter(event, valid, handler, f" with the signature {signature(handler)}")
    elif isinstance(handler, Handler) and event not in handler.allowed_in:
        places = " or ".join(handler.allowed_in)
        hint = f"; {type(handler).__name__} belongs in {places}"
        problems.add_parameter(event, "a list of handlers for this event", handler, hint)
