"""What nets do on eight virtual devices; `test_devices.py` runs it in a process of its own."""

import copy
import pickle
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skconv import BatchIterator, NeuralNet, compile_counts
from skconv.augment import RandomFlip
from skconv.data import chunks
from skconv.data.fit_arguments import FitArguments
from skconv.estimator.prepare import prepare
from skconv.handlers import Checkpoint
from skconv.layers import (
    BatchNormLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    InputLayer,
)
from skconv.model_selection import BatchedGridSearchCV
from skconv.ops.dealt_batches import dealing_batches
from skconv.ops.device_choice import is_devices, mesh_for
from skconv.training import output_rows
from skconv.utils.memo import Memo
from skconv.visualize.gradients import iterate_gradients

RNG = np.random.default_rng(0)

X = RNG.normal(size=(90, 1, 3, 4)).astype(np.float32)
y = np.arange(90) % 3

TABLE = X.reshape(90, -1)

LAYERS = [InputLayer, BatchNormLayer, (DropoutLayer, {"p": 0.3}), DenseLayer]

shares = []


def look(key, Xb, yb):
    """Note which part of the rows each device has, when a program is compiled."""
    jax.debug.inspect_array_sharding(
        Xb, callback=lambda own: shares.append(own.shard_shape(Xb.shape))
    )
    return Xb, yb


def image_net(**params):
    return NeuralNet(
        layers=LAYERS, batch_iterator_train=32, batch_iterator_test=20, max_epochs=2,
        random_state=0, augment=[RandomFlip(), look], **params,
    )  # fmt: skip


def table_net(**params):
    params = {"batch_iterator_train": 16, "max_epochs": 2, "random_state": 0, **params}
    return NeuralNet(hidden_layer_sizes=128, update="adam", train_split=None, **params)


def assert_close(one, other, tolerance=1e-6):
    leaves = zip(*(jax.tree.leaves(net._model.carry) for net in (one, other)), strict=True)
    for a, b in leaves:
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


def check_devices_share_batches_and_agree_with_one_device():
    weights = np.linspace(0, 2, 90)
    one = image_net().fit(X, y, sample_weight=weights)
    shares.clear()
    before = compile_counts()["train"]
    net = image_net(devices="all").fit(X, y, sample_weight=weights)
    assert compile_counts()["train"] == before + 1
    assert set(shares) == {(4, 1, 3, 4)}
    assert {len(leaf.devices()) for leaf in jax.tree.leaves(net._model.carry)} == {8}
    assert_close(one, net)
    for own, expected in zip(net.train_history_, one.train_history_, strict=True):
        for name in own.keys() - {"dur"}:
            assert own[name] == pytest.approx(expected[name], abs=1e-6), name
    probabilities = one.predict_proba(X)
    np.testing.assert_allclose(net.predict_proba(X), probabilities, atol=1e-6)
    np.testing.assert_allclose(net.predict_proba(X[:1]), probabilities[:1], atol=1e-6)
    check_streamed_batches(net, weights)


def check_streamed_batches(resident, weights):
    shares.clear()
    size, chunks.CHUNK_BYTES = chunks.CHUNK_BYTES, 2 * 32 * X[0].nbytes
    try:
        net = clone(resident).fit(X, y, sample_weight=weights)
    finally:
        chunks.CHUNK_BYTES = size
    assert set(shares) == {(4, 1, 3, 4)}
    assert_close(resident, net)


