"""All cases, in the order of execution."""

from .augment import AUGMENT
from .first_fit import FIRST_FIT
from .grid import GRID
from .imports import IMPORTS
from .memory import MEMORY
from .mlp import MLP
from .predict import PREDICT
from .tabular import TABULAR
from .test_time import TEST_TIME
from .transforms import TRANSFORMS
from .tutorial import TUTORIAL
from .vgg import VGG

CASES = (
    TUTORIAL,
    AUGMENT,
    TRANSFORMS,
    MLP,
    VGG,
    TABULAR,
    PREDICT,
    TEST_TIME,
    GRID,
    FIRST_FIT,
    MEMORY,
    IMPORTS,
)

__all__ = ["CASES"]
