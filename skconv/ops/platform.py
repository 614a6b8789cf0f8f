"""The device that JAX computes on, and the kernel of each operation for its platform.

A new kernel is a file, an entry in `KERNELS` and, where it needs inputs of its own, a case in
``tests/ops/test_platform.py``, which compares all kernels with NumPy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, TypeVar

import jax

from . import batch_norm, convolution_cpu, pooling_cpu, tile_maxima, xla
from .mesh import current_mesh, platform_of

T = TypeVar("T")

Kernel = Callable[..., Any]

OTHERS = "others"
"""Key of the kernel for the platforms that a row of `KERNELS` does not name."""

KERNELS: dict[str, dict[str, Kernel]] = {
    "convolve": {"cpu": convolution_cpu.convolve, OTHERS: xla.convolve},
    "pool_max": {"cpu": pooling_cpu.pool_max, OTHERS: xla.pool_max},
    "pool_sum": {"cpu": pooling_cpu.pool_sum, OTHERS: xla.pool_sum},
    "tile_maxima": {"cpu": tile_maxima.two_passes, OTHERS: tile_maxima.one_pass},
    "batch_norm": {"cpu": batch_norm.two_passes, OTHERS: batch_norm.one_pass},
}
"""Kernels by operation and platform (``'cpu'``, ``'gpu'``, ``'tpu'``)."""


def device() -> jax.Device:
    """Return the default device, as set by `jax.default_device` or chosen by JAX.

    `jax.default_backend` does not look at the former: on a machine with a GPU it is ``'gpu'`` even
    under ``jax.default_device('cpu')``.
    """
    chosen = _chosen()
    return chosen if isinstance(chosen, jax.Device) else jax.local_devices(backend=chosen)[0]


def devices() -> list[jax.Device]:
    """Return the devices to spread work over.

    These are all local devices of the platform, or one alone if `jax.default_device` names it.
    """
    chosen = _chosen()
    return [chosen] if isinstance(chosen, jax.Device) else jax.local_devices(backend=chosen)


def platform() -> str:
    """Return the platform of the default device: ``'cpu'``, ``'gpu'`` or ``'tpu'``.

    JAX traces a function anew when the default device changes, so a traced function may depend on
    it. In a function that is traced for a mesh, it is the platform of the mesh.
    """
    mesh = current_mesh()
    return device().platform if mesh is None else platform_of(mesh)


def memory() -> int:
    """Return the memory of the default device, in bytes; of the machine, if it is the CPU."""
    known = device().memory_stats() or {}
    return known.get("bytes_limit") or _host_memory()


@cache
def _host_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


SPARE = 0.25
"""Fraction of the free memory of a device that rows may take between epochs."""


def spare_memory() -> int:
    """Return how many bytes of rows may stay on the default device.

    It is 0 if the device has no memory of its own, such as the CPU, or does not tell.
    """
    known = device().memory_stats() or {}
    return int(SPARE * (known.get("bytes_limit", 0) - known.get("bytes_in_use", 0)))


def kernel_for(operation: str, x: jax.Array) -> Kernel:
    """Return the kernel of an operation for the present platform.

    Parameters
    ----------
    operation : str
        A key of `KERNELS`.
    x : array of shape (n, ...)
        If the number of rows is symbolic, as in an export for any number, XLA's kernel is chosen;
        also if several devices share the rows, which the kernels of the CPU cut into other blocks.
    """
    mesh = current_mesh()
    own = platform() if isinstance(x.shape[0], int) and (mesh is None or mesh.size == 1) else OTHERS
    return _kernel(operation, own)


def kernel_of_platform(operation: str) -> Kernel:
    """Return the kernel of an operation for the present platform, also for a part of each batch."""
    return _kernel(operation, platform())


def _kernel(operation: str, platform: str) -> Kernel:
    kernels = KERNELS[operation]
    return kernels.get(platform, kernels[OTHERS])


def on_host() -> AbstractContextManager[Any]:
    """Return a block in which the default device is the CPU, if JAX has that platform."""
    try:
        return jax.default_device(jax.local_devices(backend="cpu")[0])
    except RuntimeError:
        return nullcontext()


def keep_device(function: Callable[[], T]) -> Callable[[], T]:
    """Return a function that runs on the present default device in any thread.

    Threads do not inherit the device of `jax.default_device`.
    """
    chosen = _chosen()

    def run() -> T:
        with jax.default_device(chosen):
            return function()

    return run


def _chosen() -> Any:
    """Return what `jax.default_device` was given: a device, the name of a platform, or None."""
    return jax.config.jax_default_device  # type: ignore[attr-defined]  # JAX adds it at run time
