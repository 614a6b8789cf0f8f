import jax
import numpy as np

from skconv.nonlinearities import softmax

from ..nets import X, softmax_of, still_net, y


def test_test_augment_wraps_the_forward_pass():
    def mirrored(forward, key, Xb):
        return (forward(Xb) + forward(-Xb)) / 2

    found = still_net(test_augment=mirrored).fit(X[:, :3], y).predict_proba(X[:, :3])
    expected = (softmax_of(X[:, :3]) + softmax_of(-X[:, :3])) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_test_augment_draws_the_same_at_every_call_and_wherever_rows_lie():
    def noisy(forward, key, Xb):
        return forward(Xb + jax.random.normal(key, (1, 3)))

    net = still_net(test_augment=noisy).fit(X[:, :3], y)
    one = net.predict_proba(np.zeros((40, 3)))
    np.testing.assert_array_equal(net.predict_proba(np.zeros((40, 3))), one)
    assert len(np.unique(one, axis=0)) == 1
    assert not np.allclose(one[0], 1 / 3)


def test_test_augment_may_know_what_the_outputs_end_in():
    seen = []

    def look(forward, key, Xb):
        seen.append(forward.endings)
        return forward(Xb)

    still_net(test_augment=look).fit(X[:, :3], y).predict(X[:, :3])
    assert set(seen) == {(softmax,)}
