"""A scikit-learn estimator that takes keywords beyond its signature as parameters."""

from __future__ import annotations

import copy
import functools
import inspect
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, ParamSpec, Self, TypeVar

from sklearn.base import BaseEstimator

from ..errors import did_you_mean
from ..utils.copying import copied
from ..utils.other_names import ATTRIBUTES, parameter_hint
from ..utils.pickling import PickledByValue
from ..utils.versions import Versioned
from .portable_params import PortableParams

P = ParamSpec("P")
R = TypeVar("R")


def explaining_keywords(method: Callable[P, R]) -> Callable[P, R]:
    """Return a method of a `KeywordEstimator` that explains keywords that it does not take.

    The error names the parameter of the estimator that was meant, if there is one.
    """
    known = inspect.signature(method).parameters

    @functools.wraps(method)
    def explained(*args: P.args, **keywords: P.kwargs) -> R:
        for name in keywords:
            if name not in known:
                hint = _explain_keyword(args[0], name)
                raise TypeError(
                    f"{method.__name__}() got an unexpected keyword argument {name!r}.{hint}"
                )
        return method(*args, **keywords)

    return explained


def _explain_keyword(estimator: Any, name: str) -> str:
    cls = type(estimator).__name__
    if name in estimator.get_params(deep=False):
        return f" It is a parameter of {cls}: write {cls}({name}=...)."
    hint = parameter_hint(name)
    return f"{hint} Parameters are given as {cls}(...)." if hint and "fit(" not in hint else hint


