import numpy as np
import pytest

from skconv.utils.moments import Moments

rng = np.random.default_rng(0)


def moments_of(batches, weights, axes=(0,)):
    moments = Moments(axes)
    for batch, own in zip(batches, weights, strict=True):
        moments.add(batch, own)
    return moments


@pytest.mark.parametrize("shift", [0.0, 1e6])
@pytest.mark.parametrize(("shape", "axes"), [((30, 4), (0,)), ((30, 3, 5, 2), (0, 2, 3))])
def test_mean_and_deviation_are_those_of_numpy(shape, axes, shift):
    X = rng.normal(size=shape) + shift
    found = moments_of(np.split(X, [7, 8]), np.split(np.ones(30), [7, 8]), axes)
    np.testing.assert_allclose(found.mean, X.mean(axes), rtol=1e-12)
    np.testing.assert_allclose(found.scale, X.std(axes), rtol=1e-8)


def test_a_weight_of_two_is_a_row_twice_and_of_zero_none():
    X = rng.normal(size=(3, 2))
    found = moments_of([X], [np.array([2.0, 0.0, 1.0])])
    repeated = X[[0, 0, 2]]
    np.testing.assert_allclose(found.mean, repeated.mean(0))
    np.testing.assert_allclose(found.scale, repeated.std(0))


@pytest.mark.parametrize("value", [0.0, 0.1, -1e8, 3e38])
def test_a_constant_column_has_the_scale_one(value):
    X = np.full((1000, 1), value, np.float32)
    assert moments_of(np.split(X, 10), [np.ones(100)] * 10).scale.tolist() == [1.0]


def test_integers_do_not_overflow():
    X = np.array([[0], [255]], np.uint8)
    found = moments_of([X], [np.ones(2)])
    assert (found.mean.tolist(), found.scale.tolist()) == ([127.5], [127.5])
