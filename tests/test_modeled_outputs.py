"""Nets that predict quantiles, a mean with its deviation, or the risk of an event."""

import pickle
import re
from functools import partial

import numpy as np
import optax
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.metrics import d2_pinball_score, mean_pinball_loss, r2_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score

from skconv import NeuralNet, NeuralNetRegressor, compile_counts
from skconv.augment import MixUp
from skconv.layers import Conv2DLayer, DenseLayer, InputLayer
from skconv.model_selection import BatchedGridSearchCV
from skconv.targets.concordance import concordance_index
from skconv.updates import sgd

from .exactness import assert_agree

RNG = np.random.default_rng(0)
LEVELS = (0.1, 0.5, 0.9)
QUANTILES = {"objective_loss_function": "pinball_loss", "objective_quantiles": LEVELS}
GAUSSIAN = {"objective_loss_function": "gaussian_nll"}
COX = {"objective_loss_function": "cox_loss"}

X = RNG.normal(size=(60, 3)).astype(np.float32)
Y = X[:, 0] + RNG.normal(size=60)
TIMES = RNG.exponential(np.exp(-X[:, 0])).round(1)
SURVIVAL = np.column_stack([np.minimum(TIMES, 2), TIMES < 2])
FIELDS = np.array(
    list(zip(TIMES < 2, np.minimum(TIMES, 2), strict=True)), [("event", bool), ("time", float)]
)
EACH = pytest.mark.parametrize(
    ("loss", "y"), [(QUANTILES, Y), (GAUSSIAN, Y), (COX, SURVIVAL)], ids=["pinball", "nll", "cox"]
)

