import copy
import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skconv import (
    NeuralNet,
    augment,
    compile_counts,
    init,
    layers,
    load,
    nonlinearities,
    objectives,
    regularization,
    save,
    updates,
)
from skconv.augment import RandomAffine
from skconv.ensemble import BatchedBagging
from skconv.handlers import EarlyStopping, OptunaPruning, RememberBestWeights
from skconv.layers import BatchNormLayer, Conv2DLayer, DenseLayer, InputLayer, MaxPool2DLayer
from skconv.layers.base import Layer
from skconv.model_selection import BatchedGridSearchCV
from skconv.nonlinearities import LeakyRectify, rectify
from skconv.preprocessing import Standardize
from skconv.utils.digests import digest
from skconv.utils.fields import UNSET
from skconv.utils.plain_objects import decode, encode, is_encoded

from ..augment.test_contract import EXAMPLES as TRANSFORMS
from ..handlers.test_base import CLASSES, made
from ..layers.test_contract import EXAMPLES as LAYERS
from ..nets import X, make_net, y

NET = "skconv.estimator.neural_net.NeuralNet"
IMAGES = np.random.default_rng(0).normal(size=(30, 1, 8, 8)).astype(np.float32)


def through(value):
    """What a saver without pickle would read: of the JSON, nothing but text remains."""
    state = encode(value)
    assert is_encoded(state)
    json.loads(state["plain"])
    return decode(state)


class Twice(Layer):
    """A layer of another module."""

    def output_shape(self, shape):
        return shape

    def apply(self, params, state, x, *, ctx):
        return 2 * x, {}


def own_score(predicted, true):
    return predicted[:, 0]


@pytest.fixture(scope="module")
def dense():
    best = RememberBestWeights(verbose=0)
    return make_net(
        update=optax.adam,
        train_split=None,
        max_epochs=1,
        scores_train=[("own", own_score)],
        on_epoch_finished=[best, EarlyStopping(verbose=0)],
        on_training_finished=[best.restore],
    ).fit(X, np.array(list("abc"))[y])


@pytest.fixture(scope="module")
def convolutional():
    layer = InputLayer((None, 1, 8, 8))
    for cls, given in [(Conv2DLayer, (4, 3)), (BatchNormLayer, ()), (MaxPool2DLayer, (2,))]:
        layer = cls(layer, *given)
    layer = DenseLayer(Twice(layer), 3, name="output")
    return NeuralNet(layer, augment=RandomAffine(rotation=10), random_state=0).initialize()


def loaded(net):
    other = object.__new__(type(net))
    other.__setstate__(net.__getstate__())
    return other


def test_a_net_predicts_and_goes_on_as_before(dense):
    other = loaded(dense)
    assert vars(other).keys() == vars(dense).keys()
    expected = copy.deepcopy(dense)
    labels = np.array(list("abc"))[y]
    for net in (expected, other):
        net.partial_fit(X, labels)
        before = compile_counts()
    np.testing.assert_array_equal(other.predict_proba(X), expected.predict_proba(X))
    np.testing.assert_array_equal(other.predict(X), expected.predict(X))
    assert compile_counts()["train"] == before["train"]


def test_a_net_of_instances_predicts_as_before(convolutional):
    expected = convolutional.predict_proba(IMAGES)
    before = compile_counts()
    np.testing.assert_array_equal(loaded(convolutional).predict_proba(IMAGES), expected)
    assert compile_counts() == before


def test_what_was_one_remains_one(dense):
    net = loaded(dense)
    best, _ = net.on_epoch_finished
    assert net.on_training_finished == [best.restore]
    assert best.restore.remember is best
    assert net.scores_train[0][1] is own_score


def test_only_what_others_define_is_left_outside(dense, convolutional):
    assert set(dense.__getstate__()["outside"]) == {own_score, optax.adam}
    assert convolutional.__getstate__()["outside"] == [Twice]


