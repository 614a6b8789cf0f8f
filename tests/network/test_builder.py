import re

import jax
import numpy as np
import pytest

from skconv.errors import InvalidParameterError, ProblemsError
from skconv.estimator.heads import read_heads
from skconv.init import Array, Constant, HeNormal, Normal, Orthogonal
from skconv.layers import (
    BatchNormLayer,
    ConcatLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    ElemwiseSumLayer,
    FlattenLayer,
    GlobalPoolLayer,
    GRULayer,
    InputLayer,
    InverseLayer,
    LSTMLayer,
    MaxPool2DLayer,
    NINLayer,
)
from skconv.network.head import Head
from skconv.network.target_info import TargetInfo
from skconv.nonlinearities import hard_swish, rectify, sigmoid, softmax, tanh
from skconv.targets.numbers import Numbers
from tests.network.parts import built, conv, dense, image, rows


def test_layers_follow_one_another():
    network = built([image, conv(), dense("fc", 3)])
    assert [(n.name, n.incomings, n.output_shape) for n in network.nodes] == [
        ("input", (), (None, 1, 8, 8)),
        ("conv", ("input",), (None, 2, 6, 6)),
        ("fc", ("conv",), (None, 3)),
    ]
    assert network.heads == (Head("fc"),)


def test_keywords_prevail_over_what_the_list_holds():
    network = built([rows, dense("fc", 3)], {"fc": {"num_units": 5}})
    assert network.node("fc").output_shape == (None, 5)


@pytest.mark.parametrize("listed", [{"incomings": ["a", "b"]}, {}])
def test_a_graph_by_names(listed):
    layers = [rows, dense("a", 2), dense("b", 3), (ConcatLayer, {"name": "both", **listed})]
    given = {"b": {"incoming": "input"}} | ({} if listed else {"both": {"incomings": ["a", "b"]}})
    network = built(layers, given)
    assert network.node("both").incomings == ("a", "b")
    assert network.node("both").output_shape == (None, 5)
    assert network.node("b").input_shapes == ((None, 4),)


def gated(**given):
    sequences = ("input", InputLayer((None, 4, 2)))
    mask = [("mask", InputLayer((None, 4)))] if given.get("mask_input") else []
    return built([sequences, *mask, ("gru", GRULayer(num_units=3))], {"gru": given})


def test_fields_may_name_further_layers_that_feed():
    network = gated(incoming="input", mask_input="mask")
    assert network.node("gru").incomings == ("input", "mask")
    assert network.node("gru").input_shapes == ((None, 4, 2), (None, 4))
    assert gated(incoming="input", mask_input=None).node("gru").incomings == ("input",)
    assert gated(incoming="input").key != network.key
    with pytest.raises(
        ValueError, match=r"^layer 'gru' \(GRULayer\): mask_input must be the name of a"
    ):
        gated(incoming="input", mask_input="mas")


def test_inputs_of_another_layer_feed_too():
    layers = [("back", InverseLayer), rows, dense("fc", 3), dense("end", 2, incoming="back")]
    network = built(layers, {"back": {"incoming": "fc", "layer": "fc"}})
    assert [node.name for node in network.nodes] == ["input", "fc", "back", "end"]
    assert network.node("back").incomings == ("fc", "fc", "input")
    assert network.node("back").output_shape == (None, 4)


