import pytest

from skconv.data.fit_arguments import FitArguments
from skconv.estimator.blueprint import make_blueprint
from skconv.estimator.plan import make_plan
from skconv.estimator.prepare import prepare
from skconv.handlers import Handler
from skconv.objectives import huber_loss, squared_error
from skconv.utils.memo import Memo

from ..nets import X, still_net, y


def norm(grads):
    return 0.0


class Measuring(Handler):
    measures = (("norm", norm),)

    def __call__(self, net, train_history):
        """Do nothing."""


def plan_of(**given):
    """Return the plan of a net for the targets of a fit with the same parameters."""
    net = still_net(output_W=0.0, **given)
    fit = prepare(net, FitArguments(X, y), None, Memo())
    blueprint = make_blueprint(net._settings(), net._own(), None)
    return make_plan(blueprint, fit.model.network, fit.outputs, net._settings())


def test_a_loss_that_is_not_given_is_that_of_the_targets():
    assert plan_of(regression=True).loss_functions == (squared_error,)
    plan = plan_of(regression=True, objective_loss_function=huber_loss, objective_delta=2.0)
    assert plan.loss_functions == (huber_loss,)
    assert plan.holes == (False,)
    assert plan_of(regression=True, ignore_label=-1).holes == (True,)


def test_handlers_may_ask_for_the_same_measure():
    handlers = {"on_epoch_finished": [Measuring()], "on_training_started": [Measuring()]}
    assert plan_of(**handlers).measures == (("norm", norm),)


def test_scores_and_measures_have_different_names():
    score = {"scores_train": [("norm", lambda p, t: p[:, 0])]}
    with pytest.raises(ValueError, match="names that the history does not use, got 'norm'"):
        plan_of(on_epoch_finished=Measuring(), **score)
