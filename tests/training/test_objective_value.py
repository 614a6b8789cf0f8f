import jax.numpy as jnp
import numpy as np
import pytest

from skconv.layers import DenseLayer, InputLayer

from ..nets import LAYERS, X, make_net, three_headed, y

RNG = np.random.default_rng(0)
WEIGHTS = RNG.uniform(0.5, 2, len(X))


def distance(output, targets, factor=1.0):
    """Return a loss for outputs that are wider than the targets."""
    return factor * jnp.abs(output - targets[:, None]).max(axis=1)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_the_score_is_minus_the_mean_loss_of_all_rows(weights):
    net = make_net(regression=True, objective_loss_function=distance, output_num_units=7)
    net.set_params(objective_factor=3.0, batch_iterator_test=7)
    output = net.fit(X, y.astype(float)).predict(X)
    assert output.shape == (40, 7)
    losses = 3 * np.abs(output - y[:, None]).max(axis=1)
    expected = -np.average(losses, weights=weights)
    assert net.score(X, y.astype(float), sample_weight=weights) == pytest.approx(expected, rel=1e-5)


def test_an_objective_of_ones_own_is_the_score_without_penalties():
    def largest(predictions, targets, weights, params, *, loss_function, power: float = 1.0):
        return (
            jnp.abs(predictions).max() ** power + sum((p**2).sum() for p in params)
        ) * weights.mean()

    net = make_net(regression=True, objective=largest, objective_power=2.0, output_num_units=3)
    del net.objective_l2  # which it does not take
    net.set_params(update_learning_rate=1e-3)
    output = net.fit(X, y.astype(float)).predict(X)
    np.testing.assert_array_equal(output, net.get_output("output", X))
    assert net.score(X, y.astype(float)) == pytest.approx(-(np.abs(output).max() ** 2), rel=1e-5)


def test_other_outputs_enter_with_their_weights():
    """The default losses get logits, as in training."""
    net = three_headed(
        objective_loss_function={"size": distance},
        layers=[
            *three_headed().layers[:-1],
            (DenseLayer, {"name": "size", "incoming": "hidden", "num_units": 4}),
        ],
    )
    targets = {"size": X[:, 0], "kind": y, "sign": X[:, 0] > 0}
    kinds, signs, sizes = [*net.fit(X, targets).predict_proba(X)[:2], net.predict(X)[2]]
    losses = -np.log(kinds[np.arange(40), y])
    losses += 0.5 * -np.log(signs[np.arange(40), targets["sign"].astype(int)])
    losses += 2.0 * np.abs(sizes - X[:, :1]).max(axis=1)
    assert net.score(X, targets) == pytest.approx(-losses.mean(), rel=1e-4)


def test_labels_reach_the_loss_as_indices():
    seen = []

    def loss(output, targets):
        seen.append(targets.dtype)
        return output.sum(axis=1) * targets.astype(jnp.float32)

    labels = np.array(["a", "b", "c"])[y]
    net = make_net(objective_loss_function=loss, output_num_units=5, layers=LAYERS)
    output = net.fit(X, labels).predict(X)
    assert set(map(str, seen)) == {"int32"}
    assert output.shape == (40, 5)
    assert not hasattr(net, "predict_proba")
    assert net.score(X, labels) == pytest.approx(-(output.sum(axis=1) * y).mean(), rel=1e-4)


def test_all_targets_of_rows_of_several_shapes_count_alike():
    def widest(output, targets):
        return jnp.abs(output - targets[..., None]).max(axis=-1)

    sizes = [3, 5, 3]
    rows = [RNG.normal(size=(n, 2)) for n in sizes]
    targets = [RNG.normal(size=n) for n in sizes]
    layers = [("input", InputLayer), ("output", DenseLayer)]
    net = make_net(layers=layers, output_num_leading_axes=2, input_shape=(None, None, 2))
    net.set_params(regression=True, objective_loss_function=widest, output_num_units=3)
    net.set_params(max_epochs=0).fit(rows, targets)
    W, b = net.get_all_params_values()["output"]
    pairs = zip(rows, targets, strict=True)
    losses = np.concatenate([np.abs(x @ W + b - t[:, None]).max(axis=1) for x, t in pairs])
    assert net.score(rows, targets) == pytest.approx(-losses.mean(), rel=1e-5)
    weights = RNG.uniform(0.5, 2, 3)
    expected = -np.average(losses, weights=np.repeat(weights, sizes))
    assert net.score(rows, targets, sample_weight=weights) == pytest.approx(expected, rel=1e-5)