def test_layers_may_come_before_what_feeds_them():
    layers = [dense("late", incoming="early"), rows, dense("early"), dense("last", incoming="late")]
    network = built(layers)
    assert [node.name for node in network.nodes] == ["input", "early", "late", "last"]
    assert network.heads == (Head("last"),)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            [rows, dense("a", incoming="b"), dense("b", incoming="a")],
            r"^the layers form a cycle: a -> b -> a$",
        ),
        ([rows, dense("a", incoming="a")], r"^the layers form a cycle: a -> a$"),
        (
            [rows, dense("hidden"), dense("out", incoming="hiden")],
            r"^layer 'out' \(DenseLayer\): incoming must be the name of a layer, got 'hiden'\. "
            r"Did you mean 'hidden'\?$",
        ),
        (
            [dense("fc")],
            r"^layer 'fc' \(DenseLayer\) has no incoming layer; "
            r"a network must start with an InputLayer$",
        ),
        (
            [rows, dense("a"), dense("b", incomings=["input", "a"])],
            r"^layer 'b' \(DenseLayer\) takes one incoming layer, got \['input', 'a'\]$",
        ),
        (
            [rows, (InputLayer, {"name": "x", "shape": (None, 2), "incoming": "input"})],
            r"^layer 'x' \(InputLayer\) takes no incoming layer, got \['input'\]$",
        ),
        (
            [rows, (ConcatLayer, {"name": "both", "incomings": "inptu"})],
            r"^layer 'both' \(ConcatLayer\): incoming must be the name of a layer, got 'inptu'\. "
            r"Did you mean 'input'\?$",
        ),
        ([image, conv(num_filter=3)], r"^layer 'conv' \(Conv2DLayer\) has no 'num_filter'\. Did"),
        (
            [image, conv(pad=1, border_mode="same")],
            r"^layer 'conv' \(Conv2DLayer\): pad must be given once, got 'pad' and 'border_mode'$",
        ),
        (
            [image, (Conv2DLayer, {"name": "conv", "num_filters": 2})],
            r"^layer 'conv' \(Conv2DLayer\): filter_size is missing$",
        ),
        (
            [rows, ("drop", DropoutLayer(p=2))],
            r"^layer 'drop' \(DropoutLayer\): p must be a number between 0\.0 and 1\.0, got 2$",
        ),
        (
            [image, conv(num_groups=2)],
            r"^layer 'conv' \(Conv2DLayer\): num_groups must divide channels=1, got 2$",
        ),
        (
            [image, ("pool", MaxPool2DLayer(pool_size=4)), conv()],
            r"^layer 'conv' \(Conv2DLayer\): filter_size must fit into input of shape "
            r"\(None, 1, 2, 2\) plus padding, got \(3, 3\); use smaller filters",
        ),
        (
            [("input", InputLayer((None, 28, 28))), conv()],
            r"^layer 'conv' \(Conv2DLayer\): input must have shape .*X\[:, None\]$",
        ),
        (
            [rows, dense("fc", W=np.zeros((3, 4)))],
            r"^layer 'fc' \(DenseLayer\): W must have shape \(4, 4\), got \(3, 4\)$",
        ),
        (
            [rows, dense("fc", W=Constant)],
            r"^layer 'fc' \(DenseLayer\): W must be an initializer, a number, an array or the name "
            r"of a layer, got <class .*>; write Constant\(\)$",
        ),
        (
            [rows, dense("fc", W=None)],
            r"^layer 'fc' \(DenseLayer\): W must be an initializer, a number, an array or the name "
            r"of a layer, got None$",
        ),
    ],
)
def test_faults_name_the_layer(layers, message):
    with pytest.raises(ValueError, match=message):
        built(layers)


def test_all_faults_are_told_at_once():
    layers = [image, conv(num_filters=0, pad=-1), ("pool", MaxPool2DLayer()), dense("fc", 1.5)]
    with pytest.raises(ProblemsError) as caught:
        built(layers)
    assert str(caught.value) == (
        "4 problems:\n"
        " - layer 'conv' (Conv2DLayer): num_filters must be a positive integer, got 0\n"
        " - layer 'conv' (Conv2DLayer): pad must be 'valid', 'same', 'same_upper', "
        "'full', or a non-negative integer, or one per axis, got -1\n"
        " - layer 'pool' (MaxPool2DLayer): pool_size is missing\n"
        " - layer 'fc' (DenseLayer): num_units must be a positive integer, got 1.5"
    )


def test_branches_with_faults_are_told_together():
    layers = [image, conv(filter_size=9), (Conv2DLayer, {**conv()[1], "name": "b", "pad": (1,)})]
    with pytest.raises(ProblemsError, match=r"(?s)layer 'conv'.*layer 'b'"):
        built(layers, {"b": {"incoming": "input"}})


def test_what_follows_a_fault_is_not_blamed():
    with pytest.raises(
        ValueError,
        match=r"^layer 'conv' \(Conv2DLayer\): filter_size must fit into input of .*, got \(9, 9\)",
    ):
        built([image, conv(filter_size=9), ("pool", MaxPool2DLayer(pool_size=2)), dense("fc")])


@pytest.mark.parametrize(
    ("older", "real"),
    [
        ({"border_mode": "same"}, {"pad": "same"}),
        ({"strides": 2}, {"stride": 2}),
        ({"groups": 2, "num_filters": 4}, {"num_groups": 2, "num_filters": 4}),
    ],
)
def test_older_names(older, real):
    two = ("input", InputLayer((None, 2, 8, 8)))
    expected = built([two, conv(**real)])
    assert built([two, conv(**older)]).key == expected.key
    assert built([two, conv()], {"conv": older}).key == expected.key
    instance = ("conv", Conv2DLayer(num_filters=2, filter_size=3))
    assert built([two, instance], {"conv": older}).key == expected.key


def test_ds_is_the_size_of_pools():
    network = built([image, (MaxPool2DLayer, {"name": "pool", "ds": (2, 4)})])
    assert network.node("pool").output_shape == (None, 1, 4, 2)


@pytest.mark.parametrize(
    ("given", "kept"),
    [(0.5, 0.5), (Constant(2.0), Constant(2.0)), (np.ones((4, 3)), Array(np.ones((4, 3))))],
)
def test_initial_values(given, kept):
    assert built([rows, dense("fc", 3, W=given)]).node("fc").specs["W"].init == kept


