"""Predictions for rows of several shapes, by a net whose sizes are free."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from ..data.named_inputs import by_input
from ..data.shape_groups import group_rows, in_order

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
        X = bound.arguments["X"]
        if isinstance(X, list | tuple):
            X = by_input(X, list(self._model.network.inputs))
        groups = group_rows(X)
        if not groups:
            return method(self, *args, **kwargs)
        results = []
        for group in groups:
            bound.arguments["X"] = group.X
            results.append(method(*bound.args, **bound.kwargs))
        return in_order(groups, results)

    return cast(Method, call)
