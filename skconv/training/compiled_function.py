"""A compiled function that knows about how much memory its programs take."""

from __future__ import annotations

import threading
from typing import Any

import jax
from jax.sharding import Mesh

from ..ops.mesh import platform_of
from ..utils.allocator import trim
from ..utils.garbage import postpone_collections
from .emitters import suits_newer_emitters
from .operations import operations

try:  # JAX has no public names for these
    from jax._src.interpreters.partial_eval import trace_to_jaxpr
    from jax._src.interpreters.pxla import _cached_lowering_to_hlo
except ImportError:  # another version of JAX, whose programs take more memory than need be
    trace_to_jaxpr = _cached_lowering_to_hlo = None  # type: ignore[assignment]

PROGRAM_BYTES = 300_000
OPERATION_BYTES = 12_000
"""Memory of a program, and of each of its operations.

Measured on the CPU, as the growth of the heap and of mapped code: 4.0 MB for the training of a
network with one hidden layer (377 operations), 9.5 with eight (769), 9.6 with an LSTM (734), 17.9
with five convolutions and batch normalizations (1,442), and 0.7 for a prediction (41).
"""

COMPILED = "/jax/core/compile/backend_compile_duration"
"""Event that JAX reports once a program is compiled, before it runs."""

LONG_COMPILATION = 0.5
"""Seconds of a compilation after which its memory is returned.

That took 0.003 s for the tutorial's network (AMD EPYC, two cores).
"""


class _Calls(threading.local):
    """Whether the present thread is in a call of a compiled function."""

    running = False


_calls = _Calls()


def _return_memory(event: str, duration_secs: float, **_: Any) -> None:
    """Return the memory of a compilation before its program takes its own.

    XLA leaves 95 MB of ResNet-18 for images of 224x224, and 120 MB of VGG-D (jax 0.10.2).
    """
    if event == COMPILED and duration_secs > LONG_COMPILATION and _calls.running:
        trim()


jax.monitoring.register_event_duration_secs_listener(_return_memory)


_starting = threading.Lock()
"""Held while several devices are given a program, as all of them must run programs in one order.

Those of a CPU share its threads, and may wait for each other forever, so they run one program at a
time.
"""


class CompiledFunction:
    """A jitted function that estimates the memory of its programs, and lowers it.

    JAX keeps the text from which a program was compiled, in a context of 1.1 MB, as long as the
    program. It is dropped here, which halves the memory of small networks.

    Parameters
    ----------
    jitted : callable
        As returned by JAX.
    mesh : Mesh, optional
        The devices that run the program together; by default a single one.
    newer : callable, optional
        The same function, jitted for XLA's newer emitters. It is called instead if the program of
        the first call suits them.
    """

    def __init__(self, jitted: Any, mesh: Mesh | None = None, newer: Any = None) -> None:
        self._jitted = jitted
        self._newer = newer
        self._mesh = mesh
        self._sizes: dict[int, int] = {}
        self._lock = threading.Lock()
        # not `_lock`, as what is traced may ask for other programs, which adds up sizes
        self._choosing = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Estimated memory of the programs compiled so far."""
        with self._lock:
            return sum(self._sizes.values())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, and note the size of its program if it was compiled for this call."""
        if self._newer is not None:
            self._choose(args, kwargs)
        before = self._jitted._cache_size()
        result = self._run(*args, **kwargs)
        if self._jitted._cache_size() != before:
            self._note_program(args, kwargs)
        return result

    def _choose(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Choose between the two functions, and lower the chosen one.

        They share their traces in JAX's caches, where the call finds what is lowered as well.
        """
        with self._choosing, postpone_collections():
            if self._newer is None:  # chosen by another thread
                return
            if suits_newer_emitters(self._jitted.trace(*args, **kwargs).jaxpr.jaxpr):
                self._jitted = self._newer
            self._jitted.lower(*args, **kwargs)
            self._newer = None

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        _calls.running = True
        try:
            return self._run_on_devices(*args, **kwargs)
        finally:
            _calls.running = False

    def _run_on_devices(self, *args: Any, **kwargs: Any) -> Any:
        if self._mesh is None:
            return self._jitted(*args, **kwargs)
        with _starting:
            result = self._jitted(*args, **kwargs)
            if platform_of(self._mesh) == "cpu":
                jax.block_until_ready(result)
        return result

    def _note_program(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        traced = self._jitted.trace(*args, **kwargs)  # from JAX's caches, as is what follows
        count = sum(1 for _ in operations(traced.jaxpr.jaxpr))
        computation = getattr(traced.lower(), "_lowering", traced.jaxpr)
        with self._lock:
            self._sizes[id(computation)] = PROGRAM_BYTES + OPERATION_BYTES * count
        _forget_text(computation)


def _forget_text(computation: Any) -> None:
    """Forget the text of a computation that has been compiled."""
    if _cached_lowering_to_hlo and getattr(computation, "_executable", None) is not None:
        computation._hlo = None
        _cached_lowering_to_hlo.cache_clear()


def forget_traces() -> None:
    """Forget the traces of JAX's own functions, of which it keeps those for all shapes.

    Those of programs in use are in a second cache as well, which has a limit.
    """
    if trace_to_jaxpr:
        trace_to_jaxpr.cache_clear()
