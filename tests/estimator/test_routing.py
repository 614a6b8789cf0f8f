import re
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skconv import NeuralNet, objectives
from skconv.augment import RandomAffine, RandomFlip, Sometimes
from skconv.augment.pipeline import read_entries
from skconv.errors import InvalidParameterError, Problems, ProblemsError
from skconv.estimator.routing import (
    check_collisions,
    check_names,
    keyword_owners,
    loss_parameters,
    parameters_of,
    route_keywords,
    sort_keywords,
)
from skconv.layers import DenseLayer, InputLayer
from skconv.network.layer_list import read_layers
from skconv.objectives import huber_loss

LAYERS = [("input", InputLayer), ("hidden", DenseLayer), ("out", DenseLayer)]


def params_of(**given):
    return NeuralNet(LAYERS, **given)._settings()


def owners_with(augment):
    params = params_of(augment=augment)
    entries = read_entries(augment)
    return keyword_owners(read_layers(LAYERS), entries, params, loss_parameters(params))


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
    assert told[0].startswith(
        "layer 'update' (InputLayer) has the name of a parameter of NeuralNet"
    )
    assert "layer 'augment_affine' (DenseLayer) has the prefix of the keywords of " in told[1]
    assert "has the keyword max_num_units, which is a parameter of NeuralNet" in told[2]


def test_numbers_are_values_and_all_else_is_structure():
    def function(*, rate=0.1, count=3, flag=True, shape=(), mask=None): ...

    takes, problems = parameters_of(function), Problems()
    given = {"rate": 0.5, "count": 4, "flag": False, "shape": (1, 2), "mask": None, "other": 1}
    found = sort_keywords(takes, given, problems)
    assert found.values == {"rate": 0.5}
    assert found.structure == (("count", 4), ("flag", False), ("shape", (1, 2)))
    sort_keywords(takes, {"rate": "fast"}, problems)
    assert [str(error) for error in problems.found] == [
        "objective_rate must be a number, got 'fast'"
    ]


NATURAL = "a finite number >= 0.0"
SHARE = "a number between 0.0 and 1.0"


@pytest.mark.parametrize(
    ("function", "name", "value", "valid"),
    [
        (objectives.objective, "l1", -0.1, f"{NATURAL} or None"),
        (objectives.objective, "l2", -0.1, f"{NATURAL} or None"),
        (objectives.objective, "l2", float("nan"), f"{NATURAL} or None"),
        (objectives.objective, "l2", True, f"{NATURAL} or None"),
        (objectives.categorical_crossentropy, "label_smoothing", 1.5, f"{SHARE} or None"),
        (objectives.binary_crossentropy, "label_smoothing", -0.1, f"{SHARE} or None"),
        (objectives.categorical_focal_loss, "gamma", -1, NATURAL),
        (objectives.categorical_focal_loss, "gamma", None, NATURAL),
        (
            objectives.categorical_focal_loss,
            "alpha",
            (0.5, -1.0),
            f"{NATURAL}, or one per class or None",
        ),
        (objectives.binary_focal_loss, "alpha", 2.0, f"{SHARE} or None"),
        (objectives.huber_loss, "delta", 0.0, "a finite number > 0.0"),
        (objectives.multiclass_hinge_loss, "delta", float("inf"), "a finite number > 0.0"),
        (objectives.binary_hinge_loss, "binary", "yes", "True or False"),
        (objectives.binary_hinge_loss, "log_odds", 2, "True or False or None"),
        (lambda p, t, margin=1.0: p, "margin", float("nan"), "a number"),
    ],
)
def test_keywords_of_losses_have_their_ranges(function, name, value, valid):
    takes = parameters_of(function)
    if function is not objectives.objective:
        (takes,) = loss_parameters(params_of(objective_loss_function=function))
    problems = Problems()
    sort_keywords(takes, {name: value}, problems)
    sort_keywords(takes, {name: value}, problems)  # as for a second output
    assert [str(error) for error in problems.found] == [
        f"objective_{name} must be {valid}, got {value!r}"
    ]
    assert isinstance(problems.found[0], InvalidParameterError)


def test_bound_keywords_of_losses_are_checked_too():
    bound, problems = partial(huber_loss, delta=-1.0), Problems()
    (takes,) = loss_parameters(params_of(objective_loss_function=bound))
    sort_keywords(takes, {}, problems)
    assert [str(error) for error in problems.found] == [
        "objective_delta must be a finite number > 0.0, got -1.0"
    ]
    assert sort_keywords(takes, {"delta": 2.0}, Problems()).values == {"delta": 2.0}


OWNERS = {
    "input": ["shape"],
    "conv1": ["num_filters", "filter_size"],
    "pool": ["pool_size"],
    "update": None,
}
KNOWN = ["max_epochs", "verbose"]


def message(*keys, owners=OWNERS):
    _, problems = route_keywords(dict.fromkeys(keys, 1), owners, KNOWN)
    with pytest.raises(ValueError) as caught:
        problems.raise_any()
    return str(caught.value)


def test_each_keyword_reaches_its_owner_without_the_prefix():
    given = {"conv1_num_filters": 32, "update_learning_rate": 0.1, "input_shape": (None, 3)}
    routed, problems = route_keywords(given, OWNERS, KNOWN)
    assert problems.found == []
    assert routed == {
        "input": {"shape": (None, 3)},
        "conv1": {"num_filters": 32},
        "pool": {},
        "update": {"learning_rate": 0.1},
    }


