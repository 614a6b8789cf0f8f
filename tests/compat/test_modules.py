"""The names in the stand-ins."""

import importlib
import re

import jax.numpy as jnp
import pytest

from skconv.compat.modules import INSTEAD, MODULES, PARTS, explain, submodules


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("lasagne.layers", "layers"),
        ("lasagne.nonlinearities", "nonlinearities"),
        ("lasagne.init", "init"),
        ("lasagne.updates", "updates"),
        ("lasagne.objectives", "objectives"),
        ("lasagne.regularization", "regularization"),
        ("lasagne.utils", "utils"),
        ("nolearn.lasagne.handlers", "handlers"),
        ("nolearn.lasagne.visualize", "visualize"),
    ],
)
def test_modules_have_what_skconv_exports(module, source):
    assert {*importlib.import_module(f"skconv.{source}").__all__} <= {*MODULES[module]()}


def test_nets_of_nolearn():
    names = MODULES["nolearn.lasagne"]()
    expected = {"BatchIterator", "NeuralNet", "TrainSplit", "objective", "PrintLog", "SaveWeights"}
    assert expected <= {*names}
    assert names["NeuralNet"].__module__ == "skconv.compat.nets"


def test_helpers_of_nolearn():
    helpers = {"get_real_filter", "get_receptive_field", "get_conv_infos"}
    assert helpers | {"ansi", "is_conv2d", "is_maxpool2d"} <= {*MODULES["nolearn.lasagne.util"]()}


def test_parts_of_layers_have_all_layers():
    for part in PARTS:
        assert MODULES[f"lasagne.layers.{part}"]() == MODULES["lasagne.layers"]()


@pytest.mark.parametrize(
    ("module", "name", "instead"),
    [
        ("lasagne.layers", "DenceLayer", "Did you mean 'DenseLayer'?"),
        ("lasagne.objectives", "Objective", "; pass objective_loss_function"),
        ("nolearn", "grid_search", "; use sklearn.model_selection.GridSearchCV"),
        ("nolearn.lasagne.visualize", "make_pydot_graph", "; write make_graph"),
        ("theano", "function", "; NeuralNet compiles its own training step"),
        ("theano", "sandbox", "only theano.shared, theano.config and types of theano.tensor"),
        ("theano.tensor", "abs_", "; write jax.numpy.abs"),
        ("lasagne", "layer", "Did you mean 'layers'?"),
    ],
)
def test_errors_say_what_to_write(module, name, instead):
    message = explain(module, name)
    assert message.startswith(f"skconv.compat has no {module}.{name}")
    assert instead in message


def test_hints_are_for_names_that_are_missing():
    for module, names in INSTEAD.items():
        known = {*MODULES[module](), *submodules(module)}
        assert not known & {*names}
        for text in names.values():
            for name in re.findall(r"jax\.numpy\.(\w+)", text):
                assert hasattr(jnp, name)
