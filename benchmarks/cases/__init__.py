"""All cases, in the order in which they run."""

from .first_fit import FIRST_FIT
from .grid import GRID
from .imports import IMPORTS
from .memory import MEMORY
from .mlp import MLP
from .predict import PREDICT
from .tabular import TABULAR
from .tutorial import TUTORIAL
from .vgg import VGG

CASES = (TUTORIAL, MLP, VGG, TABULAR, PREDICT, GRID, FIRST_FIT, MEMORY, IMPORTS)

__all__ = ["CASES"]
