import re

import pytest

from skconv.models import vgg

# The paper's second table: 133, 133, 134, 138 and 144 million. The exact numbers are torchvision's;
# it has no C, whose three convolutions of 1x1 have 4,718,592 weights less than those of D.
PUBLISHED = {
    "A": 132_863_336,
    "A-LRN": 132_863_336,
    "B": 133_047_848,
    "C": 138_357_544 - 8 * (256**2 + 2 * 512**2),
    "D": 138_357_544,
    "E": 143_667_240,
}
MILLIONS = {"A": 133, "A-LRN": 133, "B": 133, "C": 134, "D": 138, "E": 144}


@pytest.mark.parametrize("configuration", PUBLISHED)
def test_parameters(size, configuration):
    learnable = size(vgg(configuration, num_classes=1000))
    assert learnable == PUBLISHED[configuration]
    assert round(learnable / 1e6) == MILLIONS[configuration]


def test_batch_normalization_takes_the_place_of_biases(size):
    # torchvision's vgg16_bn has 138,365,992, the biases of 4,224 filters included
    assert size(vgg("D", batch_norm=True)) == 138_365_992 - 4224


@pytest.mark.parametrize(
    ("configuration", "layers"),
    [("A", 11), ("A-LRN", 11), ("B", 13), ("C", 16), ("D", 16), ("E", 19)],
)
def test_layers_with_weights(built, configuration, layers):
    assert sum("W" in node.specs for node in built(vgg(configuration)).nodes) == layers


def test_shapes(shapes):
    names = [f"{kind}{i}" for i in range(1, 6) for kind in ("pool",)]
    assert shapes(vgg("D"), ["conv1_2", *names, "fc6", "output"]) == [
        *((64, 224, 224), (64, 112, 112), (128, 56, 56), (256, 28, 28), (512, 14, 14)),
        *((512, 7, 7), (4096,), (1000,)),
    ]
    assert shapes(vgg("E", (1, 40, 32), 3), ["pool5", "output"]) == [(512, 1, 1), (3,)]


def test_normalization_follows_the_first_convolution(built):
    names = [node.name for node in built(vgg("A-LRN")).nodes]
    assert names[:4] == ["input", "conv1_1", "norm1", "pool1"]
    names = [node.name for node in built(vgg("A", batch_norm=True)).nodes]
    assert names[:5] == ["input", "conv1_1", "norm1_1", "rectify1_1", "pool1"]


def test_images_that_are_too_small(built):
    message = r"layer 'pool5' \(MaxPool2DLayer\): pool_size must fit into input of shape"
    with pytest.raises(ValueError, match=message):
        built(vgg("D", (3, 31, 32)))


def test_unknown_configurations():
    message = (
        "configuration must be one of the paper's, got 'F'. Valid names: A, A-LRN, B, C, D, E."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        vgg("F")


@pytest.mark.parametrize(("configuration", "batch_norm"), [("A-LRN", False), ("A", True)])
def test_it_learns(learns, configuration, batch_norm):
    made = vgg(configuration, (3, 32, 32), 4, batch_norm=batch_norm, width=1 / 16)
    assert learns(made | {"dropout6_p": 0.0, "dropout7_p": 0.0}, max_epochs=25) == 1
