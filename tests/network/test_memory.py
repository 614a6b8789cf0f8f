import re
from contextlib import nullcontext

import numpy as np
import pytest

from skconv import NeuralNet
from skconv.layers import DenseLayer, EmbeddingLayer, InputLayer, Upscale2DLayer
from skconv.network import memory as module
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.network.memory import check_batch, check_shares, check_weights

X, y = np.zeros((6, 4), np.float32), np.arange(6) % 2

LAYERS = [("input", InputLayer), ("hidden", DenseLayer), ("out", DenseLayer)]


@pytest.fixture(autouse=True)
def a_gigabyte(monkeypatch):
    monkeypatch.setattr(module, "memory", lambda: 10**9)


def network(*layers):
    return build_network(read_layers(list(layers)), {})


def net_of(layers=LAYERS, **params):
    given = {"hidden_num_units": 3} if layers is LAYERS else {}
    return NeuralNet(layers, **given | {"max_epochs": 1, "train_split": None} | params)


def test_layers_whose_weights_do_not_fit_are_named():
    net = net_of(hidden_num_units=10**8)
    with pytest.raises(ValueError) as caught:
        net.fit(X, y)
    message = (
        "layer 'hidden' (DenseLayer) must fit into the memory of 1.0 GB, got W of shape "
        "(4, 100000000); its parameters take 4.0 GB with gradients"
    )
    assert message in str(caught.value)
    assert "layer 'out' (DenseLayer) must fit" in str(caught.value)
    assert not hasattr(net, "train_history_")
    net = net_of(hidden_num_units=10**8, input_shape=(None, 4), out_num_units=1)
    with pytest.raises(ValueError, match=r"parameters take 2\.0 GB$"):
        net.initialize()


def test_layers_that_do_not_fit_together():
    layers = [InputLayer((None, 10**4)), DenseLayer(num_units=10**4), DenseLayer(num_units=9000)]
    check_weights(network(*layers), training=False)
    message = (
        "layer 'dense1' (DenseLayer) must fit into the memory of 1.0 GB, got W of shape (10000, "
        "10000); its parameters take 0.8 GB with gradients, and all layers 1.5 GB"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_weights(network(*layers), training=True)


def test_an_embedding_of_many_words():
    layers = [InputLayer((None, 3)), EmbeddingLayer(input_size=2**24, output_size=1000)]
    with pytest.raises(ValueError, match=r"^layer 'embedding1' \(EmbeddingLayer\) must fit"):
        check_weights(network(*layers), training=True)


def test_devices_share_weights_and_batches():
    layers = [InputLayer((None, 3)), EmbeddingLayer(input_size=2**18, output_size=1000)]
    with pytest.raises(ValueError, match=r"must fit into the memory of 1\.0 GB"):
        check_weights(network(*layers), training=True)
    check_weights(network(*layers), 3, training=True)
    images = network(InputLayer((None, 1, 8, 8)), Upscale2DLayer(scale_factor=1000))
    for devices, fits in ((4, False), (8, True)):
        with nullcontext() if fits else pytest.raises(ValueError, match="a batch takes at least"):
            check_batch("batch_iterator_train", 20, 100, 256, images, devices)


def test_batches_that_devices_cannot_share():
    check_shares("batch", 12, 4)
    message = (
        "batch must be a batch size that 8 devices can share evenly, got 12 after its transform; "
        "the nearest are 8 and 16"
    )
    with pytest.raises(ValueError, match=f"^{message}$"):
        check_shares("batch", 12, 8, " after its transform")
    with pytest.raises(ValueError, match=r"got 5; the nearest is 8$"):
        check_shares("batch", 5, 8)


@pytest.mark.parametrize("argument", ["batch_iterator_train", "batch_iterator_test"])
def test_a_batch_that_does_not_fit(argument):
    net = net_of(**{argument: 10**12})
    message = (
        f"{argument} must be a batch size whose batches fit into the memory of 1.0 GB, got "
        "1000000000000: a batch takes at least 16,000.0 GB; the data have only 6 rows"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        net.fit(X, y)
    if argument == "batch_iterator_test":
        net.set_params(batch_iterator_test=8).fit(X, y).set_params(batch_iterator_test=10**12)
        assert net.predict(X).shape == (6,)  # in a batch of eight
        with pytest.raises(ValueError, match=r"^batch_iterator_test must be a batch size whose"):
            net.predict(np.tile(X, (2, 1)))


def test_the_layer_that_makes_a_batch_too_large_is_named():
    images = network(InputLayer((None, 1, 8, 8)), Upscale2DLayer(scale_factor=1000))
    message = (
        "batch_iterator_train must be a batch size whose batches fit into the memory of 1.0 GB, "
        "got 20: a batch takes at least 5.1 GB, 5.1 GB of it for the output of layer 'upscale2d1' "
        "(Upscale2DLayer)"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_batch("batch_iterator_train", 20, 100, 256, images)
    check_batch("batch_iterator_train", 3, 100, 256, images)


def test_the_outputs_of_all_layers_are_kept_in_training():
    layers = [InputLayer((None, 10)), *(DenseLayer(num_units=10**5) for _ in range(3))]
    check_batch("batch", 1000, 2000, 40, network(*layers))
    with pytest.raises(ValueError, match=r"at least 1\.2 GB"):
        check_batch("batch", 1000, 2000, 40, network(*layers), training=True)


def test_batches_larger_than_the_data_fit():
    net_of(batch_iterator_train=10**4, max_epochs=1).fit(X, y)
