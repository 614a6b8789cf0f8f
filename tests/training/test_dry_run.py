import functools

import jax.numpy as jnp
import numpy as np
import pytest

from skconv import BatchIterator, NeuralNet, compile_counts
from skconv.augment import MixUp, RandomFlip, Saturation, Sometimes
from skconv.errors import TransformError
from skconv.layers import ConcatLayer, DenseLayer, FlattenLayer, InputLayer

rng = np.random.default_rng(0)
X = rng.normal(size=(20, 1, 4, 4)).astype(np.float32)
y = np.arange(20) % 3

make_net = functools.partial(
    NeuralNet,
    layers=[("input", InputLayer), ("output", DenseLayer)],
    batch_iterator_train=8,
    train_split=None,
    max_epochs=0,
    random_state=0,
)

HOST = "code that JAX cannot trace belongs in BatchIterator.transform, which runs on the host"


def branching(key, Xb, yb):
    return (Xb if Xb.sum() > 0 else -Xb), yb


def of_numpy(key, Xb, yb):
    return np.fliplr(np.asarray(Xb)), yb


def in_place(key, Xb, yb):
    Xb[0] = 0
    return Xb, yb


def of_half(key, Xb, yb):
    return Xb[..., :2], yb


def of_fewer(key, Xb, yb):
    return Xb[:2], yb[:2]


def positive(key, Xb, yb):
    return Xb > 0, yb


def images_alone(key, Xb, yb):
    return Xb


def column(key, Xb, yb):
    return Xb, yb[:, None]


def two_targets(key, Xb, yb):
    return Xb, (yb, yb)


def numbers(key, Xb, yb):
    return Xb, yb.astype(jnp.float32)


def wrong_classes(key, Xb, yb):
    return Xb, jnp.ones((len(yb), 4), jnp.float32)


KEYPOINTS = RandomFlip(target="keypoints")

CASES = [
    (branching, f"with TracerBoolConversionError: Attempted boolean conversion .*; {HOST}"),
    (of_numpy, f"failed when JAX traced it, with TracerArrayConversionError: .*; {HOST}"),
    (in_place, f"with TypeError: JAX arrays are immutable.*; {HOST}"),
    (
        of_half,
        r"must return X of shape \(8, 1, 4, 4\), got \(8, 1, 4, 2\); only BatchIterator.transform, "
        "which runs on the host, may change shapes",
    ),
    (of_fewer, r"must return X of shape \(8, 1, 4, 4\), got \(2, 1, 4, 4\); only BatchIterator"),
    (positive, "must return X of dtype float32, got bool"),
    (images_alone, r": a transform must return a pair \(Xb, yb\)"),
    (
        column,
        r"must keep the shapes of the targets, int32 \(8,\), got int32 \(8, 1\); only labels of "
        r"shape \(n, \.\.\.\) may become probabilities of shape \(n, \.\.\., classes\)",
    ),
    (
        two_targets,
        r"the shapes of the targets, int32 \(8,\), got int32 \(8,\) and int32 \(8,\); only labels",
    ),
    (
        numbers,
        r"changed the targets from int32 \(8,\) to float32 \(8,\), for which the loss failed with "
        "TypeError: take_along_axis",
    ),
    (
        wrong_classes,
        r"to float32 \(8, 4\), for which the loss failed with TypeError: mul got incomp",
    ),
    (KEYPOINTS, r"keypoints must be floats of shape .*, got int32 of shape \(8,\)"),
    (Saturation(), r"X must have 3 channels \(red, green, blue\), got shape \(8, 1, 4, 4\)"),
    (Sometimes(0.5, KEYPOINTS), ": RandomFlip: keypoints must be floats"),
]


