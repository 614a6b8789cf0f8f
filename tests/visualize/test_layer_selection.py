import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skconv.visualize.layer_selection import (
    compute_layer_output,
    find_layer,
    has_filters,
    has_image_output,
    require_layer,
)

from ..nets import IMAGES, image_net


@pytest.fixture(scope="module")
def net():
    return image_net(input_shape=(None, 2, 6, 7), output_num_units=3).initialize()


def test_layers_are_told_by_their_shapes(net):
    names = {"filters": has_filters, "images": has_image_output}
    found = {
        name: [layer.name for layer in net.get_all_layers() if test(layer)]
        for name, test in names.items()
    }
    assert found == {"filters": ["conv"], "images": ["input", "conv", "pool"]}


def test_the_first_and_the_last_that_pass(net):
    assert find_layer(net, has_image_output, "").name == "input"
    assert find_layer(net, has_image_output, "", last=True).name == "pool"
    with pytest.raises(ValueError, match=r"^the net must have an odd layer$"):
        find_layer(net, lambda layer: False, "an odd layer")
    with pytest.raises(NotFittedError):
        find_layer(image_net(), has_filters, "")


def test_layers_that_fail_are_told_with_those_that_pass(net):
    conv, hidden, pool = (net.layers_[name] for name in ("conv", "hidden", "pool"))
    assert require_layer(conv, has_filters, "") is conv
    message = (
        r"^layer 'hidden' \(DenseLayer\) must be one of images; valid layers: input, conv, pool$"
    )
    with pytest.raises(ValueError, match=message):
        require_layer(hidden, has_image_output, "one of images")
    with pytest.raises(
        ValueError, match=r"must be an odd layer, but has no weights; valid layers: none$"
    ):
        require_layer(pool, lambda layer: False, "an odd layer")


def test_outputs_are_those_of_the_net(net):
    for name in ("conv", "hidden"):
        found = compute_layer_output(net.layers_[name], IMAGES)
        np.testing.assert_allclose(found, net.get_output(name, IMAGES), atol=1e-6)
    with pytest.raises(
        ValueError, match=r"X must have shape .* for the input layer 'input', got \(n, 1, 6, 7\)"
    ):
        compute_layer_output(net.layers_["conv"], IMAGES[:, :1])
