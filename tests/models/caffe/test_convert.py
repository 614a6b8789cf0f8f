"""Nets of Caffe compute what OpenCV computes, which reads the same files on its own."""

import numpy as np
import pytest

from skconv import NeuralNet
from skconv.models.caffe.convert import from_caffe

from . import networks
from .running import (
    difference,
    opencv_outputs,
    outputs,
    random_weights,
    read_graph,
    write,
)
from .writer import V1, Word, Writer, as_v1, caffemodel

rng = np.random.default_rng(0)

GALLERY = {
    "conv": ("Convolution", {"convolution_param": {"num_output": 4, "kernel_size": 3}}),
    "conv_groups": (
        "Convolution",
        {"convolution_param": {"num_output": 4, "kernel_size": 3, "group": 2, "pad": 1}},
    ),
    "conv_sides": (
        "Convolution",
        {
            "convolution_param": {
                **{"num_output": 2, "kernel_h": 3, "kernel_w": 2, "pad_h": 1, "pad_w": 0},
                **{"stride_h": 2, "stride_w": 1, "bias_term": False},
            }
        },
    ),
    "conv_dilated": (
        "Convolution",
        {"convolution_param": {"num_output": 3, "kernel_size": 3, "dilation": 2, "pad": [2, 2]}},
    ),
    "deconv": (
        "Deconvolution",
        {"convolution_param": {"num_output": 3, "kernel_size": 4, "stride": 2, "pad": 1}},
    ),
    "deconv_groups": (
        "Deconvolution",
        {
            "convolution_param": {
                **{"num_output": 8, "kernel_size": 3, "stride": 2, "group": 4},
                "bias_term": False,
            }
        },
    ),
    "pool_max": (
        "Pooling",
        {"pooling_param": {"pool": Word("MAX"), "kernel_size": 3, "stride": 2}},
    ),
    "pool_ave": (
        "Pooling",
        {"pooling_param": {"pool": Word("AVE"), "kernel_size": 3, "stride": 2}},
    ),
    "pool_ave_pad": (
        "Pooling",
        {"pooling_param": {"pool": Word("AVE"), "kernel_size": 4, "stride": 3, "pad": 2}},
    ),
    "pool_max_pad": (
        "Pooling",
        {"pooling_param": {"pool": Word("MAX"), "kernel_size": 2, "stride": 2, "pad": 1}},
    ),
    "pool_sides": (
        "Pooling",
        {
            "pooling_param": {
                "pool": Word("MAX"),
                "kernel_h": 2,
                "kernel_w": 3,
                "stride_h": 1,
                "stride_w": 2,
                "pad_h": 1,
                "pad_w": 0,
            }
        },
    ),
    "pool_global": ("Pooling", {"pooling_param": {"pool": Word("MAX"), "global_pooling": True}}),
    "pool_global_ave": (
        "Pooling",
        {"pooling_param": {"global_pooling": True, "pool": Word("AVE")}},
    ),
    "lrn": ("LRN", {"lrn_param": {"local_size": 3, "alpha": 0.5, "beta": 0.6}}),
    "lrn_within": (
        "LRN",
        {"lrn_param": {"local_size": 3, "alpha": 2, "norm_region": Word("WITHIN_CHANNEL")}},
    ),
    "fc": ("InnerProduct", {"inner_product_param": {"num_output": 3}}),
    "fc_no_bias": (
        "InnerProduct",
        {"inner_product_param": {"num_output": 3, "bias_term": False}},
    ),
    "relu": ("ReLU", {}),
    "relu_leaky": ("ReLU", {"relu_param": {"negative_slope": 0.2}}),
    "relu6": ("ReLU6", {}),
    "prelu": ("PReLU", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("TanH", {}),
    "elu": ("ELU", {"elu_param": {"alpha": 0.5}}),
    "abs": ("AbsVal", {}),
    "bnll": ("BNLL", {}),
    "power": ("Power", {"power_param": {"power": 2, "scale": 0.5, "shift": -0.1}}),
    "exp": ("Exp", {"exp_param": {"base": 2, "scale": 0.5, "shift": 0.3}}),
    "exp_e": ("Exp", {}),
    "dropout": ("Dropout", {}),
    "batch_norm": ("BatchNorm", {"batch_norm_param": {"eps": 0.01}}),
    "scale": ("Scale", {"scale_param": {"bias_term": True}}),
    "scale_only": ("Scale", {}),
    "flatten": ("Flatten", {}),
    "flatten_part": ("Flatten", {"flatten_param": {"axis": 2}}),
    "reshape": ("Reshape", {"reshape_param": {"shape": {"dim": [0, -1, 2]}}}),
    "permute": ("Permute", {"permute_param": {"order": [0, 2, 3, 1]}}),
    "softmax": ("Softmax", {}),
    "softmax_last": ("Softmax", {"softmax_param": {"axis": -1}}),
}
"""Layers of one input that OpenCV knows, too."""


def gallery():
    """A net with all of these layers, each an output, and with layers of several inputs."""
    net = Writer(2, 4, 7, 6)
    for name, (kind, fields) in GALLERY.items():
        net.layer(name, kind, "data", **fields)
    net.layer("slice", "Slice", "data", ["part1", "part2"], slice_param={"slice_point": 1})
    net.layer("swapped", "Concat", ["part2", "part1"])
    net.layer("rows", "Slice", "data", ["row1", "row2"], slice_param={"axis": -1})
    net.layer("stacked", "Concat", ["row2", "row1"], concat_param={"axis": 2})
    net.layer("other", "TanH", "data")
    for operation in ("SUM", "PROD", "MAX"):
        param = {"operation": Word(operation)}
        net.layer(f"{operation.lower()}", "Eltwise", ["data", "other"], eltwise_param=param)
    param = {"coeff": [0.5, -1]}
    net.layer("weighted", "Eltwise", ["data", "other"], eltwise_param=param)
    net.layer("norm", "BatchNorm", "data")
    net.layer("norm_scale", "Scale", "norm", scale_param={"bias_term": True})
    net.layer("cropped", "Crop", ["data", "pool_max_pad"], crop_param={"offset": [1, 2]})
    return net


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Outputs of the gallery here and in OpenCV, by layer."""
    net = gallery()
    layout, model = write(tmp_path_factory.mktemp("gallery"), net.text())
    taken = {name for layer in net.fields["layer"] for name in np.atleast_1d(layer["bottom"])}
    names = [layer["name"] for layer in net.fields["layer"]]
    names = [name for name in names if name not in {*taken, "data", "slice", "rows"}]
    X = rng.normal(size=(2, 4, 7, 6)).astype(np.float32)
    found = outputs(from_caffe(layout, model), X)
    return dict(
        zip(names, zip(found, opencv_outputs(layout, model, X, names), strict=True), strict=True)
    )


LAYERS = [
    *(name for name in GALLERY if name != "pool_max_pad"),
    *("swapped", "stacked", "sum", "prod", "max", "weighted", "norm_scale", "cropped"),
]


@pytest.mark.parametrize("name", LAYERS)
def test_layers_compute_what_opencv_computes(compared, name):
    found, wanted = compared[name]
    assert difference(found, wanted) < 1e-5


NETS = {
    "AlexNet": (networks.alexnet, {"size": 67, "width": 1 / 16}),
    "GoogLeNet": (networks.googlenet, {"size": 48, "width": 1 / 8, "modules": ("3a",)}),
    "SqueezeNet": (networks.squeezenet, {"size": 48, "width": 1 / 4, "last": 4}),
    "ResNet": (networks.resnet50, {"size": 32, "width": 1 / 8, "blocks": (1, 1)}),
}


@pytest.mark.parametrize("name", NETS)
def test_networks_compute_what_opencv_computes(name, tmp_path):
    make, fields = NETS[name]
    layout, model = write(tmp_path, make(classes=7, **fields).text())
    X = rng.normal(size=(1, 3, fields["size"], fields["size"])).astype(np.float32)
    (found,) = outputs(from_caffe(layout, model), X)
    (wanted,) = opencv_outputs(layout, model, X, ["prob"])
    assert found.shape == (1, 7)
    assert found.max() < 0.99
    assert difference(found, wanted) < 1e-5


def test_the_format_v1(tmp_path):
    """It gives the same net; OpenCV reads that format, too."""
    net = networks.caffenet(size=67, width=1 / 16, classes=7)
    layout, model = write(tmp_path, net.text())
    X = rng.normal(size=(1, 3, 67, 67)).astype(np.float32)
    new, wanted = from_caffe(layout, model), opencv_outputs(layout, model, X, ["prob"])
    layout.write_text(as_v1(net))
    model.write_bytes(caffemodel(random_weights(layout), V1))
    old = from_caffe(layout, model)
    assert old.network == new.network
    assert old.weights.keys() == new.weights.keys()
    for name, array in old.weights.items():
        np.testing.assert_array_equal(array, new.weights[name])
    np.testing.assert_array_equal(opencv_outputs(layout, model, X, ["prob"]), wanted)


PARAMETERS = {
    "AlexNet": (networks.alexnet(), 60_965_224),
    "CaffeNet": (networks.caffenet(), 60_965_224),
    "GoogLeNet": (networks.googlenet(), 6_998_552),
    "VGG-16": (networks.vgg(16), 138_357_544),
    "VGG-19": (networks.vgg(19), 143_667_240),
    "SqueezeNet 1.0": (networks.squeezenet("1.0"), 1_248_424),
    "SqueezeNet 1.1": (networks.squeezenet("1.1"), 1_235_496),
    "ResNet-50": (networks.resnet50(), 25_557_032 + 2 * 26_560 + 53),
}
"""Published numbers; those of ResNet-50 with running means, variances and their factors."""


@pytest.mark.parametrize("name", PARAMETERS)
def test_published_networks_have_as_many_parameters(file, name):
    net, wanted = PARAMETERS[name]
    slots = read_graph(file(net.text())).slots
    assert sum(int(np.prod(shape)) for own in slots for shape in own.shapes) == wanted


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A net with a convolution and its weights, for three classes."""
    net = Writer(1, 2, 6, 6)
    net.conv("conv/1", 4, 3)
    net.pool("pool", 3, 2)
    net.fc("fc", 3)
    net.layer("prob", "Softmax")
    return from_caffe(*write(tmp_path_factory.mktemp("tiny"), net.text()))


X = rng.normal(size=(20, 2, 6, 6)).astype(np.float32)


def test_a_net_predicts_with_the_weights(tiny):
    net = NeuralNet(**tiny.network, pretrained=tiny).initialize()
    np.testing.assert_allclose(net.predict_proba(X), outputs(tiny, X)[0], rtol=1e-5)
    assert tiny.source == "net.caffemodel"


def test_a_net_is_fine_tuned_to_other_classes(tiny):
    network = tiny.network | {"fc_num_units": 5, "conv_1_grad_scale": 0}
    how = {"max_epochs": 1, "train_split": None, "update_learning_rate": 0.01}
    net = NeuralNet(**network, pretrained=tiny, **how).fit(X, np.arange(20) % 5)
    np.testing.assert_array_equal(net.layers_["conv_1"].W.get_value(), tiny.weights["conv_1.W"])
    assert net.predict_proba(X).shape == (20, 5)


def test_all_unknown_types_are_told_with_their_lines(read):
    text = """input: "data" input_shape { dim: [1, 3] }
    layer { name: "roi" type: "ROIPooling" bottom: "data" top: "roi" roi_param { x: 1 } }
    layer { name: "fc" type: "InnerProdukt" bottom: "roi" top: "fc" }
    layer { name: "other" bottom: "fc" top: "other" }"""
    warned = pytest.warns(UserWarning, match="layer.roi_param in line 2")
    with warned, pytest.raises(ValueError, match="3 problems") as error:
        read(text)
    assert str(error.value).splitlines()[1:] == [
        " - net.prototxt, line 2: layer 'roi' has the unknown type 'ROIPooling'. Did you mean "
        "'Pooling'?",
        " - net.prototxt, line 3: layer 'fc' has the unknown type 'InnerProdukt'. Did you mean "
        "'InnerProduct'?",
        " - net.prototxt, line 4: layer 'other' has the unknown type ''",
    ]


def test_all_problems_of_layers_are_told_but_not_what_follows_from_them(read):
    text = """input: "data" input_shape { dim: [1, 3, 5, 5] }
    layer { name: "a" type: "Convolution" bottom: "data" top: "a" }
    layer { name: "b" type: "ReLU" bottom: "a" top: "b" }
    layer { name: "c" type: "LRN" bottom: "dat" top: "c" }"""
    with pytest.raises(ValueError, match="2 problems") as error:
        read(text)
    assert str(error.value).splitlines()[1:] == [
        " - net.prototxt, line 2: layer 'a' (Convolution): kernel_size must be given",
        " - net.prototxt, line 4: layer 'c' (LRN): bottom must name tops of layers before, got "
        "'dat'. Did you mean 'data'?",
    ]


def test_layers_that_make_the_same_top_are_refused(read):
    text = """input: "data" input_shape { dim: [1, 3] }
    layer { name: "a" type: "TanH" bottom: "data" top: "y" }
    layer { name: "b" type: "ReLU" bottom: "data" top: "y" }
    layer { name: "s" type: "Split" bottom: "data" top: "z" top: "z" }
    layer { name: "in" type: "Input" top: "data" input_param { shape { dim: [1, 3] } } }"""
    with pytest.raises(ValueError, match="3 problems") as error:
        read(text)
    valid = "a name that no other layer makes, or that of the bottom which it replaces"
    assert str(error.value).splitlines()[1:] == [
        f" - net.prototxt, line 3: layer 'b' (ReLU): top must be {valid}, got ['y']",
        f" - net.prototxt, line 4: layer 's' (Split): top must be {valid}, got ['z', 'z']",
        " - net.prototxt, line 5: layer 'in' (Input): input must be a name that no other one has, "
        "got 'data' again",
    ]


def test_types_in_other_cases_are_recognized_in_the_message(read):
    with pytest.raises(ValueError, match=r"'convolution'\. Did you mean 'Convolution'\?"):
        read('input: "data" layer { type: "convolution" bottom: "data" top: "y" }')


@pytest.mark.parametrize("shape", [5.0, (3, 0, 5), (3, 2.5, 2), "abc", (), (True, 2), [None]])
def test_invalid_shapes_of_the_input(read, shape):
    with pytest.raises(ValueError, match="input_shape must be a sequence of positive integers"):
        read('input: "data" layer { type: "ReLU" bottom: "data" top: "y" }', input_shape=shape)