@pytest.mark.parametrize(
    ("transform", "message"),
    CASES,
    ids=[getattr(t, "__name__", type(t).__name__) for t, _ in CASES],
)
def test_what_does_not_fit_is_told_at_fit(transform, message):
    net = make_net(augment=[Sometimes(0.5, RandomFlip()), ("mine", transform)])
    before, compiled = dict(vars(net)), compile_counts()
    kind = getattr(transform, "__name__", type(transform).__name__)
    with pytest.raises(TransformError, match=rf"^augment 'mine' \({kind}\).*{message}"):
        net.fit(X, y)
    assert vars(net) == before
    assert compile_counts() == compiled


def test_a_fitted_net_stays_as_it_was():
    net = make_net().fit(X, y)
    expected = net.predict_proba(X)
    with pytest.raises(TransformError, match=r"augment\[0\] \(of_half\)"):
        net.set_params(augment=of_half).fit(X, y)
    np.testing.assert_array_equal(net.predict_proba(X), expected)


def test_a_second_fit_tries_nothing_again():
    traced = []

    def look(key, Xb, yb):
        traced.append(Xb.shape)
        return Xb, yb

    net = make_net(augment=look).fit(X, y)
    net.fit(X, y)
    assert traced == [(8, 1, 4, 4)]
    net.set_params(batch_iterator_train=4).fit(X, y)
    assert traced == [(8, 1, 4, 4), (4, 1, 4, 4)]


def test_batches_that_change_on_the_host_are_not_guessed():
    class Numbers(BatchIterator):
        def transform(self, Xb, yb):
            return Xb, None if yb is None else np.eye(3, dtype=np.float32)[yb]

    net = make_net(batch_iterator_train=Numbers(8), augment=MixUp(), max_epochs=1)
    assert np.isfinite(net.fit(X, y).train_history_[0]["train_loss"])


def test_batches_are_tried_as_the_host_makes_them():
    class Twice(BatchIterator):
        def transform(self, Xb, yb):
            return np.repeat(Xb, 2, axis=0)[..., 1:], np.repeat(yb, 2)

    net = make_net(batch_iterator_train=Twice(8), augment=of_half)
    message = (
        r"^augment\[0\] \(of_half\) must return X of shape \(16, 1, 4, 3\), got \(16, 1, 4, 2\)"
    )
    with pytest.raises(TransformError, match=message):
        net.fit(X, y)


def test_a_transform_of_images_is_called_on_one_of_several_inputs():
    layers = [
        (InputLayer, {"name": "image"}),
        (InputLayer, {"name": "table"}),
        (ConcatLayer, {"name": "both", "incomings": ["flat", "table"]}),
        (FlattenLayer, {"name": "flat", "incoming": "image"}),
        (DenseLayer, {"name": "output", "incoming": "both"}),
    ]
    both = {"image": X, "table": X[:, 0, 0]}
    with pytest.raises(
        TransformError, match=r"RandomFlip\) failed .* X is a dict of image, table;"
    ):
        make_net(layers=layers, augment=RandomFlip(p=1.0)).fit(both, y)

    def flip(key, Xb, yb):
        image, yb = RandomFlip(p=1.0)(key, Xb["image"], yb)
        return {**Xb, "image": image}, yb

    found = make_net(layers=layers, augment=flip, max_epochs=1).fit(both, y)
    flipped = {**both, "image": X[..., ::-1].copy()}
    known = make_net(layers=layers, max_epochs=1).fit(flipped, y)
    np.testing.assert_allclose(found.predict_proba(both), known.predict_proba(both), atol=1e-6)


def test_losses_of_ones_own_may_have_a_value_for_each_unit():
    """As many as there are units, which are not rows that were broadcast."""

    def absolute(predictions, targets):
        return jnp.abs(predictions - targets)

    numbers = X.reshape(20, 16)[:, :5]
    net = make_net(regression=True, objective_loss_function=absolute).fit(numbers, numbers)
    assert net.predict(numbers).shape == (20, 5)

    def broadcast(predictions, targets):
        return jnp.abs(predictions[:, None] - targets).mean(axis=2)

    message = r"must return a loss for each row, got shape \(n, n\) from broadcast"
    with pytest.raises(ValueError, match=message):
        net.set_params(objective_loss_function=broadcast).fit(numbers, numbers)
