"""Handlers: callables ``(net, train_history)``, as in nolearn."""

from .averaging import ExponentialMovingAverage
from .base import Handler
from .checkpoint import Checkpoint
from .freezing import Freeze, Unfreeze
from .gradients import GradientNorm
from .plateau import ReduceLROnPlateau
from .printing import PrintLayerInfo, PrintLog
from .rate_finder import LearningRateFinder
from .schedule import AdjustVariable, EarlyStopping
from .terminate import TerminateOnNaN
from .timer import Timer
from .weights import RememberBestWeights, RestoreBestWeights, SaveWeights, WeightLog

__all__ = [
    "AdjustVariable",
    "Checkpoint",
    "EarlyStopping",
    "ExponentialMovingAverage",
    "Freeze",
    "GradientNorm",
    "Handler",
    "LearningRateFinder",
    "PrintLayerInfo",
    "PrintLog",
    "ReduceLROnPlateau",
    "RememberBestWeights",
    "RestoreBestWeights",
    "SaveWeights",
    "TerminateOnNaN",
    "Timer",
    "Unfreeze",
    "WeightLog",
]
