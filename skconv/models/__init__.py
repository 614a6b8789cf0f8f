"""Published networks, as functions that return layers and keywords for `NeuralNet`.

`embed_columns` returns the first layers of a network for tables.

``NeuralNet(**models.vgg('D', num_classes=10))`` is VGG-16. Keywords can be overridden, as in
``NeuralNet(**models.vgg('D') | {'dropout6_p': 0.3})``. Weights before a rectifier are initialized
as in He et al. (2015), also in earlier networks, and update rules are left to the caller.
"""

from ..utils.lazy_package import load_lazily

__all__ = load_lazily(__name__)
