from skconv.init import Constant
from skconv.layers import Context, DenseLayer, InverseLayer, LSTMLayer, ParamSpec
from skconv.layers.specs import reference_fields


def test_fields_for_further_layers():
    fields = ("mask_input", "hid_input", "cell_input")
    assert reference_fields(LSTMLayer) == dict.fromkeys(fields, "input")
    assert reference_fields(InverseLayer) == {"layer": "layer"}
    assert reference_fields(DenseLayer) == {}
    assert LSTMLayer(mask_input="a") != LSTMLayer(mask_input="b")


def test_rows_share_random_numbers_at_prediction():
    assert Context(train=True).noise_shape((5, 3, 2)) == (5, 3, 2)
    assert Context(train=False).noise_shape((5, 3, 2)) == (1, 3, 2)


def test_specifications_hold_what_a_parameter_starts_from():
    layer = DenseLayer(num_units=3, W=Constant(2.0))
    assert type(ParamSpec((4, 3), layer.W).init) is Constant
