import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from skconv.data.features import check_features
from skconv.errors import ProblemsError


class Estimator(BaseEstimator):
    pass


IMAGE = np.zeros((4, 6))
TABLE = pd.DataFrame(np.eye(4, 3), columns=["a", "b", "c"])


def fitted(**arrays):
    estimator = Estimator()
    check_features(estimator, arrays, reset=True)
    return estimator


def test_features_of_several_inputs_are_counted_together_and_named_apart():
    estimator = fitted(image=IMAGE, table=TABLE)
    assert estimator.n_features_in_ == 9
    assert list(estimator.feature_names_in_) == ["table"]
    assert estimator.feature_names_in_["table"].tolist() == ["a", "b", "c"]
    check_features(estimator, {"table": TABLE, "image": IMAGE}, reset=False)


def test_a_single_input_has_the_features_of_an_array():
    estimator = fitted(input=TABLE)
    assert estimator.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match=r"X\['input'\]: The feature names should match"):
        check_features(estimator, {"input": TABLE[["b", "a", "c"]]}, reset=False)


def test_names_are_forgotten_by_a_fit_without_them():
    estimator = fitted(table=TABLE, image=IMAGE)
    check_features(estimator, {"table": IMAGE, "image": IMAGE}, reset=True)
    assert not hasattr(estimator, "feature_names_in_")
    assert estimator.n_features_in_ == 12


def test_other_columns_are_refused_by_input():
    estimator = fitted(left=TABLE, right=TABLE)
    swapped = {"left": TABLE[["c", "b", "a"]], "right": TABLE.rename(columns={"a": "z"})}
    with pytest.raises(ProblemsError, match=r"(?s)X\['left'\]: .*same order.*X\['right'\]: .*- z"):
        check_features(estimator, swapped, reset=False)
    with pytest.raises(TypeError, match=r"X\['left'\]: Feature names are only supported if all"):
        fitted(left=TABLE.rename(columns={"a": 0}))


@pytest.mark.parametrize(
    ("before", "now", "message"),
    [
        (TABLE, TABLE.to_numpy(), "X does not have valid feature names, but Estimator was fitted"),
        (TABLE.to_numpy(), TABLE, "X has feature names, but Estimator was fitted without"),
    ],
)
def test_names_on_one_side_only_warn(before, now, message):
    estimator = fitted(image=IMAGE, table=before)
    with pytest.warns(UserWarning, match=message):
        check_features(estimator, {"image": IMAGE, "table": now}, reset=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_features(estimator, {"image": IMAGE, "table": before}, reset=False)
