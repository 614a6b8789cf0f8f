"""Hyperparameter searches that train all candidates and folds together."""

from .grid import BatchedGridSearchCV
from .halving import BatchedHalvingSearch
from .randomized import BatchedRandomizedSearchCV

__all__ = ["BatchedGridSearchCV", "BatchedHalvingSearch", "BatchedRandomizedSearchCV"]
