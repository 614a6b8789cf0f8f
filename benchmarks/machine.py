"""The machine and the versions behind a measurement."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

PACKAGES = (
    "skconv",
    "jax",
    "jaxlib",
    "optax",
    "numpy",
    "scikit-learn",
    "torch",
    "skorch",
    "keras",
)


class Machine(NamedTuple):
    """Device, processors and versions.

    Parameters
    ----------
    platform : str
        JAX's name for the device: 'cpu', 'gpu' or 'tpu'.
    facts : list of (str, str)
        Rows to print: names and values.
    """

    platform: str
    facts: list[tuple[str, str]]


def examine(_: None) -> Callable[[int], Machine]:
    """Return a function that inspects the machine; it imports jax and torch, so use a worker."""

    def inspect(_: int) -> Machine:
        import jax

        devices = jax.devices()
        kinds = ", ".join(sorted({device.device_kind for device in devices}))
        facts = [
            ("date", time.strftime("%Y-%m-%d")),
            ("device", f"{len(devices)} x {devices[0].platform} ({kinds})"),
            ("torch runs on", _torch(devices[0].platform)),
            ("processor", _processor()),
            ("CPU cores", str(_cores())),
            ("load before", f"{os.getloadavg()[0]:.1f} (0 is best)"),
            ("system", f"{platform.system()} {platform.machine()}"),
            ("Python", platform.python_version()),
        ]
        facts += [(package, _version(package)) for package in PACKAGES]
        return Machine(devices[0].platform, facts)

    return inspect


def torch_device(jax_platform: str) -> str:
    """Return torch's device for JAX's platform: 'cuda' if both can use a GPU, else 'cpu'.

    On a GPU, enable TF32 for torch's matrix products, which is JAX's default and torch's default
    for convolutions.
    """
    import torch

    if jax_platform != "gpu" or not torch.cuda.is_available():
        return "cpu"
    torch.set_float32_matmul_precision("high")
    return "cuda"


def _torch(jax_platform: str) -> str:
    try:
        device = torch_device(jax_platform)
    except ImportError:
        return "not installed"
    import torch

    if device == "cuda":
        return f"cuda ({torch.cuda.get_device_name()})"
    return f"cpu ({torch.get_num_threads()} threads)"


def _cores() -> int | None:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
