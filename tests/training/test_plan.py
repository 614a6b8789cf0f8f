from dataclasses import replace

import pytest

from skconv.estimator.heads import read_heads
from skconv.layers import DenseLayer, InputLayer
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.network.target_info import TargetInfo
from skconv.objectives import (
    categorical_accuracy,
    categorical_crossentropy,
    objective,
    squared_error,
)
from skconv.training.plan import Plan, PredictPlan
from skconv.updates.rules import adam, sgd
from skconv.updates.update_rule import resolve_update

LAYERS = [
    ("input", InputLayer((None, 4))),
    ("early", DenseLayer(num_units=3)),
    ("digit", DenseLayer(num_units=3)),
    ("age", DenseLayer(num_units=1)),
]


def network(outputs, aux=()):
    heads = read_heads(outputs, aux, [name for name, _ in LAYERS])
    return build_network(read_layers(LAYERS), {}, heads=heads, tasks=[TargetInfo()] * len(heads))


def plan(outputs=("digit", "age"), aux=("early",)):
    return Plan(
        network(list(outputs), aux),
        objective,
        (),
        (categorical_crossentropy, squared_error)[: len(outputs)],
        (categorical_accuracy, None)[: len(outputs)],
        (None, None)[: len(outputs)],
        resolve_update(sgd, {})[0],
    )


def test_auxiliary_outputs_are_not_predicted():
    assert [head.name for head in plan().predicted] == ["digit", "age"]


def test_several_outputs_have_columns_of_their_own_in_the_history():
    assert plan().columns == ["valid_loss_digit", "valid_loss_age", "valid_accuracy_digit"]
    assert plan(["age"], ()).columns == []


@pytest.mark.parametrize(
    "changes",
    [
        {"loss_functions": (squared_error, squared_error)},
        {"accuracies": (None, None)},
        {"network": network(["digit", "age"])},
        {"network": network(["early", "age"], ["digit"])},
        {"update": resolve_update(adam, {})[0]},
    ],
)
def test_the_key_tells_apart_what_compiles_to_other_programs(changes):
    assert plan().key == plan().key
    assert replace(plan(), **changes).key != plan().key


def test_plans_of_predictions_are_told_apart_by_their_outputs():
    one, other = (PredictPlan(network(names)) for names in (["digit", "age"], ["age"]))
    assert one.key == PredictPlan(network(["digit", "age"])).key != other.key
    assert replace(one, test_augment=max).key != one.key
