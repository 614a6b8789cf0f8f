import warnings

import pytest

from skconv.models.caffe.layout import V1_TYPES, read_layout
from skconv.models.caffe.schema import ENUMS
from skconv.models.caffe.text import read_text


@pytest.fixture
def layout(file):
    return lambda text: read_layout(read_text(file(text), "Net"))


def test_layers_of_both_formats_in_the_order_of_the_file(layout):
    net = layout(
        'layer { name: "a" type: "ReLU" bottom: "x" top: "y" }\n'
        'layers { name: "b" type: SOFTMAX_LOSS bottom: "y" bottom: "label" }\n'
        'layer { type: "TanH" param { name: "w" lr_mult: 2 } param { decay_mult: 0 } }\n'
        'layers { type: INNER_PRODUCT param: "w" blobs_lr: 1 blobs_lr: 2 weight_decay: 0.5 }'
    )
    assert [(x.name, x.type, x.line) for x in net.layers] == [
        ("a", "ReLU", 1),
        ("b", "SoftmaxWithLoss", 2),
        ("tanh_in_line_3", "TanH", 3),
        ("innerproduct_in_line_4", "InnerProduct", 4),
    ]
    assert [x.bottoms for x in net.layers] == [("x",), ("y", "label"), (), ()]
    assert net.layers[0].tops == ("y",)
    assert [x.shared for x in net.layers] == [(), (), ("w", ""), ("w",)]
    assert [x.rates for x in net.layers] == [(), (), (2, None), (1, 2)]
    assert [x.decays for x in net.layers] == [(), (), (None, 0), (0.5,)]
    assert str(net.layers[0]) == "layer 'a' (ReLU)"
    assert net.at(3) == "net.prototxt, line 3"


def test_types_of_v1_have_present_names():
    names = {V1_TYPES.get(t, t.title().replace("_", "")) for t in ENUMS["V1Type"].split()}
    known = {"InnerProduct", "SigmoidCrossEntropyLoss", "HDF5Data", "MemoryData", "Deconvolution"}
    assert known <= names
    assert set(V1_TYPES) <= set(ENUMS["V1Type"].split())


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ("", True),
        ("include { phase: TRAIN }", False),
        ("include { phase: TEST }", True),
        ("include { phase: TRAIN } include { phase: TEST }", True),
        ("exclude { phase: TEST }", False),
        ("exclude { phase: TRAIN }", True),
        ('include { stage: "deploy" }', False),
        ('include { not_stage: "deploy" }', True),
        ("include { min_level: 1 }", False),
        ("include { max_level: 0 }", True),
        ("exclude { min_level: -1 }", False),
    ],
)
def test_layers_for_training_only_are_left_out(layout, rules, kept):
    assert bool(layout(f'layer {{ name: "a" type: "ReLU" {rules} }}').layers) is kept


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ('input: "a" input_dim: 1 input_dim: 3 input_dim: 5 input_dim: 6', {"a": (1, 3, 5, 6)}),
        (
            'input: "a" input: "b" input_shape { dim: [1, 2] } input_shape { dim: 3 dim: 4 }',
            {"a": (1, 2), "b": (3, 4)},
        ),
        ('input: "a"', {"a": ()}),
        ("", {}),
    ],
)
def test_inputs_outside_of_layers(layout, text, shapes):
    assert layout(text + " layer {}").inputs == shapes


def test_inputs_without_shapes_for_all(layout):
    with pytest.raises(ValueError, match=r"net.prototxt: each input .* 2 inputs and \[\[1\]\]"):
        layout('input: "a" input: "b" input_shape { dim: 1 } layer {}')


def test_unknown_fields_are_told_but_not_those_for_training(layout):
    text = (
        'layer { name: "a" relu_param { slope: 1 } }\n'
        "layer { include { phase: TRAIN } mine_param { x: 1 } }\nmine: 3"
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        layout(text)
    assert str(caught[0].message) == (
        "net.prototxt has fields that Caffe does not have, which are ignored: "
        "layer.relu_param.slope in line 1, mine in line 3"
    )


def test_the_format_of_2013_is_refused(layout):
    with pytest.raises(
        ValueError, match=r"line 2: the format V0 of 2013 .* upgrade_net_proto_text"
    ):
        layout('\nlayers { layer { name: "conv" type: "conv" } bottom: "a" top: "b" }')


def test_a_solver_is_no_layout(layout):
    with pytest.raises(ValueError, match=r"net.prototxt must have layers, .* by from_caffe_solver"):
        layout('base_lr: 0.01 lr_policy: "step"')
