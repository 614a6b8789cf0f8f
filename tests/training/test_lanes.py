import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import jax
import numpy as np
import pytest

from skconv.data.fit_arguments import FitArguments
from skconv.layers import DenseLayer, InputLayer
from skconv.training.lanes import Lane, _fastest_mode, run_lanes
from skconv.utils.memo import Memo

from ..nets import X, make_net, y


@pytest.fixture
def training_loops():
    """Return a function that begins the trainings of nets, which end after the test."""
    with ExitStack() as trainings:

        def begin(*nets, memo=None, data=X, **valid):
            memo = memo or Memo()
            begun = (
                net._training(FitArguments(data, y, **valid), continues=False, memo=memo)
                for net in nets
            )
            return [trainings.enter_context(training) for training in begun]

        yield begin


def test_lanes_of_one_program_take_turns_on_its_places(training_loops):
    nets = [make_net(random_state=seed, max_epochs=epochs) for seed, epochs in enumerate([3, 1, 2])]
    alone = [make_net(**net.get_params(deep=False)).fit(X, y) for net in nets]
    lanes = [
        Lane(loop, net.max_epochs) for loop, net in zip(training_loops(*nets), nets, strict=True)
    ]
    run_lanes(lanes, "vmap", 2)
    for net, known, lane in zip(nets, alone, lanes, strict=True):
        assert lane.ended
        assert lane.error is None
        assert lane.seconds > 0
        assert net._model.epoch == known._model.epoch == net.max_epochs
        assert net._model.step == known._model.step
        np.testing.assert_allclose(net.predict_proba(X), known.predict_proba(X), atol=1e-5)
        losses = [[row["valid_loss"] for row in one.train_history_] for one in (net, known)]
        np.testing.assert_allclose(*losses, rtol=1e-5)
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, atol=1e-4),
            net._model.opt,
            known._model.opt,
        )


def test_epochs_of_all_lanes_last_no_longer_than_the_clock(training_loops):
    nets = [make_net(random_state=seed, max_epochs=6) for seed in range(3)]
    loops = training_loops(*nets)
    began = time.perf_counter()
    run_lanes([Lane(loop, 6) for loop in loops], "vmap", 2)
    elapsed = time.perf_counter() - began
    durations = [row["dur"] for net in nets for row in net.train_history_]
    assert len(durations) == 18
    assert 0.5 * elapsed < sum(durations) <= elapsed


def test_data_lie_on_the_device_once(training_loops):
    memo = Memo()
    nets = [make_net(random_state=seed) for seed in range(4)]
    run_lanes([Lane(loop, 1) for loop in training_loops(*nets, memo=memo)], "vmap", 4)
    run_lanes([Lane(loop, 1) for loop in training_loops(*nets, memo=memo)], "loop", 4)
    kept = [made for key, (_, made) in memo._kept.items() if "rows in" in str(key[0])]
    kept += [made for key, (_, made) in memo._kept.items() if "all rows" in str(key[0])]
    on_device = [leaf for leaf in jax.tree.leaves(kept) if isinstance(leaf, jax.Array)]
    assert sorted(leaf.size for leaf in on_device)[0] == X.size
    assert len(on_device) == 2


@pytest.mark.parametrize(
    "params",
    [
        {"on_batch_finished": lambda net, history: None},
        {"custom_scores": [("size", lambda y, p: float(len(y)))]},
    ],
)
def test_what_needs_each_step_goes_one_by_one(training_loops, params):
    net, known = make_net(**params), make_net(**params).fit(X, y)
    (loop,) = training_loops(net)
    run_lanes([Lane(loop, 2)], "vmap", 8)
    np.testing.assert_array_equal(net.predict_proba(X), known.predict_proba(X))
    assert net.train_history_[-1].keys() == known.train_history_[-1].keys()


def test_validation_rows_of_their_own(training_loops):
    net, valid = make_net(), (X[:7] + 1, y[:7])
    known = make_net().fit(X, y, X_val=valid[0], y_val=valid[1])
    run_lanes([Lane(training_loops(net, valid=valid)[0], 2)], "vmap", 8)
    assert net.train_history_[-1]["valid_loss"] == pytest.approx(
        known.train_history_[-1]["valid_loss"]
    )


def test_a_handler_that_fails_ends_its_lane_alone(training_loops):
    def fail(net, history):
        raise RuntimeError("no more")

    nets = [make_net(), make_net(on_epoch_finished=fail), make_net(on_training_started=fail)]
    for mode in ("loop", "vmap"):
        lanes = [Lane(loop, 2) for loop in training_loops(*nets)]
        run_lanes(lanes, mode, 4)
        assert [str(lane.error) for lane in lanes] == ["None", "no more", "no more"]


def test_lanes_that_nobody_watches_run_in_threads(training_loops, monkeypatch):
    monkeypatch.setattr("skconv.training.lanes._available_cores", lambda: 2)
    names = set()
    lanes = [
        Lane(loop, 1) for loop in training_loops(*(make_net(random_state=i) for i in range(4)))
    ]
    for lane in lanes:
        values = lane.loop.fit.values

        def noted(*args, values=values):
            names.add(threading.current_thread().name)
            return values(*args)

        lane.loop.fit = lane.loop.fit._replace(values=noted)
    run_lanes(lanes, "loop", 4)
    assert any(name != threading.main_thread().name for name in names)


def test_very_small_nets_are_vectorised_and_others_are_not(training_loops):
    def of(units, **params):
        net = make_net(
            layers=[("input", InputLayer), (DenseLayer, {"num_units": units}), ("out", DenseLayer)],
            **params,
        )
        return _fastest_mode(training_loops(net)[0])

    assert of(10) == "vmap"
    assert of(20_000) == "loop"
    assert of(10, verbose=1) == "loop"


ON_TWO_DEVICES = """
import jax
import numpy as np
from sklearn.model_selection import GridSearchCV
from skconv import NeuralNet
from skconv.model_selection import BatchedGridSearchCV

rng = np.random.default_rng(0)
X, y = rng.normal(size=(40, 3)).astype("f"), np.arange(40) % 2
net = NeuralNet(max_epochs=2, random_state=0, batch_iterator_train=16)
grid, found = {"update_learning_rate": [0.01, 0.1]}, []

def scorer(net, X, y):
    found.append({d.id for a in jax.tree.leaves(net._model.params) if hasattr(a, "devices")
                  for d in a.devices()})
    return net.score(X, y)

def scores(kind, **options):
    search = kind(net, grid, cv=2, refit=False, scoring=scorer, **options).fit(X, y)
    return search.cv_results_["mean_test_score"].tolist()

known = scores(GridSearchCV)
found.clear()
assert jax.local_device_count() == 2
assert scores(BatchedGridSearchCV, lanes="loop") == known
assert sorted(map(sorted, found)) == [[0], [0], [1], [1]], found
assert scores(BatchedGridSearchCV, lanes="vmap") == known
found.clear()
with jax.default_device(jax.devices()[1]):
    assert scores(BatchedGridSearchCV, lanes="loop") == known
assert sorted(map(sorted, found)) == [[1]] * 4, found
"""


def test_devices_share_the_lanes():
    flags = "--xla_force_host_platform_device_count=2"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", ON_TWO_DEVICES], env=environment, check=True)
