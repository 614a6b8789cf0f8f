import numpy as np
import pytest
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import NeuralNet
from skconv.model_selection.folds import folds_of_known

LABELS = np.array(["a", "b", None], object).repeat(4)
IGNORING = NeuralNet(ignore_label=np.nan)


@pytest.mark.parametrize("net", [IGNORING, make_pipeline(StandardScaler(), IGNORING)])
def test_folds_keep_the_proportions_of_labels_and_of_holes(net):
    folds = folds_of_known(4, LABELS, net)
    assert len(folds) == 4
    for train, test in folds:
        assert sorted(LABELS[test], key=str) == [None, "a", "b"]
        assert len(train) == 9


@pytest.mark.parametrize(
    ("cv", "y", "net"),
    [
        (4, ["a", "b"] * 6, IGNORING),
        (4, LABELS, NeuralNet()),
        (KFold(4), LABELS, IGNORING),
        (4, [1.0, np.nan] * 6, NeuralNet(regression=True, ignore_label=np.nan)),
        (4, LABELS, StandardScaler()),
    ],
)
def test_other_folds_are_those_of_scikit_learn(cv, y, net):
    assert folds_of_known(cv, y, net) is cv
