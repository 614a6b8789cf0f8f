import functools

import jax
import jax.numpy as jnp
import optax
import pytest
from sklearn.metrics import f1_score
from sklearn.model_selection import KFold

from skconv import BatchIterator, models, nonlinearities, objectives
from skconv.compat import iterators as compat_iterators
from skconv.config import names as module
from skconv.config.names import PUBLIC, Names, factories, full_name, vocabulary
from skconv.layers import DenseLayer
from skconv.models.lenet import TableConv2DLayer
from skconv.nonlinearities import rectify


def own(x):
    return x


class Own:
    class Inner:
        pass


def test_no_two_rooms_have_the_same_name():
    """Configs tell them apart by their bare names."""
    rooms = [__import__(f"skconv.{room}", fromlist=["x"]) for room in PUBLIC]
    found = {}
    for room in rooms:
        for name in room.__all__:
            value = getattr(room, name)
            assert found.setdefault(name, value) is value, name


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (DenseLayer, "DenseLayer"),
        (rectify, "rectify"),
        (nonlinearities.very_leaky_rectify, "very_leaky_rectify"),
        (nonlinearities.identity, "linear"),
        (objectives.objective, "objective"),
        (BatchIterator, "BatchIterator"),
        (optax.adam, "optax.adam"),
        (optax.sigmoid_binary_cross_entropy, "optax.sigmoid_binary_cross_entropy"),
        (jax.nn.gelu, "jax.nn.gelu"),
        (jnp.maximum, "jax.numpy.maximum"),
        (f1_score, "sklearn.metrics.f1_score"),
        (KFold, "sklearn.model_selection.KFold"),
        (compat_iterators.BatchIterator, "skconv.compat.iterators.BatchIterator"),
        (TableConv2DLayer, "skconv.models.lenet.TableConv2DLayer"),
    ],
)
def test_what_is_known_has_a_name_that_finds_it(value, name):
    names = Names()
    assert names.name_of(value) == name
    assert names.find(name) is value


def test_what_users_define_is_named_if_it_is_trusted():
    name = f"{__name__}.own"
    assert Names().name_of(own) is None
    for trusted in ([name], [own], (own,), {name}):
        names = Names(trusted)
        assert names.name_of(own) == name
        assert names.find(name) is own
    inner = full_name(Own.Inner)
    assert Names([inner]).find(inner) is Own.Inner


def test_what_is_not_at_its_name_is_refused():
    """A function that was defined again, for example."""

    def other():
        pass

    other.__module__, other.__qualname__ = __name__, "own"
    assert Names([f"{__name__}.own"]).name_of(other) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("DenseLayr", r"got 'DenseLayr'\. Did you mean 'DenseLayer'\?$"),
        ("skconv.layers.DenseLayer", r"\. Did you mean 'DenseLayer'\?$"),
        ("optax.adem", r"\. Did you mean 'optax\.adam'\?$"),
        ("jax.nn.reluu", r"\. Did you mean 'jax\.nn\.relu'\?$"),
        ("os.system", r"got 'os\.system'; if you trust it, write trusted=\['os\.system'\]$"),
        ("jax.numpy.load", r"must be a name that skconv knows, got 'jax\.numpy\.load'"),
        ("skconv.utils.files.atomic_write", "must be a name that skconv knows"),
        ("skconv.models.lenet.fields", "must be a name that skconv knows"),
        ("skconv.layers.base.math", "must be a name that skconv knows"),
        ("skconv.compat.__main__.main", "must be a name that skconv knows"),
        ("skconv.compat.pickles.load", "must be a name that skconv knows"),
        ("skconv.compat.array_unpickler.ArrayUnpickler", "must be a name that skconv knows"),
        ("skconv.layers.nothing.x", "must be a name that skconv knows"),
        ("optax._src.base.warnings", "must be a name that skconv knows"),
        ("sklearn.metrics._plot", "must be a name that skconv knows"),
        ("sklearn.model_selection.GridSearchCV", "must be a name that skconv knows"),
        (3, "must be a name, got 3$"),
        ("x" * 500, r"got 'x{76}\.\.\."),
    ],
)
def test_unknown_names_are_refused_with_the_nearest_match(name, message):
    with pytest.raises(ValueError, match=message):
        Names().find(name)


def test_nothing_is_imported_unless_it_is_trusted(tmp_path, monkeypatch):
    (tmp_path / "hostile.py").write_text("raise SystemError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="if you trust it"):
        Names(["other.thing"]).find("hostile.thing")
    with pytest.raises(SystemError, match="imported"):
        Names(["hostile.thing"]).find("hostile.thing")


def test_models_have_no_functions_among_the_names():
    """Some of them read files."""
    functions = [name for name in models.__all__ if name[0].islower()]
    assert functions
    assert not set(functions) & vocabulary().keys()


@pytest.mark.parametrize(
    ("trusted", "message"),
    [
        ("mypackage.MyLayer", r"^trusted must be a list of names, .* got 'mypackage\.MyLayer'$"),
        (own, "^trusted must be a list of names"),
        ([3], "got 3 among them$"),
        ([lambda: 0], "got a lambda; define it by def$"),
    ],
)
def test_trusted_must_be_a_list(trusted, message):
    with pytest.raises(TypeError, match=message):
        Names(trusted)


@pytest.mark.parametrize("name", ["nothing.at.all", "math.nothing", "nothing"])
def test_trusted_names_must_exist(name):
    with pytest.raises(ValueError, match=f"^trusted must have names .*, got '{name}'$"):
        Names([name]).find(name)


def test_factories_are_those_that_return_functions():
    found = factories()
    assert found["optax.cosine_decay_schedule"] is optax.cosine_decay_schedule
    assert found["jax.nn.initializers.variance_scaling"] is jax.nn.initializers.variance_scaling
    assert not {"optax.adam", "jax.nn.initializers.zeros"} & found.keys()
    assert all(not isinstance(one, functools.partial) for one in found.values())


def test_further_names_are_those_given():
    names = Names(further={"own": own})
    assert names.name_of(own) == "own"
    assert names.find("own") is own
    assert module.Names().name_of(own) is None
