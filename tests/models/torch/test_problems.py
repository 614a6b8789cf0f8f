from skconv.models.torch.modules import Module
from skconv.models.torch.problems import Differences, describe_differences

SHAPES = {"stem.weight": (8, 3, 3, 3), "head.weight": (5, 8), "head.bias": (5,)}


def test_the_nearest_tensor_by_sizes_and_name():
    missing = {"stem1.W": (8, 3, 5, 5), "output.W": (8, 5)}
    message = describe_differences(Differences(list(SHAPES), missing, {}), [], SHAPES)
    assert "\n - none are for stem1.W (8, 3, 5, 5), nearest 'stem.weight' (8, 3, 3, 3), " in message
    assert "output.W (8, 5), nearest 'head.weight' (5, 8)\n" in message


def test_at_most_ten_names():
    unused = [f"a.long.name.{i}.weight" for i in range(100)]
    missing = {f"layer{i}.W": (3, i) for i in range(100)}
    wrong = {f"other{i}.W": ((3, i), (4, i)) for i in range(100)}
    shapes = dict.fromkeys(unused, (2, 2))
    message = describe_differences(Differences(unused, missing, wrong), [], shapes)
    assert len(message) < 900
    assert message.count("and 97 more") == 2
    assert message.count("and 98 more") == 1


def test_what_to_try():
    def advice(names, *, paths=(), unused=(), ambiguity=""):
        found = Differences(unused, dict.fromkeys(names), {})
        modules = [Module(path, {}) for path in paths]
        return describe_differences(found, modules, SHAPES, ambiguity=ambiguity).splitlines()[-1]

    assert advice(["conv.b"]) == "Modules without biases need layers without: write conv_b=None"
    assert advice(["lstm.W_cell_to_ingate"]).endswith("write lstm_peepholes=False")
    assert advice(["conv.W"]) == "strict=False loads the others"
    published = advice(["conv.W"], paths=["conv1", "layer1.0.conv1", "fc"], unused=["head.bias"])
    assert "build the net with skconv.models.resnet" in published
    assert advice(["conv.W"], unused=["head.bias"]).endswith("as in {'conv.W': array}")
    assert advice(["conv.W"], ambiguity="'a', 'b' have the same shape").startswith(
        "By order and shape the choice is not clear: 'a', 'b' have the same shape; give"
    )
