import pytest

from skconv.config.decoding import FAILED, Decoder
from skconv.config.names import Names
from skconv.errors import Problems
from skconv.layers import DenseLayer

from .examples import read

BEST = {"label": "best", "object": "RememberBestWeights"}


def test_lists_may_be_written_for_tuples():
    layer = read({"object": "Conv2DLayer", "params": {"num_filters": 4, "filter_size": [3, 3]}})
    assert layer.filter_size == (3, 3)


def test_keys_of_yaml_may_be_numbers():
    given = {0: 1.0, True: {"tuple": [1]}, None: 0.5, "a": [], 0.5: {"float": "inf"}}
    assert read(given) == {0: 1.0, True: (1,), None: 0.5, "a": [], 0.5: float("inf")}
    assert read({"class": "DenseLayer", 0: 1}) == {"class": "DenseLayer", 0: 1}


def test_shared_objects_are_read_in_any_order():
    shared = [
        {"label": "r", "object": "RestoreBestWeights", "params": {"remember": {"same": "best"}}}
    ]
    restore, best = read([{"same": "r"}, {"same": "best"}], shared=[*shared, BEST])
    assert restore.remember is best


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"class": "DensLayer"},
            r"^value\.class must be .*'DensLayer'\. Did you mean 'DenseLayer'\?$",
        ),
        (
            {"class": "DenseLayer", "params": {}},
            r"^value must be a form with 'class', got 'params' in it\. "
            r"Write {'object': \.\.\., 'params': {\.\.\.}} for an object with parameters\.$",
        ),
        (
            {"class": "rectify"},
            r"^value\.class must be .* a class, got 'rectify'\. Write {'function': 'rectify'}\.$",
        ),
        ({"function": "DenseLayer"}, r"^value\.function must be the name of a function"),
        ({"object": "rectify"}, r"^value\.object must be the name of a class"),
        ({"object": "os.system", "params": {"command": "ls"}}, r"trusted=\['os\.system'\]$"),
        (
            {"object": "DenseLayer", "params": [3]},
            r"^value must be a dict with names as keys, got \[3\]$",
        ),
        ({"object": "DenseLayer", "parms": {}}, r"got 'parms' in it\. Did you mean 'params'\?$"),
        (
            {"object": "DenseLayer", "params": {"num_unit": 3}},
            r"^value \(DenseLayer\) must be .* got 'num_unit'\. Did you mean 'num_units'\?$",
        ),
        (
            {"object": "EarlyStopping", "params": {"patience": -1}},
            r"^value \(EarlyStopping\): EarlyStopping: patience must be a positive integer",
        ),
        ({"object": "AdjustVariable"}, r"^value \(AdjustVariable\): .*missing .* 'name'"),
        ({"tuple": 3}, "^value must be a list, got 3$"),
        ({"tuple": [{"tuple": 3}]}, r"^value\[0\] must be a list, got 3$"),
        ({"float": "12"}, "^value must be 'inf', '-inf' or 'nan', got '12'$"),
        ({"float": 1.0}, "^value must be 'inf'"),
        ({"same": "best"}, "^value must be the label of a shared object, got 'best'"),
        ({"same": []}, "^value must be the label of a shared object"),
        ({"array": "array0"}, "^value must be an array of the file, got 'array0'$"),
        ({"array": [1, 2], "dtype": "O"}, "^value: dtype must be one of numbers"),
        ({"array": [1, 2], "dtype": "complex"}, "^value: dtype must be one of numbers"),
        ({"array": [1, 2], "dtype": 3}, "^value: dtype must be one of numbers"),
        ({"array": ["a"], "dtype": f"<U{2**20}"}, "^value: dtype must have at most"),
        ({"array": [1, 2], "dtype": "float32", "shape": [3]}, "^value: cannot reshape"),
        ({"array": [1, 2], "dtype": "float32", "shape": [2**62, 2**62]}, "^value: "),
        ({"array": [1, 2], "shape": [1] * 100}, "^value: shape must be a list of sizes"),
        ({"array": ["a"], "dtype": "float32"}, "^value: could not convert"),
        ({"array": [[1], [2, 3]], "dtype": "float32"}, "^value: "),
        ({"scalar": [1], "dtype": "float32"}, "^value must be a single value"),
        ({"scalar": 300, "dtype": "uint8"}, "^value: "),
        ({"dtype": "V8"}, "^value: dtype must be"),
        ({"slice": [1, 2, 3, 4]}, "^value: slice expected at most 3"),
        ({"dict": [[[1], 2]]}, "^value: unhashable"),
        ({"dict": [1]}, r"^value must be a list of \[key, value\] pairs, got \[1\]$"),
        ({"path": 3}, "^value: "),
        ({"call": "os.system", "params": {}}, r"^value\.call must be a function that makes"),
        ({"call": "optax.adam", "params": {}}, r"^value\.call must be a function that makes"),
        ({"call": "optax.constant_schedule", "params": {"valu": 1}}, "Did you mean 'value'"),
        ({"scorer": {"function": "os.system"}}, r"^value\.function must be a name"),
        ({"partial": {"function": "rectify"}, "args": 3}, "^value must be a list, got 3"),
        ({"partial": 3}, "^value: the first argument must be callable"),
        (
            {"method": "__init__", "of": BEST},
            "^value must be a form with 'object', got 'label' in it",
        ),
        (
            {"partial": {"function": "jax.nn.one_hot"}, "params": {"num_classes": 2**15}},
            "^value must be bound to arrays of at most 1000 values and integers up to 16384",
        ),
        (
            {"partial": {"function": "jax.numpy.add"}, "args": [{"array": [1.0] * 1001}]},
            "^value must be bound to arrays of at most 1000 values",
        ),
        (
            {"object": "LeakyRectify", "params": {"leakiness": {"array": [1.0] * 1001}}},
            "^value must be bound to arrays of at most 1000 values",
        ),
        ({"method": "fit"}, "^value must be a method of a handler, got 'fit'$"),
        ({"method": "_forget", "of": {"object": "RememberBestWeights"}}, "a method of a handler"),
        ({"parameter": "W", "of": 3}, "^value must be a parameter of a layer, got 'W'$"),
        ({"parameter": "__class__", "of": {"object": "DenseLayer"}}, "a parameter of a layer"),
        ({"random_state": ["x"]}, "^value: "),
        ({(1, 2): 3}, "^value must be of the types of JSON, got"),
        ((None, 4), r"of the types of JSON, got \(None, 4\)\. Write {'tuple': \[None, 4\]}\.$"),
        (DenseLayer, r"got <class .*DenseLayer'>\. Write {'class': 'DenseLayer'}\.$"),
        ({"dict": [[0, 1.0], [1]]}, r"^value must be a list of \[key, value\] pairs, got"),
        ({"dict": {"0": 1.0}}, r"^value must be a list of \[key, value\] pairs, got {'0': 1.0}$"),
        ({"array": [1], "dtype": "flot32"}, r"dtype must be .*, got 'flot32'\. .*'float32'\?$"),
        ({"object": "optax.linear_schedule"}, r"a class, got .*\. Write {'call': 'optax.linear_"),
        ({"function": "DenseLayer"}, r"a function, got .*\. Write {'class': 'DenseLayer'}, or"),
        (3j, "^value must be of the types of JSON, got 3j$"),
        ("x" * 3, None),
    ],
    ids=range(59),
)
def test_what_cannot_be_meant_is_refused(value, message):
    if message is None:
        assert read(value) == value
        return
    with pytest.raises(ValueError, match=message):
        read(value)


