import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

from skconv import NeuralNet, compile_counts
from skconv.layers import Conv2DLayer, DenseLayer, InputLayer, MaxPool2DLayer
from skconv.nonlinearities import tanh
from skconv.updates.hessian_free import conjugate_gradients, gauss_newton, hessian_free
from skconv.updates.rules import lbfgs, nesterov_momentum
from skconv.updates.update_rule import BatchLoss

RNG = np.random.default_rng(0)


@pytest.fixture
def float64():
    with jax.enable_x64(True):
        yield


X = RNG.normal(size=(7, 3))
CLASSES = np.arange(7) % 4
W, V = RNG.normal(size=(3, 5)), RNG.normal(size=(5, 4))
L2 = 0.3


def outputs(params):
    return jnp.tanh(jnp.asarray(X, params["W"].dtype) @ params["W"]) @ params["V"]


def of_outputs(out, params):
    log_p = jax.nn.log_softmax(out)
    loss = -jnp.take_along_axis(log_p, jnp.asarray(CLASSES)[:, None], 1).mean()
    return loss + L2 * jnp.square(params["W"]).sum()


def dense_gauss_newton():
    """``J' H J`` of the net above in NumPy, with parameters in the order V, W."""
    hidden = np.tanh(X @ W)
    logits = hidden @ V
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    rows = []
    for n in range(len(X)):
        for k in range(4):
            by_v = np.zeros_like(V)
            by_v[:, k] = hidden[n]
            by_w = np.outer(X[n], (1 - hidden[n] ** 2) * V[:, k])
            rows.append(np.concatenate([by_v.ravel(), by_w.ravel()]))
    J = np.array(rows)
    H = np.zeros((len(J), len(J)))
    for n in range(len(X)):
        block = slice(4 * n, 4 * n + 4)
        H[block, block] = (np.diag(p[n]) - np.outer(p[n], p[n])) / len(X)
    penalty = np.concatenate([np.zeros(V.size), np.full(W.size, 2 * L2)])
    return J.T @ H @ J + np.diag(penalty)


def test_products_are_those_of_the_dense_gauss_newton_matrix(float64):
    params = {"V": jnp.asarray(V), "W": jnp.asarray(W)}
    product = jax.jit(gauss_newton(outputs, of_outputs, params))
    G = dense_gauss_newton()
    for _ in range(3):
        v = RNG.normal(size=len(G))
        parts = {"V": jnp.asarray(v[:20].reshape(5, 4)), "W": jnp.asarray(v[20:].reshape(3, 5))}
        found = product(parts)
        flat = np.concatenate([np.ravel(found["V"]), np.ravel(found["W"])])
        np.testing.assert_allclose(flat, G @ v, rtol=1e-10, atol=1e-12)


@jax.custom_vjp
def square(x):
    return x * x


square.defvjp(lambda x: (x * x, x), lambda x, g: (2 * x * g,))


def test_products_need_no_forward_derivative():
    w = jnp.asarray([1.0, -2.0, 0.5])
    with pytest.raises(TypeError, match="forward-mode"):
        jax.jvp(square, (w,), (w,))
    product = gauss_newton(square, lambda out, w: (out**3).sum(), w)
    v = jnp.asarray([0.3, 0.2, -1.0])
    np.testing.assert_allclose(product(v), (2 * w) ** 2 * 6 * w**2 * v, rtol=1e-5)


def system(n=12, condition=50.0):
    Q = np.linalg.qr(RNG.normal(size=(n, n)))[0]
    return Q @ np.diag(np.geomspace(1, condition, n)) @ Q.T, RNG.normal(size=n)


def model_of(A, b, x):
    return x @ A @ x / 2 - b @ x


@pytest.mark.parametrize("start", ["zero", "elsewhere", "solution"])
def test_conjugate_gradients_solve_linear_equations(float64, start):
    A, b = system()
    solution = np.linalg.solve(A, b)
    x0 = {"zero": np.zeros(12), "elsewhere": RNG.normal(size=12), "solution": solution}[start]
    x, value = conjugate_gradients(lambda v: A @ v, jnp.asarray(b), jnp.asarray(x0), 12)
    np.testing.assert_allclose(x, solution, rtol=1e-7, atol=1e-9)
    assert float(value) == pytest.approx(model_of(A, b, solution))