make_net = partial(
    NeuralNetRegressor,
    layers=[("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)],
    hidden_num_units=4,
    update=sgd,
    update_learning_rate=0.05,
    batch_iterator_train=16,
    max_epochs=2,
    random_state=0,
)
still_net = partial(
    make_net, update_learning_rate=0.0, batch_iterator_train=64, train_split=None, max_epochs=1
)
"""It learns nothing, and its batch has four rows of padding."""


def raises(message):
    return pytest.raises(ValueError, match=re.escape(message))


def problem(n, seed):
    """Return normal targets far from zero, with their deviation, which depends on X."""
    rng = np.random.default_rng(seed)
    inputs = rng.uniform(-2, 2, size=(n, 1))
    std = 100 * (0.2 + 0.3 * np.abs(inputs[:, 0]))
    return inputs, 1000 + 100 * np.sin(2 * inputs[:, 0]) + std * rng.normal(size=n), std


TRAIN, TEST = problem(3000, 0), problem(4000, 1)

calibrated = partial(
    NeuralNetRegressor,
    dropout_p=0.0,
    hidden_layer_sizes=(50,),
    batch_iterator_train=100,
    update_learning_rate=optax.cosine_decay_schedule(0.01, 1200),
    train_split=None,
    max_epochs=40,
    random_state=0,
)


def test_quantiles_cover_as_many_targets():
    net = calibrated(**QUANTILES).fit(*TRAIN[:2])
    inputs, y, _ = TEST
    predictions = net.predict(inputs)
    assert predictions.shape == (4000, 3)
    np.testing.assert_allclose((y[:, None] <= predictions).mean(axis=0), LEVELS, atol=0.03)
    scores = [d2_pinball_score(y, predictions[:, i], alpha=q) for i, q in enumerate(LEVELS)]
    assert net.score(inputs, y) == pytest.approx(np.mean(scores), rel=1e-9)


def test_deviations_are_those_of_the_targets():
    net = calibrated(**GAUSSIAN).fit(*TRAIN[:2])
    inputs, y, std = TEST
    mean, found = net.predict(inputs, return_std=True)
    assert_agree(mean, net.predict(inputs))
    assert np.abs(found / std - 1).mean() < 0.1
    assert ((y - mean) / found).std() == pytest.approx(1, abs=0.05)
    assert net.score(inputs, y) == pytest.approx(r2_score(y, mean), rel=1e-9)


@pytest.mark.parametrize("weights", [None, RNG.uniform(0.5, 2, 60)], ids=["even", "weighted"])
@EACH
def test_the_training_loss_is_that_of_the_formula(loss, y, weights):
    """Rows that pad the batch take no part."""
    net = still_net(**loss).fit(X, y, sample_weight=weights)
    output = net.get_output("output", X)
    if loss is QUANTILES:
        losses = [
            mean_pinball_loss(y, output[:, i], alpha=q, sample_weight=weights)
            for i, q in enumerate(LEVELS)
        ]
        expected = np.mean(losses)
    elif loss is GAUSSIAN:
        rows = -stats.norm.logpdf(y, output[:, 0], np.sqrt(np.exp(output[:, 1]) + 1e-6))
        expected = np.average(rows, weights=weights)
    else:
        own = np.ones(60) if weights is None else weights
        times, events = y.T
        at_risk = (times >= times[:, None]) @ (own * np.exp(output[:, 0]))
        expected = np.average(events * (np.log(at_risk) - output[:, 0]), weights=own)
    assert net.train_history_[-1]["train_loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", [QUANTILES, GAUSSIAN], ids=["pinball", "nll"])
def test_predictions_are_in_the_units_of_y(loss):
    """Standardized targets are the same, and so are the weights that the net learns."""
    small = make_net(normalize_y=True, **loss).fit(X, Y)
    large = make_net(normalize_y=True, **loss).fit(X, 500 + 100 * Y)
    np.testing.assert_allclose(large.predict(X), 500 + 100 * small.predict(X), rtol=1e-4)
    function, params = large.as_function()
    raw = np.asarray(function(params, X))
    if loss is GAUSSIAN:
        _, std = large.predict(X, return_std=True)
        np.testing.assert_allclose(std, 100 * small.predict(X, return_std=True)[1], rtol=1e-3)
        np.testing.assert_allclose(np.exp(raw[:, 1] / 2), std, rtol=1e-3)
        raw = raw[:, 0]
    np.testing.assert_allclose(raw, large.predict(X), rtol=1e-5)
    assert large.score(X, 500 + 100 * Y) == pytest.approx(small.score(X, Y), abs=1e-4)


@pytest.mark.parametrize(
    ("quantiles", "shape", "y"),
    [
        (0.9, (60,), Y),
        ([0.9], (60, 1), Y),
        (np.array([0.1, 0.9]), (60, 2), Y),
        (LEVELS, (60, 2, 3), np.column_stack([Y, -Y])),
        (0.9, (60, 2), np.column_stack([Y, -Y])),
        (LEVELS, (60, 3), pd.Series(Y)),
        (LEVELS, (60, 3), (10 * Y).astype(int)),
    ],
)
def test_the_shape_of_the_predictions_follows_from_y_and_the_quantiles(quantiles, shape, y):
    net = make_net(**QUANTILES, max_epochs=1).set_params(objective_quantiles=quantiles)
    predictions = net.fit(X, y).predict(X)
    assert predictions.shape == shape
    assert np.isfinite(net.score(X, y))


def test_images_have_quantiles_for_each_pixel():
    images = RNG.normal(size=(12, 2, 4, 5)).astype(np.float32)
    y = images[:, 0]
    net = make_net(
        layers=[("input", InputLayer), ("output", Conv2DLayer)],
        output_filter_size=1,
        normalize_y=True,
        train_split=None,
        **QUANTILES,
    )
    del net.hidden_num_units
    assert net.fit(images, y).layers_["output"].num_filters == 3
    predictions = net.predict(images)
    assert predictions.shape == (12, 4, 5, 3)
    raw = net.get_output("output", images)
    expected = np.moveaxis(raw, 1, -1) * y.std(axis=0)[..., None] + y.mean(axis=0)[..., None]
    np.testing.assert_allclose(predictions, expected, rtol=1e-4, atol=1e-5)


@EACH
def test_searches_and_splits_take_them(loss, y):
    net, folds = make_net(**loss), KFold(2)
    predictions = cross_val_predict(net, X, y, cv=folds)
    assert predictions.shape == ((60, 3) if loss is QUANTILES else (60,))
    scores = cross_val_score(net, X, y, cv=folds)
    for (_, test), score in zip(folds.split(X), scores, strict=True):
        own, true = predictions[test], y[test]
        if loss is QUANTILES:
            by_level = [d2_pinball_score(true, own[:, i], alpha=q) for i, q in enumerate(LEVELS)]
            expected = np.mean(by_level)
        elif loss is GAUSSIAN:
            expected = r2_score(true, own)
        else:
            expected = concordance_index(true[:, 0], true[:, 1] == 1, own)
        assert score == pytest.approx(expected, rel=1e-6)
    grid = {"update_learning_rate": [0.001, 0.05]}
    search = GridSearchCV(net, grid, cv=folds).fit(X, y)
    batched = BatchedGridSearchCV(net, grid, cv=folds).fit(X, y)
    np.testing.assert_allclose(
        batched.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"], atol=1e-3
    )


def test_structured_targets_are_searched_as_well():
    net = make_net(**COX)
    scores = cross_val_score(net, X, FIELDS, cv=2)
    np.testing.assert_array_equal(scores, cross_val_score(net, X, SURVIVAL, cv=2))
    frame = pd.DataFrame({"died": FIELDS["event"], "days": FIELDS["time"]})
    np.testing.assert_array_equal(scores, cross_val_score(net, X, frame, cv=2))
    search = BatchedGridSearchCV(net, {"hidden_num_units": [3, 4]}, cv=2).fit(X, FIELDS)
    assert search.predict(X).shape == (60,)


def test_one_quantile_of_another_level_compiles_nothing():
    net = make_net(**QUANTILES).set_params(objective_quantiles=0.3).fit(X, Y)
    before = compile_counts()
    other = clone(net).set_params(objective_quantiles=0.8).fit(X, Y)
    assert compile_counts() == before
    expected = d2_pinball_score(Y, other.predict(X), alpha=0.8)
    assert other.score(X, Y) == pytest.approx(expected, rel=1e-9)


def test_quantiles_of_other_levels_are_scored_as_such_when_training_goes_on():
    net = make_net(**QUANTILES, warm_start=True).fit(X, Y)
    other = (0.2, 0.4, 0.6)
    predictions = net.set_params(objective_quantiles=other).fit(X, Y).predict(X)
    expected = [d2_pinball_score(Y, predictions[:, i], alpha=q) for i, q in enumerate(other)]
    assert net.score(X, Y) == pytest.approx(np.mean(expected), rel=1e-9)
    with raises("must keep their shapes while training continues"):
        net.set_params(objective_quantiles=(0.2, 0.4)).fit(X, Y)
    assert net.predict(X).shape == (60, 3)


@EACH
def test_parts_copies_and_pickles(loss, y):
    net = make_net(**loss).partial_fit(X[:40], y[:40]).partial_fit(X[40:], y[40:])
    predictions = net.predict(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(net)).predict(X), predictions)
    units = {"output_num_units": net.network_.outputs["output"][1], "input_shape": (None, 3)}
    blank = make_net(**loss, **units).initialize()
    assert blank.predict(X).shape == predictions.shape
    blank.load_params_from(net)
    np.testing.assert_allclose(blank.predict(X), predictions, rtol=1e-5)


def test_outputs_of_several_kinds():
    layers = [
        ("input", InputLayer),
        (DenseLayer, {"name": "hidden", "num_units": 4}),
        *[(DenseLayer, {"name": name, "incoming": "hidden"}) for name in ("low", "mean", "kind")],
    ]
    net = NeuralNet(
        layers,
        outputs=["low", "mean", "kind"],
        regression={"low": True, "mean": True},
        objective_loss_function={"low": "pinball_loss", "mean": "gaussian_nll"},
        objective_quantiles=LEVELS,
        normalize_y=True,
        max_epochs=2,
        random_state=0,
    )
    y = {"low": Y, "mean": 3 + 2 * Y, "kind": X[:, 0] > 0}
    low, mean, kind = net.fit(X, y).predict(X)
    assert (low.shape, mean.shape, kind.shape) == ((60, 3), (60,), (60,))
    scores = [
        np.mean([d2_pinball_score(Y, low[:, i], alpha=q) for i, q in enumerate(LEVELS)]),
        r2_score(3 + 2 * Y, mean),
        (kind == y["kind"]).mean(),
    ]
    assert net.score(X, y) == pytest.approx(np.mean(scores), rel=1e-6)
    _, (no_std, std, neither) = net.predict(X, return_std=True)
    assert no_std is None
    assert neither is None
    assert std.shape == (60,)


def test_scores_of_the_history_see_each_quantile_in_the_units_of_y():
    seen = []

    def width(predictions, targets):
        seen.append((predictions.shape[1:], targets.shape[1:]))
        return (predictions[..., 2] - predictions[..., 0]).mean(axis=1)

    def covered(y, predictions):
        seen.append((predictions.shape[1:], y.shape[1:]))
        return float((y[..., None] <= predictions).mean())

    net = make_net(
        **QUANTILES,
        normalize_y=True,
        scores_valid=[("width", width)],
        custom_scores=[("covered", covered)],
    )
    y = 1000 + 100 * np.column_stack([Y, -Y])
    net.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    assert set(seen) == {((2, 3), (2,))}
    predictions, row = net.predict(X[40:]), net.train_history_[-1]
    expected = (predictions[..., 2] - predictions[..., 0]).mean()
    assert row["width"] == pytest.approx(expected, rel=1e-4)
    assert row["covered"] == pytest.approx((y[40:, :, None] <= predictions).mean(), rel=1e-6)


def test_a_scorer_of_the_history_gets_the_mean():
    net = make_net(**GAUSSIAN, normalize_y=True, custom_scores=["r2"])
    net.fit(X[:40], Y[:40], X_val=X[40:], y_val=Y[40:])
    expected = r2_score(Y[40:], net.predict(X[40:]))
    assert net.train_history_[-1]["r2"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("loss", [QUANTILES, GAUSSIAN], ids=["pinball", "nll"])
def test_missing_targets_leave_out_their_predictions_alone(loss):
    """The loss is the mean over the targets that are known."""
    y = np.column_stack([Y, -Y])
    y[::3, 0] = np.nan
    net = still_net(**loss, ignore_label=np.nan).fit(X, y)
    values = net.get_output("output", X).reshape(60, 2, -1)
    known = np.isfinite(y)
    if loss is QUANTILES:
        own = [
            mean_pinball_loss(y[known], values[known][:, i], alpha=q) for i, q in enumerate(LEVELS)
        ]
        expected = np.mean(own)
    else:
        mean, log_variance = values[known].T
        std = np.sqrt(np.exp(log_variance) + 1e-6)
        expected = -stats.norm.logpdf(y[known], mean, std).mean()
    assert net.train_history_[-1]["train_loss"] == pytest.approx(expected, rel=1e-5)
    assert np.isfinite(net.score(X, y))


REFUSED = [
    (
        {**QUANTILES, "output_num_units": 4},
        Y,
        "layer 'output' (DenseLayer): the output must have 3 units, 3 quantiles for each number in "
        "a row of y, got shape (None, 4)",
    ),
    (
        {**GAUSSIAN, "output_num_units": 1},
        Y,
        "layer 'output' (DenseLayer): the output must have 2 units, a mean and a log variance for "
        "each number in a row of y, got shape (None, 1)",
    ),
    (
        {**COX, "output_num_units": 2},
        SURVIVAL,
        "layer 'output' (DenseLayer): the output must have 1 unit, the logarithm of the risk, got "
        "shape (None, 2)",
    ),
    (
        {**QUANTILES, "output_nonlinearity": "softmax"},
        Y,
        "layer 'output' (DenseLayer): nonlinearity must be linear for pinball_loss, got softmax, "
        "whose units sum to one; leave output_nonlinearity unset",
    ),
    (
        {**GAUSSIAN, "output_nonlinearity": "rectify"},
        Y,
        "layer 'output' (DenseLayer): nonlinearity must be linear for gaussian_nll, got rectify; "
        "leave output_nonlinearity unset",
    ),
    (
        {**COX, "output_nonlinearity": "sigmoid"},
        SURVIVAL,
        "layer 'output' (DenseLayer): nonlinearity must be linear for cox_loss, got sigmoid; "
        "leave output_nonlinearity unset",
    ),
    (
        {**QUANTILES, "objective_quantiles": (0.5, 1.0)},
        Y,
        "objective_quantiles must be a number between 0 and 1, exclusive, or a sequence of them, "
        "got (0.5, 1.0)",
    ),
    ({**GAUSSIAN, "objective_eps": -1.0}, Y, "objective_eps must be a finite number >= 0.0"),
    (COX, -SURVIVAL, "y must have times >= 0 in its first column for cox_loss, got -2"),
    (COX, SURVIVAL * [1, 3], "y must have events of 0 and 1 in its second column for cox_loss"),
    (COX, SURVIVAL * [1, 0], "y must have an event in some row for cox_loss, got none"),
    (COX, Y, "for cox_loss, got shape (60,)"),
    (
        {**COX, "normalize_y": True},
        SURVIVAL,
        "normalize_y must be False or None for cox_loss, which takes y in its units",
    ),
    (
        {},
        FIELDS,
        "y must hold numbers, got a structured array with the fields event, time, which only "
        "cox_loss and losses of your own take",
    ),
    (QUANTILES, np.where(Y > 1, np.nan, Y), "Input y contains NaN"),
]


REFUSED += [
    (
        {**COX, "augment": MixUp()},
        SURVIVAL,
        "augment must keep the targets of cox_loss, whose averages mean nothing, got augment[0] "
        "(MixUp)",
    ),
    (
        {**COX, "custom_scores": ["r2"]},
        SURVIVAL,
        "custom_scores must be a list of (name, function) or scorers that suit y, got 'r2'",
    ),
]


@pytest.mark.parametrize(("given", "y", "message"), REFUSED)
def test_what_does_not_suit_is_refused_before_training(given, y, message):
    with raises(message):
        make_net(**given).fit(X, y)


@pytest.mark.parametrize(
    ("loss", "y"), [(QUANTILES, Y > 0), (GAUSSIAN, Y > 0), (COX, SURVIVAL), (COX, FIELDS)]
)
def test_labels_have_no_quantiles(loss, y):
    with raises("regression must be True for " + loss["objective_loss_function"]):
        NeuralNet(**loss).fit(X, y)


def test_only_some_outputs_tell_a_deviation():
    net = make_net(**QUANTILES).fit(X, Y)
    with raises("return_std must be False for outputs without a standard deviation"):
        net.predict(X, return_std=True)


def test_quantiles_of_positive_numbers_may_have_a_nonlinearity():
    net = make_net(**QUANTILES, output_nonlinearity="softplus").fit(X, np.exp(Y))
    assert (net.predict(X) > 0).all()


def test_a_structured_y_leaves_the_number_of_units_to_the_layer():
    with raises("layer 'output' (DenseLayer): num_units is missing"):
        make_net(objective_loss_function=lambda output, y: output[:, 0]).fit(X, FIELDS)
