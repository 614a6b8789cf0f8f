import jax
import numpy as np
import pytest

from skconv.layers.base import Context
from skconv.training.plan import PredictPlan
from skconv.training.predict_step import gradient

from ..nets import IMAGES, image_net

rng = np.random.default_rng(0)
direction = rng.normal(size=(10, 3)).astype(np.float32)
STEP = 1e-3


@pytest.fixture(scope="module")
def net():
    return image_net(input_shape=(None, 2, 6, 7), output_num_units=3).initialize()


def found(net, layer, logits=True, weights=direction):
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
    of_layer = found(net, layer, logits)
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
    of_conv = found(net, "conv", logits=False)
    np.testing.assert_allclose(of_conv.outputs, net.get_output("conv", IMAGES), atol=1e-6)
    expected = (net.predict_proba(IMAGES) * direction).sum(axis=1)
    np.testing.assert_allclose(of_conv.scores, expected, rtol=1e-5, atol=1e-6)


def test_rows_have_their_own_gradients(net):
    weights = direction.copy()
    weights[3:] = 0
    alone = found(net, "input", weights=weights).gradients
    np.testing.assert_array_equal(alone[:3], found(net, "input").gradients[:3])
    assert not alone[3:].any()


def test_an_output_depends_on_itself_as_it_is(net):
    of_output = found(net, "output", logits=False)
    np.testing.assert_allclose(of_output.gradients, direction)
