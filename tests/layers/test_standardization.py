from skconv.layers import GroupNormLayer


def test_scale_is_regularised_and_shift_is_not():
    specs = GroupNormLayer(num_groups=2).param_specs((None, 6, 4, 3))
    assert {name: (s.shape, s.regularizable) for name, s in specs.items()} == {
        "beta": ((6,), False),
        "gamma": ((6,), True),
    }
