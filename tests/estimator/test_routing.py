import inspect

import pytest

from skconv import NeuralNet
from skconv.augment import RandomAffine, RandomFlip, Sometimes
from skconv.augment.pipeline import read_entries
from skconv.errors import Problems
from skconv.estimator.routing import (
    check_collisions,
    check_names,
    keyword_owners,
    loss_parameters,
    parameters_of,
    sort_keywords,
)
from skconv.layers import DenseLayer, InputLayer
from skconv.network.layer_list import read_layers
from skconv.objectives import huber_loss

LAYERS = [("input", InputLayer), ("hidden", DenseLayer), ("out", DenseLayer)]


def params_of(**given):
    return NeuralNet(LAYERS, **given).get_params(deep=False)


def owners_with(augment):
    return keyword_owners(read_layers(LAYERS), read_entries(augment), params_of(augment=augment))


def test_each_prefix_has_the_keywords_of_its_owner():
    found = owners_with([("affine", RandomAffine())])
    assert {"num_units", "W", "l2"} <= set(found["hidden"])
    assert {"learning_rate", "momentum", "clip_norm"} <= set(found["update"])
    assert {"l1", "l2", "label_smoothing"} <= set(found["objective"])
    assert {"rotation", "shear"} <= set(found["augment_affine"])
    inside = Sometimes(0.5, RandomFlip())
    found = owners_with([inside, max])
    assert {"p", "transform", "transform_p", "transform_axis"} <= set(found["augment_0"])
    assert not found["augment_1"]


def test_losses_have_keywords_by_output():
    given = {"outputs": ["out", "hidden"], "objective_loss_function": {"hidden": huber_loss}}
    of_classes, of_numbers = loss_parameters(params_of(regression={"hidden": True}, **given))
    assert set(of_classes) == {"label_smoothing"}
    assert set(of_numbers) == {"delta"}


def test_what_is_wrong_with_the_outputs_is_not_about_keywords():
    faulty = params_of(outputs=["out", "hidden"], objective_loss_function=[huber_loss])
    assert len(loss_parameters(faulty)) == 2


def test_functions_of_other_languages_have_no_keywords():
    assert loss_parameters(params_of(objective_loss_function=max)) == ({},)
    assert parameters_of(3) == {}


def test_an_objective_takes_what_comes_after_its_star():
    def objective(predictions, targets, weights, params, *, loss_function, extra=1.0): ...

    assert list(parameters_of(objective)) == ["extra"]


def test_unknown_names_are_told_with_the_nearest():
    params = params_of(augment=[("affine", RandomAffine())])
    check_names(params, set(), ["hidden_num_units", "augment_affine_rotation"])
    with pytest.raises(ValueError, match=r"'augment_affine_rotaton'. Did you mean '.*rotation'"):
        check_names(params, set(), ["augment_affine_rotaton"])


def test_names_are_checked_whatever_else_is_wrong():
    faulty = params_of(augment=3, objective_loss_function=5)
    check_names(faulty, set(), ["out_num_units"])
    with pytest.raises(ValueError, match="2 problems"):
        check_names(faulty, set(), ["augment_0_p", "out_units"])


def test_layers_that_are_called_as_something_else_are_told():
    specs = read_layers(
        [("update", InputLayer), ("augment_affine", DenseLayer), ("max", DenseLayer)]
    )
    problems = Problems()
    params = params_of(augment=[("affine", RandomAffine())])
    check_collisions(specs, read_entries(params["augment"]), {"max_num_units"}, problems)
    told = [str(error) for error in problems.found]
    assert len(told) == 3
    assert told[0].startswith("layer 'update' (InputLayer) is called as a parameter of NeuralNet")
    assert "layer 'augment_affine' (DenseLayer) has the prefix of " in told[1]
    assert "collides with the parameter 'max_num_units' of NeuralNet" in told[2]


def test_numbers_are_values_and_all_else_is_structure():
    def function(*, rate=0.1, count=3, flag=True, shape=()): ...

    takes, problems = dict(inspect.signature(function).parameters), Problems()
    given = {"rate": 0.5, "count": 4, "flag": False, "shape": (1, 2), "other": 1}
    found = sort_keywords(takes, given, problems)
    assert found.values == {"rate": 0.5}
    assert found.structure == (("count", 4), ("flag", False), ("shape", (1, 2)))
    sort_keywords(takes, {"rate": "fast"}, problems)
    assert [str(error) for error in problems.found] == ["objective_rate='fast' is no number"]
