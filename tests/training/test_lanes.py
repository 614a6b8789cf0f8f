import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skconv.augment import Transform
from skconv.data.fit_arguments import FitArguments
from skconv.handlers import Checkpoint
from skconv.layers import DenseLayer, InputLayer
from skconv.training.lanes import Lane, _fastest_mode, _group_key, run_lanes
from skconv.utils.memo import Memo

from ..late import Sorted
from ..nets import X, batches_of_epochs, make_net, softmax_of, softmax_regression, still_net, y

WEIGHTS = np.random.default_rng(1).normal(size=(3, 5, 3))


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


def steep(*watchers, W, **params):
    """A softmax regression whose rate halves with the second step, and falls on."""
    return still_net(
        output_W=W, update_learning_rate=lambda step: 0.5 / (1 + step), objective_l2=0.0,
        on_epoch_finished=list(watchers), **params,
    )  # fmt: skip


def assert_trained(net, epochs):
    """Compare a net of `steep` with gradient descent in NumPy."""
    batches = batches_of_epochs(40, 16, epochs, net.random_state)
    rates = 0.5 / np.arange(1, len(batches) + 1)
    expected, bias = softmax_regression(net.output_W, X, y, batches, rates)
    np.testing.assert_allclose(net.layers_["output"].W, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(net.layers_["output"].b, bias, rtol=1e-4, atol=1e-6)
    assert net._model.epoch == len(net.train_history_) == epochs
    assert net._model.step == len(batches)


def test_lanes_of_one_program_take_turns_on_its_places(training_loops):
    nets = [steep(W=W, random_state=i, max_epochs=[3, 1, 2][i]) for i, W in enumerate(WEIGHTS)]
    lanes = [
        Lane(loop, net.max_epochs) for loop, net in zip(training_loops(*nets), nets, strict=True)
    ]
    run_lanes(lanes, "vmap", 2)
    for net, lane in zip(nets, lanes, strict=True):
        assert lane.ended
        assert lane.error is None
        assert lane.seconds > 0
        assert_trained(net, net.max_epochs)


@dataclass(frozen=True)
class EpochAsRows(Transform):
    needs_rows = True

    def __call__(self, key, Xb, yb, *, epoch, rows):
        return jnp.full(Xb.shape, epoch, jnp.float32), yb


def test_a_lane_that_begins_later_counts_its_own_epochs(training_loops):
    scores = [("at", lambda predictions, targets: predictions.ravel())]
    nets = [
        still_net(
            regression=True, output_W=[[1.0]], augment=EpochAsRows(), max_epochs=epochs,
            scores_train=scores,
        )
        for epochs in (3, 1, 2)
    ]  # fmt: skip
    loops = training_loops(*nets, data=X[:, :1])
    run_lanes(
        [Lane(loop, net.max_epochs) for loop, net in zip(loops, nets, strict=True)], "vmap", 2
    )
    found = [[row["at"] for row in net.train_history_] for net in nets]
    assert found == [[0, 1, 2], [0], [0, 1]]


def test_each_lane_is_watched_by_its_own_handlers(training_loops):
    def stop(net, history):
        if len(history) == 2:
            raise StopIteration

    nets = [steep(*own, W=WEIGHTS[0], max_epochs=5) for own in ([], [stop])]
    run_lanes([Lane(loop, 5) for loop in training_loops(*nets)], "vmap", 2)
    for net, epochs in zip(nets, (5, 2), strict=True):
        assert_trained(net, epochs)


def test_a_lane_goes_on_from_a_checkpoint(training_loops, tmp_path):
    for epochs in (2, 3):
        checkpoint = Checkpoint(tmp_path / "net.npz", verbose=0)
        net = steep(checkpoint, W=WEIGHTS[0], max_epochs=epochs)
        run_lanes([Lane(loop, epochs) for loop in training_loops(net)], "vmap", 1)
        assert_trained(net, epochs)


def test_a_lane_that_diverges_ends_with_one_warning(training_loops):
    net = steep(print, W=WEIGHTS[0], max_epochs=5)
    net.set_params(update_learning_rate=lambda step: 0.1 if step < 3 else 1e38)
    with pytest.warns(ConvergenceWarning, match="in epoch 2; .* those of epoch 1") as warned:
        run_lanes([Lane(loop, 5) for loop in training_loops(net)], "vmap", 1)
    assert len(warned) == 1
    assert len(net.train_history_) == 1


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


def test_handlers_of_batches_see_each_step_of_a_lane(training_loops):
    seen = []

    def look(net, history):
        seen.append(net.layers_["output"].W.get_value())

    net = steep(W=WEIGHTS[0], max_epochs=2, on_batch_finished=look)
    run_lanes([Lane(loop, 2) for loop in training_loops(net)], "vmap", 8)
    assert_trained(net, 2)
    assert len(seen) == 6
    batches, rates = batches_of_epochs(40, 16, 2), 0.5 / np.arange(1, 7)
    for i, W in enumerate(seen, 1):
        expected, _ = softmax_regression(net.output_W, X, y, batches[:i], rates[:i])
        np.testing.assert_allclose(W, expected, rtol=1e-4, atol=1e-6)


def test_scores_in_numpy_see_each_epoch_of_a_lane(training_loops):
    net = make_net(custom_scores=[("size", lambda y, p: float(len(y)))])
    run_lanes([Lane(loop, 2) for loop in training_loops(net)], "vmap", 8)
    assert [row["size"] for row in net.train_history_] == [8.0, 8.0]


def test_validation_rows_of_their_own(training_loops):
    net = steep(W=WEIGHTS[0])
    loops = training_loops(net, valid=(X[:7] + 1, y[:7]))
    run_lanes([Lane(loop, 1) for loop in loops], "vmap", 8)
    assert_trained(net, 1)
    p = softmax_of((X[:7] + 1) @ net.layers_["output"].W + net.layers_["output"].b)
    loss = -np.log(p[np.arange(7), y[:7]]).mean()
    assert net.train_history_[0]["valid_loss"] == pytest.approx(loss, rel=1e-5)


def test_a_handler_that_fails_ends_its_lane_alone(training_loops):
    def fail(net, history):
        raise RuntimeError("no more")

    nets = [make_net(), make_net(on_epoch_finished=fail), make_net(on_training_started=fail)]
    for mode in ("loop", "vmap"):
        lanes = [Lane(loop, 2) for loop in training_loops(*nets)]
        run_lanes(lanes, mode, 4)
        assert [str(lane.error) for lane in lanes] == ["None", "no more", "no more"]


@pytest.mark.cpu_only(reason="a thread for each core")
def test_lanes_that_nobody_watches_run_in_threads(training_loops, monkeypatch):
    monkeypatch.setattr("skconv.training.lanes.available_cores", lambda: 2)
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


@pytest.mark.cpu_only(reason="a thread for each core")
def test_ctrl_c_in_one_thread_ends_the_lanes_of_others(training_loops, monkeypatch):
    monkeypatch.setattr("skconv.training.lanes.available_cores", lambda: 2)
    nets = [steep(W=WEIGHTS[0], max_epochs=3) for _ in range(3)]
    lanes = [Lane(loop, 3) for loop in training_loops(*nets)]
    values, both_run = lanes[2].loop.fit.values, threading.Event()

    def interrupt(*args):
        assert both_run.wait(60)
        raise KeyboardInterrupt

    def wait(*args):
        both_run.set()
        began = time.monotonic()
        while not lanes[2].loop.stopped and time.monotonic() - began < 60:
            time.sleep(0.01)
        return values(*args)

    for lane, own in zip(lanes[1:], (interrupt, wait), strict=True):
        lane.loop.fit = lane.loop.fit._replace(values=own)
    with pytest.raises(KeyboardInterrupt):
        run_lanes(lanes, "loop", 3)
    assert [lane.ended for lane in lanes] == [True, False, False]
    assert [len(net.train_history_) for net in nets] == [3, 0, 1]
    for lane in lanes[1:]:
        assert isinstance(lane.error, InterruptedError)
        assert isinstance(lane.error.__cause__, KeyboardInterrupt)


@pytest.mark.cpu_only(reason="accelerators vectorize all nets")
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


def test_rows_in_files_that_are_streamed_are_not_placed_as_a_whole(
    training_loops, monkeypatch, tmp_path
):
    mapped = np.memmap(tmp_path / "X", np.float32, "w+", shape=X.shape)
    mapped[:] = X
    kinds = {"in memory": X, "mapped": mapped, "late": Sorted(X)}
    loops = {kind: training_loops(make_net(), data=data)[0] for kind, data in kinds.items()}
    assert {_group_key(loop, "vmap")[0] for loop in loops.values()} == {"vmap"}
    monkeypatch.setattr("skconv.data.chunks.CHUNK_BYTES", 400)
    modes = {kind: _group_key(loop, "vmap")[0] for kind, loop in loops.items()}
    assert modes == {"in memory": "vmap", "mapped": "loop", "late": "loop"}


ON_TWO_DEVICES = """
import jax
import numpy as np
from sklearn.model_selection import GridSearchCV
from skconv import NeuralNet, compile_counts
from skconv.model_selection import BatchedGridSearchCV
from skconv.training import lanes

rng = np.random.default_rng(0)
X, y = rng.normal(size=(40, 3)).astype("f"), np.arange(40) % 2
net = NeuralNet(max_epochs=2, random_state=0, batch_iterator_train=16)
grid, found, shared, split = {"update_learning_rate": [0.01, 0.1]}, [], [], lanes._split_lanes
rows = []

def look(result, *args):
    leaves = jax.tree.leaves(result.carry.params)
    shared.append({(len(leaf), leaf.addressable_data(0).shape[0]) for leaf in leaves})
    return split(result, *args)

lanes._split_lanes = look

def scorer(net, X, y):
    found.append({d.id for a in jax.tree.leaves(net._model.params) if hasattr(a, "devices")
                  for d in a.devices()})
    return net.score(X, y)

def scores(kind, **options):
    found.clear()
    shared.clear()
    before = compile_counts()["train"]
    search = kind(net, grid, cv=2, refit=False, scoring=scorer, **options).fit(X, y)
    traces = compile_counts()["train"] - before
    return search.cv_results_["mean_test_score"].tolist(), traces

known, _ = scores(GridSearchCV)
assert jax.local_device_count() == 2
assert scores(BatchedGridSearchCV, lanes="loop") == (known, 1)
assert shared == [{(2, 1)}] * 2, shared
assert scores(BatchedGridSearchCV, lanes="vmap") == (known, 1)
assert shared == [{(4, 2)}], shared
net.on_epoch_finished = lambda net, history: rows.append(len(history))
assert scores(BatchedGridSearchCV, lanes="vmap") == (known, 0)
assert shared == [{(4, 2)}] * 2, shared
assert rows == [1] * 4 + [2] * 4, rows
net.set_params(on_epoch_finished=None, train_split=None)
known_without, _ = scores(GridSearchCV)
assert scores(BatchedGridSearchCV, lanes="vmap") == (known_without, 1)
assert shared == [{(4, 2)}], shared
net.set_params(train_split=0.2, custom_scores=[("n", lambda y, p: float(len(y)))])
assert scores(BatchedGridSearchCV, lanes="loop")[0] == known
assert sorted(map(sorted, found)) == [[0], [0], [1], [1]], found
net.set_params(custom_scores=None)
with jax.default_device(jax.devices()[1]):
    assert scores(BatchedGridSearchCV, lanes="loop")[0] == known
assert sorted(map(sorted, found)) == [[1]] * 4, found
"""


def test_devices_share_the_lanes():
    flags = "--xla_force_host_platform_device_count=2"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", ON_TWO_DEVICES], env=environment, check=True)
