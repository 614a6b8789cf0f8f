from functools import partial

import jax
import optax
import pytest

from skconv import objectives
from skconv.objectives import binary_hinge_loss, huber_loss
from skconv.utils.loss_contracts import (
    OF_OPTAX,
    LossContract,
    LossInfo,
    contract_of,
    takes,
    takes_weights,
)

OTHERS = ("objective", "binary_accuracy", "categorical_accuracy")

LOSSES = [name for name in objectives.__all__ if name not in OTHERS]


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_has_a_contract(name):
    contract = contract_of(getattr(objectives, name))
    assert (
        contract.predictions
        == {
            "absolute_error": "numbers",
            "binary_crossentropy": "probabilities",
            "binary_focal_loss": "probabilities",
            "binary_hinge_loss": "probabilities",
            "categorical_crossentropy": "distribution",
            "categorical_focal_loss": "distribution",
            "cox_loss": "parameters",
            "gaussian_nll": "parameters",
            "huber_loss": "numbers",
            "multiclass_hinge_loss": "scores",
            "pinball_loss": "numbers",
            "poisson_deviance": "rates",
            "squared_error": "numbers",
        }[name]
    )
    kinds = {"categorical": "classes", "multiclass": "classes", "cox": "survival"}
    assert contract.targets == kinds.get(name.partition("_")[0], "values")


def test_partial_and_compiled_losses_have_the_same_contract():
    contract = contract_of(huber_loss)
    assert contract_of(partial(partial(huber_loss, delta=2.0))) == contract
    assert contract_of(jax.jit(huber_loss)) == contract


def test_the_contract_of_a_hinge_loss_follows_from_its_keywords():
    odds = partial(binary_hinge_loss, log_odds=True)
    assert contract_of(odds) == LossContract("log odds", "values", 0, 1, binary=True)
    signs = partial(partial(odds, binary=True), binary=False)
    assert contract_of(signs) == LossContract("log odds", "values", -1, 1, binary=True)


def test_losses_of_optax_are_known():
    assert contract_of(partial(optax.huber_loss, delta=2.0)) == OF_OPTAX[optax.huber_loss]
    assert contract_of(optax.softmax_cross_entropy).targets == "rows"


def test_losses_of_the_user_s_own_have_none():
    class Loss:
        __hash__ = None

        def __call__(self, predictions, targets): ...

    assert contract_of(lambda predictions, targets: predictions) is None
    assert contract_of(Loss()) is None
    assert contract_of(takes(LossContract("numbers", "values"))(lambda p, t: p)) is not None


def test_weights_are_taken_by_name():
    def loss(predictions, targets, weights=None): ...

    assert takes_weights(loss)
    assert takes_weights(partial(objectives.cox_loss))
    assert not takes_weights(lambda weights, targets: weights)
    assert not takes_weights(huber_loss)
    assert not takes_weights(print)


@pytest.mark.parametrize(
    ("loss", "numbers", "survival"),
    [
        (objectives.pinball_loss, True, False),
        (objectives.gaussian_nll, True, False),
        (objectives.cox_loss, True, True),
        (objectives.squared_error, False, False),
    ],
)
def test_only_some_losses_need_numbers(loss, numbers, survival):
    info = LossInfo("loss", contract_of(loss))
    assert (info.needs_numbers, info.takes_survival) == (numbers, survival)
    assert not LossInfo().needs_numbers
