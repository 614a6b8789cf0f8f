"""Modules of Flax and Equinox: the same network in three libraries, and small ones."""

import equinox as eqx
import jax
from flax import linen, nnx


class LinenNet(linen.Module):
    """Dense, batch normalization and dropout."""

    units: int = 8
    p: float = 0.5

    @linen.compact
    def __call__(self, x, train: bool = False):
        x = linen.Dense(self.units)(x)
        x = linen.BatchNorm(use_running_average=not train)(x)
        return linen.Dropout(self.p, deterministic=not train)(linen.relu(x))


class LinenConv(linen.Module):
    """A convolution of images with their channels last."""

    @linen.compact
    def __call__(self, x):
        return linen.Conv(5, (3, 3), padding="VALID")(x)


class EquinoxNet(eqx.Module):
    dense: eqx.nn.Linear
    norm: eqx.nn.BatchNorm
    dropout: eqx.nn.Dropout

    def __init__(self, key, units=8, p=0.5):
        self.dense = eqx.nn.Linear(4, units, key=key)
        self.norm = eqx.nn.BatchNorm(units, "rows", mode="ema")
        self.dropout = eqx.nn.Dropout(p)

    def __call__(self, x, state, *, key=None):
        x, state = self.norm(self.dense(x), state)
        return self.dropout(jax.nn.relu(x), key=key), state


class NnxNet(nnx.Module):
    def __init__(self, rngs, units=8, p=0.5):
        self.dense = nnx.Linear(4, units, rngs=rngs)
        self.norm = nnx.BatchNorm(units, rngs=rngs)
        self.dropout = nnx.Dropout(p, rngs=rngs)

    def __call__(self, x):
        return self.dropout(nnx.relu(self.norm(self.dense(x))))
