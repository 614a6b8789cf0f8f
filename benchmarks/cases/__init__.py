"""All cases, in the order of execution."""

from .augment import AUGMENT
from .compile import COMPILE_DENSE, COMPILE_RESNET
from .first_fit import CACHED_FIT, FIRST_FIT
from .grid import GRID
from .imagenet import IMAGENET_MEMORY, IMAGENET_STEP
from .imports import IMPORTS
from .memory import MEMORY
from .mlp import MLP
from .one_row import ONE_ROW
from .predict import PREDICT
from .search import CANCER, TINY, WINE
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
    ONE_ROW,
    TEST_TIME,
    GRID,
    TINY,
    WINE,
    CANCER,
    FIRST_FIT,
    CACHED_FIT,
    COMPILE_DENSE,
    COMPILE_RESNET,
    IMAGENET_STEP,
    IMAGENET_MEMORY,
    MEMORY,
    IMPORTS,
)

__all__ = ["CASES"]
