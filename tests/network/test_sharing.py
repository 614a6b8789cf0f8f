import jax
import numpy as np
import pytest
from sklearn.base import clone

from skconv import NeuralNet
from skconv.init import Normal
from skconv.layers import BatchNormLayer, BiasLayer, DenseLayer, InputLayer, NINLayer, ScaleLayer
from skconv.network.builder import build_network
from skconv.network.head import Head
from skconv.network.layer_list import read_layers

X = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)


def network_of(layers, **keywords):
    entries = read_layers(layers)
    return build_network(entries, keywords, heads=[Head(entries[-1].name)])


def sources(network):
    return {
        ".".join(place): ".".join(owner) + (".T" if place in network.transposed else "")
        for place, owner in network.shared.items()
    }


def autoencoder():
    """Return the hidden layer, and a function that makes the last one."""
    inputs = InputLayer((None, 6), name="input")
    hidden = DenseLayer(inputs, 4, Normal(0.3), name="encoder")
    return hidden, lambda **given: DenseLayer(hidden, 6, name="decoder", nonlinearity=None, **given)


def test_instances_share_what_they_are_given():
    inputs = InputLayer((None, 4), name="input")
    one = DenseLayer(inputs, 4, W="he_normal", b=0.5, name="one")
    two = DenseLayer(one, 4, W=one.W, name="two")
    three = DenseLayer(two, 4, W=two.W, b=one.b, name="three")
    last = BiasLayer(three, b=one.b, name="last")
    network = network_of(last)
    assert sources(network) == {
        "two.W": "one.W",
        "three.W": "one.W",
        "three.b": "one.b",
        "last.b": "one.b",
    }
    params, _ = network.init(jax.random.key(0))
    assert list(params) == ["one", "two"]
    np.testing.assert_array_equal(params["one"]["b"], 0.5)


def test_equal_values_are_not_shared():
    same = Normal()
    inputs = InputLayer((None, 4), name="input")
    one = DenseLayer(inputs, 4, W=same, name="one")
    two = DenseLayer(one, 4, W=same, name="two")
    assert sources(network_of(two)) == {}


def test_a_parameter_of_a_layer_outside_the_net_belongs_to_the_first_with_it():
    outside = DenseLayer(num_units=4, W=Normal(3.0))
    layers = [InputLayer((None, 4)), DenseLayer(None, 4, W=outside.W, name="one")]
    layers.append(DenseLayer(None, 4, W=outside.W, name="two"))
    network = network_of(layers)
    assert sources(network) == {"two.W": "one.W"}
    assert network.node("one").specs["W"].init == Normal(3.0)


@pytest.mark.parametrize("by", ["instance", "keyword"])
def test_tied_weights(by):
    hidden, decoder = autoencoder()
    layers = decoder(**({"W": hidden.W.T} if by == "instance" else {}))
    keywords = {"decoder_W": "encoder.W.T"} if by == "keyword" else {}
    net = NeuralNet(layers, regression=True, train_split=None, max_epochs=2, random_state=0)
    net = clone(net.set_params(**keywords)).fit(X, X)
    encoder, decoder = net.layers_["encoder"], net.layers_["decoder"]
    W = encoder.W.get_value()
    np.testing.assert_array_equal(decoder.W, W.T)
    assert [p.name for p in net.get_all_params()] == ["encoder.W", "encoder.b", "decoder.b"]
    hidden = np.maximum(X @ W + encoder.b.get_value(), 0)
    np.testing.assert_allclose(net.predict(X), hidden @ W.T + decoder.b.get_value(), atol=1e-5)


def test_values_set_by_one_layer_are_those_of_the_other():
    hidden, decoder = autoencoder()
    net = NeuralNet(decoder(W=hidden.W.T), regression=True, random_state=0).initialize()
    values = np.arange(24.0).reshape(4, 6)
    net.layers_["decoder"].W.set_value(values)
    np.testing.assert_array_equal(net.layers_["encoder"].W, values.T)
    np.testing.assert_array_equal(net.layers_["decoder"].W, values)


def test_transposed_parameters_have_a_program_of_their_own():
    one, two = (
        network_of([InputLayer((None, 4)), ("a", DenseLayer(num_units=4)), layer])
        for layer in (DenseLayer(num_units=4, W="a.W"), DenseLayer(num_units=4, W="a.W.T"))
    )
    assert one.key != two.key
    assert sources(one) == {"dense2.W": "a.W"}
    assert sources(two) == {"dense2.W": "a.W.T"}


def test_twice_transposed_is_not():
    layers = [InputLayer((None, 4)), ("a", DenseLayer(num_units=3))]
    layers += [("b", DenseLayer(num_units=4, W="a.W.T")), ("c", DenseLayer(num_units=3, W="b.W.T"))]
    assert sources(network_of(layers)) == {"b.W": "a.W.T", "c.W": "a.W"}


@pytest.mark.parametrize(
    ("W", "message"),
    [
        ("encoder", "W must have the shape (6, 4) of the parameter of 'encoder' that it is shared"),
        ("encoder.b", "W must have the shape (4,) of the parameter of 'encoder', b, that it is"),
        ("encodr.W.T", "of an initializer, got 'encodr.W.T'. Did you mean 'encoder'?"),
        ("encoder.V", "W must be the name of a layer with a parameter 'V' or of an initializer"),
        ("encoder.W.b.T", "or of an initializer, got 'encoder.W.b.T'."),
        ("decoder.W.T", "W is shared in a cycle: decoder -> decoder"),
        (
            DenseLayer(num_units=3).W.T,
            "W must be the transposed parameter of a layer of the same net, got that of another, "
            "with the initial value GlorotUniform(gain=1.0)",
        ),
    ],
)
def test_what_cannot_be_shared(W, message):
    _, decoder = autoencoder()
    with pytest.raises(ValueError) as caught:
        network_of(decoder(W=W))
    assert str(caught.value).startswith("layer 'decoder' (DenseLayer): W ")
    assert message in str(caught.value)


@pytest.mark.parametrize("written", ["encoder.W", "encoder.W.T"])
def test_keywords_name_parameters(written):
    """Copies of a net would not share those of instances."""
    hidden, decoder = autoencoder()
    W = hidden.W.T if written.endswith("T") else hidden.W
    net = NeuralNet(decoder(), regression=True, decoder_W=W)
    message = (
        rf"^layer 'decoder' \(DenseLayer\): W must be the name of a parameter if it is a keyword, "
        rf"got the parameter of a layer; write decoder_W='{written}'$"
    )
    with pytest.raises(ValueError, match=message):
        net.initialize()
    message = r"; write the initial value itself, 2\.0, or the name, as in 'hidden\.W'$"
    with pytest.raises(ValueError, match=message):
        net.set_params(decoder_W=DenseLayer(num_units=3, W=2.0).W).initialize()


def test_transposed_shapes_are_checked():
    hidden, _ = autoencoder()
    message = r"W must have the shape \(4, 6\) of the transposed parameter of 'encoder'"
    with pytest.raises(ValueError, match=message):
        network_of(NINLayer(hidden, 5, W=hidden.W.T))


def test_state_is_not_shared():
    one = BatchNormLayer(InputLayer((None, 4)), name="one")
    with pytest.raises(ValueError, match="mean must not name a layer, since state is not shared"):
        network_of(BatchNormLayer(one, mean=one.mean))
    assert sources(network_of(ScaleLayer(one, one.gamma, name="two"))) == {
        "two.scales": "one.gamma"
    }
