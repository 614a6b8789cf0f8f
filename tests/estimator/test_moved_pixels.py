import re
import warnings

import numpy as np
import pytest

from skconv import NeuralNet
from skconv.augment import (
    Brightness,
    Dihedral,
    GaussianNoise,
    OneOf,
    RandomAffine,
    RandomFlip,
    Sometimes,
    TestTime,
)
from skconv.augment.pipeline import read_entries
from skconv.estimator.moved_pixels import check_unmoved_outputs, warn_unmoved_targets
from skconv.layers import Conv2DLayer, InputLayer

ROWS = {"input": (1, 8, 6)}


def warned(augment, *targets):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_unmoved_targets(read_entries(augment), ROWS, targets)
    return [str(one.message) for one in caught]


def test_a_target_for_each_pixel_moves_with_it():
    (message,) = warned([("flip", RandomFlip()), ("noise", GaussianNoise())], (8, 6))
    assert message == (
        "augment 'flip' (RandomFlip) moves the pixels of X but not their targets in y; set "
        "RandomFlip(target='mask')"
    )


@pytest.mark.parametrize("target", [(8, 6), (1, 8, 6), (3, 8, 6), (8, 6, 3)])
@pytest.mark.parametrize(
    "augment",
    [RandomAffine(rotation=5), Sometimes(0.5, RandomFlip()), OneOf([Brightness(), RandomFlip()])],
)
def test_inner_transforms_are_looked_at(augment, target):
    assert len(warned(augment, (), target)) == 1


@pytest.mark.parametrize(
    ("augment", "target"),
    [
        (RandomFlip(), ()),
        (RandomFlip(), (10,)),
        (RandomFlip(), (6, 8)),
        (RandomFlip(target="mask"), (8, 6)),
        (Brightness(), (8, 6)),
    ],
)
def test_nothing_is_said_of_other_targets_and_transforms(augment, target):
    assert warned(augment, target) == []


@pytest.mark.parametrize(
    ("transforms", "name"),
    [(Dihedral(), "Dihedral"), (Sometimes(0.5, RandomFlip()), "RandomFlip")],
)
def test_predictions_for_pixels_are_not_averaged_over_moved_copies(transforms, name):
    whole = TestTime(transforms, n=2)
    message = (
        "TestTime: transforms must leave pixels where they are for an output with values for each "
        f"pixel, (n, 3, 8, 6), because predictions are not moved back, got {name}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_unmoved_outputs(whole, ROWS, {"output": (None, 3, 8, 6)})
    check_unmoved_outputs(whole, ROWS, {"output": (None, 3)})
    check_unmoved_outputs(TestTime(Brightness(), n=2), ROWS, {"output": (None, 3, 8, 6)})


def test_a_net_refuses_before_training_and_at_prediction():
    X = np.random.default_rng(0).normal(size=(12, 1, 8, 8))
    y = (X[:, 0] > 0).astype(int)
    net = NeuralNet(
        [("input", InputLayer), ("output", Conv2DLayer(filter_size=1))],
        augment=RandomFlip(),
        max_epochs=1,
        train_split=None,
    )
    moving = TestTime(RandomFlip(), n=2)
    with pytest.raises(ValueError, match="transforms must leave pixels where they are"):
        net.set_params(test_augment=moving).fit(X, y)
    assert not hasattr(net, "classes_")
    with pytest.warns(UserWarning, match=r"augment\[0\] \(RandomFlip\) moves the pixels of X"):
        net.set_params(test_augment=None).fit(X, y)
    with pytest.raises(ValueError, match="transforms must leave pixels where they are"):
        net.set_params(test_augment=moving).predict(X)
