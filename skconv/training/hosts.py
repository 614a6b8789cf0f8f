"""What the processes that train a net together agree on, so that none waits for another forever.

Each process runs the same calls of the compiled programs, which exchange gradients. What may differ
between processes, such as clocks, exceptions, Ctrl-C and the handlers that they are given, is
exchanged before it decides on a call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from types import TracebackType
from typing import Any, TypeVar

from jax.sharding import Mesh

from ..ops.processes import exchange, spans_processes
from .interrupts import take_noted

T = TypeVar("T")

SEVERITY = ("", "stop", "interrupt", "error")
"""How a block may end in a process; of several processes, the last of these ends it for all."""


class Hosts:
    """The processes that train a net together; a single one agrees with itself.

    Parameters
    ----------
    mesh : Mesh or None
        The devices that share the rows of each batch.
    """

    def __init__(self, mesh: Mesh | None) -> None:
        self.several = spans_processes(mesh)

    def together(self) -> AbstractContextManager[None]:
        """Return a block that raises in all processes what it raises in one of them."""
        return _Together() if self.several else nullcontext()

    def each(self, items: Iterable[T]) -> Iterator[T]:
        """Yield items that each process makes; an exception in one of them is raised in all."""
        if not self.several:
            yield from items
            return
        iterator = iter(items)
        made: list[T] = []
        while True:
            with self.together():
                made += islice(iterator, 1)
            if not made:
                return
            yield made.pop()

    def any(self, flags: Iterable[Any]) -> list[bool]:
        """Return for each flag whether it is set in any process."""
        own = list(map(bool, flags))
        return list(map(any, zip(*exchange(own), strict=True))) if self.several else own

    def slowest(self, seconds: float) -> float:
        """Return the longest time that any process took."""
        return max(exchange(seconds)) if self.several else seconds

    def check_same(self, parts: Mapping[str, Any]) -> None:
        """Raise `ValueError` if processes differ in any part.

        Parameters
        ----------
        parts : mapping of str to str or int
        """
        if not self.several:
            return
        every = exchange(dict(parts))
        names = sorted({name for one in every for name in one})
        differing = [name for name in names if len({one.get(name) for one in every}) > 1]
        if differing:
            raise ValueError(
                f"processes that train together must be given the same, got {len(every)} that "
                f"differ in {', '.join(differing)}"
            )


class _Together:
    """Block that ends in all processes as it ends in one of them."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        noted = take_noted()
        if error is None and noted:
            error = KeyboardInterrupt(noted)
        own = _describe(error)
        every = exchange(own)
        worst = max(every, key=lambda one: SEVERITY.index(one[0]))
        if worst[0] == own[0]:
            if error is not None:
                raise error
            return
        raise _exception(worst, every.index(worst)) from error


def _describe(error: BaseException | None) -> list[str]:
    if error is None:
        return ["", ""]
    if isinstance(error, StopIteration | KeyboardInterrupt):
        return ["stop" if isinstance(error, StopIteration) else "interrupt", ""]
    return ["error", f"{type(error).__name__}: {error}"]


def _exception(described: list[str], process: int) -> BaseException:
    kind, text = described
    if kind == "error":
        return RuntimeError(f"the training of all processes ended, as process {process} got {text}")
    return StopIteration() if kind == "stop" else KeyboardInterrupt(f"in process {process}")
