import re

import numpy as np
import pytest

from skconv import NeuralNet
from skconv.models import squeezenet

# torchvision's numbers
PUBLISHED = {"1.0": 1_248_424, "1.1": 1_235_496}


@pytest.mark.parametrize("version", PUBLISHED)
def test_parameters(size, version):
    assert size(squeezenet(version)) == PUBLISHED[version]


def test_shapes_are_those_of_the_paper(shapes):
    names = ["conv1", "pool1", "fire4_concat", "pool4", "fire8_concat", "pool8", "conv10", "output"]
    assert shapes(squeezenet("1.0", (3, 227, 227)), names) == [
        *((96, 111, 111), (96, 55, 55), (256, 55, 55), (256, 27, 27), (512, 27, 27)),
        *((512, 13, 13), (1000, 13, 13), (1000,)),
    ]
    assert shapes(squeezenet("1.1"), ["pool3", "pool5"]) == [(128, 27, 27), (256, 13, 13)]


def test_outputs_are_those_of_torch(same_as_torch):
    from torchvision.models import SqueezeNet

    theirs = SqueezeNet("1_1", num_classes=5)
    same_as_torch(squeezenet("1.1", (3, 40, 36), 5), theirs)


@pytest.mark.parametrize("version", PUBLISHED)
def test_every_weight_of_torch_has_its_place(fits_torch, version):
    name = "squeezenet" + version.replace(".", "_")
    fits_torch(squeezenet(version), f"torchvision:{name}")


def test_other_versions():
    with pytest.raises(ValueError, match=re.escape("version must be '1.0' or '1.1', got 1.0")):
        squeezenet(1.0)


def test_classes_are_the_filters_of_the_last_convolution():
    X = np.zeros((6, 1, 32, 32), np.float32)
    net = NeuralNet(**squeezenet("1.1", None, None, width=1 / 16), max_epochs=0, random_state=0)
    net.fit(X, [0, 1, 2, 0, 1, 2])
    assert net.layers_["conv10"].output_shape == (None, 3, 1, 1)
    assert net.layers_["output"].output_shape == (None, 3)
