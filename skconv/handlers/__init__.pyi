from .averaging import ExponentialMovingAverage
from .base import Handler
from .checkpoint import Checkpoint
from .freezing import Freeze, Unfreeze
from .gradients import GradientNorm
from .mlflow import MlflowLogger
from .optuna import OptunaPruning
from .plateau import ReduceLROnPlateau
from .plot import PlotLoss
from .printing import PrintLayerInfo, PrintLog
from .progress import PrintProgress
from .rate_finder import LearningRateFinder
from .schedule import AdjustVariable, EarlyStopping
from .tensorboard import TensorBoard
from .terminate import TerminateOnNaN
from .timer import Timer
from .wandb import WandbLogger
from .weight_log import WeightLog
from .weights import RememberBestWeights, RestoreBestWeights, SaveWeights

__all__ = [
    "AdjustVariable",
    "Checkpoint",
    "EarlyStopping",
    "ExponentialMovingAverage",
    "Freeze",
    "GradientNorm",
    "Handler",
    "LearningRateFinder",
    "MlflowLogger",
    "OptunaPruning",
    "PlotLoss",
    "PrintLayerInfo",
    "PrintLog",
    "PrintProgress",
    "ReduceLROnPlateau",
    "RememberBestWeights",
    "RestoreBestWeights",
    "SaveWeights",
    "TensorBoard",
    "TerminateOnNaN",
    "Timer",
    "Unfreeze",
    "WandbLogger",
    "WeightLog",
]