def test_nothing_given_leaves_every_owner_empty():
    assert route_keywords({}, OWNERS, KNOWN)[0] == {name: {} for name in OWNERS}


def test_an_owner_without_a_list_takes_any_keyword():
    routed, problems = route_keywords({"update_anything_at_all": 1}, OWNERS, KNOWN)
    assert routed["update"] == {"anything_at_all": 1}
    assert problems.found == []


@pytest.mark.parametrize("name", ["pool", "pool_pool", "pool_1"])
def test_a_keyword_may_begin_like_its_layer(name):
    routed, problems = route_keywords({f"{name}_pool_size": 2}, {name: ["pool_size"]}, [])
    assert routed == {name: {"pool_size": 2}}
    assert problems.found == []


def test_the_longest_prefix_with_such_a_keyword_wins():
    owners = {"conv": ["1_pad", "pad"], "conv_1": ["pad"], "conv_1_pad": ["size"]}
    routed, _ = route_keywords({"conv_1_pad": 1, "conv_pad": 2, "conv_1_pad_size": 3}, owners, [])
    assert routed == {"conv": {"pad": 2}, "conv_1": {"pad": 1}, "conv_1_pad": {"size": 3}}


def test_a_shorter_prefix_is_asked_where_the_longest_has_no_such_keyword():
    owners = {"conv": ["1_pad"], "conv_1": ["stride"]}
    assert route_keywords({"conv_1_pad": 1}, owners, [])[0] == {"conv": {"1_pad": 1}, "conv_1": {}}


def test_lists_of_keywords_may_be_used_up_by_reading():
    owners = {"conv1": iter(["pad", "stride"])}
    assert route_keywords({"conv1_stride": 2, "conv1_pad": 1}, owners, [])[1].found == []


NAMES = st.from_regex(r"[a-z]{1,4}(_[0-9]{1,2})?", fullmatch=True)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(NAMES, st.sets(NAMES, min_size=1), min_size=1), st.data())
def test_every_keyword_that_exists_finds_an_owner(owners, data):
    prefix = data.draw(st.sampled_from(sorted(owners)))
    keyword = data.draw(st.sampled_from(sorted(owners[prefix])))
    given = {f"{prefix}_{keyword}": 1}
    routed, problems = route_keywords(given, owners, [])
    assert problems.found == []
    owned = [f"{owner}_{name}" for owner, values in routed.items() for name in values]
    assert owned == list(given)


def test_a_misspelt_keyword_gets_the_nearest_of_its_layer():
    assert message("conv1_num_filter") == (
        "unknown parameter 'conv1_num_filter'. Did you mean 'conv1_num_filters'?"
    )


OTHERS = {
    "conv1": ["num_filters", "filter_size", "nonlinearity", "pad", "stride", "W", "b", "l2"],
    "dense": ["num_units", "nonlinearity"],
    "dropout": ["p"],
    "update": ["learning_rate", "beta1", "clip_norm"],
}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("conv1_filters", "conv1_num_filters"),
        ("conv1_kernel_size", "conv1_filter_size"),
        ("conv1_activation", "conv1_nonlinearity"),
        ("conv1_padding", "conv1_pad"),
        ("conv1_strides", "conv1_stride"),
        ("conv1_kernel_initializer", "conv1_W"),
        ("conv1_kernel_regularizer", "conv1_l2"),
        ("dense_units", "dense_num_units"),
        ("dropout_rate", "dropout_p"),
        ("update_lr", "update_learning_rate"),
        ("update_b1", "update_beta1"),
        ("update_clipnorm", "update_clip_norm"),
        ("epochs", "max_epochs"),
        ("alpha", "objective_l2"),
        ("optimizer__lr", "update_learning_rate"),
    ],
)
def test_names_of_other_libraries_are_translated(key, text):
    assert message(key, owners=OTHERS) == f"unknown parameter {key!r}. Write instead: {text}."


def test_a_keyword_like_no_other_gets_those_of_its_layer():
    assert message("conv1_zzzzzzzzzzzzzzzz", owners={"conv1": ["pad", "stride"]}) == (
        "unknown parameter 'conv1_zzzzzzzzzzzzzzzz'. Valid names: conv1_pad, conv1_stride."
    )


def test_a_misspelt_prefix_gets_the_nearest_full_name():
    assert message("conv2_num_filters") == (
        "unknown parameter 'conv2_num_filters'. Did you mean 'conv1_num_filters'?"
    )


def test_a_misspelt_plain_parameter_gets_the_nearest():
    assert message("max_epoch") == "unknown parameter 'max_epoch'. Did you mean 'max_epochs'?"


def test_parameters_of_their_own_are_not_among_further_keywords():
    hint = "It is a parameter of its own, so write NeuralNet(verbose=...)."
    assert message("verbose") == f"unknown parameter 'verbose'. {hint}"


def test_a_name_like_no_other_gets_the_prefixes():
    assert message("qqq") == (
        "unknown parameter 'qqq'. No layer has that prefix; "
        "prefixes are: input, conv1, pool, update."
    )


def test_all_unknown_names_are_told_at_once():
    text = message("max_epoch", "conv1_num_filter")
    assert re.fullmatch(r"2 problems:\n - unknown .*max_epochs'\?\n - unknown .*filters'\?", text)
    _, problems = route_keywords({"max_epoch": 1, "verbos": 1}, OWNERS, KNOWN)
    with pytest.raises(ProblemsError, match=r"^2 problems:"):
        problems.raise_any()
