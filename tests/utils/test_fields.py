import copy
import dataclasses
import pickle

import pytest

from skconv.init import Constant
from skconv.layers import DenseLayer, DropoutLayer
from skconv.layers.base import extra_input, layer_reference
from skconv.utils.checks import positive
from skconv.utils.fields import (
    UNSET,
    field_kinds,
    field_problems,
    fields_of_kind,
    initial,
    kind_of,
    optional,
    runtime,
    structural,
)


@dataclasses.dataclass
class Part:
    plain: object = None
    size: int = structural(check=positive)
    rate: float = runtime(0.5, low=0.0, high=1.0)
    start: object = initial(0.0)
    scale: float | None = optional(low=0.0, absent=1.0)


def test_unset_survives_copies():
    for other in (copy.copy(UNSET), copy.deepcopy(UNSET), pickle.loads(pickle.dumps(UNSET))):
        assert other is UNSET
    assert repr(UNSET) == "<unset>"


def test_kinds_of_fields():
    for field, kind in (
        (structural(1), "structural"),
        (runtime(1.0), "runtime"),
        (initial(Constant()), "initial"),
        (optional(), "optional"),
        (optional(absent=1.0), "optional"),
        (extra_input(), "graph"),
        (layer_reference(), "graph"),
    ):
        assert kind_of(field) == kind
    assert runtime(1.0).metadata["check"]("a") == "a finite number"


def test_optional_numbers_may_be_absent():
    check = optional(low=0.0, high=1.0).metadata["check"]
    assert check(None) is check(0.5) is check(1) is None
    assert check(1.5) == check(True) == "a number between 0.0 and 1.0 or None"
    assert list(DenseLayer(num_units=3, l2=-1.0).check()) == [
        "l2 must be a finite number >= 0.0 or None, got -1.0"
    ]


def test_kinds_by_class():
    kinds = {
        "plain": "structural",
        "size": "structural",
        "rate": "runtime",
        "start": "initial",
        "scale": "optional",
    }
    assert field_kinds(Part) == kinds
    assert [spec.name for spec in fields_of_kind(Part, "runtime", "optional")] == ["rate", "scale"]
    assert fields_of_kind(Part, "graph") == ()


def test_kinds_are_read_once_for_each_class():
    assert field_kinds(Part) is field_kinds(Part)
    assert fields_of_kind(Part, "runtime") is fields_of_kind(Part, "runtime")
    assert field_kinds(DenseLayer) is not field_kinds(DropoutLayer)


def test_kinds_cannot_be_changed():
    with pytest.raises(TypeError):
        field_kinds(Part)["size"] = "runtime"


def test_problems_of_fields():
    assert list(field_problems(Part(size=3))) == []
    assert list(field_problems(Part(size=0, rate=2, scale="big"))) == [
        "size must be a positive integer, got 0",
        "rate must be a number between 0.0 and 1.0, got 2",
        "scale must be a finite number >= 0.0 or None, got 'big'",
    ]


def test_required_fields_are_missing_unless_they_are_inferred():
    assert list(field_problems(Part())) == ["size is missing"]
    assert list(field_problems(Part(), inferred=("size",))) == []
