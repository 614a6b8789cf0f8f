import pytest

from skconv.errors import LayerError
from skconv.layers import ReshapeLayer


def test_two_rests_are_never_told_apart():
    with pytest.raises(LayerError, match=r"^shape must hold the elements"):
        ReshapeLayer(shape=([0], -1, -1)).output_shape((None, 1))