class KeywordEstimator(PickledByValue, Versioned, PortableParams, BaseEstimator):
    """Base class of an estimator that takes any keyword as a parameter.

    Subclasses decide in `_check_keywords` which keywords are valid. Every public attribute without
    a trailing underscore is a parameter, so ``net.update_learning_rate = 0.1`` does the same as
    ``net.set_params(update_learning_rate=0.1)``.
    """

    _components: ClassVar[dict[str, Callable[[Any], Any]]] = {}
    """Parameters with nested parameters, each with a function that makes an object of a value."""

    _copied_together: ClassVar[tuple[str, ...]] = ()
    """Parameters whose objects may refer to each other; a clone copies them together."""

    _stateful: ClassVar[tuple[str, ...]] = ()
    """Parameters whose objects training may change; a clone gets them as they were before it."""

    def __getattr__(self, name: str) -> Any:
        """Raise an error that says what to write for an attribute of other libraries' nets."""
        if name in ATTRIBUTES:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}. "
                f"Write instead: {ATTRIBUTES[name]}."
            )
        return object.__getattribute__(self, name)  # raises the error of a property again

    @classmethod
    @functools.cache
    def _get_param_names(cls) -> list[str]:
        """Return the names in the signature; cached, since training reads the parameters often."""
        return super()._get_param_names()

    @classmethod
    def _own(cls) -> set[str]:
        """Return the names in the signature, which have no prefix."""
        return set(cls._get_param_names())

    def _check_keywords(self, params: dict[str, Any], names: Iterable[str]) -> None:
        """Raise `ValueError` if any of `names` is unknown to an estimator with these parameters."""
        raise NotImplementedError

    def _set_keywords(self, keywords: dict[str, Any]) -> None:
        for name, value in keywords.items():
            if hasattr(type(self), name) or name.startswith("_") or name.endswith("_"):
                raise TypeError(
                    f"{name!r} cannot be a parameter of {type(self).__name__}: names of attributes "
                    "and names with a leading or trailing underscore are reserved"
                )
            setattr(self, name, value)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get all parameters, including prefixed keywords.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include nested parameters such as ``batch_iterator_train__batch_size``.

        Returns
        -------
        dict of str to object
        """
        params = {name: self._stored(name) for name in self._get_param_names()}
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

    def _stored(self, name: str, *default: Any) -> Any:
        """Return a parameter as it is stored, whatever a descriptor returns for it."""
        stored = vars(self)
        return stored[name] if name in stored else getattr(self, name, *default)

    def _component(self, name: str) -> Any:
        value = self._stored(name, None)
        return self._components[name](value) if name in self._components else value

    def set_params(self, **params: Any) -> Self:
        """Set parameters, including prefixed keywords that were not set before.

        Parameters
        ----------
        **params
            Parameters by name, including nested ones such as
            ``batch_iterator_train__batch_size``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a name is unknown to the net and its layers. No parameter is changed then.
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
                name = next(iter(inner[owner]))
                hint = parameter_hint(f"{owner}__{name}") or did_you_mean(owner, known)
                if self._takes(known, f"{owner}_{name}"):
                    hint = f" Write instead: {owner}_{name}."
                raise ValueError(f"Invalid parameter {owner!r} for {type(self).__name__}.{hint}")
        before = dict(vars(self))
        try:
            for name, value in plain.items():
                setattr(self, name, value)
            for owner, values in inner.items():
                component = self._component(owner)
                if not hasattr(component, "set_params"):
                    raise ValueError(
                        f"{owner} must have parameters to set {owner}__{next(iter(values))}, "
                        f"got {component!r}"
                    )
                self._check_prevailing(owner, component.get_params(), values)
                setattr(self, owner, component.set_params(**values))
        except Exception:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
        return self

    def _takes(self, params: dict[str, Any], name: str) -> bool:
        """Return whether an estimator with these parameters takes a keyword."""
        try:
            self._check_keywords(params | {name: None}, [name])
        except ValueError:
            return False
        return True

    def _check_prevailing(self, owner: str, now: dict[str, Any], values: dict[str, Any]) -> None:
        """Raise if a prefixed keyword would override a nested parameter that is set."""
        for name, value in values.items():
            keyword = f"{owner}_{name.replace('__', '_')}"
            if keyword in vars(self) and name in now and now[name] != value:
                raise ValueError(
                    f"{owner}__{name} would have no effect, because "
                    f"{keyword}={getattr(self, keyword)!r} takes precedence; set {keyword} instead"
                )

    def _remember_as_given(self) -> None:
        """Copy the objects that training may change, for clones to start from."""
        current = self._stateful_objects()
        pairs = [(given, copied) for given, copied in self._as_given() if _among(given, current)]
        memo: dict[int, Any] = {}
        for given in current:
            if not _among(given, [old for old, _ in pairs]):
                pairs.append((given, copied(given, memo)))
        self._given = pairs

    def _as_given(self) -> list[tuple[Any, Any]]:
        """Return the objects that training may change, each with its copy from before."""
        return vars(self).get("_given", [])

    def _stateful_objects(self) -> list[Any]:
        """Return the objects that training may change, except those with a `reset` method."""
        objects: list[Any] = []
        for name in self._stateful:
            value = self._stored(name)
            objects += value if isinstance(value, list | tuple) else [value]
        return [item for item in objects if not hasattr(item, "reset")]

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        for value in map(self._stored, self._portable):
            memo[id(value)] = value
        return super().__deepcopy__(memo)

    def __sklearn_clone__(self) -> Self:
        bare = copy.copy(self)
        bare.__dict__.update(dict.fromkeys(self._portable))
        clone = super(KeywordEstimator, bare).__sklearn_clone__()
        for name in self._portable:
            setattr(clone, name, self._stored(name))
        inner: dict[int, Any] = {}
        memo = {id(given): copy.deepcopy(copied, inner) for given, copied in self._as_given()}
        together = {name: self._stored(name) for name in self._copied_together}
        for name, value in copy.deepcopy(together, memo).items():
            setattr(clone, name, value)
        for name in self._stateful:
            value = clone._stored(name)
            for item in value if isinstance(value, list | tuple) else [value]:
                if hasattr(item, "reset"):
                    item.reset()
        return clone


def _among(item: Any, items: list[Any]) -> bool:
    return any(item is other for other in items)