def check_nets_move_between_devices():
    one, net = table_net().fit(TABLE, y), table_net(devices=8).fit(TABLE, y)
    assert_close(one, net)
    expected = one.predict_proba(TABLE)
    loaded = pickle.loads(pickle.dumps(net))
    assert loaded.devices == 8
    alone = copy.deepcopy(net).set_params(devices=None)
    for other in (loaded, alone):
        np.testing.assert_allclose(other.predict_proba(TABLE), expected, atol=1e-6)
        np.testing.assert_allclose(
            other.get_output("hidden", TABLE), one.get_output("hidden", TABLE), atol=1e-6
        )
    function, params = net.as_function()
    placed = jax.device_put(TABLE[:5], jax.devices()[6])
    np.testing.assert_allclose(jax.jit(function)(params, placed), expected[:5], atol=1e-6)
    for a, b in zip(iterate_gradients(net, TABLE), iterate_gradients(one, TABLE), strict=True):
        np.testing.assert_allclose(a.gradients, b.gradients, atol=1e-6)
    before = compile_counts()["train"]
    for other in (one, loaded, alone):
        other.partial_fit(TABLE, y)
    assert_close(one, loaded)
    assert_close(one, alone)
    assert compile_counts()["train"] == before


def devices_of(net):
    return {device for leaf in jax.tree.leaves(net._model.carry) for device in leaf.devices()}


def check_given_devices():
    mesh = jax.make_mesh((8,), ("x",))
    before = compile_counts()["train"]
    for devices in (mesh, jax.devices(), tuple(jax.devices())):
        net = table_net(devices=devices)
        for other in (clone(net), copy.deepcopy(net)):
            assert other.devices is devices
        assert pickle.loads(pickle.dumps(net)).devices == 8
        assert devices_of(net.fit(TABLE, y)) == set(jax.devices())
    assert compile_counts()["train"] == before
    other = jax.devices()[3]
    net = table_net(devices=[other]).fit(TABLE, y)
    assert devices_of(net) == {other}
    assert_close(table_net().fit(TABLE, y), net, 0)


def check_the_default_device_is_respected():
    with jax.default_device(jax.devices()[3]):
        assert mesh_for("all") is mesh_for(1) is None
        assert not is_devices(2)
        assert mesh_for(jax.devices()[:2]).size == 2
    assert list(mesh_for(3).devices) == jax.devices()[:3]


class Twice(BatchIterator):
    def transform(self, Xb, yb):
        return np.concatenate([Xb, Xb])[:18], np.concatenate([yb, yb])[:18]


def check_errors():
    for params, message in [
        (
            {"batch_iterator_train": 12},
            "batch_iterator_train must be a batch size that 8 devices can share evenly, got 12; "
            "the nearest are 8 and 16",
        ),
        ({"batch_iterator_train": 5}, "got 5; the nearest is 8"),
        ({"batch_iterator_train": Twice(16)}, "got 18 after its transform; the nearest are 16"),
        ({"devices": 9}, "got 9; JAX has 8 devices"),
        ({"devices": [*jax.devices(), jax.devices()[0]]}, "devices must be 'all'"),
    ]:
        net = table_net(**{"devices": "all", **params})
        with pytest.raises(ValueError, match=re.escape(message)):
            net.fit(TABLE, y)
        assert not hasattr(net, "_model")
    net = table_net().fit(TABLE, y).set_params(devices=9)
    with pytest.raises(ValueError, match="got 9; JAX has 8 devices"):
        net.predict(TABLE)


def check_default_batch_sizes_can_be_shared():
    for layers, size in ((None, 14), (LAYERS, 133)):
        net = NeuralNet(layers, devices=7, random_state=0)
        fit = prepare(net, FitArguments(TABLE, y), None, Memo())
        assert fit.train.iterator.batch_size == size
        assert fit.valid.iterator.batch_size == 133


def check_searches_train_one_net_at_a_time():
    grid = {"update_learning_rate": [0.01, 0.1]}
    net = table_net(devices="all")
    found = [
        kind(net, grid, cv=2).fit(TABLE, y).cv_results_["mean_test_score"].tolist()
        for kind in (GridSearchCV, BatchedGridSearchCV)
    ]
    assert found[0] == found[1]


class Recalled:
    """A scorer that keeps the probabilities."""

    def __init__(self):
        self.found = []

    def __call__(self, net, X, y):
        p = net.predict_proba(X)
        self.found.append(p)
        return np.log(p[np.arange(len(y)), y]).mean()


