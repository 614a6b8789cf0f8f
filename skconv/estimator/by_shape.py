"""Predictions for rows of several shapes, by a net whose sizes are free."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from ..data.named_inputs import by_input
from ..data.shape_groups import group_rows, in_order
from ..network.graph import Network

Method = TypeVar("Method", bound=Callable[..., Any])


def by_shape(method: Method) -> Method:
    """Let a method of a net take X with rows of several shapes.

    The rows are grouped by shape. The method is called for each group, and the results are put in
    the order of X.

    Parameters
    ----------
    method : callable
        With a parameter X, and a result with an entry for each row.
    """
    signature = inspect.signature(method)

    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not (hasattr(self, "_model") and self._model.network.free):
            return method(self, *args, **kwargs)
        bound = signature.bind(self, *args, **kwargs)

        def predict(X: Any) -> Any:
            bound.arguments["X"] = X
            return method(*bound.args, **bound.kwargs)

        return call_by_shape(predict, bound.arguments["X"], self._model.network)

    return cast(Method, call)


def call_by_shape(predict: Callable[[Any], Any], X: Any, network: Network) -> Any:
    """Return the predictions for X, whose rows may have several shapes if sizes are free.

    Parameters
    ----------
    predict : callable
        Returns the predictions for rows of one shape.
    X : array-like, or dict or list of arrays
    network : Network
    """
    if not network.free:
        return predict(X)
    by_name = by_input(X, list(network.inputs)) if isinstance(X, list | tuple) else X
    groups = group_rows(by_name)
    if not groups:
        return predict(X)
    return in_order(groups, [predict(group.X) for group in groups])
