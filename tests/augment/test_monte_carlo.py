import pickle
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skconv import NeuralNet, compile_counts
from skconv.augment import Grid, MonteCarloDropout, RandomFlip, TenCrop, TestTime
from skconv.layers import (
    BatchNormLayer,
    DenseLayer,
    DropoutLayer,
    DropoutLocationsLayer,
    GaussianNoiseLayer,
    InputLayer,
    MultiHeadAttentionLayer,
    RandomizedRectifierLayer,
    SpatialDropoutLayer,
    StochasticDepthLayer,
)
from skconv.layers.base import Context
from skconv.updates import sgd

from ..exactness import assert_agree

rng = np.random.default_rng(0)
X = rng.normal(size=(20, 6)).astype(np.float32)
W = rng.normal(size=(6, 1))
y = X @ W[:, 0] + 1

N = 2000


@dataclass(frozen=True)
class Turns(Grid):
    """Each image and its mirror image."""

    size = 2

    def __call__(self, i, n, Xb):
        return jnp.where(i % 2 == 1, Xb[..., ::-1], Xb)


def linear_net(noise=DropoutLayer, **params):
    """A net that computes y from noisy X."""
    given = {
        "layers": [("input", InputLayer), ("noise", noise), ("out", DenseLayer)],
        "out_W": W,
        "out_b": np.ones(1),
        "regression": True,
        "update": sgd,
        "update_learning_rate": 0.0,
        "max_epochs": 1,
        "train_split": None,
        "batch_iterator_test": 8,
        "random_state": 0,
        "test_augment": MonteCarloDropout(N),
    }
    return NeuralNet(**given | params)


@pytest.fixture(scope="module")
def net():
    return linear_net(noise_p=0.3).fit(X, y)


def check_moments(mean, std, variance):
    """Compare with the moments of the predictions; five standard errors."""
    expected = np.sqrt(variance)
    assert (np.abs(mean - y) < 5 * expected / np.sqrt(N)).all()
    assert_allclose(std, expected, rtol=5 / np.sqrt(2 * N))


def test_dropout_has_the_variance_of_its_formula(net):
    check_moments(*net.predict(X, return_std=True), np.square(X * W[:, 0]).sum(1) * 0.3 / 0.7)


def test_gaussian_noise_has_the_variance_of_its_formula():
    net = linear_net(GaussianNoiseLayer, noise_sigma=0.2).fit(X, y)
    check_moments(*net.predict(X, return_std=True), np.square(0.2 * W).sum())


def test_the_spread_is_in_the_units_of_y():
    net = linear_net(noise_p=0.3, normalize_y=True, out_b=0.0).fit(X, y * 10 + 3)
    scale = np.std(y * 10 + 3)
    _, std = net.predict(X, return_std=True)
    assert_allclose(
        std, scale * np.sqrt(np.square(X * W[:, 0]).sum(1) * 0.3 / 0.7), rtol=5 / np.sqrt(2 * N)
    )


def test_the_prediction_for_a_row_depends_on_no_other(net):
    mean, std = net.predict(X, return_std=True)
    assert_agree(net.predict(X), mean)
    other = clone(net).set_params(batch_iterator_test=5).fit(X, y)
    found = other.predict(X[::-1], return_std=True)
    assert_allclose(found[0][::-1], mean, rtol=1e-6)
    assert_allclose(found[1][::-1], std, rtol=1e-5)
    assert_allclose(net.predict(X[3:4]), mean[3:4], rtol=1e-6)


def test_equal_seeds_draw_equal_noise(net):
    assert_array_equal(clone(net).fit(X, y).predict(X), net.predict(X))
    assert_array_equal(pickle.loads(pickle.dumps(net)).predict(X), net.predict(X))
    other = clone(net).set_params(random_state=1).fit(X, y)
    assert np.abs(other.predict(X) - net.predict(X)).max() > 1e-4


def test_the_number_of_passes_is_a_parameter_that_compiles_nothing(net):
    _, all_passes = net.predict(X, return_std=True)
    other = clone(net).fit(X, y).set_params(test_augment__n=1)
    before = compile_counts()
    _, std = other.predict(X, return_std=True)
    assert compile_counts() == before
    assert_array_equal(std, 0)
    assert (all_passes > 0).all()


def test_batch_normalization_keeps_its_running_statistics():
    layers = [("input", InputLayer), ("norm", BatchNormLayer)]
    layers += [("noise", GaussianNoiseLayer), ("out", DenseLayer)]
    net = linear_net(layers=layers, noise_sigma=0.1, test_augment=None).fit(X, y)
    plain = net.predict(X)
    mean, std = net.set_params(test_augment=MonteCarloDropout(N)).predict(X, return_std=True)
    assert (np.abs(mean - plain) < 5 * std / np.sqrt(N)).all()


def test_probabilities_have_a_spread_for_each_class():
    """Also if the output has units that are not among the classes."""
    layers = [("input", InputLayer), ("noise", DropoutLayer), ("out", DenseLayer)]
    net = NeuralNet(layers, out_num_units=4, max_epochs=1, train_split=None, random_state=0)
    net.set_params(test_augment=MonteCarloDropout(50)).fit(X, (y > 1).astype(int))
    probabilities, std = net.predict_proba(X, return_std=True)
    assert probabilities.shape == std.shape == (20, 2)
    assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    assert_agree(net.predict_proba(X), probabilities)
    assert (std > 0).all()
    with pytest.raises(ValueError, match="return_std must be False for labels, got True; predict_"):
        net.predict(X, return_std=True)


