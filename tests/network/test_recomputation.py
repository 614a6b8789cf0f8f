import re

import numpy as np
import pytest

from skconv.layers import ElemwiseSumLayer, InputLayer
from skconv.models import vgg
from skconv.network.recomputation import find_blocks, in_blocks

from .parts import built, dense

rng = np.random.default_rng(0)

STACK = [
    ("input", InputLayer((None, 4))),
    *(dense(name) for name in ("conv1_1", "conv1_2", "conv10", "hidden", "output")),
]


def blocks_of(layers, remat):
    return find_blocks(built(layers).nodes, remat)


@pytest.mark.parametrize(
    ("remat", "blocks"),
    [
        (None, ()),
        (False, ()),
        ("hidden", (("hidden",),)),
        (["conv1"], (("conv1_1", "conv1_2"),)),
        (["conv*"], (("conv1_1", "conv1_2", "conv10"),)),
        (("conv1_2", "conv*"), (("conv1_2",), ("conv1_1", "conv10"))),
        (["hidden", "hidden"], (("hidden",),)),
    ],
)
def test_names_starts_of_names_and_patterns(remat, blocks):
    assert blocks_of(STACK, remat) == blocks


def test_unknown_names_are_told_together():
    message = (
        "2 problems:\n"
        " - remat must list names of layers, the start of several names before '_', or patterns "
        "such as 'conv*', got 'hiden'. Did you mean 'hidden'?\n"
        " - remat must list names of layers, the start of several names before '_', or patterns "
        "such as 'conv*', got 'fc*'. "
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        blocks_of(STACK, ["hiden", "conv1", "fc*"])


def test_all_is_cut_where_little_is_kept():
    """A chain of equal layers into as many blocks as each has layers."""
    layers = [("input", InputLayer((None, 4))), *(dense(f"d{i}") for i in range(15))]
    blocks = blocks_of(layers, True)
    assert [len(block) for block in blocks] == [4, 4, 4]  # the last four are kept
    widths = [(100 if i % 3 else 2) for i in range(15)]
    layers[1:] = [dense(f"d{i}", n) for i, n in enumerate(widths)]
    ends = [block[-1] for block in blocks_of(layers, True)]
    assert all(int(name[1:]) % 3 == 0 for name in ends)


def test_what_branches_share_is_kept():
    layers = [
        *STACK[:-1],
        (ElemwiseSumLayer, {"name": "sum", "incomings": ["conv1_1", "hidden"]}),
        dense("output"),
    ]
    for block in blocks_of(layers, True):
        assert len(block) < 7


def test_runs_of_a_block_are_interrupted_by_others():
    names, blocks = list("abcdef"), (("b", "c", "f"), ("e",))
    assert list(in_blocks(names, blocks)) == [
        (["a"], False),
        (["b", "c"], True),
        (["d"], False),
        (["e"], True),
        (["f"], True),
    ]


def test_the_stages_of_a_published_network():
    network = vgg("D", (3, 32, 32), 10)
    specs = network.pop("layers")
    keywords = {name: {} for name, _ in specs}
    for key, value in network.items():
        owner = max((n for n in keywords if key.startswith(f"{n}_")), key=len)
        keywords[owner][key.removeprefix(f"{owner}_")] = value
    nodes = built(specs, keywords).nodes
    assert find_blocks(nodes, ["conv1"]) == (("conv1_1", "conv1_2"),)
    blocks = find_blocks(nodes, True)
    names = [node.name for node in nodes]
    flat = [name for block in blocks for name in block]
    assert flat == names[: len(flat)]
    assert 1 < len(blocks) < 8
