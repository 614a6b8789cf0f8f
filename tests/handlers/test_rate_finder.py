import math

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.base import clone

from skconv import compile_counts
from skconv.handlers import LearningRateFinder

from ..nets import X, batches_of_epochs, make_net, softmax_of, softmax_regression, still_net, y

mpl.use("Agg")


def finder(**given):
    return LearningRateFinder(**{"low": 1e-3, "high": 100.0, "steps": 26} | given)


def test_the_rate_climbs_by_equal_factors_and_the_loss_is_that_before_each_step():
    """As in NumPy, with a step of gradient descent at each rate."""
    test = finder().find(still_net(objective_l2=0.0), X[:, :3], y)
    n = len(test.losses)
    assert 10 < n <= 26
    rates = 1e-3 * (1e5 ** (np.arange(26) / 25))
    np.testing.assert_allclose(test.rates, rates[:n], rtol=1e-9)
    batches = batches_of_epochs(40, 16, 9)
    for k, rows in enumerate(batches[:12]):
        W, b = softmax_regression(np.eye(3), X[:, :3], y, batches[:k], rates[:k])
        probabilities = softmax_of(X[rows, :3] @ W + b)[np.arange(len(rows)), y[rows]]
        assert test.losses[k] == pytest.approx(-np.log(probabilities).mean(), rel=1e-4)


def test_the_smooth_loss_is_a_mean_with_weights_that_fall_off():
    test = finder(smoothing=0.5)
    test.losses = [4.0, 1.0, 2.0]
    np.testing.assert_allclose(test.smooth_losses, [4.0, 2.0, 2.0])


def test_the_steepest_fall_is_suggested():
    test = finder(smoothing=0.0)
    test.rates = [10.0**k for k in range(-5, 1)]
    test.losses = [2.0, 1.9, 1.5, 0.5, 0.4, math.nan]
    assert test.suggestion == 1e-3
    with pytest.raises(
        ValueError, match=r"^a suggestion needs at least 3 steps with a finite loss, got 0; call"
    ):
        print(finder().suggestion)


def test_the_steepest_fall_may_be_at_the_lowest_loss():
    test = finder(smoothing=0.0)
    test.rates = [10.0**k for k in range(-5, -1)]
    test.losses = [2.0, 1.9, 1.5, 0.5]
    assert test.suggestion == 1e-2


def test_a_fall_after_the_loss_broke_is_not_suggested():
    test = finder(smoothing=0.0)
    test.rates = [10.0**k for k in range(-5, 1)]
    test.losses = [2.0, 1.9, 1.5, 0.5, 9.0, 1.0]
    assert test.suggestion == 1e-3


def test_the_test_ends_where_the_loss_breaks():
    test = finder(high=1e12, smoothing=0.0, patience=2.0).find(make_net(), X, y)
    assert len(test.losses) < 26
    assert not test.losses[-1] <= 2 * np.nanmin(test.losses)
    assert all(loss <= 2 * min(test.losses[:-1]) for loss in test.losses[:-1])


def test_a_copy_is_tested_and_the_net_has_nothing_to_do_with_it():
    called = []
    net = make_net(on_epoch_finished=lambda net, history: called.append(net), verbose=1).fit(X, y)
    before, given = net.get_all_params_values(), net.get_params()
    called.clear()
    finder().find(net, X, y)
    assert called == []
    assert net.get_params() == given
    jax_equal(net.get_all_params_values(), before)


def jax_equal(one, other):
    for layer in one:
        for a, b in zip(one[layer], other[layer], strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_fit_becomes_a_test_and_puts_the_net_back():
    plain = make_net(max_epochs=0).fit(X, y)
    net = make_net(max_epochs=20, on_batch_finished=[finder(high=1.0)]).fit(X, y)
    assert net.train_history_ == []
    assert (net._model.step, net._model.epoch) == (0, 0)
    assert net.update_learning_rate == 0.1
    jax_equal(net.get_all_params_values(), plain.get_all_params_values())
    assert clone(net).on_batch_finished[0].losses == []
    trained, again = make_net(warm_start=True).fit(X, y), make_net(warm_start=True).fit(X, y)
    trained.set_params(on_batch_finished=finder(high=1.0)).fit(X, y, epochs=20)
    assert len(trained.train_history_) == 2
    trained.set_params(on_batch_finished=None).fit(X, y)
    jax_equal(trained.get_all_params_values(), again.fit(X, y).get_all_params_values())


def test_nothing_more_is_compiled():
    make_net().fit(X, y)
    before = compile_counts()
    finder().find(make_net(), X, y)
    assert compile_counts() == before


def test_the_plot_shows_losses_over_rates():
    test = finder(high=1.0).find(make_net(), X, y)
    figure = test.plot(figsize=(5, 3))
    (ax,) = figure.axes
    assert ax.get_xscale() == "log"
    assert tuple(figure.get_size_inches()) == (5, 3)
    x, drawn = ax.lines[1].get_data()
    np.testing.assert_array_equal(x, test.rates)
    np.testing.assert_array_equal(drawn, test.smooth_losses)
    assert ax.lines[2].get_xdata()[0] == test.suggestion
    assert f"{test.suggestion:.2g}" in ax.get_legend().texts[-1].get_text()
    _, own = plt.subplots()
    assert test.plot(ax=own) is own.figure
    plt.close("all")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"low": 0.0},
            r"^LearningRateFinder: low and high must satisfy 0 < low < high, got 0\.0 and 100\.0$",
        ),
        ({"high": 1e-4}, r"0 < low < high, got 0\.001 and 0\.0001$"),
        ({"steps": 1}, r"^LearningRateFinder: steps must be an integer >= 2, got 1$"),
    ],
)
def test_rates_must_rise(given, message):
    with pytest.raises(ValueError, match=message):
        finder(**given)
