"""Neural networks for scikit-learn, in nolearn's style, on JAX and optax."""

from .data import BatchIterator, TrainSplit
from .estimator import NeuralNet
from .programs import clear_programs, compile_counts

__all__ = ["BatchIterator", "NeuralNet", "TrainSplit", "clear_programs", "compile_counts"]
__version__ = "0.1.0"
