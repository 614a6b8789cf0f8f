"""Neural networks for scikit-learn, in nolearn's style, on JAX and optax."""

from .caching import set_compilation_cache
from .data import BatchIterator, TrainSplit
from .estimator import NeuralNet
from .programs import clear_programs, compile_counts

__all__ = [
    "BatchIterator",
    "NeuralNet",
    "TrainSplit",
    "clear_programs",
    "compile_counts",
    "set_compilation_cache",
]
__version__ = "0.1.0"
