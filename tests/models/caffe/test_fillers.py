import numpy as np
import pytest
from google.protobuf import text_format

from skconv.init import Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Normal, Uniform
from skconv.models.caffe.fillers import bilinear, fillers
from skconv.models.caffe.schema import new_message


def initial(text):
    param = text_format.Parse(f"weight_filler {{ {text} }}", new_message("convolution"))
    return fillers(param, (2, 1, 4, 4), W="weight_filler", b="bias_filler")["W"]


@pytest.mark.parametrize(
    ("text", "initializer"),
    [
        ("value: 0.2", Constant(0.2)),
        ('type: "gaussian" std: 0.01', Normal(0.01)),
        ('type: "gaussian" mean: 1', Normal(1.0, 1.0)),
        ('type: "uniform" min: -0.1 max: 0.2', Uniform((-0.1, 0.2))),
        ('type: "xavier"', HeUniform()),
        ('type: "xavier" variance_norm: AVERAGE', GlorotUniform()),
        ('type: "msra"', HeNormal("relu")),
        ('type: "msra" variance_norm: AVERAGE', GlorotNormal("relu")),
    ],
)
def test_fillers_are_initializers(text, initializer):
    assert initial(text) == initializer


def test_those_that_are_not_given_are_left_to_the_layer():
    assert fillers(new_message("convolution"), (1,), W="weight_filler", b="bias_filler") == {}


def test_bilinear_filters_interpolate():
    filters = initial('type: "bilinear"')
    assert filters.shape == (2, 1, 4, 4)
    line = np.array([0.25, 0.75, 0.75, 0.25])
    np.testing.assert_allclose(filters[1, 0], np.outer(line, line))
    np.testing.assert_allclose(
        bilinear((1, 1, 5, 5))[0, 0, 2], np.array([1, 2, 3, 2, 1]) / 3, rtol=1e-6
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('type: "gausian"', r"the filler 'gausian' is unknown. Did you mean 'gaussian'\?"),
        ('type: "msra" variance_norm: FAN_OUT', "must be FAN_IN or AVERAGE, got FAN_OUT"),
    ],
)
def test_fillers_without_a_counterpart(text, message):
    with pytest.raises(ValueError, match=message):
        initial(text)


def test_a_layout_cannot_ask_for_any_amount_of_memory(layer):
    text = "convolution_param { num_output: 2 kernel_size: 100000000 weight_filler { type: "
    with pytest.raises(ValueError, match="'bilinear' must have at most 100,000,000 weights"):
        layer("Deconvolution", text + '"bilinear" } }')