VALUES = [
    *(None, True, 3, 0.1, float("inf"), "text", [1, [2]], (1, (2,)), {1: {"a": 2}}, {(0, 1): 2}),
    *({1, 2}, frozenset({"a"}), slice(1, None), np.float32(0.5), np.dtype("<f4"), np.str_("a")),
    *(rectify, DenseLayer, UNSET, LeakyRectify(0.3), jax.nn.relu, jax.nn.gelu, jnp.tanh, len),
    *(optax.EmptyState(), optax.TraceState({"W": 1.0}), complex, own_score),
]


def name_of(value):
    """Return the value as text, or its type's name where that would be an address."""
    return type(value).__name__ if " at 0x" in str(value) else str(value)


@pytest.mark.parametrize("value", VALUES, ids=name_of)
def test_values_come_back(value):
    other = through(value)
    assert type(other) is type(value)
    assert other == value


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.array(["a", "bc"]),
        np.array([["a", None], [(1,), 2]], object),
        np.array([(1, 2.0)], [("a", int), ("b", float)]),
        np.zeros((0, 3), np.uint8),
    ],
    ids=str,
)
def test_arrays_come_back(array):
    other = through(array)
    assert other.dtype == array.dtype
    np.testing.assert_array_equal(other, array)


def test_arrays_of_jax_partial_functions_and_masks_come_back():
    other = through(
        [jnp.arange(3.0), functools.partial(rectify, 1), np.ma.array([1, 2], mask=[0, 1])]
    )
    assert isinstance(other[0], jax.Array)
    np.testing.assert_array_equal(other[0], [0, 1, 2])
    assert (other[1].func, other[1].args, other[1].keywords) == (rectify, (1,), {})
    assert other[2].mask.tolist() == [False, True]


PARTS = [
    *((getattr(layers, name), fields) for name, (fields, *_) in LAYERS.items()),
    *((getattr(augment, name), fields) for name, (fields, *_) in TRANSFORMS.items()),
]


def test_all_that_skconv_has_comes_back_without_help():
    """Layers, transforms, handlers, and the functions of the vocabularies."""
    rooms = (init, nonlinearities, objectives, regularization, updates)
    values = [cls(**fields) for cls, fields in PARTS]
    values += [made(cls) for cls in CLASSES if cls is not OptunaPruning]  # files leave trials out
    values += [getattr(room, name) for room in rooms for name in room.__all__]
    assert len(values) > 150
    for value in values:
        state = encode(value)
        assert {one.__module__.partition(".")[0] for one in state["outside"]} <= {"tests"}, value
        other = decode(state)
        assert type(other) is type(value)
        assert digest(other) == digest(value), value


def test_lists_may_hold_themselves():
    value = [1]
    value.append(value)
    other = through(value)
    assert other[1] is other


def test_what_has_no_name_is_refused_by_the_parameter_that_holds_it():
    net = NeuralNet(custom_scores=[("a", lambda true, predicted: 0.5)], update=optax.adam(0.1))
    message = (
        r"^update must hold only what skops can save: <function .*; custom_scores must hold .*"
        r"<lambda> .* cannot be saved without its code; define it at the top level of a module"
    )
    with pytest.raises(TypeError, match=message):
        net.__getstate__()


def damaged(**changes):
    return {"plain": json.dumps({"root": [0], "parts": [["None"]]} | changes)} | {
        "arrays": [],
        "outside": [eval, int],
    }


@pytest.mark.parametrize(
    "part",
    [
        ["global", "os:system"],
        ["global", "skconv.utils.files:atomic_write"],
        ["global", "skconv.utils.pickling:_ByValue"],
        ["global", "skconv.handlers.weights:pickle"],
        ["global", "skconv.compat.__main__:main"],
        ["global", "skconv.objectives.objective:np.load"],
        ["constant", "skconv.handlers.weights:pickle"],
        ["namedtuple", "subprocess:Popen"],
        ["restored", "skconv.models.default:default"],
        ["object", [1], None],
        ["method", [1], "fit"],
        ["jax", "jax.numpy:load"],
        ["call", "skconv.nonlinearities:rectify"],
        ["array", 3],
        [],
    ],
    ids=str,
)
def test_nothing_else_can_be_named(part):
    with pytest.raises(ValueError, match=r"^the state of an object of skconv|not enough values"):
        decode(damaged(parts=[part, ["outside", 1]]))


