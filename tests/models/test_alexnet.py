import re

import pytest

from skconv.models import alexnet

# Krizhevsky et al. (2012) say 60 million; the numbers are those of Caffe's bvlc_alexnet and of
# torchvision's alexnet.
PUBLISHED = {2: 60_965_224, 1: 61_100_840}


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("side", [224, 227])
def test_parameters(size, groups, side):
    assert size(alexnet((3, side, side), groups=groups)) == PUBLISHED[groups]


@pytest.mark.parametrize(("groups", "filters"), [(1, (64, 192, 256)), (2, (96, 256, 256))])
def test_shapes(shapes, groups, filters):
    names = ["conv1", "pool1", "conv2", "pool2", "conv5", "pool5", "fc6", "fc7", "output"]
    one, two, five = filters
    assert shapes(alexnet(groups=groups, num_classes=7), names) == [
        *((one, 55, 55), (one, 27, 27), (two, 27, 27), (two, 13, 13), (five, 13, 13)),
        *((five, 6, 6), (4096,), (4096,), (7,)),
    ]


def test_two_groups_are_those_of_the_paper(built):
    network = built(alexnet())
    W = {name: network.parameter_shapes()[f"conv{name}", "W"][1] for name in range(1, 6)}
    assert W == {1: 3, 2: 48, 3: 256, 4: 192, 5: 192}
    names = [node.name for node in network.nodes]
    assert names[:7] == ["input", "conv1", "norm1", "pool1", "conv2", "norm2", "pool2"]


def test_one_column_has_no_normalization(built):
    names = [node.name for node in built(alexnet(groups=1)).nodes]
    assert names[:5] == ["input", "conv1", "pool1", "conv2", "pool2"]


def test_small_images(built, shapes):
    names = ["conv1", "pool1", "pool2", "pool5"]
    small = alexnet((3, 32, 32), 10, small=True)
    assert shapes(small, names) == [(96, 32, 32), (96, 15, 15), (256, 7, 7), (256, 3, 3)]
    message = r"layer 'pool5' \(MaxPool2DLayer\): pool_size must fit into input of shape"
    with pytest.raises(ValueError, match=message):
        built(alexnet((3, 32, 32)))


def test_other_groups():
    with pytest.raises(ValueError, match=re.escape("groups must be 1 or 2, got 3")):
        alexnet(groups=3)


def test_it_learns(learns):
    made = alexnet((3, 32, 32), 4, width=1 / 16, small=True)
    assert learns(made | {"dropout6_p": 0.0, "dropout7_p": 0.0}, max_epochs=25) == 1
