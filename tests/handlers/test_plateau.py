from types import SimpleNamespace

import numpy as np
import pytest

from skconv import compile_counts
from skconv.handlers import ReduceLROnPlateau
from skconv.updates.rules import sgd

from ..nets import X, batches_of_epochs, make_net, softmax_regression, still_net, y


def rates(losses, key="valid_loss", rate=1.0, **given):
    """The rate after each epoch."""
    net = SimpleNamespace(update=sgd, update_learning_rate=rate, more_params=None)
    handler, history, found = ReduceLROnPlateau(verbose=0, **given), [], []
    for epoch, loss in enumerate(losses, start=1):
        history.append({"epoch": epoch, "train_loss": 9.0, "valid_loss": 9.0, key: loss})
        handler(net, history)
        found.append(net.update_learning_rate)
    return found


FLAT = [1.0] * 6


def test_a_rate_at_its_lower_bound_is_left_alone(capsys):
    net = SimpleNamespace(update=sgd, update_learning_rate=1.0, more_params=None)
    handler, history = ReduceLROnPlateau(factor=0.5, patience=1, min_rate=0.3), []
    for epoch in range(1, 7):
        history.append({"epoch": epoch, "train_loss": 1.0, "valid_loss": 1.0})
        handler(net, history)
    assert handler.rates == {2: 0.5, 3: 0.3}
    assert [line.rpartition(" ")[2] for line in capsys.readouterr().out.splitlines()] == [
        *("0.5.", "0.3.")
    ]


def test_a_training_that_continues_has_a_best_value_of_its_own():
    net = SimpleNamespace(update=sgd, update_learning_rate=1.0, more_params=None)
    handler, history = ReduceLROnPlateau(factor=0.5, patience=2, verbose=0), []
    for losses in ([0.3, 0.1], [0.9, 0.8, 0.8, 0.8]):
        handler.begin(net, history)
        for loss in losses:
            history.append({"epoch": len(history) + 1, "train_loss": loss, "valid_loss": loss})
            handler(net, history)
    assert handler.rates == {6: 0.5}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"patience": 2}, [1, 1, 0.5, 0.5, 0.25, 0.25]),
        ({"patience": 1}, [1, 0.5, 0.25, 0.125, 0.0625, 0.03125]),
        ({"patience": 1, "cooldown": 2}, [1, 0.5, 0.5, 0.5, 0.25, 0.25]),
        ({"patience": 1, "min_rate": 0.3}, [1, 0.5, 0.3, 0.3, 0.3, 0.3]),
        ({"patience": 9}, [1] * 6),
    ],
)
def test_the_rate_falls_where_the_loss_does_not(given, expected):
    assert rates(FLAT, factor=0.5, **given) == pytest.approx(expected)


def test_a_loss_must_be_lower_by_a_fraction_of_the_best():
    falling = [1.0, 0.95, 0.905, 0.86]
    assert rates(falling, factor=0.5, patience=1, threshold=0.0) == [1, 1, 1, 1]
    assert rates(falling, factor=0.5, patience=1, threshold=0.06) == [1, 0.5, 0.5, 0.25]
    negative = [-1.0, -1.1, -1.05]
    assert rates(negative, factor=0.5, patience=1) == [1, 1, 0.5]


def test_an_improvement_does_not_shorten_the_cooldown():
    """As in `torch.optim.lr_scheduler.ReduceLROnPlateau(factor=0.5, patience=0, cooldown=3)`."""
    losses = [3.0, 3.0, 2.0, 2.0, 2.0, 2.0, 2.0]
    expected = [1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]
    assert rates(losses, factor=0.5, patience=1, cooldown=3) == expected
    best_of_cooldown = [3.0, 3.0, 2.0, 3.5, 3.5, 2.5]
    assert rates(best_of_cooldown, factor=0.5, patience=1, cooldown=3)[-2:] == [0.5, 0.25]
    later = [3.0, 3.0, 2.0, 2.0, 2.0, 1.0, 1.0]
    assert rates(later, factor=0.5, patience=1, cooldown=3)[-2:] == [0.5, 0.25]


def test_another_number_can_be_monitored():
    assert rates([3.0, 2.0, 2.0], key="error", monitor="error", factor=0.5, patience=1) == [
        *(1, 1, 0.5)
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [1, 1, 0.5, 0.5]),
        ({"threshold": 0.5}, [1, 0.5, 0.25, 0.125]),
        ({"mode": "min"}, [1, 0.5, 0.25, 0.125]),
    ],
)
def test_a_score_must_rise(given, expected):
    rising = [0.8, 0.9, 0.9, 0.95]
    assert rates(rising, key="f1", monitor="f1", factor=0.5, patience=1, **given) == expected


def test_a_net_trains_on_with_the_lower_rate_and_has_its_own_in_the_end(capsys):
    """As in NumPy, with steps of gradient descent at these rates."""

    def net(**given):
        net = still_net(update_learning_rate=0.1, objective_l2=0.0, **given)
        return net.fit(X[:, :3], y)

    net()
    before = compile_counts()
    seen = []
    handler = ReduceLROnPlateau(factor=0.5, patience=1, threshold=1.0, cooldown=1)
    look = [handler, lambda net, history: seen.append(net.update_learning_rate)]
    trained = net(max_epochs=4, on_epoch_finished=look)
    assert seen == [0.1, 0.05, 0.05, 0.025]
    assert handler.rates == {2: 0.05, 4: 0.025}
    assert trained.update_learning_rate == 0.1
    assert compile_counts() == before
    rates = np.repeat([0.1, 0.1, 0.05, 0.05], 3)
    W, b = softmax_regression(np.eye(3), X[:, :3], y, batches_of_epochs(40, 16, 4), rates)
    np.testing.assert_allclose(trained.layers_["output"].W, W, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(trained.layers_["output"].b, b, rtol=1e-4, atol=1e-6)
    assert capsys.readouterr().out == (
        "Epoch 2: reducing update_learning_rate to 0.05.\n"
        "Epoch 4: reducing update_learning_rate to 0.025.\n"
    )


def test_a_schedule_and_a_wrong_factor_are_told():
    net = make_net(update_learning_rate=lambda step: 0.1, on_epoch_finished=ReduceLROnPlateau())
    with pytest.raises(
        ValueError, match=r"^update_learning_rate must be a number for handlers to change it, got "
    ):
        net.fit(X, y)
    with pytest.raises(
        ValueError,
        match=r"^ReduceLROnPlateau: factor must be a number between 0 and 1, exclusive, got 10$",
    ):
        ReduceLROnPlateau(factor=10)