def test_pickles_inside_are_never_loaded():
    part = ["object", [1], [2]]
    parts = [part, ["global", "skconv.utils.pickling:_ByValue"], ["dict"]]
    with pytest.raises(ValueError, match=r"names 'skconv\.utils\.pickling:_ByValue'"):
        decode(damaged(parts=parts))


# files of skops hold the net without pickle, and few types have to be trusted


def types_in(data):
    return set(pytest.importorskip("skops.io").get_untrusted_types(data=data))


@pytest.mark.parametrize(
    ("name", "rows", "others"),
    [
        ("dense", X, {f"{__name__}.own_score", "optax._src.alias.adam"}),
        ("convolutional", IMAGES, {f"{__name__}.Twice"}),
    ],
)
def test_for_skops_a_net_is_one_type(name, rows, others, request, tmp_path):
    io, net = pytest.importorskip("skops.io"), request.getfixturevalue(name)
    path = tmp_path / "net.skops"
    io.dump(net, path)
    assert types_in(path.read_bytes()) == {NET, *others}
    with pytest.raises(Exception, match="NeuralNet"):
        io.load(path)
    other = io.load(path, trusted=[NET, *others])
    np.testing.assert_array_equal(other.predict_proba(rows), net.predict_proba(rows))


def test_for_skops_pipelines_searches_and_ensembles_are_a_type_each(dense):
    io, net = pytest.importorskip("skops.io"), clone(dense).set_params(max_epochs=0)
    bagging = BatchedBagging(net, 2, random_state=0).fit(X, y)
    search = BatchedGridSearchCV(net, {"update_learning_rate": [0.1]}, cv=2).fit(X, y)
    pipeline = make_pipeline(Standardize().fit(X), search.best_estimator_)
    given = {f"{__name__}.own_score", "optax._src.alias.adam"}
    expected = [
        (pipeline, {NET, "skconv.preprocessing.standardize.Standardize"}),
        (bagging, {"skconv.ensemble.bagging.BatchedBagging"}),
        (search, {"skconv.model_selection.grid.BatchedGridSearchCV", NET}),
    ]
    for estimator, types in expected:
        data = io.dumps(estimator)
        found = types_in(data)
        assert {one for one in found if not one.startswith("sklearn.")} == types | given
        other = io.loads(data, trusted=list(found))
        np.testing.assert_array_equal(other.predict_proba(X), estimator.predict_proba(X))


def test_what_skops_has_loaded_is_saved_by_skconv_and_the_other_way_round(dense, tmp_path):
    io, path, labels = (
        pytest.importorskip("skops.io"),
        tmp_path / "net.skconv",
        np.array(list("abc"))[y],
    )
    trusted = [NET, f"{__name__}.own_score", "optax._src.alias.adam"]
    save(io.loads(io.dumps(dense), trusted=trusted), path, [own_score])
    once = load(path, [own_score])
    twice = io.loads(io.dumps(once), trusted=trusted)
    expected = copy.deepcopy(dense).partial_fit(X, labels)
    for other in (once, twice):
        np.testing.assert_array_equal(other.predict_proba(X), dense.predict_proba(X))
        np.testing.assert_array_equal(
            other.partial_fit(X, labels).predict_proba(X), expected.predict_proba(X)
        )


def test_a_file_of_skops_of_another_version_warns(monkeypatch):
    io = pytest.importorskip("skops.io")
    with monkeypatch.context() as context:
        context.setattr("skconv.__version__", "0.0.9")
        data = io.dumps(NeuralNet())
    with pytest.warns(UserWarning, match="this NeuralNet was pickled with skconv 0.0.9"):
        io.loads(data, trusted=[NET])
