"""Hyperparameters shared by all contenders."""

BATCH = 128
RATE = 0.01
MOMENTUM = 0.9
"""Of Nesterov momentum."""

EPOCHS = 5
"""Epochs per fit; the first one includes compiling and is reported separately."""

VGG_BATCH = 64
VGG_RATE = 0.002
VGG_EPOCHS = 4
VGG_STEPS = 5

TABLE_RATE = 0.05
TABLE_EPOCHS = 50
TABLE_UNITS = 50

GRID = {"rate": [0.003, 0.01, 0.03], "momentum": [0.8, 0.9]}
GRID_FOLDS = 3
GRID_EPOCHS = 3
GRID_ROWS = 1000

AFFINE = {"rotation": 10, "translation": 1, "scale": 1.1}
"""Limits of the random transforms: degrees, pixels and a factor."""

COPIES = 10
"""Number of transformed copies that a prediction averages."""

SEARCH_ROWS = 1000
SEARCH_UNITS = 64
SEARCH_MLP = {"rate": [0.003, 0.01, 0.02, 0.03, 0.05, 0.1], "momentum": [0.5, 0.8, 0.9, 0.95]}
SEARCH_MLP_EPOCHS = 20
SEARCH_CNN = {"rate": [0.003, 0.01, 0.03], "momentum": [0.8, 0.9]}
SEARCH_CNN_EPOCHS = 5
SEARCH_TABLE = {
    "rate": [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0],
    "momentum": [0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95],
}
SEARCH_TABLE_EPOCHS = 20
SEARCH_TABLE_UNITS = 20

HALVING = {"rate": [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0], "momentum": [0.5, 0.8, 0.9]}
HALVING_EPOCHS = 54
"""Epochs of the last round; the first has a ninth of them."""

RESNET_EPOCHS = 6
RESNET_RATE = 0.02
RESNET_SIZES = 9728, 1.0
"""Number of images, and factor on the number of filters."""
RESNET_CPU = 256, 0.125
"""The same on the CPU."""

DEEP_LAYERS = 60
DEEP_UNITS = 32

IMAGENET_BATCH = 4
IMAGENET_STEPS = 3
IMAGENET_EPOCHS = 3
IMAGENET_RATE = 0.002

TINY_UNITS = 5
TINY_EPOCHS = 5
