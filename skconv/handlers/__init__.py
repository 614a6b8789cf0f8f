"""Handlers: callables ``(net, train_history)``, as in nolearn."""

from .base import Handler
from .printing import PrintLayerInfo, PrintLog
from .schedule import AdjustVariable, EarlyStopping
from .weights import RememberBestWeights, RestoreBestWeights, SaveWeights, WeightLog

__all__ = [
    "AdjustVariable",
    "EarlyStopping",
    "Handler",
    "PrintLayerInfo",
    "PrintLog",
    "RememberBestWeights",
    "RestoreBestWeights",
    "SaveWeights",
    "WeightLog",
]
