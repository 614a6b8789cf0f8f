import re

import pytest

from skconv.errors import ProblemsError
from skconv.layers import (
    ConcatLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    GRULayer,
    InputLayer,
    InverseLayer,
)
from skconv.network.layer_list import input_names, layer_keywords, read_layers
from skconv.utils.fields import UNSET


def names(layers):
    return [spec.name for spec in read_layers(layers)]


def feeds(layers):
    return {spec.name: spec.incomings for spec in read_layers(layers)}


@pytest.mark.parametrize(
    "entry",
    [
        ("fc", DenseLayer),
        ["fc", DenseLayer],
        (DenseLayer, {"name": "fc"}),
        ("fc", DenseLayer()),
        DenseLayer(name="fc"),
        ("fc", DenseLayer(name="other")),
    ],
)
def test_every_form_of_a_named_layer(entry):
    first, second = read_layers([("input", InputLayer), entry])
    assert (first.name, second.name) == ("input", "fc")
    assert (first.cls, second.cls) == (InputLayer, DenseLayer)
    assert second.incomings is None


@pytest.mark.parametrize(
    "entry", [DenseLayer, DenseLayer(), (DenseLayer, {}), (DenseLayer, {"name": None})]
)
def test_made_up_names_are_class_and_place(entry):
    assert names([InputLayer, (Conv2DLayer, {}), entry]) == ["input0", "conv2d1", "dense2"]


def test_fields_are_kept_as_given():
    given = {"name": "fc", "num_units": 3, "incoming": "input"}
    spec = read_layers([InputLayer, (DenseLayer, given)])[1]
    assert spec.given == {"num_units": 3}
    assert spec.incomings == ("input",)
    assert given == {"name": "fc", "num_units": 3, "incoming": "input"}


def test_fields_of_instances_are_all_given():
    spec = read_layers([DenseLayer(num_units=3, b=None, name="fc")])[0]
    own = {"num_units", "W", "b", "nonlinearity", "num_leading_axes"}
    fields = own | {"l1", "l2", "grad_scale"}
    assert set(spec.given) == fields
    assert (spec.given["num_units"], spec.given["b"]) == (3, None)
    assert spec.given["nonlinearity"] is UNSET


def test_a_tuple_of_layers_is_a_list():
    assert names((InputLayer, DenseLayer, DenseLayer)) == ["input0", "dense1", "dense2"]


def test_one_pair_is_one_layer():
    assert names(("input", InputLayer)) == ["input"]
    assert names((InputLayer, {"name": "input"})) == ["input"]


def test_two_layers_are_no_pair():
    assert names((InputLayer, DenseLayer)) == ["input0", "dense1"]


def test_the_last_of_a_graph_of_instances():
    data = InputLayer((None, 4), name="data")
    left = DenseLayer(data, num_units=2, name="left")
    right = DenseLayer(data, num_units=3)
    joined = ConcatLayer(incomings=[left, right], name="joined")
    assert feeds(DropoutLayer(joined)) == {
        "data": None,
        "left": ("data",),
        "dense2": ("data",),
        "joined": ("left", "dense2"),
        "dropout4": ("joined",),
    }


def test_a_graph_may_be_listed_too():
    data = InputLayer((None, 4))
    hidden = DenseLayer(data, num_units=2)
    expected = {"input0": None, "dense1": ("input0",)}
    assert feeds([data, hidden]) == feeds([hidden, data]) == expected


def test_instances_may_be_named_in_the_list_before_they_feed():
    data = InputLayer((None, 4))
    assert feeds([("a", data), ("b", DenseLayer(data))]) == {"a": None, "b": ("a",)}


def test_incomings_by_name_or_by_instance():
    data = InputLayer((None, 4), name="data")
    entries = [
        data,
        (DenseLayer, {"incoming": data}),
        (ConcatLayer, {"incomings": ["dense1", data]}),
    ]
    assert feeds(entries) == {"data": None, "dense1": ("data",), "concat2": ("dense1", "data")}


def test_other_layers_in_fields_are_named():
    data, mask = InputLayer((None, 4, 2)), InputLayer((None, 4))
    hidden = GRULayer(data, num_units=2, mask_input=mask)
    specs = read_layers(InverseLayer(hidden, hidden, name="back"))
    assert feeds(InverseLayer(hidden, hidden, name="back")) == {
        "input0": None,
        "input1": None,
        "gru2": ("input0",),
        "back": ("gru2",),
    }
    assert specs[2].given["mask_input"] == "input1"
    assert specs[3].given["layer"] == "gru2"
    entries = [data, (GRULayer, {"name": "gru", "incoming": data, "mask_input": mask})]
    assert names(entries) == ["input0", "input1", "gru"]
    assert read_layers(entries)[2].given == {"mask_input": "input1"}
    assert "mask_input" in layer_keywords(specs[2].cls)


