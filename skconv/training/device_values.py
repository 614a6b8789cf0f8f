"""Numbers that enter the programs of a network, on the device."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import jax
from jax.sharding import Mesh

from ..network.graph import Network
from ..network.program_values import Runtime
from ..ops.platform import device

_placed: WeakKeyDictionary[Network, tuple[jax.Device, Runtime]] = WeakKeyDictionary()


def runtime_for(network: Network, mesh: Mesh | None) -> Runtime:
    """Return the runtime values of a network's layers where its programs take them.

    A network has several in each layer, and every number of the host is a transfer of its own; so
    they are copied to the default device once, not for each prediction.

    Parameters
    ----------
    network : Network
    mesh : Mesh or None
        The devices that share the rows of each batch, to which they are copied anew; None for the
        default device.
    """
    if mesh is not None:
        return network.float32_runtime
    own, here = _placed.get(network), device()
    if own is None or own[0] != here:
        own = _placed[network] = here, jax.device_put(network.float32_runtime)
    return own[1]
