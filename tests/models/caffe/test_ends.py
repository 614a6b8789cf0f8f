import warnings

import pytest

from skconv.layers import DimshuffleLayer, NonlinearityLayer
from skconv.nonlinearities import sigmoid, softmax


def fc(name="fc", bottom="data"):
    return (
        f'layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{name}" '
        "inner_product_param { num_output: 3 } }\n"
    )


def loss(kind, bottoms, params=""):
    names = " ".join(f'bottom: "{name}"' for name in bottoms)
    return f'layer {{ name: "{kind}" type: "{kind}" {names} top: "{kind}" {params} }}\n'


DATA = (
    'layer { name: "d" type: "Data" top: "data" top: "label" transform_param { crop_size: 5 } }\n'
)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ('type: "Input" top: "data" input_param { shape { dim: [2, 3] } }', (3,)),
        ('type: "DummyData" top: "data" dummy_data_param { shape { dim: [2, 3] } }', (3,)),
        ('type: "Data" top: "data" top: "label" transform_param { crop_size: 5 }', (3, 5, 5)),
        (
            'type: "Data" top: "data" transform_param { crop_size: 5 force_gray: true }',
            (1, 5, 5),
        ),
        (
            'type: "HDF5Data" top: "data" transform_param { crop_size: 5 mean_value: 117 }',
            (1, 5, 5),
        ),
        (
            'type: "ImageData" top: "data" image_data_param { new_height: 4 new_width: 6 }',
            (3, 4, 6),
        ),
        (
            'type: "ImageData" top: "data" transform_param { crop_size: 4 } '
            "image_data_param { new_height: 5 new_width: 6 is_color: false }",
            (1, 4, 4),
        ),
        (
            'type: "MemoryData" top: "data" '
            "memory_data_param { batch_size: 9 channels: 2 height: 4 width: 6 }",
            (2, 4, 6),
        ),
    ],
)
def test_shapes_of_inputs(read, text, shape):
    made = read(f'layer {{ name: "in" {text} }}\n' + fc()).network
    assert made["data_shape"] == (None, *shape)


def test_a_given_shape_takes_the_place_of_that_of_the_file(read):
    top_level = 'input: "data" input_shape { dim: [1, 3, 9, 9] }\n'
    layer = 'layer { name: "in" type: "Data" top: "data" top: "label" }\n'
    for text in (top_level, layer, 'input: "data"\n', ""):
        made = read(text + fc(), input_shape=(3, 8, 8)).network
        assert made["data_shape"] == (None, 3, 8, 8)
        assert [name for name, _ in made["layers"]] == ["data", "fc"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('layer { name: "d" type: "Data" top: "data" }', "size of the data must be known from cro"),
        ('layer { name: "d" type: "Input" top: "data" }', "shape must be given once, or for each"),
        ('input: "data"', r"net.prototxt: the shape of input 'data' must be positive, got \[\]"),
        (
            "",
            "line 2: layer 'fc' .InnerProduct.: bottom must name tops of layers before, got 'data'",
        ),
    ],
)
def test_inputs_without_a_shape(read, text, message):
    with pytest.raises(ValueError, match=message):
        read(f"{text}\n" + fc())


def test_a_given_shape_is_for_one_input(read):
    text = 'input: "a" input: "b"\n' + fc("x", "a") + fc("y", "b")
    with pytest.raises(
        ValueError, match="input_shape must be omitted for a net with 2 inputs: a, b"
    ):
        read(text, input_shape=(3,))


@pytest.mark.parametrize(
    ("kind", "nonlinearity", "keywords"),
    [
        ("SoftmaxWithLoss", softmax, {}),
        ("SigmoidCrossEntropyLoss", sigmoid, {}),
        ("EuclideanLoss", None, {"regression": True}),
    ],
)
def test_losses_make_outputs(read, kind, nonlinearity, keywords):
    made = dict(read(DATA + fc() + loss(kind, ["fc", "label"])).network)
    assert made.pop("fc_nonlinearity") is nonlinearity
    assert {name for name in made if not name.startswith(("data_", "fc_"))} == {"layers", *keywords}
    assert keywords.items() <= made.items()


def test_other_losses_are_to_be_chosen(read):
    message = r"net.prototxt: layer 'HingeLoss' \(HingeLoss\) is left out; set objective_loss_funct"
    with pytest.warns(UserWarning, match=message):
        made = read(DATA + fc() + loss("HingeLoss", ["fc", "label"])).network
    assert [name for name, _ in made["layers"]] == ["data", "fc"]


def test_observers_leave_nothing(read):
    text = DATA + fc() + loss("Accuracy", ["fc", "label"]) + loss("Softmax", ["fc"])
    text += loss("SoftmaxWithLoss", ["fc", "label"]) + loss("Silence", ["label"])
    made = read(text).network
    assert [name for name, _ in made["layers"]] == ["data", "fc"]
    assert made["fc_nonlinearity"] is softmax


def test_silenced_blobs_are_no_outputs(read):
    made = read(DATA + fc("a") + fc("b") + loss("Silence", ["a"])).network
    assert [name for name, _ in made["layers"]] == ["data", "b"]


def test_auxiliary_losses(read):
    text = DATA + fc("body")
    for name, weight in (("early", 0.3), ("late", 1)):
        text += fc(name, "body")
        text += loss("SoftmaxWithLoss", [name, "label"], f"loss_weight: {weight}")
    made = read(text).network
    assert (made["outputs"], made["aux_outputs"]) == ("late", {"early": 0.3})
    text += loss("SoftmaxWithLoss", ["body", "label"], "loss_weight: 0")
    assert read(text).network["aux_outputs"] == {"early": 0.3}


def test_losses_of_several_targets(read):
    text = DATA.replace('top: "label"', 'top: "a" top: "b"')
    text += fc("one") + loss("SoftmaxWithLoss", ["one", "a"], "loss_weight: 0.5")
    text += fc("two") + loss("SoftmaxWithLoss", ["two", "b"])
    made = read(text).network
    assert made["outputs"] == ["one", "two"]
    assert made["output_weights"] == {"one": 0.5}


def test_a_softmax_of_another_axis_moves_it_to_the_channels(layer):
    made = layer("Softmax", "softmax_param { axis: -1 }", (2, 4, 7, 6))
    assert made["layers"][1:] == [
        ("x_order", DimshuffleLayer),
        ("x_channels", NonlinearityLayer),
        ("x", DimshuffleLayer),
    ]
    assert made["x_pattern"] == (0, 3, 2, 1)


def test_layers_for_training_alone_may_be_unknown(read):
    text = 'layer { name: "p" type: "Python" top: "data" include { phase: TRAIN } }\n'
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(text + fc(), input_shape=(3, 8, 8)).network["fc_num_units"] == 3
