"""Check that a network and its batches fit into memory, before anything is allocated.

The estimates are lower bounds: what they refuse cannot fit, whatever the compiler saves.
"""

from __future__ import annotations

import math

from ..errors import Problems, describe_layer
from ..ops.mesh import multiple_of
from ..ops.platform import memory
from .graph import Network


def check_weights(network: Network, devices: int = 1, *, training: bool) -> None:
    """Check that the parameters of a network fit into the memory of the device.

    Parameters
    ----------
    network : Network
    devices : int
        Number of devices that share the parameters.
    training : bool
        Whether gradients are needed, too.

    Raises
    ------
    ValueError
        Naming each layer that does not fit, or the largest one if they do not fit together.
    """
    limit = devices * memory()
    sizes = dict.fromkeys((node.name for node in network.nodes), 0)
    for (name, _), spec in network.places():
        copies = 2 if training and spec.trainable else 1
        sizes[name] += copies * network.dtype.itemsize * math.prod(spec.shape)
    total = sum(sizes.values())
    if total <= limit:
        return
    problems = Problems()
    largest = max(sizes, key=lambda name: sizes[name])
    for name in [name for name in sizes if sizes[name] > limit] or [largest]:
        node = network.node(name)
        param, spec = max(node.specs.items(), key=lambda item: math.prod(item[1].shape))
        gradients = " with gradients" if training else ""
        whole = "" if sizes[name] > limit else f", and all layers {_size(total)}"
        problems.add(
            f"{describe_layer(name, node.layer)} must fit into the memory of {_size(limit)}, got "
            f"{param} of shape {spec.shape}; its parameters take {_size(sizes[name])}"
            f"{gradients}{whole}"
        )
    problems.raise_any()


def check_batch(
    argument: str,
    batch_size: int,
    rows: int,
    row_bytes: int,
    network: Network | None = None,
    devices: int = 1,
    *,
    training: bool = False,
) -> None:
    """Check that a batch fits into the memory of the device.

    Parameters
    ----------
    argument : str
        Name of the parameter that sets the batch size.
    batch_size : int
    rows : int
        Number of rows of the data.
    row_bytes : int
        Size of a row of X.
    network : Network, optional
        None if only X is to be counted.
    devices : int
        Number of devices that share the batch.
    training : bool
        Whether the outputs of the layers are kept for the gradients.

    Raises
    ------
    ValueError
        Naming the parameter, and the layer with the largest output if that decides.
    """
    limit = memory()
    outputs = network.output_bytes if network else {}
    of_layers = max(outputs.values(), default=0)
    if network and training:
        kept = sum(outputs[node.name] for node in network.nodes if node.specs)
        of_layers = max(of_layers, kept)
    need = -(-batch_size // devices) * (row_bytes + of_layers)
    if need <= limit:
        return
    part = ""
    if network and of_layers > row_bytes:
        largest = max(outputs, key=lambda name: outputs[name])
        layer = describe_layer(largest, network.node(largest).layer)
        part = f", {_size(batch_size * outputs[largest])} of it for the output of {layer}"
    hint = f"; the data have only {rows} rows" if batch_size > rows else ""
    raise ValueError(
        f"{argument} must be a batch size whose batches fit into the memory of {_size(limit)}, "
        f"got {batch_size}: a batch takes at least {_size(need)}{part}{hint}"
    )


def check_shares(argument: str, batch_size: int, devices: int, where: str = "") -> None:
    """Check that devices can share a batch evenly.

    Parameters
    ----------
    argument : str
        Name of the parameter that sets the batch size.
    batch_size : int
    devices : int
    where : str
        What the batch size holds for, for the message.

    Raises
    ------
    ValueError
        With the nearest batch sizes that they can share.
    """
    if batch_size % devices == 0:
        return
    above = multiple_of(devices, batch_size)
    nearest = [str(size) for size in (above - devices, above) if size]
    raise ValueError(
        f"{argument} must be a batch size that {devices} devices can share evenly, got "
        f"{batch_size}{where}; the nearest {'are' if len(nearest) > 1 else 'is'} "
        f"{' and '.join(nearest)}"
    )


def _size(n: int) -> str:
    return f"{n / 1e9:,.1f} GB"
