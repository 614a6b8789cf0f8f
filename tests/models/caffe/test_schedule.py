import pickle

import numpy as np
import pytest
from sklearn.base import clone

from skconv import NeuralNet
from skconv.models import CaffeSchedule

STEPS = np.arange(30)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (CaffeSchedule("fixed", 0.1), np.full(30, 0.1)),
        (CaffeSchedule("step", 0.1, gamma=0.5, stepsize=8), 0.1 * 0.5 ** (STEPS // 8)),
        (
            CaffeSchedule("multistep", 0.1, gamma=0.5, stepvalues=[5, 9]),
            0.1 * 0.5 ** (1.0 * (STEPS >= 5) + (STEPS >= 9)),
        ),
        (CaffeSchedule("exp", 0.1, gamma=0.9), 0.1 * 0.9**STEPS),
        (CaffeSchedule("inv", 0.1, gamma=0.3, power=0.75), 0.1 * (1 + 0.3 * STEPS) ** -0.75),
        (
            CaffeSchedule("poly", 0.1, power=2, max_iter=20),
            0.1 * np.maximum(1 - STEPS / 20, 0) ** 2,
        ),
        (
            CaffeSchedule("sigmoid", 0.1, gamma=-0.5, stepsize=10),
            0.1 / (1 + np.exp(0.5 * (STEPS - 10))),
        ),
    ],
    ids=lambda value: getattr(value, "policy", ""),
)
def test_rates_are_those_of_the_formula(schedule, rates):
    np.testing.assert_allclose([schedule(step) for step in STEPS], rates)
    assert pickle.loads(pickle.dumps(schedule)) == schedule


def test_far_steps_do_not_overflow():
    assert CaffeSchedule("sigmoid", gamma=1.0, stepsize=10**6)(0) < 1e-300
    assert CaffeSchedule("exp", gamma=0.99)(10**6) == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"policy": "stepp"}, r"policy must be one of 'fixed', .* Did you mean 'step'\?"),
        ({"policy": "step"}, "stepsize must be a positive integer for the policy 'step', got 0"),
        ({"policy": "poly"}, "max_iter must be a positive integer for the policy 'poly', got 0"),
        ({"policy": "multistep", "stepvalues": (3, 2)}, r"must increase, got \(3, 2\)"),
    ],
)
def test_invalid_policies(fields, message):
    with pytest.raises(ValueError, match=message):
        CaffeSchedule(**fields)


def test_nets_take_it_and_write_it():
    schedule = CaffeSchedule("step", 0.1, gamma=0.5, stepsize=8)
    net = clone(NeuralNet(update="sgd", update_learning_rate=schedule))
    assert NeuralNet.from_config(net.to_config()).update_learning_rate == schedule
