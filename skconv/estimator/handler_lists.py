"""Check the handlers that a net is given, by the event at which it calls them."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

from ..errors import Problems
from ..handlers import Handler
from ..training.events import EVENTS
from ..utils.checks import as_list
from .scores import takes_two_arguments


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
    elif not takes_two_arguments(handler):
        problems.add_parameter(event, valid, handler, f" with the signature {signature(handler)}")
    elif isinstance(handler, Handler) and event not in handler.allowed_in:
        places = " or ".join(handler.allowed_in)
        hint = f"; {type(handler).__name__} belongs in {places}"
        problems.add_parameter(event, "a list of handlers for this event", handler, hint)