def test_initializers_and_nonlinearities_may_be_named():
    named = built(
        [rows, (DenseLayer, {"name": "a", "num_units": 4, "nonlinearity": "tanh"}), dense("b", 3)],
        {"a": {"W": "he_normal", "b": "ones"}, "b": {"nonlinearity": "logistic"}},
    )
    given = built(
        [
            rows,
            dense("a", 4, nonlinearity=tanh, W=HeNormal("relu"), b=Constant(1.0)),
            dense("b", 3),
        ],
        {"b": {"nonlinearity": sigmoid}},
    )
    assert named.key == given.key
    assert [node.specs for node in named.nodes] == [node.specs for node in given.nodes]
    assert named.node("a").specs["W"].init == HeNormal("relu")


def test_fields_of_any_kind_of_layer_may_be_named():
    lstm = LSTMLayer(num_units=2, nonlinearity_ingate="hard_swish", W_in_to_cell="orthogonal")
    network = built([(InputLayer, {"name": "in", "shape": (None, 5, 3)}), ("lstm", lstm)])
    assert network.node("lstm").layer.nonlinearity_ingate is hard_swish
    assert network.node("lstm").specs["W_in_to_cell"].init == Orthogonal()
    normalized = built([rows, ("norm", BatchNormLayer(gamma="ones", mean="zeros"))])
    assert normalized.node("norm").specs["mean"].init == Constant(0.0)


def test_the_name_of_a_layer_prevails_over_that_of_an_initializer():
    network = built([rows, dense("orthogonal"), dense("b", W="orthogonal")])
    assert network.shared == {("b", "W"): ("orthogonal", "W")}


@pytest.mark.parametrize("fields", [{"num_units": -1}, {"nonlinearity": "tahn"}, {"l2": -0.1}])
def test_invalid_fields_are_invalid_parameters(fields):
    with pytest.raises(InvalidParameterError, match=f"{next(iter(fields))} must be"):
        built([rows, (DenseLayer, {"name": "fc", "num_units": 3, **fields})])


@pytest.mark.parametrize("spread", [float("nan"), float("inf")])
def test_initial_values_that_are_drawn_must_be_finite(spread):
    network = built([rows, dense("fc", W=Normal(mean=spread))])
    message = (
        r"^layer 'fc' \(DenseLayer\): W must hold finite numbers, but Normal\(std=.* drew others"
    )
    with pytest.raises(ValueError, match=message):
        network.init(jax.random.key(0))


def test_lists_are_arrays():
    built([rows, dense("fc", 1, W=[[1.0]] * 4)])
    with pytest.raises(ValueError, match=r"W must have shape \(4, 1\), got \(3, 1\)$"):
        built([rows, dense("fc", 1, W=[[1.0]] * 3)])


def test_what_the_data_and_the_task_say():
    asked = []

    def units(shape):
        asked.append(shape)
        return 3

    def ending(shape, axis):
        asked.append((shape, axis))
        return softmax

    layers = [("input", InputLayer), ("hidden", DenseLayer(num_units=5)), ("out", DenseLayer)]
    network = built(layers, input_shapes={None: (1, 2, 2)}, tasks=[TargetInfo(units, ending)])
    assert network.inputs == {"input": (None, 1, 2, 2)}
    assert network.node("out").output_shape == (None, 3)
    assert network.node("hidden").layer.nonlinearity is rectify
    assert network.node("out").layer.nonlinearity is softmax
    assert asked == [(None, None), ((None, 3), 1)]
    assert network.heads == (Head("out"),)


@pytest.mark.parametrize(
    ("last", "row", "numbers", "shape"),
    [
        (DenseLayer(), (6, 4), (12,), (12,)),
        (DenseLayer(num_leading_axes=2), (6, 4), (6,), (6, 1)),
        (DenseLayer(num_leading_axes=2), (6, 4), (6, 2), (6, 2)),
        (DenseLayer(num_leading_axes=-1), (3, 2, 4), (3, 2, 1), (3, 2, 1)),
        (GRULayer(), (6, 4), (6, 3), (6, 3)),
        (GRULayer(only_return_final=True), (6, 4), (6, 3), (18,)),
        (NINLayer(), (4, 3, 2), (2, 3, 2), (2, 3, 2)),
        (NINLayer(), (4, 3, 2), (3, 2), (1, 3, 2)),
        # targets of other shapes, which are refused later
        (DenseLayer(num_leading_axes=2), (6, 4), (12,), (6, 12)),
        (DenseLayer(num_leading_axes=2), (6, 4), (2, 6), (6, 12)),
        (GRULayer(), (6, 4), (), (6, 1)),
        # units that the user gives stay
        (DenseLayer(num_units=5, num_leading_axes=2), (6, 4), (6, 2), (6, 5)),
    ],
)
def test_units_for_numbers_are_divided_among_the_positions(last, row, numbers, shape):
    tasks = [TargetInfo(Numbers(numbers).units_for)]
    network = built([InputLayer, ("out", last)], input_shapes={None: row}, tasks=tasks)
    assert network.outputs == {"out": (None, *shape)}


