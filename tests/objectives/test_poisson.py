import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import PoissonRegressor
from sklearn.metrics import mean_poisson_deviance

from skconv import NeuralNetClassifier, NeuralNetRegressor
from skconv.layers import Conv2DLayer, DenseLayer, InputLayer
from skconv.nonlinearities import exponential
from skconv.objectives import poisson_deviance
from skconv.objectives.by_nonlinearity import from_logits

from .cases import check_formula

RNG = np.random.default_rng(0)
RATES = RNG.uniform(0.1, 5, (40, 3))
COUNTS = RNG.poisson(RATES).astype(np.float64)
X = RNG.normal(size=(300, 4)).astype(np.float32)
Y = RNG.poisson(np.exp(0.3 + X @ [0.5, -0.4, 0.0, 0.2]))


def test_it_is_the_deviance_of_scikit_learn():
    assert (COUNTS == 0).any()
    expected = [mean_poisson_deviance(y, rate) for y, rate in zip(COUNTS.T, RATES.T, strict=True)]
    losses = poisson_deviance(jnp.asarray(RATES), jnp.asarray(COUNTS))
    np.testing.assert_allclose(losses.mean(axis=0), expected, rtol=1e-6)


def formula(rates, counts):
    return 2 * (counts * np.log(np.where(counts, counts, 1) / rates) - counts + rates)


def test_the_form_on_logarithms_is_the_same():
    check_formula(poisson_deviance, formula, RATES, COUNTS, {})
    of_logs = from_logits(poisson_deviance, exponential)
    check_formula(of_logs, lambda x, y: formula(np.exp(x), y), np.log(RATES), COUNTS, {})


def test_rates_of_zero_have_a_finite_loss():
    losses = poisson_deviance(jnp.zeros(2), jnp.array([0.0, 3.0]))
    assert np.isfinite(losses).all()


def test_columns_are_compared_with_columns():
    assert poisson_deviance(jnp.ones((3, 1)), jnp.ones(3)).shape == (3, 1)


def linear_net(output, **given):
    return NeuralNetRegressor(
        [InputLayer, output],
        update="lbfgs",
        batch_iterator_train=300,
        train_split=None,
        max_epochs=30,
        random_state=0,
        **given,
    )


@pytest.mark.parametrize("loss", ["poisson", "poisson_deviance", poisson_deviance])
def test_a_linear_net_finds_what_scikit_learn_finds(loss):
    net = linear_net(DenseLayer, objective_loss_function=loss).fit(X, Y)
    model = PoissonRegressor(alpha=0, tol=1e-8).fit(X, Y)
    np.testing.assert_allclose(net.predict(X), model.predict(X), rtol=1e-3)
    deviance = mean_poisson_deviance(Y, net.predict(X))
    assert net.train_history_[-1]["train_loss"] == pytest.approx(deviance, rel=1e-3)


def test_the_default_net_keeps_the_units_of_counts():
    net = NeuralNetRegressor(
        objective_loss_function="poisson", max_epochs=30, dropout_p=0.0, random_state=0
    ).fit(X, 50 * Y)
    assert net.predict(X).min() >= 0
    assert net.predict(X).mean() == pytest.approx(50 * Y.mean(), rel=0.1)
    assert net.score(X, 50 * Y) > 0.3


def test_pixels_have_rates():
    images = RNG.normal(size=(40, 1, 4, 4)).astype(np.float32)
    counts = RNG.poisson(np.exp(images[:, 0]))
    pixels = Conv2DLayer, {"num_filters": 1, "filter_size": 1}
    net = linear_net(pixels, objective_loss_function="poisson").fit(images, counts)
    model = PoissonRegressor(alpha=0, tol=1e-8).fit(images.reshape(-1, 1), counts.ravel())
    expected = model.predict(images.reshape(-1, 1))
    np.testing.assert_allclose(net.predict(images).ravel(), expected, rtol=1e-3)


@pytest.mark.parametrize(
    ("cls", "given", "y", "message"),
    [
        (
            NeuralNetRegressor,
            {},
            Y - 1.0,
            "y must hold numbers of at least 0 for poisson_deviance, got -1; for others leave",
        ),
        (
            NeuralNetRegressor,
            {"output_nonlinearity": "linear"},
            Y,
            "nonlinearity must be exponential for poisson_deviance, got linear",
        ),
        (
            NeuralNetRegressor,
            {"output_nonlinearity": "sigmoid"},
            Y,
            "nonlinearity must be exponential for poisson_deviance, got sigmoid",
        ),
        (
            NeuralNetRegressor,
            {"normalize_y": True},
            Y,
            "normalize_y must be False or None for poisson_deviance, which takes y in its units",
        ),
        (NeuralNetClassifier, {}, Y, "regression must be True for poisson_deviance"),
        (
            NeuralNetRegressor,
            {"objective_loss_function": "binary_crossentropy", "normalize_y": True},
            Y > 1,
            "normalize_y must be False or None for binary_crossentropy",
        ),
    ],
)
def test_what_cannot_be_meant(cls, given, y, message):
    net = cls(**{"objective_loss_function": "poisson", "max_epochs": 1, **given})
    with pytest.raises(ValueError, match=message):
        net.fit(X, y)


@pytest.mark.parametrize("name", ["softplus", "rectify"])
def test_other_positive_outputs_are_taken(name):
    net = NeuralNetRegressor(
        objective_loss_function="poisson", output_nonlinearity=name, max_epochs=2, random_state=0
    ).fit(X, Y)
    assert np.isfinite(net.train_history_[-1]["train_loss"])
