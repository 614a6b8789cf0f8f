import functools
import json
import math
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from sklearn.metrics import fbeta_score, make_scorer
from sklearn.model_selection import GroupShuffleSplit, KFold

from skconv import BatchIterator, TrainSplit
from skconv.config import decoding
from skconv.config.encoding import MARKS, has_identity
from skconv.handlers import Handler, RememberBestWeights
from skconv.layers import DenseLayer, InputLayer, Layer
from skconv.nonlinearities import rectify
from skconv.utils.digests import digest

from .examples import NAMED, OBJECTS, read, through, written


class Scaled(Layer):
    """A layer in Lasagne's way."""

    def __init__(self, incoming, factor=2.0, **kwargs):
        super().__init__(incoming, **kwargs)
        self.factor = factor

    def get_output_for(self, input, **kwargs):
        return input * self.factor


class Counter(Handler):
    def __init__(self, start=0):
        self.start = start


def test_all_objects_of_the_vocabularies_come_back():
    assert len(OBJECTS) > 110
    for value in OBJECTS:
        other = through(value)
        assert type(other) is type(value)
        assert digest(other) == digest(value), value


def test_all_names_of_the_vocabularies_come_back():
    assert len(NAMED) > 170
    for value in NAMED:
        assert through(value) is value


VALUES = [
    *(None, True, 3, 2**70, 0.1, 1e-300, -0.0, "text", [1, [2]], (1, (2,), []), {"a": {"b": 2}}),
    *({1: 2}, {(0, 1): "x"}, {"class": 1}, {"a": 1, 2: 3}, {1, 2}, frozenset({"a"}), math.inf),
    *(slice(1, None), Path("a/b.npz"), np.float32(0.1), np.int8(3), np.bool_(True), np.str_("a")),
    *(np.dtype("float32"), rectify, optax.adam, jnp.tanh, (math.inf, -math.inf)),
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_values_come_back(value):
    other = through(value)
    assert type(other) is type(value)
    assert repr(other) == repr(value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.float32([[0.1, np.nan, -np.inf]]),
        np.array(["a", "bc"]),
        np.array([["a", None], [(1,), 2]], object),
        np.zeros((0, 3), np.uint8),
        np.array(2**63, np.uint64),
        np.array(True),
        np.array(["2020-01-01", "1969-12-31", "NaT"], "datetime64[D]"),
        np.array([["2020-01-01T00:00:00.000000001"]], "datetime64[ns]"),
        np.datetime64("2020-02", "M"),
        np.array([-3, 2**60], "timedelta64[ns]"),
        np.timedelta64(90, "m"),
        jnp.arange(3.0),
    ],
    ids=str,
)
def test_arrays_come_back(array):
    other = through(array)
    assert (type(other), other.dtype, other.shape) == (type(array), array.dtype, array.shape)
    np.testing.assert_array_equal(other, array)


def test_nan_comes_back():
    assert math.isnan(through(math.nan))


def test_random_states_go_on_as_they_would():
    random = np.random.RandomState(3)
    random.normal(size=3)
    other = through(random)
    assert other.normal() == random.normal()


def test_partial_functions_and_schedules_come_back():
    other = through([functools.partial(rectify, 1), functools.partial(optax.adam, b1=0.8)])
    assert (other[0].func, other[0].args) == (rectify, (1,))
    assert (other[1].func, other[1].keywords) == (optax.adam, {"b1": 0.8})
    schedule = optax.warmup_cosine_decay_schedule(0.0, 0.1, 5, 20)
    assert [through(schedule)(n) for n in (0, 3, 30)] == [schedule(n) for n in (0, 3, 30)]


def test_splitters_iterators_and_scorers_come_back():
    splitter = through(GroupShuffleSplit(1, test_size=0.3, random_state=2))
    assert (splitter.test_size, splitter.random_state) == (0.3, 2)
    assert repr(through(KFold(3))) == repr(KFold(3))
    assert vars(through(TrainSplit(0.1, shuffle=False))) == vars(TrainSplit(0.1, shuffle=False))
    assert vars(through(BatchIterator(32, shuffle=True))) == vars(BatchIterator(32, shuffle=True))
    scorer = make_scorer(fbeta_score, beta=2)
    assert repr(through(scorer)) == repr(scorer)


def test_what_is_given_is_short_and_readable():
    layers = [("input", InputLayer), ("hidden", DenseLayer(num_units=3, W="he_normal"))]
    hidden = {"object": "DenseLayer", "params": {"num_units": 3, "W": "he_normal"}}
    expected = [{"tuple": ["input", {"class": "InputLayer"}]}, {"tuple": ["hidden", hidden]}]
    assert written(layers) == (expected, [])


