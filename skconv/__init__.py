"""Neural networks for scikit-learn, in nolearn's style, on JAX and optax."""

from .utils.garbage import postpone_collections

with postpone_collections(all_stay=True):
    from .data.iterators import BatchIterator, TrainSplit
    from .estimator.fixed_task import NeuralNetClassifier, NeuralNetRegressor
    from .estimator.loading import load
    from .estimator.neural_net import NeuralNet
    from .estimator.saving import save
    from .training.programs import clear_programs, compile_counts, set_compilation_cache

__all__ = [
    "BatchIterator",
    "NeuralNet",
    "NeuralNetClassifier",
    "NeuralNetRegressor",
    "TrainSplit",
    "clear_programs",
    "compile_counts",
    "load",
    "save",
    "set_compilation_cache",
]
__version__ = "0.1.0"
