"""Parameters whose values belong to the process, such as devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar


class PortableParams:
    """Mixin of estimators whose pickles hold other values for some parameters.

    Such values cannot be copied either, so clones and copies share them.
    """

    _portable: ClassVar[dict[str, Callable[[Any], Any]]] = {}
    """Parameters with functions from a value to one that any process can use."""

    def __getstate__(self) -> Any:
        state: Any = super().__getstate__()
        portable = {
            name: convert(state[name]) for name, convert in self._portable.items() if name in state
        }
        return {**state, **portable}