def graph():
    below = InputLayer((None, 4), name="input")
    one = DenseLayer(below, 4, name="one")
    two = DenseLayer(one, 4, W=one.W)
    return DenseLayer(two, 4, W=one.W.T, name="last")


def test_layers_that_were_given_layers_come_back_as_a_graph_with_shared_parameters():
    last = through(graph())
    two = last.incoming
    one = two.incoming
    assert (one.name, one.incoming.name, one.incoming.shape) == ("one", "input", (None, 4))
    assert two.W is one.W
    assert last.W.parameter is one.W
    np.testing.assert_array_equal(last.W.parameter.get_value(), two.W.get_value())


def test_layers_of_a_graph_are_listed_each_after_its_inputs_by_their_names():
    plain, shared = written(graph())
    assert [one["label"] for one in shared] == ["input", "one", "DenseLayer1"]
    assert plain["params"]["incoming"] == {"same": "DenseLayer1"}
    assert shared[2]["params"]["W"] == {"parameter": "W", "of": {"same": "one"}}


def test_layers_of_a_list_may_share_parameters():
    one = DenseLayer(num_units=4, name="one")
    first, second = through([one, DenseLayer(num_units=4, W=one.W)])
    assert second.W is first.W


def test_values_that_were_set_come_back():
    layer = DenseLayer(InputLayer((None, 3)), 2)
    layer.b.set_value([1.0, 2.0])
    assert through(layer).b.get_value().tolist() == [1.0, 2.0]


def test_layers_with_the_same_name_have_labels_of_their_own():
    below = InputLayer((None, 4), name="a")
    plain, shared = written(DenseLayer(DenseLayer(below, 3, name="a"), 3))
    assert [one["label"] for one in shared] == ["a", "a1"]
    assert read(plain, shared=shared).incoming.incoming.name == "a"


def test_deep_graphs_need_no_deep_recursion():
    layer = InputLayer((None, 4))
    for _ in range(1000):
        layer = DenseLayer(layer, 4)
    plain, shared = written(layer)
    json.dumps(plain)
    other = read(plain, shared=shared)
    assert sum(1 for _ in iter_below(other)) == 1000


def iter_below(layer):
    while getattr(layer, "incoming", None) is not None:
        yield layer
        layer = layer.incoming


def test_handlers_that_refer_to_each_other_still_do():
    best = RememberBestWeights(verbose=0)
    first, second, method = through([best, best.restore, best.reset])
    assert second.remember is first
    assert method.__self__ is first


def test_objects_of_the_user_come_back_if_they_are_trusted():
    trusted = [Scaled, Counter]
    layer = through(Scaled(InputLayer((None, 3), name="i"), 3.0, name="s"), trusted)
    assert (type(layer), layer.factor, layer.name, layer.incoming.name) == (Scaled, 3.0, "s", "i")
    assert through(Counter(3), [f"{__name__}.Counter"]).start == 3


def local(x):
    return x


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([local], rf"^value\[0\] must be something that .*trusted=\['{__name__}\.local'\]$"),
        (lambda x: x, "at the top level of a module and trust it: trusted="),
        (Counter(), rf"got Counter .*trust it: trusted=\['{__name__}\.Counter'\]$"),
        (Counter, "^value must be something that a config can name"),
        (optax.adam(0.1), "write its factory, as in update=optax.adam, and update_learning_rate"),
        (np.zeros(1001), "^value must be an array of at most 1000 values, got 1001; skconv.save"),
        (
            np.zeros(3, complex),
            "^value must be an array of numbers, strings, bools or dates, got complex",
        ),
        (object(), "^value must be something that a config can name, got object"),
        (
            functools.partial(jnp.add, np.zeros(2000)),
            "^value must be bound to arrays of",
        ),
        (print, "^value must be something that a config can name"),
        ({"a": {"b": 1j}}, r"^value\['a'\]\['b'\] must be something that a config can name"),
    ],
    ids=range(11),
)
def test_what_has_no_name_is_refused_with_what_to_write(value, message):
    with pytest.raises(TypeError, match=message):
        written(value)


def test_objects_that_hold_themselves_are_refused():
    counter = Counter()
    counter.start = [counter]
    with pytest.raises(TypeError, match="an object that does not hold itself"):
        written(counter, [Counter])


def test_large_arrays_may_go_elsewhere():
    arrays = {}
    plain, _ = written(np.arange(2000.0), arrays=arrays)
    assert plain == {"array": "array0", "dtype": "float64", "shape": [2000]}
    np.testing.assert_array_equal(read(plain, arrays=arrays), np.arange(2000.0))


def test_every_mark_has_a_form():
    assert set(decoding._FORMS) == set(MARKS)


def test_objects_compared_by_value_have_no_identity():
    assert has_identity(Counter())
    assert has_identity(DenseLayer(num_units=1))
    assert not has_identity((1, 2))