@pytest.mark.parametrize(
    ("shared", "message"),
    [
        (3, "^shared must be a list of objects, got 3$"),
        ([{"object": "DenseLayer"}], r"^shared\[0\] must be an object with a label"),
        ([BEST, BEST], r"^shared\[1\]\.label must be a label of its own, got 'best'$"),
        (
            [{"label": "r", "object": "LeakyRectify"}],
            "^shared must be a layer, handler or iterator",
        ),
        ([BEST, {"label": "b", "object": "RememberBestWeight"}], "Did you mean"),
    ],
    ids=range(5),
)
def test_damaged_shared_objects_are_refused(shared, message):
    with pytest.raises(ValueError, match=message):
        read(None, shared=shared)


def test_objects_that_refer_to_each_other_in_a_circle_are_refused():
    one = {"label": "one", "object": "DenseLayer", "params": {"incoming": {"same": "two"}}}
    two = {"label": "two", "object": "DenseLayer", "params": {"incoming": {"same": "one"}}}
    decoder = Decoder(Names(), Problems(), shared=[one, two])
    assert decoder.decode({"same": "one"}, "value") is FAILED


def test_all_problems_are_found_at_once():
    problems = Problems()
    decoder = Decoder(Names(), problems)
    value = [{"class": "A"}, {"object": "DenseLayer", "params": {"b": {"object": "B"}, "c": 1}}]
    assert decoder.decode(value, "value") is FAILED
    assert len(problems.found) == 2


def test_nothing_is_shared_but_what_is_compared_by_identity():
    """Or a small file could hold a large tree."""
    layer = {"label": "a", "object": "DenseLayer", "params": {"num_units": 3}}
    one, two = read([{"same": "a"}, {"same": "a"}], shared=[layer])
    assert one is two
    assert isinstance(one, DenseLayer)
