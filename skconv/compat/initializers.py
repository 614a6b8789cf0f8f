"""The base class of Lasagne's initializers, for those that scripts define."""

from __future__ import annotations

from typing import Any

import numpy as np


class Initializer:
    """Base class of initializers with a method ``sample(shape)``.

    Examples
    --------
    >>> class Ramp(Initializer):
    ...     def sample(self, shape):
    ...         return np.linspace(0, 1, np.prod(shape)).reshape(shape)
    >>> Ramp()((2, 2)).tolist()
    [[0.0, 0.3333333333333333], [0.6666666666666666, 1.0]]
    """

    def __call__(self, *arguments: Any) -> np.ndarray:
        """Return a sample.

        Parameters
        ----------
        *arguments
            ``shape`` as in Lasagne; or ``key, shape, dtype`` as nets call initializers.
        """
        if len(arguments) == 1:
            return self.sample(*arguments)
        _, shape, dtype = arguments
        return np.asarray(self.sample(shape)).astype(dtype)

    def sample(self, shape: tuple[int, ...]) -> Any:
        """Return an array of a shape."""
        raise NotImplementedError
