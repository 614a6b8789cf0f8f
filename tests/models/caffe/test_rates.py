import warnings

import pytest

from .writer import Writer


def params(*rates, decays=()):
    """Factors of each parameter, of which None is left out."""
    decays = (*decays, *[None] * len(rates))
    return [
        ({} if rate is None else {"lr_mult": rate}) | ({} if d is None else {"decay_mult": d})
        for rate, d in zip(rates, decays, strict=False)
    ]


@pytest.fixture
def network(read):
    def network(**layers):
        net = Writer(1, 3)
        for name, param in layers.items():
            fc = {"inner_product_param": {"num_output": 3}}
            net.layer(name, "InnerProduct", param=param, **fc)
        return read(net.text()).network

    return network


def test_rates_of_whole_layers(network):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = network(
            a=params(0, 0, decays=(0, 0)), b=params(10, 10, decays=(1, 0)), c=params(1, 1), d=[]
        )
    rates = {name: value for name, value in made.items() if name.endswith("_grad_scale")}
    assert rates == {"a_grad_scale": 0, "b_grad_scale": 10}


def test_rates_of_biases_are_told(network):
    message = r"lr_mult of biases differs from that of weights, whose rate both get, in a, c$"
    with pytest.warns(UserWarning, match=message):
        made = network(a=params(1, 2), b=params(3, 3), c=params(0.1, None))
    assert made["c_grad_scale"] == 0.1
    assert "a_grad_scale" not in made


def test_factors_on_the_decay_are_told(network):
    with pytest.warns(UserWarning, match="decay_mult is left out, .* set l2 of a, b$"):
        network(a=params(1, 1, decays=(0, 0)), b=params(1, 1, decays=(1, 1)), c=params(1, 1))


def test_rates_of_scales_are_those_of_the_normalization(read):
    net = Writer(1, 3)
    net.layer("bn", "BatchNorm", param=params(0, 0, 0))
    net.layer("scale", "Scale", scale_param={"bias_term": True}, param=params(0, 0))
    made = read(net.text()).network
    assert made["bn_grad_scale"] == 0
    assert made["layers"][-1][0] == "bn"
