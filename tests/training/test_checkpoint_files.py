import copy
import re

import jax
import numpy as np
import pytest

from skconv.layers import BatchNormLayer, DenseLayer, InputLayer
from skconv.network.weight_files import load_arrays, save_arrays
from skconv.training.checkpoint_files import read_checkpoint, restore_model, save_checkpoint
from skconv.updates.rules import adam, sgd

from ..nets import X, make_net, y


def load_checkpoint(model, path):
    saved = read_checkpoint(path)
    restore_model(model, saved, path)
    return saved.history


@pytest.fixture(scope="module")
def net():
    return make_net(update=adam).fit(X, y)


def arrays(model):
    return jax.tree.map(np.asarray, (model.params, model.state, model.opt))


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_everything_comes_back(net, suffix, tmp_path):
    path = tmp_path / f"training.{suffix}"
    save_checkpoint(net._model, net.train_history_, path, {}, {})
    other = make_net(update=adam, max_epochs=1).fit(X, y)._model
    assert load_checkpoint(other, path) == net.train_history_
    jax.tree.map(np.testing.assert_array_equal, arrays(other), arrays(net._model))
    assert (other.epoch, other.step) == (2, net._model.step)


def test_nan_in_the_history_comes_back(net, tmp_path):
    history = [{"epoch": 1, "train_loss": 0.5, "valid_loss": float("nan"), "best": True}]
    save_checkpoint(net._model, history, tmp_path / "a.npz", {}, {})
    (row,) = load_checkpoint(net._model, tmp_path / "a.npz")
    assert np.isnan(row["valid_loss"])
    assert row["best"] is True


def test_all_that_does_not_fit_is_told_and_changes_nothing(net, tmp_path):
    path = tmp_path / "a.npz"
    save_checkpoint(net._model, net.train_history_, path, {}, {})
    wide = make_net(update=adam, hidden_num_units=6, random_state=1, max_epochs=1).fit(X, y)
    before = arrays(wide._model)
    with pytest.raises(ValueError, match=r"^10 problems") as caught:
        load_checkpoint(wide._model, path)
    text = str(caught.value)
    assert f"params['hidden']['W'] in {path} must be float32 (5, 6), got float32 (5, 4)" in text
    assert "another seed; set random_state to the same integer as in that training" in text
    jax.tree.map(np.testing.assert_array_equal, arrays(wide._model), before)


def test_another_update_and_other_layers_are_told(net, tmp_path):
    path = tmp_path / "a.npz"
    save_checkpoint(net._model, net.train_history_, path, {}, {})
    plain = make_net(update=sgd, max_epochs=1).fit(X, y)
    with pytest.raises(ValueError, match=r"missing: none; unexpected: update\[0\]\.count, "):
        load_checkpoint(plain._model, path)
    layers = [("input", InputLayer), ("output", DenseLayer)]
    flat = make_net(layers=layers, update=sgd, max_epochs=1).fit(X, y)
    save_checkpoint(flat._model, [], path, {}, {})
    with pytest.raises(ValueError, match=r"; missing: params\['hidden'\]\['W'\], "):
        load_checkpoint(copy.copy(plain._model), path)


def rewritten(path, **changes):
    """Write a checkpoint again with other arrays, or without those that are None."""
    arrays = load_arrays(path) | changes
    save_arrays({name: array for name, array in arrays.items() if array is not None}, path)


def as_text(text):
    return np.frombuffer(text.encode(), np.uint8)


DAMAGES = {
    "no history": ({"history": None}, "a.npz must be a checkpoint, got a file without a history"),
    "no JSON": ({"history": as_text("[{")}, "the history in .*a.npz must be JSON"),
    "deep JSON": ({"history": as_text("[" * 100_000)}, "the history in .*a.npz must be JSON"),
    "no rows": ({"history": as_text("[1]")}, "history in .*a.npz must be a list of epochs"),
    "other rows": ({"history": as_text('[{"epoch": 1}]')}, "must be a list of epochs"),
    "no identity": ({"identity": as_text("[]")}, "the identity in .*a.npz must be a mapping"),
    "no progress": ({"progress": as_text("[]")}, "the progress in .*a.npz must be a structure of"),
    "other progress": ({"progress": as_text("1")}, "the progress in .*a.npz must be a mapping"),
    "lost arrays": (
        {"progress": as_text('["dict", ["a", ["array", "progress:0"]]]')},
        "the progress in .*a.npz must be a structure of plain values, got",
    ),
    "NaN": (
        {"params['hidden']['b']": np.full(4, np.nan, np.float32)},
        r"params\['hidden'\]\['b'\] in .*a.npz must hold finite numbers",
    ),
    "epochs": ({"epoch": np.zeros(2)}, r"epoch in .*a.npz must be an integer, got float64 \(2,\)"),
    "many": (
        {f"x{i}": np.zeros(1) for i in range(500)},
        "unexpected: x0, x1, x2, x3, x4, x5, x6, x7, x8, x9 and 490 more$",
    ),
}


@pytest.mark.parametrize(("changes", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_told_and_changes_nothing(net, tmp_path, changes, message):
    path = tmp_path / "a.npz"
    save_checkpoint(net._model, net.train_history_, path, {}, {})
    rewritten(path, **changes)
    model = copy.copy(net._model)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        load_checkpoint(model, path)
    assert all(vars(model)[name] is before[name] for name in before)


@pytest.mark.parametrize("part", ["params", "state"])
def test_weights_and_state_must_be_finite_but_not_what_the_update_keeps(part, tmp_path):
    """An update rule may hold infinity, such as the lowest loss before the first step."""
    layers = [("input", InputLayer), ("norm", BatchNormLayer), ("output", DenseLayer)]
    model, path = (
        make_net(layers=layers, update=adam, max_epochs=0).fit(X, y)._model,
        tmp_path / "a",
    )
    path = path.with_suffix(".npz")
    save_checkpoint(model, [], path, {}, {})
    names = list(load_arrays(path))
    (name, *_) = (name for name in names if name.startswith(f"{part}['norm']"))
    (kept, *_) = (name for name in names if name.startswith("update") and "['output']" in name)
    for changed in (kept, name):
        array = load_arrays(path)[changed]
        rewritten(path, **{changed: np.full_like(array, np.inf)})
        if changed == kept:
            load_checkpoint(model, path)
            assert any(np.isinf(leaf).all() for leaf in jax.tree.leaves(model.opt))
    with pytest.raises(
        ValueError, match=rf"{re.escape(name)} in .*a\.npz must hold finite numbers"
    ):
        load_checkpoint(model, path)
