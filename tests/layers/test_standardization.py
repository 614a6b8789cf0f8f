import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import (
    GroupNormLayer,
    InstanceNormLayer,
    LayerNormLayer,
    StandardizationLayer,
)

rng = np.random.default_rng(0)
x = rng.normal(3, 2, size=(2, 6, 4, 3))
params = {"beta": rng.normal(size=6), "gamma": rng.normal(size=6)}


def standardized(x, axes, epsilon):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


def bent(x):
    return x * params["gamma"][:, None, None] + params["beta"][:, None, None]


@pytest.mark.parametrize(
    ("axes", "reduced"),
    [("auto", (1, 2, 3)), ("spatial", (2, 3)), ("features", 1), (2, 2), ((1, -1), (1, 3))],
)
@pytest.mark.parametrize("train", [True, False])
def test_rows_have_mean_zero_and_deviation_one(forward, axes, reduced, train):
    found = forward(StandardizationLayer(axes=axes, epsilon=0.3), {}, x, train=train)
    found = found[0] if train else found
    np.testing.assert_allclose(found, standardized(x, reduced, 0.3), atol=1e-12)


@pytest.mark.parametrize("axes", ["channels", 0, 4, (), (1, 4)])
def test_axes_that_rows_do_not_have(axes):
    with pytest.raises(LayerError, match=r"^axes=.* (is not one of|are no axes of an)"):
        StandardizationLayer(axes=axes).output_shape((None, 6, 4, 3))


def test_group_norm_formula(forward):
    found = forward(GroupNormLayer(num_groups=3), params, x)
    groups = x.reshape(2, 3, 2, 4, 3)
    np.testing.assert_allclose(
        found, bent(standardized(groups, (2, 3, 4), 1e-5).reshape(x.shape)), atol=1e-12
    )


def test_layer_norm_formula(forward):
    expected = bent(standardized(x, (1, 2, 3), 1e-5))
    np.testing.assert_allclose(forward(LayerNormLayer(), params, x), expected, atol=1e-12)


def test_instance_norm_formula(forward):
    expected = bent(standardized(x, (2, 3), 1e-5))
    np.testing.assert_allclose(forward(InstanceNormLayer(), params, x), expected, atol=1e-12)


def test_rows_of_a_table_have_one_group(forward):
    rows = x[:, :, 0, 0]
    found = forward(LayerNormLayer(beta=None, gamma=None), {}, rows)
    np.testing.assert_allclose(found, standardized(rows, 1, 1e-5), atol=1e-12)


def test_scale_is_regularised_and_shift_is_not():
    specs = GroupNormLayer(num_groups=2).param_specs((None, 6, 4, 3))
    assert {name: (s.shape, s.regularizable) for name, s in specs.items()} == {
        "beta": ((6,), False),
        "gamma": ((6,), True),
    }


def test_groups_divide_the_channels():
    with pytest.raises(LayerError, match=r"^num_groups=4 does not divide channels=6$"):
        GroupNormLayer(num_groups=4).output_shape((None, 6, 4, 3))


def test_instances_need_places():
    with pytest.raises(LayerError, match=r"axes after the channels, got \(None, 6\)$"):
        InstanceNormLayer().output_shape((None, 6))