def test_one_incoming_needs_no_sequence():
    assert feeds([InputLayer, ConcatLayer(incomings="input0")])["concat1"] == ("input0",)


def test_made_up_names_do_not_collide_with_those_of_the_feeding_layer():
    inner = DenseLayer("input0", num_units=2)
    expected = {"input0": None, "dense1": ("input0",), "dense2": ("dense1",)}
    assert feeds([InputLayer, (DenseLayer, {"incoming": inner})]) == expected


def test_keywords_are_fields_and_older_names():
    keywords = layer_keywords(Conv2DLayer)
    assert {"incoming", "num_filters", "pad", "W", "border_mode", "strides"} < set(keywords)
    assert "name" not in keywords


@pytest.mark.parametrize("layers", [[], ()])
def test_no_layers(layers):
    message = f"layers must contain at least an InputLayer and a DenseLayer, got {layers!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_layers(layers)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        3,
        object,
        ("fc", None),
        (DenseLayer, None),
        ("fc", DenseLayer, {}),
        ("fc", (DenseLayer, {"num_units": 3})),
        ("fc", ("fc", DenseLayer)),
    ],
)
def test_what_is_no_layer(entry):
    message = re.escape(
        "layers must contain ('name', LayerClass), (LayerClass, {'name': ...}) or layers, "
        f"got {entry!r}"
    )
    with pytest.raises(ValueError, match=f"^{message}$"):
        read_layers([InputLayer, entry])


@pytest.mark.parametrize("name", ["my layer", "1st", "conv__1", "ä-b"])
def test_names_that_keywords_cannot_start_with(name):
    message = (
        "^the name of a layer must be an identifier without double underscores, because "
        f"keywords start with it, got {name!r}$"
    )
    with pytest.raises(ValueError, match=message):
        read_layers([(DenseLayer, {"name": name})])


def test_names_are_strings():
    with pytest.raises(ValueError, match=r"^the name of a layer must be an identifier .*, got 5$"):
        read_layers([(DenseLayer, {"name": 5})])


def test_names_are_told_apart():
    with pytest.raises(ValueError, match=r"^layers must have different names, got 'fc' twice$"):
        read_layers([InputLayer, ("fc", DenseLayer), ("fc", DenseLayer)])


@pytest.mark.parametrize(("name", "also"), [("b", " as 'b'"), (None, "")])
def test_an_instance_has_one_place(name, also):
    noise = DropoutLayer(name="a")
    again = noise if name is None else (name, noise)
    message = (
        f"^layers must contain each layer once, got 'a' again{also}; "
        "create a new layer for each place$"
    )
    with pytest.raises(ValueError, match=message):
        read_layers([InputLayer, noise, DenseLayer, again])


def test_all_faults_are_told():
    with pytest.raises(ProblemsError) as caught:
        read_layers([3, ("a b", DenseLayer), ("fc", DenseLayer), ("fc", DenseLayer)])
    ends = ["layers, got 3", "got 'a b'", "got 'fc' twice"]
    for error, end in zip(caught.value.problems, ends, strict=True):
        assert str(error).endswith(end)


def test_input_layers_are_found_in_their_order():
    layers = [("table", InputLayer), ("hidden", DenseLayer), ("image", InputLayer)]
    assert input_names(layers) == ["table", "image"]
    image, table = InputLayer(name="image"), InputLayer(name="table")
    assert input_names(DenseLayer(ConcatLayer([image, DenseLayer(table)]))) == ["image", "table"]
    assert input_names([("input", 3)]) == []


@pytest.mark.parametrize(
    ("entry", "write"),
    [
        (("hidden", "DenseLayer"), "import DenseLayer, and ('hidden', DenseLayer)"),
        (("hidden", "dense"), "import DenseLayer, and ('hidden', DenseLayer)"),
        (("conv", "lasagne.layers.Conv2DLayer"), "import Conv2DLayer, and ('conv', Conv2DLayer)"),
        (("conv", "conv2D"), "import Conv2DLayer, and ('conv', Conv2DLayer)"),
        (("DenseLayer", {"num_units": 3}), "import DenseLayer, and (DenseLayer, {...})"),
        ("dropout", "import DropoutLayer, and ('name', DropoutLayer)"),
    ],
    ids=str,
)
def test_classes_given_by_name_are_answered_with_their_import(entry, write):
    message = f"got {entry!r}; write from skconv.layers {write}"
    with pytest.raises(ValueError, match=f"{re.escape(message)}$"):
        read_layers([InputLayer, entry])


def test_names_of_no_class_are_told_apart():
    with pytest.raises(
        ValueError, match=r"; write layer classes of skconv.layers, not their names$"
    ):
        read_layers([InputLayer, ("a", "xyzzy")])


def test_wrappers_are_answered_with_instances():
    with pytest.raises(ValueError, match=r"instances, as in batch_norm\(DenseLayer\(incoming"):
        read_layers([InputLayer, (DenseLayer, {"num_units": 3, "layer_wrapper": str})])
