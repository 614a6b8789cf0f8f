from typing import Any, NamedTuple

import pytest

from skconv.layers import (
    BatchNormLayer,
    Conv2DLayer,
    Layer,
    MultiHeadAttentionLayer,
    ParamSpec,
    SqueezeExciteLayer,
)
from skconv.models.torch.assignment import (
    assign_by_names,
    assign_in_turn,
    differ_in_units,
    next_norm,
    same_shape,
)
from skconv.models.torch.modules import Module, read_modules
from skconv.models.torch.names import FAMILIES


class Target(NamedTuple):
    name: str
    layer: Layer
    incomings: tuple[str, ...] = ()
    specs: dict[str, Any] = {}


def spec(*shape):
    return ParamSpec(shape, None)


ATTENTION = dict.fromkeys(["W_q", "b_q", "W_k", "b_k", "W_v", "b_v", "W_o", "b_o"], spec(4, 4))


@pytest.mark.parametrize(
    "names",
    [
        ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"],
        ["qkv.weight", "qkv.bias", "proj.weight", "proj.bias"],
        [
            f"{part}.{leaf}"
            for part in ("query", "key", "value", "out_proj")
            for leaf in ("weight", "bias")
        ],
    ],
)
def test_parts_of_attention_by_name(names, monkeypatch):
    monkeypatch.setitem(FAMILIES, "own", (lambda path: "mix" if path.startswith("a") else None,))
    target = Target("mix", MultiHeadAttentionLayer(num_heads=2), (), ATTENTION)
    modules = read_modules(dict.fromkeys(f"a.{name}" for name in reversed(names)))
    found = assign_by_names(modules, [target])
    assert found.family == "own"
    assert not found.left
    taken = [name for one in found.assignments for name in one.slot.recipes]
    assert sorted(taken) == sorted(ATTENTION)


def test_unknown_parts_are_left():
    target = Target("se", SqueezeExciteLayer(), (), dict.fromkeys(["W1", "b1", "W2", "b2"], spec()))
    modules = [Module("se", {"weight": "se.weight"}), Module("other", {"weight": "other.weight"})]
    found = assign_by_names(modules, [target])
    assert [module.path for module in found.left] == ["other", "se"]


def test_in_turn_needs_equally_many():
    target = Target("conv", Conv2DLayer(3, 3), (), {"W": spec(3, 2, 3, 3)})
    modules = [Module("0", {"weight": "0.weight"})]
    assert [one.module for one in assign_in_turn(modules, [target]).assignments] == modules
    assert assign_in_turn(modules * 2, [target]) is None


@pytest.mark.parametrize(("nonlinearity", "expected"), [(None, "norm"), (max, None)])
def test_normalization_that_alone_takes_a_linear_output(nonlinearity, expected):
    conv = Target("conv", Conv2DLayer(3, 3, nonlinearity=nonlinearity))
    norm = Target("norm", BatchNormLayer(), ("conv",))
    found = next_norm(conv, [conv, norm])
    assert (found and found.name) == expected
    assert next_norm(conv, [conv, norm, Target("other", BatchNormLayer(), ("conv",))]) is None


def test_shapes():
    assert same_shape((1, 4, 1), (4,))
    assert same_shape((), (1,))
    assert not same_shape((2, 2), (4,))
    assert not same_shape(None, (4,))
    assert differ_in_units({"W": (1000, 8, 1, 1), "b": (1000,)}, {"W": (5, 8, 1, 1), "b": (5,)})
    assert not differ_in_units({"W": (9, 8), "b": (9,)}, {"W": (5, 8), "b": (6,)})
    assert not differ_in_units({"W": (9, 8)}, {"W": (5, 8), "b": (5,)})
    assert not differ_in_units({"W": (5, 8)}, {"W": (5, 8)})
