"""Base class of the transformers that make inputs of a net."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import BaseEstimator, TransformerMixin

from ..utils.versions import Versioned


class DictTransformer(TransformerMixin, Versioned, BaseEstimator):
    """Base class of transformers that return a `SliceDict`, which no `set_output` wraps."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(auto_wrap_output_keys=None, **options)

    def set_output(self, *, transform: str | None = None) -> Self:
        """Return the transformer as it is: it always makes a `SliceDict`.

        So `set_output` of a pipeline is for the other steps.

        Parameters
        ----------
        transform : str, optional
            Ignored.

        Returns
        -------
        self
        """
        return self
