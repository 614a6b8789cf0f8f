import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from skconv.compat import installed

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def example():
    with installed(), pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        yield runpy.run_path(EXAMPLES / "nolearn_keypoints.py")
        sys.modules.pop("facial_keypoints", None)


def test_flips_are_their_own_inverse(example):
    iterator = example["FlipBatchIterator"](2)
    X = np.arange(8.0).reshape(2, 1, 2, 2)
    y = np.random.default_rng(0).normal(size=(2, 136))
    np.random.seed(0)
    Xb, yb = iterator.transform(X.copy(), y.copy())
    (flipped,) = np.flatnonzero((Xb != X).any(axis=(1, 2, 3)))
    assert np.array_equal(Xb[flipped, 0], X[flipped, 0, :, ::-1])
    points, own = yb.reshape(2, 68, 2)[flipped], y.reshape(2, 68, 2)[flipped]
    assert np.array_equal(points[0], own[16] * [-1, 1])  # the ends of the jaw
    assert np.array_equal(points[30], own[30] * [-1, 1])  # the tip of the nose


def test_specialists_swap_columns_of_their_own(example):
    assert example["flip_indices"]([36, 45, 39]) == [(0, 2), (1, 3)]


def test_the_net_is_that_of_the_tutorial(example):
    net = example["make_net"](1).initialize()
    shapes = {name: layer.output_shape for name, layer in net.layers_.items()}
    assert shapes["pool3"] == (None, 128, 7, 7)
    assert shapes["output"] == (None, 136)


def test_the_script_runs(example, monkeypatch, capsys):
    """With a net that does not convolve, as the time goes into that."""
    names, make = example["main"].__globals__, example["make_net"]

    def make_small(epochs):
        params = make(epochs).get_params(deep=False)
        kept = ("input", "hidden4", "output")
        params["layers"] = [entry for entry in params["layers"] if entry[0] in kept]
        left_out = ("conv", "pool", "dropout", "hidden5")
        small = {name: value for name, value in params.items() if not name.startswith(left_out)}
        return example["NeuralNet"](**small | {"hidden4_num_units": 8, "verbose": 0})

    monkeypatch.setitem(names, "make_net", make_small)
    monkeypatch.setitem(names, "SPECIALISTS", {"eyes": range(36, 48)})
    with pytest.warns(UserWarning, match=r"skips parameters of another shape: output.W"):
        errors = example["main"](epochs=4, rows=80)
    assert [*errors] == ["all", "eyes"]
    assert all(0 < error < 20 for error in errors.values())
    printed = capsys.readouterr().out
    assert "Training the specialist for the eyes for 1 epochs" in printed
    assert f"{errors['eyes']:.3f} pixels, root mean squared validation error: eyes" in printed


def test_early_stopping_restores_the_best_weights(example):
    class Net:
        def get_all_params_values(self):
            return "weights of the first epoch"

        def load_params_from(self, source):
            self.loaded = source

    net, stop = Net(), example["EarlyStopping"](patience=1)
    rows = [{"epoch": 1, "valid_loss": 1.0}]
    stop(net, rows)
    stop(net, [{"epoch": 2, "valid_loss": 2.0}])
    with pytest.raises(StopIteration):
        stop(net, [{"epoch": 3, "valid_loss": 2.0}])
    assert net.loaded == "weights of the first epoch"
