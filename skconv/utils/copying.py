"""Copies of objects for clones of an estimator."""

from __future__ import annotations

import copy
import inspect
from typing import Any, Self

from sklearn.base import BaseEstimator


def copied(item: Any, memo: dict[int, Any]) -> Any:
    """Return a deep copy, or the object itself if it cannot be copied.

    Parameters
    ----------
    item : object
    memo : dict
        As of `copy.deepcopy`; objects that are copied with the same memo share what they shared.

    Examples
    --------
    >>> items, lines = [1], (line for line in 'ab')
    >>> copied(items, {}) is items, copied(lines, {}) is lines
    (False, True)
    """
    try:
        return copy.deepcopy(item, memo)
    except Exception:  # such as an open file: the net can be fitted, but not cloned
        return item


class ClonedWhole(BaseEstimator):
    """Base class of objects whose clones keep all attributes, not only parameters.

    Subclasses may take ``*args`` and ``**kwargs``, which pass parameters on to the base class, and
    store a parameter under another name, which then is none for `get_params`.

    Examples
    --------
    >>> from sklearn.base import clone
    >>> class Named(ClonedWhole):
    ...     def __init__(self, size=1, **kwargs):
    ...         self.size = size
    >>> named = Named()
    >>> named.owner = 'me'
    >>> clone(named).owner
    'me'
    """

    def __sklearn_clone__(self) -> Self:
        clone = copy.copy(self)
        memo: dict[int, Any] = {}
        for name, value in vars(self).items():
            clone.__dict__[name] = copied(value, memo)
        return clone

    @classmethod
    def _get_param_names(cls) -> list[str]:
        """Return the names in the signature, and in those that its further arguments go to."""
        names: set[str] = set()
        for base in cls.__mro__:
            if "__init__" not in vars(base) or base is object:
                continue
            _, *given = inspect.signature(vars(base)["__init__"]).parameters.values()
            further = {
                one.name for one in given if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
            }
            names |= {one.name for one in given} - further
            if not further:
                break
        return sorted(names)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include nested parameters.

        Returns
        -------
        dict of str to object
        """
        params = {
            name: getattr(self, name) for name in self._get_param_names() if hasattr(self, name)
        }
        if deep:
            for name, value in list(params.items()):
                if hasattr(value, "get_params") and not isinstance(value, type):
                    inner = value.get_params()
                    params |= {f"{name}__{key}": own for key, own in inner.items()}
        return params