def check_searches_score_on_all_devices():
    dealt, deal = [], output_rows.deal

    def note(X, mesh):
        placed = deal(X, mesh)
        dealt.extend((x.shape[1:3], x.addressable_data(0).shape[1:3]) for x in placed.values())
        return placed

    def search(kind, net, **options):
        dealt.clear()
        scorer, before = Recalled(), compile_counts()["predict"]
        options = {"cv": 2, "scoring": scorer, "return_train_score": True} | options
        done = kind(net, {"update_learning_rate": [0.01, 0.1]}, **options).fit(X, y)
        return done, np.concatenate(scorer.found), compile_counts()["predict"] - before

    net = NeuralNet(
        [InputLayer, BatchNormLayer, (Conv2DLayer, {"num_filters": 3, "filter_size": 3}),
         DenseLayer],
        batch_iterator_test=9, max_epochs=2, random_state=0,
    )  # fmt: skip
    output_rows.deal = note
    try:
        _, expected, programs = search(GridSearchCV, net, refit=False)
        assert programs == 1
        assert not dealt
        for handlers, compiled in ((None, 1), ([lambda net, history: None], 0)):
            net.set_params(on_epoch_finished=handlers)
            done, found, programs = search(BatchedGridSearchCV, net)
            # lanes and single nets are trained by different programs
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
            assert programs == compiled
            assert dealt == [((8, 9), (1, 9))] * 8
            best = done.best_estimator_
            assert len(devices_of(best)) == 1
            with dealing_batches(jax.devices()):
                found = best.predict_proba(X)
            np.testing.assert_array_equal(found, best.predict_proba(X))
            dealt.clear()
            done.best_estimator_.predict(X)
            assert not dealt
        net.set_params(batch_iterator_test=45)
        assert search(BatchedGridSearchCV, net, refit=False)[2] == 1
        assert not dealt  # the rows of a fold are a single batch
        done, *_ = search(BatchedGridSearchCV, net.set_params(devices="all"))
        assert not dealt
        assert len(devices_of(done.best_estimator_)) == 8
    finally:
        output_rows.deal = deal


def check_weights_can_be_shared():
    one = table_net().fit(TABLE, y)
    net = table_net(devices="all", shard_params=True).fit(TABLE, y)
    assert_close(one, net, 2e-5)  # Adam divides small gradients by their size
    parts = {
        (leaf.shape, leaf.addressable_data(0).shape)
        for leaf in jax.tree.leaves(net._model.carry)
        if leaf.size >= 1024
    }
    assert parts == {((12, 128), (12, 16))}
    expected = one.predict_proba(TABLE)
    whole = pickle.loads(pickle.dumps(net)).set_params(shard_params=False)
    for other in (net, whole):
        np.testing.assert_allclose(other.predict_proba(TABLE), expected, atol=1e-5)
    net.partial_fit(TABLE, y)
    assert_close(net, one.partial_fit(TABLE, y), 2e-5)


def check_checkpoints_resume_on_other_devices():
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Checkpoint(Path(folder) / "net.npz", verbose=0)
        table_net(devices="all", on_epoch_finished=checkpoint).fit(TABLE, y)
        net = table_net(max_epochs=4, on_epoch_finished=checkpoint)
        with pytest.warns(UserWarning, match="was written on 8 cpu devices, and the training"):
            net.fit(TABLE, y)
    assert len(net.train_history_) == 4
    assert_close(table_net(max_epochs=4).fit(TABLE, y), net)


def check_threads_take_turns():
    net = table_net(devices="all").fit(TABLE, y)
    expected = net.predict_proba(TABLE)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(net.predict_proba, [TABLE] * 20):
            np.testing.assert_array_equal(found, expected)


if __name__ == "__main__":
    assert jax.local_device_count() == 8
    for name, check in list(globals().items()):
        if name.startswith("check_") and name != "check_streamed_batches":
            check()
