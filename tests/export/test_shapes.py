import pytest

from skconv.layers import (
    ClassTokenLayer,
    ConcatLayer,
    DimshuffleLayer,
    EmbeddingLayer,
    FlattenLayer,
    PadLayer,
    ReshapeLayer,
    SliceLayer,
)

IMAGES = (4, 1, 6)


@pytest.mark.parametrize(
    ("layer", "fields"),
    [
        (FlattenLayer, {}),
        (FlattenLayer, {"outdim": 3}),
        (ReshapeLayer, {"shape": ([0], 2, -1)}),
        (DimshuffleLayer, {"pattern": (0, 3, "x", 1)}),
        (DimshuffleLayer, {"pattern": (0, 2, 3, 1)}),
        (PadLayer, {"width": ((1, 2), 3), "val": 2.0}),
        (PadLayer, {"width": ((0, 2), 0, 0), "batch_ndim": 1}),
        (SliceLayer, {"indices": -1}),
        (SliceLayer, {"indices": slice(1, 5, 2)}),
        (SliceLayer, {"indices": slice(None, None, -1)}),
        (SliceLayer, {"indices": slice(3, 0, -2), "axis": 1}),
        (ConcatLayer, {"incomings": ["input", "input"], "axis": -1}),
    ],
)
def test_values_that_move(same, layer, fields):
    same(IMAGES, (layer, fields))


def test_tokens(same):
    same((5, 3), (ClassTokenLayer, {"num_tokens": 2}))


@pytest.mark.parametrize("unknown", [False, True])
def test_vectors_of_indices(same, unknown):
    fields = {"input_size": 4, "output_size": 3, "unknown": unknown}
    same((5,), (EmbeddingLayer, fields), nonnegative=True)
