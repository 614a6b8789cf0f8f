import jax
import numpy as np

from skconv.data.fit_arguments import FitArguments
from skconv.estimator.prepare import prepare
from skconv.training.arguments import StepRange
from skconv.utils.memo import Memo

from ..nets import X, make_net, y


def test_the_values_of_a_net_are_numbers():
    """A change of any of them is an argument of a compiled program, and compiles nothing."""
    params = {"hidden_l2": 0.1, "objective_l2": 0.2, "update_learning_rate": 0.3}
    fit = prepare(make_net(**params), FitArguments(X, y), None, Memo())
    order, steps = np.zeros((1, 2, 16), np.int32), StepRange(1, 0, 2, 32, 1)
    values = fit.train_arguments(None, order, None, steps).values
    numbers = jax.tree.leaves(values)
    assert all(np.asarray(number).dtype == np.float32 for number in numbers)
    assert np.isin(np.float32([0.1, 0.2, 0.3]), np.hstack([*map(np.ravel, numbers)])).all()
