"""What the input layers of a network take, also for rows of other sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..data.rows import Inputs
from ..network.free_sizes import network_for
from ..network.graph import Network


def inputs_of(network: Network) -> Inputs:
    """Return what the input layers of a network take.

    Parameters
    ----------
    network : Network
        With free sizes, rows of other sizes are arranged, and checked, for a network of their size.
    """

    def resize(shapes: Mapping[Any, tuple[int, ...]]) -> Inputs:
        return inputs_of(network_for(network, shapes))

    free = resize if network.free else None
    return Inputs(network.inputs, network.indices, network.outputs, free)