def test_units_for_classes_are_those_of_each_position():
    layers = [InputLayer((None, 6, 4)), ("out", DenseLayer(num_leading_axes=2))]
    assert built(layers, tasks=[TargetInfo(lambda shape: 3)]).outputs == {"out": (None, 6, 3)}


def test_units_of_the_last_layer_that_has_any():
    layers = [
        ("input", InputLayer((None, 2, 6, 5))),
        ("conv", Conv2DLayer(filter_size=3)),
        ("drop", DropoutLayer),
        ("pool", GlobalPoolLayer),
    ]
    tasks = [TargetInfo(lambda shape: 3, lambda shape, axis: softmax)]
    network = built(layers, tasks=tasks)
    assert network.outputs == {"pool": (None, 3)}
    assert network.node("conv").layer.nonlinearity is rectify
    assert network.heads == (Head("pool", ending=softmax),)


@pytest.mark.parametrize(
    ("then", "problem"),
    [
        ([dense("out", 3)], "'conv' (Conv2DLayer): num_filters is missing"),
        ([("flat", FlattenLayer)], "'conv' (Conv2DLayer): num_filters is missing"),
        (
            [("pool", MaxPool2DLayer(pool_size=9))],
            "'pool' (MaxPool2DLayer): pool_size must fit into input of shape (None, 1, 4, 3)",
        ),
        (
            [("sum", ElemwiseSumLayer(incomings=["conv", "conv"]))],
            "'conv' (Conv2DLayer): num_filters is missing",
        ),
    ],
)
def test_units_that_no_target_decides_are_missing(then, problem):
    layers = [("input", InputLayer((None, 2, 6, 5))), ("conv", Conv2DLayer(filter_size=3)), *then]
    with pytest.raises(ValueError, match=re.escape(problem)):
        built(layers, tasks=[TargetInfo(lambda shape: 3)])


def test_what_the_user_says_stands():
    network = built(
        [rows, ("out", DenseLayer(num_units=2, nonlinearity=sigmoid))],
        input_shapes={None: (7,)},
        tasks=[TargetInfo(lambda shape: 3, lambda shape, axis: softmax)],
    )
    assert network.inputs == {"input": (None, 4)}
    assert network.node("out").output_shape == (None, 2)
    assert network.nonlinearity(network.heads[0]) is sigmoid


def test_an_output_without_nonlinearity_gets_an_ending():
    tasks = [TargetInfo(ending=lambda shape, axis: softmax)]
    network = built([rows, dense("fc"), ("drop", DropoutLayer())], tasks=tasks)
    assert network.heads == (Head("drop", ending=softmax),)
    assert network.node("fc").layer.nonlinearity is rectify


def test_several_inputs_get_their_shapes_by_name():
    layers = [("a", InputLayer), ("b", InputLayer), ("both", ConcatLayer(incomings=["a", "b"]))]
    network = built(layers, input_shapes={"a": (2,), "b": (3,)})
    assert network.rows() == {"a": (2,), "b": (3,)}
    with pytest.raises(ProblemsError, match=r"layer 'a' \(InputLayer\): shape is missing"):
        built(layers, input_shapes={None: (2,)})


BRANCHES = [
    rows,
    ("early", DenseLayer),
    dense("trunk", incoming="input"),
    ("digit", DenseLayer),
    (DenseLayer, {"name": "age", "incoming": "trunk"}),
]


def with_heads(outputs, aux, tasks, given=None):
    heads = read_heads(outputs, aux, ["input", "early", "trunk", "digit", "age"])
    return built(BRANCHES, given, heads=heads, tasks=tasks)


def test_each_output_gets_what_its_target_says():
    tasks = [
        TargetInfo(lambda shape: 10, lambda shape, axis: softmax),
        TargetInfo(lambda shape: 1, lambda shape, axis: None),
    ]
    network = with_heads(["digit", "age"], {"early": 0.3}, tasks)
    shapes = {node.name: node.output_shape for node in network.nodes}
    assert shapes["digit"] == shapes["early"] == (None, 10)
    assert shapes["age"] == (None, 1)
    ends = {head.name: network.node(head.name).layer.nonlinearity for head in network.heads}
    assert ends == {"digit": softmax, "age": None, "early": softmax}
    assert network.node("trunk").layer.nonlinearity is rectify
    assert list(network.outputs) == ["digit", "age"]
