import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv import NeuralNet, clear_programs
from skconv.layers import Conv2DLayer, DenseLayer, InputLayer, MaxPool2DLayer
from skconv.training import compiled_function
from skconv.training.operations import operations
from skconv.training.repetition import repeats_itself

rng = np.random.default_rng(0)
TABLE = rng.normal(size=(20, 8)).astype(np.float32)
IMAGES = rng.normal(size=(20, 1, 8, 8)).astype(np.float32)
CLASSES = np.arange(20) % 4


def count(program):
    return sum(1 for _ in operations(program))


def training_program(monkeypatch, layers, X):
    """Return the training program of a net."""

    def stop_at_training(program):
        if count(program) > 100:
            raise RuntimeError(program)  # before it is compiled
        return False

    monkeypatch.setattr(compiled_function, "suits_newer_emitters", stop_at_training)
    clear_programs()
    with pytest.raises(RuntimeError) as found:
        NeuralNet([InputLayer, *layers, DenseLayer], max_epochs=1).fit(X, CLASSES)
    return found.value.args[0]


def dense(*sizes):
    return [(DenseLayer, {"num_units": size}) for size in sizes]


def test_equal_layers_repeat_themselves(monkeypatch):
    assert repeats_itself(training_program(monkeypatch, dense(*[7] * 8), TABLE))


CONVOLUTIONAL = [
    (Conv2DLayer, {"num_filters": 4, "filter_size": 3}),
    (MaxPool2DLayer, {"pool_size": 2}),
    *dense(7),
]


@pytest.mark.parametrize(
    ("layers", "X"),
    [(dense(7), TABLE), (dense(*range(6, 14)), TABLE), (CONVOLUTIONAL, IMAGES)],
    ids=["one hidden layer", "layers of different sizes", "convolution"],
)
def test_varied_layers_do_not(monkeypatch, layers, X):
    assert not repeats_itself(training_program(monkeypatch, layers, X))


def test_operations_of_a_dense_layer_are_few(monkeypatch):
    few, many = (training_program(monkeypatch, dense(*[9] * n), TABLE) for n in (3, 7))
    assert count(many) - count(few) <= 4 * 56


def test_operations_on_images_weigh_more():
    def program(x):
        for _ in range(8):
            x = jnp.tanh(x) * 2
        return x

    vectors, images = (jax.make_jaxpr(program)(jnp.ones(shape)) for shape in [(3,), (1, 1, 1, 3)])
    assert repeats_itself(vectors.jaxpr)
    assert not repeats_itself(images.jaxpr)
