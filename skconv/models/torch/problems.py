"""Messages about weights of torch that do not fit a network."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...errors import list_names
from .modules import Module
from .names import likely_family

Shape = tuple[int, ...]


class Differences(NamedTuple):
    """What keeps tensors from being exactly the parameters of a network.

    Parameters
    ----------
    unused : list of str
        Tensors that no layer takes.
    missing : dict of str to tuple of int or None
        Parameters without tensors, and their shapes if they are known.
    wrong : dict of str to (tuple of int or None, tuple of int or None)
        Parameters of another shape: theirs, and that of the tensors.
    """

    unused: Sequence[str]
    missing: Mapping[str, Shape | None]
    wrong: Mapping[str, tuple[Shape | None, Shape | None]]

    def number(self) -> int:
        """Return the number of differences."""
        return len(self.unused) + len(self.missing) + len(self.wrong)

    def __bool__(self) -> bool:
        return self.number() > 0


def describe_differences(
    found: Differences,
    modules: Sequence[Module],
    shapes: Mapping[str, Shape],
    *,
    ambiguity: str = "",
) -> str:
    """Return a message with at most ten names, the nearest matches, and what to try.

    Parameters
    ----------
    found : Differences
    modules : sequence of Module
    shapes : mapping of str to tuple of int
        Shapes of the tensors.
    ambiguity : str
        Why order and shape do not decide, if both fit.

    Examples
    --------
    >>> found = Differences(['fc.weight'], {'output.W': (20, 10)}, {})
    >>> message = describe_differences(found, [], {'fc.weight': (10, 30)})
    >>> print(message.rpartition('; to load')[0])
    source must hold weights for this net, got those of another, in which
     - no layer takes 'fc.weight' (10, 30)
     - none are for output.W (20, 10), nearest 'fc.weight' (10, 30)
    Neither names nor order and shape fit
    """
    lines = []
    if found.unused:
        tensors = [f"{key[:80]!r} {shapes[key]}" for key in found.unused]
        lines.append(f"no layer takes {list_names(tensors, 3)}")
    if found.wrong:
        pairs = [
            f"{name} must have shape {wanted}, got {given}"
            for name, (wanted, given) in found.wrong.items()
        ]
        lines.append(list_names(pairs, 3))
    if found.missing:
        unused = {key: shapes[key] for key in found.unused}
        parts = [
            f"{name} {shape or ''}".rstrip() + (_nearest(name, shape, unused) if i < 2 else "")
            for i, (name, shape) in enumerate(found.missing.items())
        ]
        lines.append(f"none are for {list_names(parts, 2)}")
    listed = "".join(f"\n - {line}" for line in lines)
    head = "source must hold weights for this net, got those of another, in which"
    return f"{head}{listed}\n{_advice(found, modules, ambiguity)}"


def _nearest(name: str, shape: Shape | None, shapes: Mapping[str, Shape]) -> str:
    """Return the tensor that has the same sizes, if there is one, and the most similar name."""
    if not shapes:
        return ""
    matcher = difflib.SequenceMatcher(b=name.rpartition(".")[0])

    def similarity(key: str) -> tuple[bool, float]:
        matcher.set_seq1(key.rpartition(".")[0])
        return sorted(shapes[key]) == sorted(shape or ()), matcher.ratio()

    key = max(shapes, key=similarity)
    return f", nearest {key[:80]!r} {shapes[key]}"


def _advice(found: Differences, modules: Sequence[Module], ambiguity: str) -> str:
    """Return what to try."""
    layers = sorted({name.rpartition(".")[0] for name in found.missing})
    kinds = {name.rpartition(".")[2] for name in found.missing}
    if ambiguity:
        return (
            f"By order and shape the choice is not clear: {ambiguity}; give module.state_dict(), "
            "whose order is that of the definition, or a dict with the names of this net"
        )
    if kinds and all(kind.startswith("W_cell_to_") for kind in kinds):
        return f"Modules of torch have no peepholes: write {layers[0]}_peepholes=False"
    if kinds == {"b"} and not found.unused and not found.wrong:
        return f"Modules without biases need layers without: write {layers[0]}_b=None"
    if not found.unused and not found.wrong:
        return "strict=False loads the others"
    family = likely_family([module.path for module in modules])
    if family:
        return (
            f"The names are published ones: build the net with skconv.models.{family}, in the size "
            "of the weights; strict=False loads what fits"
        )
    place = next(iter(found.missing or found.wrong), "hidden.W")
    return (
        "Neither names nor order and shape fit; to load some of them, give a dict with the names "
        f"of this net, as in {{{place!r}: array}}"
    )
