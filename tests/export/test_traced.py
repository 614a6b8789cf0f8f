import jax.numpy as jnp
import pytest

from skconv.layers import (
    DenseLayer,
    ElemwiseMergeLayer,
    LSTMLayer,
    NonlinearityLayer,
)

pytest.importorskip("jax2onnx")


def doubled(x):
    return jnp.sin(2 * x)


@pytest.mark.parametrize(
    ("shape", "layers"),
    [
        ((4,), [(DenseLayer, {"num_units": 3, "nonlinearity": doubled})]),
        ((5, 4), [(LSTMLayer, {"num_units": 3, "nonlinearity": doubled})]),
        (
            (4,),
            [
                (NonlinearityLayer, {"nonlinearity": doubled}),
                (
                    ElemwiseMergeLayer,
                    {"merge_function": jnp.hypot, "incomings": ["input", "layer0"]},
                ),
            ],
        ),
    ],
)
def test_what_has_no_operators_is_traced(same, shape, layers):
    same(shape, *layers)
