"""A scikit-learn estimator whose parameters are not all in its signature."""

from __future__ import annotations

import copy
import functools
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator

from ..errors import did_you_mean


class KeywordEstimator(BaseEstimator):
    """Take any keyword as a parameter, and leave it to `_check_keywords` which make sense.

    Every public attribute whose name does not end in an underscore is a parameter, so that
    ``net.update_learning_rate = 0.1`` is the same as ``net.set_params(update_learning_rate=0.1)``.
    """

    _components: ClassVar[dict[str, Callable[[Any], Any]]] = {}
    """Parameters that have parameters, with what turns a plain value into such an object."""

    _copied_together: ClassVar[tuple[str, ...]] = ()
    """Parameters whose objects may refer to each other, which a clone has to keep."""

    _stateful: ClassVar[tuple[str, ...]] = ()
    """Those of them with objects that training may change; a clone has them as they were given."""

    @classmethod
    @functools.cache
    def _get_param_names(cls) -> list[str]:
        """Read the signature once a class; handlers may change parameters before each chunk."""
        return super()._get_param_names()

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
                    f"{name!r} cannot be a parameter of {type(self).__name__}: it is the name of "
                    "something else, or reserved by its underscore"
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
        return self._components[name](value) if name in self._components else value

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
        given = self.get_params(deep=False)
        known = given | plain
        new = [name for name in plain if name not in given]
        if new:
            self._check_keywords(known, new)
        for owner in inner:
            if owner not in known:
                hint = did_you_mean(owner, known)
                raise ValueError(f"Invalid parameter {owner!r} for {type(self).__name__}.{hint}")
        before = dict(vars(self))
        try:
            for name, value in plain.items():
                setattr(self, name, value)
            for owner, values in inner.items():
                component = self._component(owner)
                if not hasattr(component, "set_params"):
                    raise ValueError(f"{owner}={component!r} has no parameters of its own")
                self._check_prevailing(owner, component.get_params(), values)
                setattr(self, owner, component.set_params(**values))
        except Exception:
            vars(self).clear()
            vars(self).update(before)
            raise
        return self

    def _check_prevailing(self, owner: str, now: dict[str, Any], values: dict[str, Any]) -> None:
        """Raise where a prefixed keyword would prevail over what is set inside a parameter."""
        for name, value in values.items():
            keyword = f"{owner}_{name.replace('__', '_')}"
            if keyword in vars(self) and name in now and now[name] != value:
                raise ValueError(
                    f"{owner}__{name} would change nothing, because "
                    f"{keyword}={getattr(self, keyword)!r} prevails; set {keyword}"
                )

    def _remember_as_given(self) -> None:
        """Keep what a clone shall start from, before training leaves its traces."""
        now = self._stateful_objects()
        known = [(given, copied) for given, copied in self._as_given() if _among(given, now)]
        memo: dict[int, Any] = {}
        for given in now:
            if not _among(given, [old for old, _ in known]):
                known.append((given, _copied(given, memo)))
        self._given = known

    def _as_given(self) -> list[tuple[Any, Any]]:
        return vars(self).get("_given", [])

    def _stateful_objects(self) -> list[Any]:
        """List the objects that training may change and that cannot forget by themselves."""
        found = []
        for name in self._stateful:
            value = getattr(self, name)
            found += value if isinstance(value, list | tuple) else [value]
        return [item for item in found if not hasattr(item, "reset")]

    def __sklearn_clone__(self) -> Self:
        clone = super().__sklearn_clone__()
        inner: dict[int, Any] = {}
        memo = {id(given): copy.deepcopy(copied, inner) for given, copied in self._as_given()}
        now = {name: getattr(self, name) for name in self._copied_together}
        for name, value in copy.deepcopy(now, memo).items():
            setattr(clone, name, value)
        for name in self._stateful:
            value = getattr(clone, name)
            for item in value if isinstance(value, list | tuple) else [value]:
                if hasattr(item, "reset"):
                    item.reset()
        return clone


def _among(item: Any, items: list[Any]) -> bool:
    return any(item is other for other in items)


def _copied(item: Any, memo: dict[int, Any]) -> Any:
    try:
        return copy.deepcopy(item, memo)
    except Exception:  # an open file, say: a net that has one can be fitted, only not cloned
        return item
