import functools

import pytest

from skconv.augment import RandomFlip, Sometimes
from skconv.errors import Faults
from skconv.estimator import NeuralNet
from skconv.layers import DenseLayer, InputLayer
from skconv.layers.spec import read
from skconv.objectives import huber_loss
from skconv.owners import (
    check_collisions,
    check_names,
    loss_parameters,
    owners,
    parameters_of,
    sort_keywords,
)

LAYERS = [("input", InputLayer), ("output", DenseLayer)]

OWN = NeuralNet._own()


def params_of(**given):
    return NeuralNet(**{"layers": LAYERS} | given).get_params(deep=False)


def test_layers_update_objective_and_transforms_take_keywords():
    flip = Sometimes(0.5, RandomFlip())
    found = owners(read(LAYERS), params_of(augment=[("flip", flip), max]))
    assert list(found) == ["input", "output", "update", "objective", "augment_flip", "augment_1"]
    assert "num_units" in found["output"]
    assert {"l2", "label_smoothing"} <= set(found["objective"])
    assert {"p", "transform", "transform_p", "transform_axis"} <= set(found["augment_flip"])
    assert not found["augment_1"]


def test_names_are_checked_whatever_else_is_wrong():
    check_names(params_of(augment=RandomFlip()), OWN, ["augment_0_p", "output_num_units"])
    check_names(params_of(augment=3, objective_loss_function=5), OWN, ["output_num_units"])
    with pytest.raises(ValueError, match="2 faults"):
        check_names(params_of(), OWN, ["augment_0_p", "output_units"])


def collisions(**given):
    params, faults = params_of(**given), Faults()
    check_collisions(read(params["layers"]), params, OWN, faults)
    return list(map(str, faults.found))


def test_layers_may_not_be_called_as_something_else():
    assert collisions() == []
    named = functools.partial(collisions, augment=[("mine", max)])
    (fault,) = named(layers=[LAYERS[0], ("augment_mine", DenseLayer)])
    assert fault.startswith("layer 'augment_mine' (DenseLayer) has the prefix of augment 'mine'")
    (fault,) = named(layers=[LAYERS[0], ("objective", DenseLayer)])
    assert fault.startswith("layer 'objective' (DenseLayer) is called as a parameter of NeuralNet")


def test_an_objective_takes_what_comes_after_its_star():
    def objective(predictions, targets, weights, params, *, loss_function, extra=1.0):
        pass

    assert list(parameters_of(objective)) == ["extra"]
    assert parameters_of(None) == {}


def test_each_output_has_the_keywords_of_its_loss():
    given = {"outputs": ["a", "b"], "objective_loss_function": {"b": huber_loss}}
    one, other = loss_parameters(params_of(**given))
    assert (list(one), list(other)) == (["label_smoothing"], ["delta"])


def test_numbers_are_told_from_structure():
    def loss(predictions, targets, factor=1.0, k=3, kind="mean"):
        pass

    (takes,) = loss_parameters(params_of(objective_loss_function=loss))
    faults = Faults()
    found = sort_keywords(takes, {"factor": 2, "k": 4, "kind": "sum", "other": 1}, faults)
    assert found.values == {"factor": 2}
    assert found.structure == (("k", 4), ("kind", "sum"))
    sort_keywords(takes, {"factor": "much"}, faults)
    assert list(map(str, faults.found)) == ["objective_factor='much' is no number"]
