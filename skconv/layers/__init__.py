"""Layers under Lasagne's names, one family per file.

In a net, nonlinearities and initial values may be names, as in ``nonlinearity='tanh'`` and
``W='he_normal'``; see `skconv.nonlinearities.as_nonlinearity` and `skconv.init.as_initializer`. An
initial value that is the name of a layer is shared with that layer instead, as is ``other.W`` of
another layer in the net; ``'other.W.T'`` and ``other.W.T`` share it transposed.
"""

from ..utils.lazy_package import load_lazily

__all__ = load_lazily(__name__)
