import copy
import functools
import gc
import os
import subprocess
import sys
import weakref
from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.base import clone

from skconv import clear_programs, compile_counts, set_compilation_cache
from skconv.nonlinearities import tanh
from skconv.objectives import categorical_crossentropy
from skconv.training.plan import PredictPlan
from skconv.training.programs import _compiler_options, predict_programs_for
from skconv.updates.rules import adam

from ..nets import TARGETS, X, make_net, three_headed, y

rng = np.random.default_rng(0)


def compiled(net, X=X, y=y):
    before = compile_counts()
    net.fit(X, y).load_params_from(net.get_all_params_values())
    net.predict(X)
    after = compile_counts()
    return {kind: after[kind] - before[kind] for kind in after}


def trainings_compiled(**given):
    before = compile_counts()["train"]
    make_net(train_split=None, max_epochs=1, **given).fit(X, y)
    return compile_counts()["train"] - before


@pytest.fixture
def empty_cache(monkeypatch):
    monkeypatch.setattr("skconv.training.programs._cache", {})


@pytest.fixture(scope="module")
def fitted():
    return make_net().fit(X, y)


NOTHING = {"train": 0, "predict": 0, "gradient": 0}

NUMBERS = [
    {"update_learning_rate": 0.3, "update_momentum": 0.5},
    {"update_learning_rate": 1},
    {"update_learning_rate": lambda step: 0.1 / (1 + step)},
    {"objective_l2": 0.5, "noise_p": 0.9},
    {"random_state": 5, "hidden_b": 0.5, "max_epochs": 3},
]


@pytest.mark.parametrize("changes", NUMBERS)
def test_numbers_compile_nothing(fitted, changes):
    fitted.predict(X)
    assert compiled(make_net(**changes)) == NOTHING


@pytest.mark.parametrize("rows", [20, 31, 40, 400])
def test_numbers_of_rows_compile_nothing(fitted, rows):
    fitted.predict(X)
    more = np.tile(X, (10, 1))[:rows], np.tile(y, 10)[:rows]
    assert compiled(make_net(), *more) == NOTHING


def test_clones_and_refits_and_other_types_of_x_compile_nothing(fitted):
    fitted.predict(X)
    assert compiled(clone(fitted)) == NOTHING
    assert compiled(copy.deepcopy(fitted)) == NOTHING
    assert compiled(fitted) == NOTHING
    assert compiled(make_net(), X.astype(np.float64)) == NOTHING


OPTIONAL = {
    "hidden_l1": (1e-3, 0.1),
    "hidden_grad_scale": (0.5, 0),
    "update_clip_norm": (1.0, lambda step: 2.0),
    "update_clip_value": (0.5, 1),
    "objective_label_smoothing": (0.1, np.float64(0.2)),
}


def test_optional_numbers_compile_once():
    one, other = ({name: pair[i] for name, pair in OPTIONAL.items()} for i in (0, 1))
    trainings_compiled()
    assert trainings_compiled(**dict.fromkeys(OPTIONAL)) == 0
    assert trainings_compiled(**one) == 1
    assert trainings_compiled(**other) == 0


def own_loss(predictions, targets):
    return categorical_crossentropy(predictions, targets)


STRUCTURES = [
    {"hidden_num_units": 6},
    {"hidden_nonlinearity": tanh},
    {"hidden_b": None},
    {"batch_iterator_train": 10},
    {"objective_loss_function": own_loss},
    {"update": adam},
]


@pytest.mark.parametrize("changes", STRUCTURES)
def test_structure_compiles_again_and_once(changes):
    trainings_compiled()
    assert trainings_compiled(**changes) == 1
    assert trainings_compiled(**changes) == 0


def bent(x, slope):
    return jnp.maximum(x, slope * x)


def test_partial_functions_are_told_apart_by_what_they_hold():
    gentle = functools.partial(bent, slope=0.2)
    assert trainings_compiled(hidden_nonlinearity=gentle) == 1
    assert trainings_compiled(hidden_nonlinearity=copy.deepcopy(gentle)) == 0
    assert trainings_compiled(hidden_nonlinearity=functools.partial(bent, slope=0.2)) == 0
    assert trainings_compiled(hidden_nonlinearity=functools.partial(bent, slope=0.3)) == 1


SHAPES = {"input_shape": (None, 5), "output_num_units": 3, "hidden_nonlinearity": tanh}


def plan_of(units=4, nonlinearity=tanh):
    given = SHAPES | {"hidden_num_units": units, "hidden_nonlinearity": nonlinearity}
    net = make_net(**given)
    return PredictPlan(net.initialize().network_)


def test_copies_of_compiled_functions_are_told_apart():
    silu, leaky = copy.deepcopy(jax.nn.silu), copy.deepcopy(jax.nn.leaky_relu)
    assert plan_of(nonlinearity=silu).key == plan_of(nonlinearity=jax.nn.silu).key
    assert plan_of(nonlinearity=silu).key != plan_of(nonlinearity=leaky).key


def test_the_least_recently_used_program_goes_first(empty_cache, monkeypatch):
    monkeypatch.setattr("skconv.training.programs.MAX_BYTES", 2 * 2**16)
    monkeypatch.setattr("skconv.training.programs.MIN_PLANS", 1)
    four, five = predict_programs_for(plan_of(4)), predict_programs_for(plan_of(5))
    assert predict_programs_for(plan_of(4)) is four
    predict_programs_for(plan_of(6))
    assert predict_programs_for(plan_of(4)) is four
    assert predict_programs_for(plan_of(5)) is not five


