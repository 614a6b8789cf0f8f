import numpy as np
import pytest

from skconv.models import from_caffe

from .running import random_weights, write
from .writer import V1, Writer


@pytest.fixture
def net():
    net = Writer(1, 3, 6, 6)
    net.conv("conv1", 4, 3)
    net.conv("conv2", 4, 3)
    net.fc("fc", 5)
    return net


@pytest.fixture
def weights(file, net):
    return random_weights(file(net.text()))


def test_weights_in_the_shapes_of_the_layers(tmp_path, net, weights):
    found = from_caffe(*write(tmp_path, net.text(), weights)).weights
    assert {name: array.shape for name, array in found.items()} == {
        **{"conv1.W": (4, 3, 3, 3), "conv1.b": (4,), "conv2.W": (4, 4, 3, 3), "conv2.b": (4,)},
        **{"fc.W": (16, 5), "fc.b": (5,)},
    }
    np.testing.assert_array_equal(found["fc.W"], weights["fc"][0].T)
    assert all(array.dtype == np.float32 and array.flags.c_contiguous for array in found.values())
    old = from_caffe(*write(tmp_path, net.text(), weights, format=V1)).weights
    for name, array in found.items():
        np.testing.assert_array_equal(old[name], array)


def test_weights_may_be_transposed_in_the_file(tmp_path):
    net = Writer(1, 3)
    net.layer("fc", "InnerProduct", inner_product_param={"num_output": 2, "transpose": True})
    W = np.float32([[1, 2], [3, 4], [5, 6]])
    found = from_caffe(*write(tmp_path, net.text(), {"fc": [W, np.zeros(2)]})).weights
    np.testing.assert_array_equal(found["fc.W"], W)


def test_layers_that_the_net_lacks_are_ignored(tmp_path, net, weights):
    given = weights | {"loss1/fc": [np.ones((2, 2), np.float32)]}
    assert len(from_caffe(*write(tmp_path, net.text(), given)).weights) == 6


def test_the_weights_of_another_net(tmp_path, net, weights):
    other = {
        "conv1_1": weights["conv1"],
        "conv2": weights["conv2"],
        **{f"other{i}": weights["fc"] for i in range(20)},
    }
    message = (
        r"net.caffemodel must have weights for all layers of the net, but lacks 'conv1' "
        r"\(nearest: 'conv1_1'\), 'fc'; it has 'conv1_1', 'conv2', 'other0', .* and 12 more\. "
        "Rename layers of the layout as in the file, or read the layout alone"
    )
    with pytest.raises(ValueError, match=message):
        from_caffe(*write(tmp_path, net.text(), other))


def test_at_most_ten_layers_are_named(tmp_path):
    net = Writer(1, 3)
    for i in range(15):
        net.fc(f"fc{i}", 3)
    with pytest.raises(ValueError, match=r"lacks 'fc0', .*'fc9' and 5 more; it has none") as error:
        from_caffe(*write(tmp_path, net.text(), {}))
    assert len(str(error.value)) < 400


def test_other_shapes_are_told_for_all_layers(tmp_path, net, weights):
    weights["conv1"] = [weights["conv1"][0][:3], weights["conv1"][1][:3]]
    weights["conv2"] = weights["conv2"][:1]
    with pytest.raises(ValueError, match="2 problems") as error:
        from_caffe(*write(tmp_path, net.text(), weights))
    assert str(error.value).splitlines()[1:] == [
        " - net.caffemodel: layer 'conv1' (Convolution): blob 0 must have shape (4, 3, 3, 3), got "
        "(3, 3, 3, 3), and blob 1 must have shape (4,), got (3,)",
        " - net.caffemodel: layer 'conv2' (Convolution): must have 2 blobs, got 1",
    ]