def test_several_outputs_have_a_spread_each():
    layers = [
        ("input", InputLayer),
        ("noise", DropoutLayer),
        (DenseLayer, {"name": "size", "incoming": "noise"}),
        (DenseLayer, {"name": "sign", "incoming": "noise", "num_units": 1}),
    ]
    options = {"outputs": ["size", "sign"], "regression": {"size": True}, "max_epochs": 1}
    options |= {"train_split": None}
    net = NeuralNet(layers, **options, test_augment=MonteCarloDropout(20), random_state=0)
    net.fit(X, {"size": y, "sign": y > 1})
    predictions, std = net.predict(X, return_std=True)
    assert [len(predictions), std[1]] == [2, None]
    assert std[0].shape == predictions[0].shape == (20,)
    probabilities, std = net.predict_proba(X, return_std=True)
    assert probabilities[0] is std[0] is None
    assert std[1].shape == (20, 2)
    assert (std[1] > 0).all()
    assert_allclose(std[1][:, 0], std[1][:, 1], rtol=1e-4)


def test_variances_of_the_output_and_of_the_passes_are_added():
    """The output tells a variance of 4, whatever X is."""
    weights = np.hstack([W, np.zeros((6, 1))])
    told = {"out_W": weights, "out_b": np.array([1.0, np.log(4)])}
    net = linear_net(noise_p=0.3, objective_loss_function="gaussian_nll", **told).fit(X, y)
    check_moments(*net.predict(X, return_std=True), 4 + np.square(X * W[:, 0]).sum(1) * 0.3 / 0.7)


@pytest.mark.parametrize("augment", [None, TestTime(TenCrop()), lambda f, key, Xb: f(Xb)])
def test_other_predictions_have_no_spread(net, augment):
    net = clone(net).fit(X, y).set_params(test_augment=augment)
    if not isinstance(augment, TestTime):
        with pytest.raises(ValueError, match=r"return_std must be False .*MonteCarloDropout\(\)"):
            net.predict(X, return_std=True)
    assert not hasattr(augment, "moments")


def test_nets_without_noise_warn():
    layers = [("input", InputLayer), ("out", DenseLayer)]
    with pytest.warns(UserWarning, match="MonteCarloDropout needs a layer that draws noise"):
        net = linear_net(layers=layers, test_augment=MonteCarloDropout(3)).fit(X, y)
    with pytest.warns(UserWarning, match="such as a DropoutLayer with p above 0"):
        assert_array_equal(net.predict(X, return_std=True)[1], 0)
    with pytest.warns(UserWarning, match="all passes are equal"):
        linear_net(noise_p=0.0).fit(X, y)


def test_each_pass_averages_over_augmented_copies():
    """Flipping the columns and dropout have the mean of y over both orders, up to five errors."""
    images = X.reshape(20, 1, 1, 6)
    augment = MonteCarloDropout(N, TestTime(Turns()))
    net = linear_net(noise_p=0.3, test_augment=augment).fit(images, y)
    mean, std = net.predict(images, return_std=True)
    both = (X + X[:, ::-1]) / 2
    assert (np.abs(mean - both @ W[:, 0] - 1) < 5 * std / np.sqrt(N)).all()
    assert_array_equal(net.set_params(test_augment__n=1).predict(images, return_std=True)[1], 0)
    with pytest.raises(ValueError, match=r"MonteCarloDropout\): augment \(TestTime\): n must be"):
        linear_net(test_augment=MonteCarloDropout(2, TestTime(RandomFlip()))).fit(images, y)
    with pytest.raises(ValueError, match=r"augment must be a TestTime, .* or None, got 3"):
        linear_net(test_augment=MonteCarloDropout(2, 3)).fit(images, y)


@pytest.mark.parametrize("n", [0, 2.5, None, True])
def test_the_number_of_passes_is_a_positive_integer(n):
    with pytest.raises(ValueError, match=r"\(MonteCarloDropout\): n must be a positive integer"):
        linear_net(test_augment=MonteCarloDropout(n)).fit(X, y)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (DropoutLayer(), (3, 8)),
        (DropoutLayer(shared_axes=(2,)), (3, 8, 2)),
        (SpatialDropoutLayer(), (3, 2, 2, 8)),
        (DropoutLocationsLayer(), (3, 4, 4, 2)),
        (StochasticDepthLayer(), (3, 2, 2, 2)),
        (GaussianNoiseLayer(), (3, 8)),
        (RandomizedRectifierLayer(), (3, 8)),
        (MultiHeadAttentionLayer(num_heads=2, p=0.5), (3, 6, 4)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_rows_share_the_noise_at_prediction(layer, shape):
    x = -np.ones(shape, np.float32) * np.linspace(1, 2, shape[-1], dtype=np.float32)
    params, state = layer.init(jax.random.key(0), (None, *shape[1:]))

    @jax.jit
    def apply(key):
        return layer.apply(params, state, x, ctx=Context(False, key))[0]

    outputs = np.array([apply(jax.random.key(i)) for i in range(5)])
    assert layer.noisy
    assert np.std(outputs, axis=0).any()
    assert_allclose(outputs, np.broadcast_to(outputs[:, :1], outputs.shape), rtol=1e-6)