def reference(A, b, iterations):
    """Conjugate gradients in NumPy with Martens' end; the solution and the number of iterations."""
    x, r = np.zeros(len(b)), b.copy()
    d, values = r.copy(), [0.0]
    for i in range(1, iterations + 1):
        along = A @ d
        length = r @ r / (d @ along)
        x, new = x + length * d, r - length * along
        d, r = new + (new @ new) / (r @ r) * d, new
        values.append(model_of(A, b, x))
        k = max(10, i // 10)
        if i > k and values[i] < 0 and (values[i] - values[i - k]) / values[i] < k * 5e-4:
            break
    return x, i


def test_conjugate_gradients_end_where_progress_is_small(float64):
    A, b = system(200, 300.0)
    expected, iterations = reference(A, b, 150)
    assert 20 < iterations < 100
    x, value = conjugate_gradients(lambda v: A @ v, jnp.asarray(b), jnp.zeros(200), 150)
    np.testing.assert_allclose(x, expected, rtol=1e-6, atol=1e-9)
    assert float(value) == pytest.approx(model_of(A, b, expected))
    few, _ = conjugate_gradients(lambda v: A @ v, jnp.asarray(b), jnp.zeros(200), 5)
    np.testing.assert_allclose(few, reference(A, b, 5)[0], rtol=1e-6, atol=1e-9)


def test_conjugate_gradients_go_nowhere_without_positive_curvature():
    x, value = conjugate_gradients(lambda v: -v, jnp.ones(3), jnp.zeros(3), 5)
    np.testing.assert_array_equal(x, np.zeros(3))
    assert float(value) == 0


def stepped(loss, params, rule, state):
    value, grads = jax.value_and_grad(loss)(params)
    steps, state = rule.update(grads, state, params, value=value, value_fn=loss)
    return jax.tree.map(jnp.add, params, steps), state


def test_one_step_without_damping_solves_least_squares(float64):
    A, b = RNG.normal(size=(9, 4)), RNG.normal(size=9)
    loss = BatchLoss(lambda w: A @ w - b, lambda out, w: (out**2).sum())
    rule = hessian_free(damping=0.0)
    w, state = stepped(loss, jnp.zeros(4), rule, rule.init(jnp.zeros(4)))
    np.testing.assert_allclose(w, np.linalg.lstsq(A, b)[0], rtol=1e-5)
    np.testing.assert_allclose(state.direction, w)


@pytest.mark.parametrize(("bend", "factor"), [(0.0, 2 / 3), (-2.0, 1.0), (-4.0, 3 / 2)])
def test_the_damping_follows_how_well_the_model_foretold(float64, bend, factor):
    """At 1 the loss falls by ``4 / 3 + 4 / 9 * bend`` of what the model says."""
    loss = BatchLoss(lambda w: w, lambda out, w: (out**2 + bend * (out - 1) ** 3).sum())
    rule = hessian_free(damping=1.0)
    w = jnp.ones(1)
    _, state = stepped(loss, w, rule, rule.init(w))
    np.testing.assert_allclose(state.direction, [-2 / 3])
    assert float(state.damping) == pytest.approx(factor)


def test_the_next_step_starts_from_the_decayed_last_one(float64):
    loss = BatchLoss(lambda w: w, lambda out, w: (jnp.asarray([1.0, 9.0]) * out**2).sum())
    rule = hessian_free(damping=1.0, cg_iterations=0, cg_decay=0.5)
    w = jnp.ones(2)
    _, state = stepped(loss, w, rule, rule.init(w)._replace(direction=jnp.asarray([-0.4, -0.2])))
    np.testing.assert_allclose(state.direction, [-0.2, -0.1])


def test_a_step_is_shortened_until_it_lowers_the_loss(float64):
    loss = BatchLoss(lambda w: jnp.arctan(w), lambda out, w: (out**2).sum())
    rule = hessian_free(damping=0.0)
    w = jnp.asarray([3.0])
    moved, state = stepped(loss, w, rule, rule.init(w))
    whole = float(w[0] + state.direction[0])
    assert abs(whole) > 3.0
    assert abs(float(moved[0])) < 3.0
    taken = (float(moved[0]) - 3.0) / (whole - 3.0)
    n = np.log(taken) / np.log(0.8)
    assert n == pytest.approx(round(n), abs=1e-6)
    assert float(state.damping) == 0.0


def iris():
    X, y = load_iris(return_X_y=True)
    return ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32), y


def digits():
    X, y = load_digits(n_class=4, return_X_y=True)
    return (X[:120].reshape(-1, 1, 8, 8) / 16).astype(np.float32), y[:120]


MLP = [InputLayer, (DenseLayer, {"num_units": 8}), DenseLayer]
CNN = [
    InputLayer,
    (Conv2DLayer, {"num_filters": 4, "filter_size": 3, "nonlinearity": tanh}),
    (MaxPool2DLayer, {"pool_size": 2}),
    DenseLayer,
]


def losses(layers, X, y, update, epochs, **given):
    net = NeuralNet(
        layers,
        update=update,
        max_epochs=epochs,
        batch_iterator_train=len(X),
        train_split=None,
        random_state=0,
        **given,
    )
    return [row["train_loss"] for row in net.fit(X, y).train_history_]


@pytest.mark.parametrize(
    ("update", "layers", "data"),
    [(hessian_free, MLP, iris), (hessian_free, CNN, digits), (lbfgs, MLP, iris)],
)
def test_second_order_needs_far_fewer_updates(update, layers, data):
    X, y = data()
    momentum = losses(layers, X, y, nesterov_momentum, 100, update_learning_rate=0.05)
    found = losses(layers, X, y, update, 15)
    assert all(np.diff(found) < 1e-6)
    assert found[-1] < 0.7 * momentum[-1]


def test_numbers_of_hessian_free_compile_nothing():
    X, y = iris()
    losses(MLP, X, y, hessian_free, 1)
    before = compile_counts()["train"]
    one = losses(MLP, X, y, hessian_free, 2, update_damping=0.1, update_cg_decay=0.5)
    other = losses(MLP, X, y, hessian_free, 2, update_damping=10.0, update_learning_rate=0.5)
    assert one[1] != other[1]
    assert compile_counts()["train"] == before
    losses(MLP, X, y, hessian_free, 1, update_cg_iterations=3)
    assert compile_counts()["train"] == before + 1
