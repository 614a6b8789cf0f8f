"""A scikit-learn estimator whose parameters are not all in its signature."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator

from .errors import did_you_mean


class KeywordEstimator(BaseEstimator):
    """Take any keyword as a parameter, and leave it to `_check_keywords` which make sense.

    Every public attribute whose name does not end in an underscore is a parameter, so that
    ``net.update_learning_rate = 0.1`` is the same as ``net.set_params(update_learning_rate=0.1)``.
    """

    _components: ClassVar[dict[str, Callable[[Any], Any]]] = {}
    """Parameters that have parameters, with what turns a plain value into such an object."""

    _copied_together: ClassVar[tuple[str, ...]] = ()
    """Parameters whose objects may refer to each other, which a clone has to keep."""

    @classmethod
    def _own(cls) -> set[str]:
        return set(cls._get_param_names())

    def _check_keywords(self, params: dict[str, Any], names: Iterable[str]) -> None:
        """Raise `ValueError` where one of `names` has no meaning for these parameters."""
        raise NotImplementedError

    def _set_keywords(self, keywords: dict[str, Any]) -> None:
        for name, value in keywords.items():
            if hasattr(type(self), name) or name.startswith("_") or name.endswith("_"):
                raise TypeError(
                    f"{name!r} cannot be a parameter of {type(self).__name__}, which has an "
                    "attribute of that name"
                )
            setattr(self, name, value)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get all parameters, the prefixed keywords included.

        Parameters
        ----------
        deep : bool
            Whether parameters of parameters are included, as in
            ``batch_iterator_train__batch_size``.

        Returns
        -------
        dict of str to object
        """
        params = {name: getattr(self, name) for name in self._get_param_names()}
        params |= {
            name: value
            for name, value in vars(self).items()
            if name not in params and not name.startswith("_") and not name.endswith("_")
        }
        if deep:
            for name in list(params):
                component = self._component(name)
                if hasattr(component, "get_params") and not isinstance(component, type):
                    inner = component.get_params()
                    params |= {f"{name}__{key}": value for key, value in inner.items()}
        return params

    def _component(self, name: str) -> Any:
        value = getattr(self, name, None)
        try:
            return self._components[name](value) if name in self._components else value
        except (TypeError, ValueError):
            return value

    def set_params(self, **params: Any) -> Self:
        """Set parameters, also prefixed keywords that were not given before.

        Parameters
        ----------
        **params
            Parameters by name; ``batch_iterator_train__batch_size`` and the like reach inside.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For a name that neither the net nor one of its layers has; nothing is set then.
        """
        plain = {name: value for name, value in params.items() if "__" not in name}
        inner: dict[str, dict[str, Any]] = defaultdict(dict)
        for name, value in params.items():
            if "__" in name:
                owner, _, rest = name.partition("__")
                inner[owner][rest] = value
        known = self.get_params(deep=False) | plain
        new = [name for name in plain if name not in self._own() and not hasattr(self, name)]
        if new:
            self._check_keywords(known, new)
        for owner in inner:
            if owner not in known:
                hint = did_you_mean(owner, known)
                raise ValueError(f"Invalid parameter {owner!r} for {type(self).__name__}.{hint}")
        for name, value in plain.items():
            setattr(self, name, value)
        for owner, values in inner.items():
            component = self._component(owner)
            if not hasattr(component, "set_params"):
                raise ValueError(f"{owner}={component!r} has no parameters of its own")
            setattr(self, owner, component.set_params(**values))
        return self

    def _remember_as_given(self) -> None:
        """Keep what a clone shall start from, before training leaves its traces."""
        given = {name: getattr(self, name) for name in self._copied_together}
        self._as_given = given, copy.deepcopy(given)

    def __sklearn_clone__(self) -> Self:
        clone = super().__sklearn_clone__()
        now = {name: getattr(self, name) for name in self._copied_together}
        given, untouched = getattr(self, "_as_given", ({}, {}))
        source = {
            name: untouched[name] if name in given and given[name] is now[name] else now[name]
            for name in now
        }
        for name, value in copy.deepcopy(source).items():
            setattr(clone, name, value)
        return clone
