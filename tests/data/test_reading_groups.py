import numpy as np
import pytest

from skconv import NeuralNet
from skconv.data.reading_groups import read_groups
from skconv.data.shape_groups import group_rows


def test_groups_are_read_as_rows():
    net = NeuralNet()
    images = [np.zeros((4, n, 3), np.uint8) for n in (4, 5, 4)]
    rows = read_groups(group_rows(images), net, data_format="channels_last")
    assert [group.shapes for group in rows.groups] == [{None: (3, 4, 4)}, {None: (3, 4, 5)}]
    assert rows.groups[0].arrays[None].dtype == np.uint8
    assert not hasattr(net, "n_features_in_")


def test_the_group_of_an_invalid_row_is_named():
    groups = group_rows([[1.0], [2.0, np.nan], [3.0]])
    with pytest.raises(ValueError, match="NaN") as caught:
        read_groups(groups, NeuralNet())
    assert caught.value.__notes__ == ["in the 1 rows of X of one shape, from row 1"]
