from functools import partial

import jax
import optax
import pytest

from skconv import objectives
from skconv.objectives import binary_hinge_loss, huber_loss
from skconv.utils.loss_contracts import OF_OPTAX, LossContract, contract_of, takes

LOSSES = [name for name in objectives.__all__ if name.endswith(("error", "entropy", "loss"))]


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
            "huber_loss": "numbers",
            "multiclass_hinge_loss": "scores",
            "squared_error": "numbers",
        }[name]
    )
    assert contract.targets == (
        "classes" if name.startswith(("categorical", "multiclass")) else "values"
    )


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
