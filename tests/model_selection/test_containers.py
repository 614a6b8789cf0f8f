import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import NeuralNet
from skconv.layers import DenseLayer, InputLayer
from skconv.model_selection import BatchedGridSearchCV
from skconv.model_selection.containers import last_step, weights_with_rows, with_rows
from skconv.preprocessing import RowView, SliceDict

from ..late import Sorted
from ..nets import X, make_net, y

DIGIT, PARITY = np.array([3, 8, 5]), np.array(["odd", "even", "odd"])

several = NeuralNet(outputs=["digit", "parity"])


def test_the_last_step_of_nested_pipelines():
    inner = make_pipeline(StandardScaler(), several)
    assert last_step(make_pipeline(StandardScaler(), inner)) is several
    assert last_step(several) is several


@pytest.mark.parametrize(
    "Y",
    [
        {"parity": PARITY, "digit": DIGIT},
        [DIGIT, PARITY],
        (DIGIT.tolist(), PARITY.tolist()),
        [[3, "odd"], [8, "even"], [5, "odd"]],
    ],
)
def test_targets_of_several_outputs_are_indexed_by_rows(Y):
    for estimator in (several, make_pipeline(StandardScaler(), several)):
        _, found = with_rows(np.eye(3), Y, estimator)
        assert (len(found), list(found)) == (3, ["digit", "parity"])
        assert list(found[[2, 0]]["digit"]) == [5, 3]
        assert list(found[[2, 0]]["parity"]) == ["odd", "odd"]


def test_samples_by_input_are_indexed_by_rows():
    found, _ = with_rows({"left": np.eye(3), "right": DIGIT[:, None]}, DIGIT, NeuralNet())
    assert isinstance(found, SliceDict)
    assert found[[1]]["right"].tolist() == [[8]]


def test_a_list_of_inputs_is_indexed_by_rows():
    layers = [("left", InputLayer), ("right", InputLayer), ("output", DenseLayer)]
    net, X = NeuralNet(layers), (np.eye(3), DIGIT[:, None])
    found, _ = with_rows(X, DIGIT, net)
    assert list(found) == ["left", "right"]
    assert found["left"] is X[0]
    for other in (NeuralNet(layers[1:]), NeuralNet(), make_pipeline(StandardScaler(), net)):
        assert with_rows(X, DIGIT, other)[0] is X
    with pytest.raises(ValueError, match="input layers 'left', 'right', got a list of 3"):
        with_rows(np.eye(3).tolist(), DIGIT, net)


@pytest.mark.parametrize(
    ("X", "Y"),
    [
        (np.eye(3), np.stack([DIGIT, DIGIT], axis=1)),
        (sparse.eye_array(3).todok(), pd.DataFrame({"digit": DIGIT, "parity": PARITY})),
        (pd.DataFrame(np.eye(3)), sparse.eye_array(3).tocsr()),
    ],
)
def test_what_can_be_indexed_by_rows_stays(X, Y):
    found = with_rows(X, Y, several)
    assert found[0] is X
    assert found[1] is Y


def test_a_single_output_and_other_estimators():
    y = [1, 2, 3]
    assert with_rows(np.eye(3), y, NeuralNet())[1] is y
    assert with_rows(np.eye(3), {"digit": y}, NeuralNet(outputs="digit"))[1] is y
    Y = {"digit": DIGIT}
    assert with_rows(np.eye(3), Y, DummyClassifier())[1] is Y


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        ({"left": np.eye(3), "right": np.eye(2)}, DIGIT, "got 3 in 'left', 2 in 'right'"),
        (np.eye(3), {"digit": DIGIT, "parity": PARITY[:2]}, "got 3 in 'digit', 2 in 'parity'"),
        (np.eye(3), {"digit": DIGIT}, "y must have targets for the output 'parity'"),
    ],
)
def test_arrays_that_do_not_fit(X, Y, message):
    estimator = several if isinstance(Y, dict) else NeuralNet()
    with pytest.raises(ValueError, match=message):
        with_rows(X, Y, estimator)


@pytest.mark.parametrize(
    "weights",
    [
        {"digit": [1, 2, 3], "parity": np.array([0, 1, 2])},
        [np.array([1, 2, 3]), [0, 1, 2]],
        ([1, 2, 3], None),
    ],
)
def test_weights_by_output_are_indexed_by_rows(weights):
    params = {"neuralnet__sample_weight": weights, "epochs": 3}
    found = weights_with_rows(params, make_pipeline(StandardScaler(), several))
    assert found["epochs"] == 3
    part = found["neuralnet__sample_weight"][[2, 0]]
    assert list(part["digit"]) == [3, 1]
    assert ("parity" in part) is (weights[1] is not None if isinstance(weights, tuple) else True)


@pytest.mark.parametrize("weights", [None, [1, 2], np.ones(3), np.ones((3, 2)), [0.5, 1, 2]])
def test_weights_by_row_stay(weights):
    assert weights_with_rows({"sample_weight": weights}, several)["sample_weight"] is weights
    single = weights_with_rows({"sample_weight": weights}, NeuralNet())
    assert single["sample_weight"] is weights


def test_a_search_copies_no_rows_of_an_array_in_a_file(tmp_path):
    """Its folds are views, which candidates, scorers and the refit read."""
    net, grid = make_net(max_epochs=1), {"update_learning_rate": [0.01, 0.1]}
    options = {"cv": 2, "lanes": "loop"}
    expected = BatchedGridSearchCV(net, grid, **options).fit(X, y)
    mapped = np.memmap(tmp_path / "X", np.float32, "w+", shape=X.shape)
    mapped[:] = X
    seen = []

    def score(net, X_test, y_test):
        seen.append(X_test)
        return net.score(X_test, y_test)

    for rows in (mapped, Sorted(X.astype(np.float64))):
        search = BatchedGridSearchCV(net, grid, **options, scoring=score).fit(rows, y)
        for name in ("mean_test_score", "split0_test_score"):
            np.testing.assert_array_equal(search.cv_results_[name], expected.cv_results_[name])
        np.testing.assert_array_equal(search.predict_proba(X), expected.predict_proba(X))
    assert {type(rows) for rows in seen} == {RowView}
    pipe = make_pipeline(StandardScaler(), net)
    assert with_rows(mapped, y, pipe)[0] is mapped
    assert type(with_rows({"a": mapped}, y, net)[0]["a"]) is RowView
