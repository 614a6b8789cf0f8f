"""Data of fits, which several files of tests share."""

import numpy as np
from sklearn.base import BaseEstimator

from skconv.data.fit_arguments import FitArguments
from skconv.data.fit_data import FitData
from skconv.data.iterators import BatchIterator
from skconv.data.rows import Inputs
from skconv.errors import Problems
from skconv.utils.memo import Memo

X = np.arange(40, dtype=np.float32).reshape(10, 4)


y = np.array(["a", "b"] * 5)


PARAMS = {
    "check_input": True,
    "data_format": "channels_first",
    "outputs": None,
    "regression": False,
    "use_label_encoder": False,
    "batch_iterator_train": 4,
    "batch_iterator_test": 3,
    "train_split": 0.2,
    "class_weight": None,
    "autoencoder": False,
    "accumulate_steps": 1,
    "ignore_label": None,
    "devices": None,
}


class Estimator(BaseEstimator):
    pass


class Unfold(BatchIterator):
    """Turn flat rows into images."""

    def transform(self, Xb, yb):
        return Xb.reshape(-1, 1, 2, 2), yb


def read(X=X, y=y, *, memo=None, known=None, reset=True, estimator=None, params=(), **given):
    """Read the data of a fit, and return it with the messages of its problems."""
    data = FitData(FitArguments(X, y, **given), PARAMS | dict(params), memo or Memo())
    problems = Problems()
    data.read(estimator or Estimator(), known, problems, reset=reset)
    return data, [str(problem) for problem in problems.found]


def datasets(data, inputs=(None, 4), outputs=(None, 2), seed=0):
    return data.datasets(Estimator(), Inputs({"input": inputs}), {"output": outputs}, seed)
