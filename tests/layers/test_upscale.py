from skconv.layers import Upscale2DLayer


def test_one_factor_is_for_all_axes():
    assert Upscale2DLayer(scale_factor=3).output_shape((None, 2, 4, 5)) == (None, 2, 12, 15)
