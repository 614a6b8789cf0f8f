import jax.numpy as jnp
import numpy as np
import pytest

from skconv.layers import BatchNormLayer, BiasLayer, NonlinearityLayer, ScaleLayer
from skconv.models.caffe.convert import from_caffe
from skconv.nonlinearities import SELU, LeakyRectify, Power, elu, rectify

from .running import write
from .writer import Writer


@pytest.mark.parametrize(
    ("kind", "params", "function"),
    [
        ("ReLU", "", rectify),
        ("ReLU", "relu_param { negative_slope: 0.1 }", LeakyRectify(0.1)),
        ("ELU", "", elu),
        ("ELU", "elu_param { alpha: 0.2 }", SELU(scale_neg=0.2)),
        ("Power", "power_param { power: 0.5 scale: 2 shift: 1 }", Power(0.5, 2.0, 1.0)),
        ("AbsVal", "", jnp.abs),
        ("Log", "", jnp.log),
        ("Exp", "", jnp.exp),
    ],
)
def test_nonlinearities(layer, kind, params, function):
    made = layer(kind, params)
    assert made["layers"][1:] == [("x", NonlinearityLayer)]
    assert made["x_nonlinearity"] == function


def test_bases_of_exponentials_and_logarithms(layer):
    made = layer("Exp", "exp_param { base: 10 scale: 2 shift: 1 }")
    assert made["x_input_nonlinearity"] == Power(scale=2 * np.log(10), shift=np.log(10))
    made = layer("Log", "log_param { base: 2 scale: 3 shift: 1 }")
    assert made["x_input_nonlinearity"] == Power(scale=3.0, shift=1.0)
    assert made["x_log_nonlinearity"] is jnp.log
    assert made["x_nonlinearity"] == Power(scale=1 / np.log(2))


def test_dropout(layer):
    assert layer("Dropout")["x_p"] == 0.5
    assert layer("Dropout", "dropout_param { dropout_ratio: 0.4 }")["x_p"] == 0.4


def test_slopes_may_be_one_for_all_channels(layer):
    made = layer("PReLU", "prelu_param { channel_shared: true filler { value: 0.1 } }")
    assert made["x_shared_axes"] == (0, 1, 2, 3)
    assert made["x_alpha"].val == 0.1


@pytest.mark.parametrize(
    ("param", "axes"),
    [
        ("", None),
        ("axis: 2 num_axes: 2", (0, 1)),
        ("axis: 1 num_axes: -1", (0,)),
        ("axis: -1", (0, 1, 2)),
        ("num_axes: 0", (0, 1, 2, 3)),
    ],
)
def test_axes_of_scales_and_biases(layer, param, axes):
    for kind, cls in (("Scale", ScaleLayer), ("Bias", BiasLayer)):
        made = layer(kind, f"{kind.lower()}_param {{ {param} }}")
        assert made["layers"][1:] == [("x", cls)]
        assert made.get("x_shared_axes") == axes


def test_statistics_are_divided_by_their_factor(tmp_path):
    net = Writer(1, 2)
    net.layer("bn", "BatchNorm", batch_norm_param={"eps": 0.5})
    blobs = [np.float32([2, 4]), np.float32([1, 7]), np.float32([2])]
    pretrained = from_caffe(*write(tmp_path, net.text(), {"bn": blobs}))
    assert pretrained.network["layers"][1:] == [("bn", BatchNormLayer)]
    assert pretrained.network["bn_alpha"] == 0.001
    np.testing.assert_allclose(pretrained.weights["bn.mean"], [1, 2])
    np.testing.assert_allclose(pretrained.weights["bn.inv_std"], [1, 0.5])
    blobs[1] = np.float32([-2, 0])
    with pytest.raises(ValueError, match=r"layer 'bn' \(BatchNorm\): its variances must be posit"):
        from_caffe(*write(tmp_path, net.text(), {"bn": blobs}))


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("Scale", "scale_param { axis: 0 }", "axis must not be 0"),
        ("Bias", "bias_param { num_axes: 4 }", "num_axes must be -1 or at most 3, got 4"),
        ("Exp", "exp_param { base: 0 }", "base must be positive, or -1 for e, got 0"),
        ("Log", "log_param { base: 1 }", "base must not be 1"),
        ("Dropout", "dropout_param { dropout_ratio: 2 }", "p must be a number between"),
        ("Scale", 'bottom: "data"', "bottom must be given once"),
    ],
)
def test_invalid_fields(layer, kind, text, message):
    with pytest.raises(ValueError, match=rf"layer 'x' \({kind}\): .*{message}"):
        layer(kind, text)


def test_statistics_of_batches_are_for_training_only(layer):
    message = r"layer 'x' \(BatchNorm\) predicts by running statistics, despite use_global_stats"
    with pytest.warns(UserWarning, match=message):
        layer("BatchNorm", "batch_norm_param { use_global_stats: false }")
