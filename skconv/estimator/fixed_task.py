"""Nets that only classify or only predict numbers, by their class."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, TypeVar

from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import Tags

from ..layers.base import Layer
from ..targets.by_output import output_names
from .neural_net import NeuralNet

__all__ = ["NeuralNetClassifier", "NeuralNetRegressor"]

Init = TypeVar("Init", bound=Callable[..., None])


def _signed_without_regression(init: Init) -> Init:
    """Give `init` the signature of `NeuralNet`, which names the parameters, less ``regression``."""
    signature = inspect.signature(NeuralNet.__init__)
    kept = [p for p in signature.parameters.values() if p.name != "regression"]
    vars(init)["__signature__"] = signature.replace(parameters=kept)
    return init


class FixedTaskNet(NeuralNet):
    """Base class of nets in which ``regression`` is not a parameter."""

    _regression: ClassVar[bool]
    _other: ClassVar[str]
    """The class for the other task."""

    @_signed_without_regression
    def __init__(self, layers: Layer | Sequence[Any] | None = None, **kwargs: Any) -> None:
        if "regression" in kwargs:
            raise TypeError(self._fixed(kwargs["regression"]))
        super().__init__(layers, regression=self._regression, **kwargs)

    @property
    def regression(self) -> bool:
        """Whether the net predicts numbers rather than labels."""
        return self._regression

    @regression.setter
    def regression(self, value: Any) -> None:
        if value is not self._regression:
            raise ValueError(self._fixed(value))

    def _fixed(self, value: Any) -> str:
        return (
            f"regression must be {self._regression} in {type(self).__name__}, got {value!r}; use "
            f"{self._other}, or NeuralNet, which has the parameter"
        )

    @classmethod
    def _own(cls) -> set[str]:
        return super()._own() | {"regression"}

    def _check_keywords(self, params: dict[str, Any], names: Iterable[str]) -> None:
        if "regression" in names:
            raise ValueError(self._fixed(params["regression"]))
        super()._check_keywords(params | {"regression": self._regression}, names)


class NeuralNetClassifier(ClassifierMixin, FixedTaskNet):
    """A neural network as a scikit-learn classifier.

    The same as `NeuralNet` with ``regression=False``.

    Parameters
    ----------
    layers : list or Layer, default=None
        The network, as in `NeuralNet`.
    **kwargs
        The other parameters and the prefixed keywords of `NeuralNet`, except ``regression``.

    See Also
    --------
    NeuralNet : Documents parameters and attributes; its outputs may differ in kind.
    NeuralNetRegressor

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNetClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralNetClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> net.predict_proba(X).shape
    (150, 3)
    """

    _regression = False
    _other = "NeuralNetRegressor"

    score = NeuralNet.score

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class NeuralNetRegressor(RegressorMixin, FixedTaskNet):
    """A neural network as a scikit-learn regressor.

    The same as `NeuralNet` with ``regression=True``.

    Parameters
    ----------
    layers : list or Layer, default=None
        The network, as in `NeuralNet`.
    **kwargs
        The other parameters and the prefixed keywords of `NeuralNet`, except ``regression``.

    See Also
    --------
    NeuralNet : Documents parameters and attributes; its outputs may differ in kind.
    NeuralNetClassifier

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skconv import NeuralNetRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> net = NeuralNetRegressor(max_epochs=2, random_state=0).fit(X, y)
    >>> net.predict(X).shape
    (442,)
    """

    _regression = True
    _other = "NeuralNetClassifier"

    score = NeuralNet.score

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = len(output_names(self.outputs)) > 1
        return tags
