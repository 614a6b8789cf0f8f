import jax
import numpy as np
import pytest

from skconv.layers.base import Context
from skconv.nonlinearities import softmax
from skconv.training.plan import PredictPlan
from skconv.training.predict_step import gradient

from ..nets import IMAGES, X, image_net, softmax_of, still_net, y

rng = np.random.default_rng(0)
direction = rng.normal(size=(10, 3)).astype(np.float32)
STEP = 1e-3


def test_test_augment_wraps_the_forward_pass():
    def mirrored(forward, key, Xb):
        return (forward(Xb) + forward(-Xb)) / 2

    found = still_net(test_augment=mirrored).fit(X[:, :3], y).predict_proba(X[:, :3])
    expected = (softmax_of(X[:, :3]) + softmax_of(-X[:, :3])) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_test_augment_draws_the_same_at_every_call_and_wherever_rows_lie():
    def noisy(forward, key, Xb):
        return forward(Xb + jax.random.normal(key, (1, 3)))

    net = still_net(test_augment=noisy).fit(X[:, :3], y)
    one = net.predict_proba(np.zeros((40, 3)))
    np.testing.assert_array_equal(net.predict_proba(np.zeros((40, 3))), one)
    assert len(np.unique(one, axis=0)) == 1
    assert not np.allclose(one[0], 1 / 3)


def test_test_augment_may_know_what_the_outputs_end_in():
    seen = []

    def look(forward, key, Xb):
        seen.append(forward.endings)
        return forward(Xb)

    still_net(test_augment=look).fit(X[:, :3], y).predict(X[:, :3])
    assert set(seen) == {(softmax,)}


@pytest.fixture(scope="module")
def net():
    return image_net(input_shape=(None, 2, 6, 7), output_num_units=3).initialize()


def gradient_of(net, layer, logits=True, weights=direction):
    model = net._model
    plan = PredictPlan(net.network_)
    args = model.params, model.state, {"input": IMAGES}, net.network_.runtime(), weights
    return jax.tree.map(
        np.asarray, gradient(plan, *args, layer=layer, output="output", logits=logits)
    )


def scores_of(net, layer, outputs, logits):
    model, network = net._model, net.network_
    (out,), _ = network.apply(
        model.params,
        model.state,
        {},
        network.runtime(),
        Context(False),
        to=["output"],
        logits=["output"] if logits else (),
        given={layer: outputs},
    )
    return np.asarray(out) @ direction.T


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("layer", ["input", "conv", "hidden"])
def test_gradients_are_those_of_central_differences(net, layer, logits):
    of_layer = gradient_of(net, layer, logits)
    assert of_layer.outputs.shape == of_layer.gradients.shape
    for place in rng.integers(0, of_layer.outputs[0].size, 6):
        moved = np.zeros_like(of_layer.outputs)
        moved.reshape(10, -1)[:, place] = STEP
        after, before = (
            np.diag(scores_of(net, layer, of_layer.outputs + sign * moved, logits))
            for sign in (1, -1)
        )
        expected = (after - before) / (2 * STEP)
        np.testing.assert_allclose(
            of_layer.gradients.reshape(10, -1)[:, place], expected, atol=2e-3
        )


def test_scores_and_outputs_are_those_of_the_network(net):
    of_conv = gradient_of(net, "conv", logits=False)
    np.testing.assert_allclose(of_conv.outputs, net.get_output("conv", IMAGES), atol=1e-6)
    expected = (net.predict_proba(IMAGES) * direction).sum(axis=1)
    np.testing.assert_allclose(of_conv.scores, expected, rtol=1e-5, atol=1e-6)


def test_rows_have_their_own_gradients(net):
    weights = direction.copy()
    weights[3:] = 0
    alone = gradient_of(net, "input", weights=weights).gradients
    np.testing.assert_array_equal(alone[:3], gradient_of(net, "input").gradients[:3])
    assert not alone[3:].any()


def test_an_output_depends_on_itself_as_it_is(net):
    of_output = gradient_of(net, "output", logits=False)
    np.testing.assert_allclose(of_output.gradients, direction)
