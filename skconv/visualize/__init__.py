"""Plots of nets, their predictions and their attributions; they need matplotlib.

All of them also take a fitted `Pipeline`, search or `TransformedTargetRegressor` with a net inside,
with X as the pipeline takes it.
"""

from ..utils.lazy_package import load_lazily

__all__ = load_lazily(__name__)