def test_programs_are_dropped_by_their_memory(empty_cache, monkeypatch):
    monkeypatch.setattr("skconv.training.programs.MIN_PLANS", 1)
    net = make_net(max_epochs=0, **SHAPES).fit(X, y)
    net.predict(X)
    programs = predict_programs_for(plan_of(4))
    assert 0.5e6 < programs.nbytes < 2e6
    monkeypatch.setattr("skconv.training.programs.MAX_BYTES", programs.nbytes + 2**16)
    predict_programs_for(plan_of(5))
    assert predict_programs_for(plan_of(4)) is programs
    predict_programs_for(plan_of(5))
    predict_programs_for(plan_of(6))
    assert predict_programs_for(plan_of(4)) is not programs


def test_the_programs_used_last_stay_whatever_their_memory(empty_cache, monkeypatch):
    monkeypatch.setattr("skconv.training.programs.MAX_BYTES", 0)
    monkeypatch.setattr("skconv.training.programs.MIN_PLANS", 2)
    four, five = predict_programs_for(plan_of(4)), predict_programs_for(plan_of(5))
    assert predict_programs_for(plan_of(4)) is four
    assert predict_programs_for(plan_of(5)) is five
    predict_programs_for(plan_of(6))
    assert predict_programs_for(plan_of(5)) is five
    assert predict_programs_for(plan_of(4)) is not four


def test_clear_programs_forgets_all(empty_cache):
    net = make_net(max_epochs=0).fit(X, y)
    net.predict(X)
    before = compile_counts()["predict"]
    net.predict(X)
    assert compile_counts()["predict"] == before
    clear_programs()
    net.predict(X)
    assert compile_counts()["predict"] == before + 1


def test_initial_arrays_are_not_kept(empty_cache):
    W = np.ones((5, 4), np.float32)
    net = make_net(hidden_W=W).fit(X, y)
    net.predict(X)
    there = weakref.ref(W)
    del W, net
    gc.collect()
    assert there() is None


def test_weights_of_outputs_compile_nothing():
    three_headed().fit(X, TARGETS)
    assert compiled(three_headed().fit(X, TARGETS), y=TARGETS)["train"] == 0
    for changes in ({"output_weights": None}, {"aux_outputs": {"early": 0.1}}):
        assert compiled(three_headed(**changes), y=TARGETS) == NOTHING


def test_options_of_the_compiler_are_those_that_it_has(monkeypatch):
    choose = _compiler_options.__wrapped__
    assert choose("gpu", recomputes=True, newer=False) == {}
    both = choose("cpu", recomputes=True, newer=False)
    assert both.keys() > choose("cpu", recomputes=False, newer=False).keys()
    older, newer = (choose("cpu", recomputes=False, newer=own) for own in (False, True))
    emitters = "xla_cpu_use_fusion_emitters"
    assert (older[emitters], newer[emitters]) == (False, True)
    options = {"xla_cpu_no_such_option": True}
    monkeypatch.setattr("skconv.training.programs.OLDER_EMITTERS", options)
    assert choose("cpu", recomputes=False, newer=False) == {}


PROGRAM = """
import sys
from collections import Counter
import jax
import numpy as np
import skconv

counts = Counter()
jax.monitoring.register_event_listener(lambda event, **kwargs: counts.update([event]))
if len(sys.argv) > 1:
    skconv.set_compilation_cache(sys.argv[1])
rng = np.random.default_rng(0)
X, y = rng.normal(size=(20, 3)), np.arange(20) % 2
for regression in (False, True):
    net = skconv.NeuralNet(max_epochs=1, regression=regression, normalize_y=regression)
    net.fit(X, y).load_params_from(net.get_all_params_values())
    net.predict(X)
print(*(counts[f'/jax/compilation_cache/cache_{kind}'] for kind in ('hits', 'misses')))
"""


def hits_and_misses(*arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(map(int, done.stdout.split()))


def test_a_second_process_compiles_nothing(tmp_path):
    folder = tmp_path / "new" / "folder"
    hits, misses = hits_and_misses(folder)
    assert (hits, misses > 0) == (0, True)
    assert hits_and_misses(folder) == (misses, 0)


def test_no_operation_is_compiled_alone(tmp_path):
    hits_and_misses(tmp_path)
    names = Counter(path.name.split("-")[0] for path in tmp_path.glob("*-cache"))
    del names["jit__lambda"]  # asks XLA which options it has
    # the start, the training and the prediction of two nets
    assert names == {"jit_traced": 6}


def test_off_by_default():
    assert hits_and_misses(JAX_COMPILATION_CACHE_DIR="") == (0, 0)


@pytest.fixture
def restored():
    yield
    set_compilation_cache(None)


def test_can_be_switched_off_again(tmp_path, restored):
    set_compilation_cache(tmp_path)
    assert jax.config.jax_compilation_cache_dir == str(tmp_path.resolve())
    set_compilation_cache(None)
    assert jax.config.jax_compilation_cache_dir is None
    assert jax.config.jax_persistent_cache_min_compile_time_secs == 1.0
