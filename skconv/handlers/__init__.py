"""Handlers: callables ``(net, train_history)`` that a net calls as it trains, as in nolearn."""

from ..utils.lazy_package import load_lazily

__all__ = load_lazily(__name__)
