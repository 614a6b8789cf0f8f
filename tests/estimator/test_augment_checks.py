import re
import warnings

import numpy as np
import pytest

from skconv import NeuralNet, compile_counts
from skconv.augment import Brightness, CutMix, MixUp, RandomAffine, RandomFlip, Sometimes
from skconv.errors import TransformError
from skconv.layers import Conv2DLayer, InputLayer

rng = np.random.default_rng(0)
IMAGES = rng.normal(size=(16, 1, 4, 4)).astype(np.float32)
MASKS = 10 * (IMAGES[:, 0] > 0)


def make_net(**kwargs):
    given = {"output_filter_size": 1, "max_epochs": 1, "batch_iterator_train": 16}
    given |= {"random_state": 0, "train_split": None}
    return NeuralNet([("input", InputLayer), ("output", Conv2DLayer)], **(given | kwargs))


def told(message):
    return pytest.raises((ValueError, TransformError), match=re.escape(message))


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (CutMix(), "augment[0] (CutMix) must not average the classes of all pixels; set Cut"),
        (Sometimes(0.5, CutMix()), "augment[0] (Sometimes) must not average the classes of all"),
        (
            RandomAffine(mask_cval=255, target="mask"),
            "augment[0] (RandomAffine): mask_cval must be the index of a class, from 0 to 1, got "
            "255; leave it unset for 0",
        ),
    ],
)
def test_what_cannot_be_meant_for_masks_is_told_before_training(transform, message):
    counts = compile_counts()
    with told(message):
        make_net(augment=transform).fit(IMAGES, MASKS)
    assert compile_counts() == counts


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize(
    "transform",
    [
        Brightness(0.1),
        MixUp(),
        CutMix(target="mask"),
        RandomFlip(target="mask"),
        RandomAffine(rotation=20, mask_cval=1, target="mask"),
    ],
)
def test_masks_reach_the_loss_as_classes(transform, single):
    """Moved classes are classes still: whole indices, in the shape of the masks."""
    seen = []

    def record(key, Xb, yb):
        seen.append((str(yb.dtype), yb.shape))
        return Xb, yb

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = make_net(augment=[transform, record], **({"output_num_filters": 1} if single else {}))
        net.fit(IMAGES, MASKS)
    if single:
        assert set(seen) == {("float32", (16, 1, 4, 4))}
    elif isinstance(transform, MixUp):
        assert set(seen) == {("float32", (16, 4, 4, 2))}
    else:
        assert set(seen) == {("int32", (16, 4, 4))}
    assert np.isfinite(net.train_history_[0]["train_loss"])


def test_labels_follow_their_pixels():
    """A net whose only input is the mask itself errs on no pixel, however it is moved."""
    both = [RandomFlip(target="mask"), RandomAffine(45, order="nearest", cval=-1, target="mask")]
    images = np.where(MASKS[:, None] > 0, 1.0, -1.0).astype(np.float32)
    weights = {"output_W": np.array([[[[-9.0]]], [[[9.0]]]]), "update_learning_rate": 0.0}
    net = make_net(augment=[*both, CutMix(target="mask")], update="sgd", **weights)
    assert net.fit(images, MASKS).train_history_[0]["train_loss"] < 1e-6


def test_what_lies_outside_is_ignored_or_the_first_class():
    """A net that is sure of the class of each pixel errs only on what was shifted in."""
    images = np.where(MASKS[:, None] > 0, 1.0, -1.0).astype(np.float32)
    weights = {"output_W": np.array([[[[-9.0]]], [[[9.0]]]]), "update_learning_rate": 0.0}
    shift = {"translation": ((1, 1), (0, 0)), "cval": 1.0, "target": "mask"}
    losses = [
        make_net(augment=RandomAffine(**shift, **given), update="sgd", **weights, **more)
        .fit(images, MASKS)
        .train_history_[0]["train_loss"]
        for given, more in (
            ({}, {}),
            ({"mask_cval": 1}, {}),
            ({}, {"ignore_label": 255}),
            ({"mask_cval": 0}, {"ignore_label": 255}),
        )
    ]
    np.testing.assert_allclose(losses, [18 / 4, 0, 0, 18 / 4], atol=1e-5)


def test_weights_of_classes_move_with_their_pixels():
    logits = np.array([[[[-1.0]]], [[[1.0]]]])
    given = {"output_W": logits, "update": "sgd", "update_learning_rate": 0.0}
    images = np.where(MASKS[:, None] > 0, 1.0, -0.2).astype(np.float32)
    flip, weight = RandomFlip(1.0, target="mask"), {0: 5.0, 10: 1.0}
    found = make_net(augment=flip, class_weight=weight, **given).fit(images, MASKS)
    log_p = -np.log1p(np.exp(-2 * np.abs(images[:, 0])))
    own = np.where(MASKS > 0, 1.0, 5.0)
    loss = found.train_history_[0]["train_loss"]
    assert loss == pytest.approx(-(own * log_p).sum() / own.sum(), rel=1e-5)
