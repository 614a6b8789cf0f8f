import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import log_loss

from ..nets import softmax_of, still_net

rng = np.random.default_rng(0)


def test_augmentations_act_in_their_order_on_float32_batches_of_the_public_shape():
    seen = []

    def plus_class(key, Xb, yb):
        seen.append((Xb.shape, Xb.dtype, yb.shape))
        return Xb.at[:, 0, 0, :].add(yb[:, None].astype(jnp.float32)), yb

    def double(key, Xb, yb):
        return 2 * Xb, (yb + 1) % 3

    images = rng.integers(0, 2, size=(32, 1, 1, 3)).astype(np.uint8)
    labels = np.arange(32) % 3
    net = still_net(augment=[plus_class, double]).fit(images, labels)
    assert set(seen) == {((16, 1, 1, 3), jnp.dtype("float32"), (16,))}
    logits = 2.0 * (images.reshape(32, 3) + labels[:, None])
    expected = log_loss((labels + 1) % 3, softmax_of(logits)) + 1e-3 * 3
    assert net.train_history_[0]["train_loss"] == pytest.approx(expected, rel=1e-5)
