import numpy as np
import pytest

from skconv.data.device import place_rows
from skconv.data.fit_arguments import FitArguments
from skconv.estimator.prepare import prepare
from skconv.training.arguments import StepRange
from skconv.utils.memo import Memo

from ..nets import X, make_net, y


@pytest.fixture
def fit():
    net = make_net(train_split=None, update_learning_rate=lambda step: float(step))
    return prepare(net, FitArguments(X, y), None, Memo())


ORDER = np.zeros((4, 5, 16), np.int32)


def test_the_values_of_the_update_are_those_of_the_coming_steps(fit):
    rows = place_rows(fit.train, 64).batches
    fit.model.step, fit.model.epoch = 7, 2
    arguments = fit.train_arguments(rows, ORDER, None, StepRange(2, 1, 3, 40, 0), first_step=2)
    rates = arguments.values.update["learning_rate"]
    assert rates.shape == (20,)
    assert rates[:6].tolist() == [6, 7, 8, 9, 10, 11]
    assert arguments.rows is rows
    assert arguments.valid is None
    assert arguments.carry.params is fit.model.params
    assert tuple(arguments.position) == (fit.model.seed, 2, 2)
    assert tuple(arguments.steps) == (2, 1, 3, 40, 0)


def test_dtypes_do_not_depend_on_the_call(fit):
    arguments = fit.train_arguments(None, ORDER, None, StepRange(1, 0, 1, np.int64(40), 0))
    assert {number.dtype for number in arguments.steps} == {np.dtype(np.int32)}
    assert [number.dtype.name for number in arguments.position] == ["uint32", "int32", "int32"]
