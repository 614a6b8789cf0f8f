import numpy as np
import pytest
from sklearn.base import clone

from skconv import NeuralNet, NeuralNetRegressor, compile_counts, objectives, updates
from skconv.estimator.by_name import LOSSES, resolve_names
from skconv.objectives import huber_loss

from ..nets import X, make_net, y


def resolved(loss, outputs=None, regression=False):
    given = {"update": None, "objective_loss_function": loss}
    return resolve_names(given | {"outputs": outputs, "regression": regression})[
        "objective_loss_function"
    ]


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("mse", objectives.squared_error),
        ("squared_error", objectives.squared_error),
        ("mae", objectives.absolute_error),
        ("absolute_error", objectives.absolute_error),
        ("huber", objectives.huber_loss),
        ("quantile", objectives.pinball_loss),
        ("gaussian_nll", objectives.gaussian_nll),
        ("cox", objectives.cox_loss),
        ("categorical_crossentropy", objectives.categorical_crossentropy),
        ("sparse_categorical_crossentropy", objectives.categorical_crossentropy),
        ("binary_crossentropy", objectives.binary_crossentropy),
        ("categorical_focal_loss", objectives.categorical_focal_loss),
    ],
)
def test_losses_have_names(name, loss):
    assert resolved(name) is resolved(name, regression=True) is loss


def test_every_loss_of_ours_has_its_name():
    losses = set(objectives.__all__) - {"objective", "binary_accuracy", "categorical_accuracy"}
    assert all(LOSSES[name] is getattr(objectives, name) for name in losses)


def test_the_crossentropy_of_labels_depends_on_their_kind():
    assert resolved("log_loss") is resolved("cross_entropy") is None
    assert resolved("log_loss", regression=True) == "log_loss"


@pytest.mark.parametrize("loss", [None, huber_loss, {"a": huber_loss}, [None], "msee", 3])
def test_all_else_stays_as_it_is(loss):
    assert resolved(loss) is loss


def test_each_output_may_name_its_loss():
    outputs = ["kind", "size"]
    given = {"kind": "log_loss", "size": "mae"}
    expected = {"kind": None, "size": objectives.absolute_error}
    of_size = {"size": True}
    assert resolved(given, outputs, of_size) == expected
    assert resolved(dict(given), outputs, of_size) is resolved(given, outputs, of_size)
    assert resolved(["log_loss", huber_loss], outputs, of_size) == (None, huber_loss)
    assert resolved({"size": "log_loss"}, outputs, of_size) == {"size": "log_loss"}


def test_losses_that_cannot_be_hashed_are_taken_beside_names():
    class Loss:
        __hash__ = None

        def __call__(self, predictions, targets): ...

    loss = Loss()
    assert resolved(["mae", loss]) == (objectives.absolute_error, loss)


def test_names_train_as_what_they_name_and_compile_nothing():
    given = {"hidden_nonlinearity": "tanh", "hidden_W": "he_normal"}
    named = make_net(update="adam", objective_loss_function="log_loss", **given)
    named.fit(X, y)
    params, before = named.get_params(), compile_counts()
    plain = make_net(
        update=updates.adam,
        hidden_nonlinearity=named.network_.nodes[1].layer.nonlinearity,
        hidden_W=named.network_.nodes[1].specs["W"].init,
    )
    plain.fit(X, y)
    assert compile_counts() == before
    for one, other in zip(named.get_all_params(), plain.get_all_params(), strict=True):
        np.testing.assert_array_equal(one.get_value(), other.get_value())
    assert params["update"] == "adam"
    assert params["hidden_nonlinearity"] == "tanh"
    copied = clone(named).get_params()
    assert {name: copied[name] for name in given} == given
    assert "update='adam'" in repr(named)


def test_a_named_rule_has_its_keywords():
    NeuralNet(update="adam").set_params(update_beta1=0.5)
    with pytest.raises(ValueError, match=r"'update_b1'. Write instead: update_beta1\.$"):
        NeuralNet(update="adam").set_params(update_b1=0.5)
    with pytest.raises(ValueError, match=r"'update_beta1'. Write instead: update_b1\.$"):
        NeuralNet(update="optax.adam").set_params(update_beta1=0.5)


def test_a_named_loss_has_its_keywords():
    net = NeuralNetRegressor(objective_loss_function="huber")
    assert net.set_params(objective_delta=2.0).objective_delta == 2.0
