import re

import pytest
from sklearn import config_context

from skconv import NeuralNet

from ..nets import X, make_net, y


def test_a_notebook_shows_layers_and_losses_after_fit():
    net = make_net().fit(X, y)
    shown = net._repr_mimebundle_()["text/html"]
    one, other = (re.sub(r"-id-\d+", "", html) for html in (net._repr_html_(), shown))
    assert one == other
    assert "sk-top-container" in shown
    assert "4 layers, 39 parameters" in shown
    last = net.train_history_[-1]
    assert f"epoch 2, training loss {last['train_loss']:.4g}, validation loss" in shown
    assert shown.count("<svg") == 1
    used = set(re.findall(r"skconv-[a-z]+", shown.partition("</style><div")[2]))
    style = shown.partition('<div class="skconv">')[0]
    assert all(f".{name}" in style for name in used if name in ("skconv-train", "skconv-valid"))


@pytest.mark.parametrize("initialized", [False, True])
def test_before_fit_there_is_no_curve(initialized):
    net = make_net(input_shape=(None, 5), output_num_units=3)
    shown = (net.initialize() if initialized else net)._repr_html_()
    assert "<svg" not in shown
    assert ("4 layers, 39 parameters" in shown) == initialized


def test_scikit_learn_may_be_told_to_show_text():
    with config_context(display="text"):
        assert not hasattr(NeuralNet(), "_repr_html_")
