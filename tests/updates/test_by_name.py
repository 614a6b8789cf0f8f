import re

import optax
import pytest

from skconv import NeuralNet, updates
from skconv.updates.by_name import named_update, named_updates

RULES = [name for name in updates.__all__ if not re.search("^apply_|_constraint$", name)]


@pytest.mark.parametrize("name", RULES)
def test_our_rules_have_their_names(name):
    assert named_update(name) is getattr(updates, name)


def test_the_other_rules_are_those_of_optax():
    others = named_updates().keys() - set(updates.__all__)
    assert {"adabelief", "nadamw", "novograd", "radam", "yogi"} <= others
    assert not [name for name in others if name.startswith(("_", "scale_by"))]
    assert named_update("radam") is optax.radam
    assert named_update("optax.adam") is optax.adam


@pytest.mark.parametrize("value", ["adamm", "optax.adamm", "optax.chain", "", None, optax.sgd])
def test_all_else_stays_as_it_is(value):
    assert named_update(value) is value


def test_a_name_of_numpy_is_a_name():
    import numpy as np

    assert named_update(np.str_("sgd")) is updates.sgd


def test_a_hyperparameter_of_other_rules_is_answered_with_these_rules():
    net = NeuralNet(update_momentum=0.9)
    message = "Set update to a rule that has it: 'momentum', 'nesterov_momentum'."
    with pytest.raises(ValueError, match=f"unknown parameter 'update_momentum'. {message}"):
        net.fit([[0.0], [1.0]] * 10, [0, 1] * 10)


@pytest.mark.parametrize("name", sorted({*updates.__all__} - {*RULES}))
def test_functions_that_make_rules_have_no_name(name):
    assert named_update(name) == name
