import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from skconv import NeuralNet, compile_counts, updates
from skconv.layers import DenseLayer, InputLayer
from skconv.updates import apply_momentum, apply_nesterov_momentum

RNG = np.random.default_rng(0)
START = {"a": {"W": RNG.normal(size=(3, 2)), "b": RNG.normal(size=2)}, "c": {"W": np.ones(4)}}
GRADIENTS = [jax.tree.map(lambda x: RNG.normal(size=x.shape), START) for _ in range(4)]


def run(rule):
    params = jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), START)
    state = rule.init(params)
    for grads in GRADIENTS:
        grads = jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), grads)
        changes, state = rule.update(grads, state, params)
        params = optax.apply_updates(params, changes)
    return params


def rmsprop_steps(place, rate=0.01, rho=0.9, epsilon=1e-6):
    layer, name = place
    mean = np.zeros_like(START[layer][name])
    for grads in GRADIENTS:
        g = grads[layer][name]
        mean = rho * mean + (1 - rho) * g**2
        yield -rate * g / np.sqrt(mean + epsilon)


def expected(place, momentum, nesterov):
    """Lasagne's formulas in float64: its velocity is that of the other rule's steps."""
    p = START[place[0]][place[1]].copy()
    v = np.zeros_like(p)
    for step in rmsprop_steps(place):
        v = momentum * v + step
        p += momentum * v + step if nesterov else v
    return p


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("params", [None, ["a"], ["a.b", "c"], "a.W"])
def test_steps_of_another_rule_have_momentum(nesterov, params):
    apply = apply_nesterov_momentum if nesterov else apply_momentum
    found = run(apply(updates.rmsprop(0.01), params, momentum=0.8))
    chosen = {
        None: [("a", "W"), ("a", "b"), ("c", "W")],
        "['a']": [("a", "W"), ("a", "b")],
        "['a.b', 'c']": [("a", "b"), ("c", "W")],
        "a.W": [("a", "W")],
    }[params if params is None else str(params)]
    for layer, own in START.items():
        for name in own:
            place = (layer, name)
            momentum = 0.8 if place in chosen else 0.0
            reference = expected(place, momentum, nesterov)
            np.testing.assert_allclose(found[layer][name], reference, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("apply", "same"),
    [
        (apply_momentum, updates.momentum),
        (apply_nesterov_momentum, updates.nesterov_momentum),
    ],
)
def test_gradient_descent_gets_the_usual_momentum(apply, same):
    ours, usual = run(apply(updates.sgd(0.1), momentum=0.7)), run(same(0.1, 0.7))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), ours, usual)


def test_momentum_is_a_runtime_value_of_a_net():
    def rule(learning_rate=0.01, momentum=0.9):
        return apply_momentum(updates.rmsprop(learning_rate), ["hidden"], momentum=momentum)

    X = RNG.normal(size=(20, 3)).astype(np.float32)
    y = X.sum(axis=1)
    layers = [("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)]
    net = NeuralNet(
        layers, hidden_num_units=4, update=rule, regression=True, max_epochs=2, train_split=None,
        random_state=0, verbose=0,
    )  # fmt: skip
    first = net.fit(X, y).layers_["hidden"].W.get_value()
    compiled = compile_counts()
    other = net.set_params(update_momentum=0.0).fit(X, y).layers_["hidden"].W.get_value()
    assert compile_counts() == compiled
    assert np.abs(first - other).max() > 1e-4
    net.set_params(update=lambda momentum: apply_momentum(updates.sgd(0.1), ["hiden"]))
    with pytest.raises(ValueError, match=r"params must be names .* Did you mean 'hidden'"):
        net.fit(X, y)


def test_unknown_parameters_are_named():
    rule = apply_momentum(updates.sgd(0.1), ["A", "aa.b"])
    with pytest.raises(ValueError, match=r"2 problems") as caught:
        rule.init(START)
    assert "got 'aa.b'. Did you mean 'a.b'?" in str(caught.value)


@pytest.mark.parametrize("given", [updates.sgd, {"p": 1.0}, "rmsprop"])
@pytest.mark.parametrize("apply", [apply_momentum, apply_nesterov_momentum])
def test_other_values_are_not_rules(apply, given):
    with pytest.raises(TypeError, match=rf"updates must be an update rule .*{apply.__name__}\(sgd"):
        apply(given)
