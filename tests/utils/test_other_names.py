import dataclasses
import inspect
import re

import optax
import pytest

import skconv
from skconv import NeuralNet, handlers, layers
from skconv.updates.by_name import named_updates
from skconv.updates.update_rule import CLIPS
from skconv.utils.other_names import (
    ATTRIBUTES,
    LAYER,
    PARAMETERS,
    UPDATE,
    keyword_hint,
    parameter_hint,
)

CLASSES = [getattr(layers, name) for name in layers.__all__]

FIELDS = {
    f.name for cls in CLASSES if dataclasses.is_dataclass(cls) for f in dataclasses.fields(cls)
}


def test_candidates_for_a_layer_are_fields_of_layers():
    assert {name.partition("=")[0] for names in LAYER.values() for name in names} <= FIELDS


def test_candidates_for_an_update_are_arguments_of_rules():
    factories = [*named_updates().values(), optax.adam, optax.rmsprop]
    taken = {name for f in factories for name in inspect.signature(f).parameters}
    assert {name for names in UPDATE.values() for name in names} <= taken | set(CLIPS)


def test_no_parameter_of_ours_is_explained():
    own = set(inspect.signature(NeuralNet).parameters)
    assert not own & PARAMETERS.keys()


@pytest.mark.parametrize("hint", sorted(set(PARAMETERS.values())))
def test_hints_name_what_exists(hint):
    own = inspect.signature(NeuralNet).parameters
    name = hint.partition("=")[0].partition(",")[0]
    prefixes = ("update_", "objective_", "hidden_", "input_", "output_")
    others = ("('", "with jax", "fit(", "n_jobs of", "nothing")
    assert name in own or name.startswith((*prefixes, *others))
    if "skconv.handlers" in hint and "EarlyStopping" in hint:
        assert handlers.EarlyStopping


@pytest.mark.parametrize("hint", sorted(set(ATTRIBUTES.values())))
def test_hints_for_attributes_name_what_exists(hint):
    module, name = re.match(r"(?:len\(net\.|(skconv)\.)?(\w+)", hint).groups()
    fitted = ("classes_", "train_history_")
    owner = skconv if module else NeuralNet
    assert hasattr(owner, name) or name in (*fitted, *handlers.__all__)


def test_no_attribute_of_ours_is_explained():
    assert not [name for name in ATTRIBUTES if hasattr(NeuralNet, name)]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("batch_size", "batch_iterator_train=128, and batch_iterator_test=128 for prediction"),
        ("learning_rate_init", "update_learning_rate"),
        ("optimizer__lr", "update_learning_rate"),
        ("optimizer__nesterov", "update_nesterov"),
        ("optimizer", "update='adam' or update=skconv.updates.adam"),
        ("criterion__delta", "objective_delta"),
        ("module__units", "the keyword of a layer, such as hidden_num_units"),
        ("n_epochs", "max_epochs"),
        ("seed", "random_state"),
    ],
)
def test_parameters_of_other_libraries_are_translated(key, text):
    assert parameter_hint(key) == f" Write instead: {text}."


@pytest.mark.parametrize("key", ["verbos", "conv1__stride", ""])
def test_other_names_get_no_hint(key):
    assert parameter_hint(key) == ""


def test_the_first_candidate_that_exists_is_proposed():
    assert keyword_hint("kernel_size", ["pool_size"], LAYER) == " Write instead: pool_size."
    hint = keyword_hint("use_bias", ["b"], LAYER, "conv_")
    assert hint == " Write instead: conv_b=None."
    assert keyword_hint("b1", ["beta2", "beta11"], UPDATE) == " Valid names: beta2, beta11."
    assert keyword_hint("stridee", ["stride"], LAYER) == " Did you mean 'stride'?"
    assert keyword_hint("units", ["p"], LAYER) == " Valid names: p."
