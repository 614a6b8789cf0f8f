import numpy as np
import pytest
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import accuracy_score, r2_score

from skconv.targets.output_inference import infer_outputs
from skconv.targets.scoring import score_outputs

DIGIT, PARITY, SIZE = [3, 8, 5, 3], ["odd", "even", "odd", "odd"], [0.5, 1.5, 2.5, 3.5]
RNG = np.random.default_rng(0)


def outputs_of(y, regression=False, ignored=None):
    return infer_outputs(y, (None,), regression=(regression,), ignored=(ignored,))


def test_the_score_is_the_mean_of_the_outputs_scores():
    y = {"size": SIZE, "digit": DIGIT, "parity": PARITY}
    outputs = infer_outputs(y, ("digit", "parity", "size"), regression=(False, False, True))
    predictions = [3, 8, 8, 3], ["odd", "odd", "odd", "even"], [0.5, 1.5, 2.0, 3.0]
    scores = [
        accuracy_score(DIGIT, predictions[0]),
        accuracy_score(PARITY, predictions[1]),
        r2_score(SIZE, predictions[2]),
    ]
    assert score_outputs(outputs, y, predictions) == pytest.approx(np.mean(scores))
    w = [1.0, 2.0, 0.0, 5.0]
    weighted = accuracy_score(PARITY, predictions[1], sample_weight=w)
    found = score_outputs(outputs_of(PARITY), PARITY, np.array(predictions[1]), w)
    assert found == pytest.approx(weighted)


def test_ignored_classes_do_not_count():
    y = np.array(["a", "-", "b", "a"])
    found = score_outputs(
        outputs_of(y, ignored="-"), y, np.array(["a", "b", "a", "a"]), [1, 9, 2, 3]
    )
    assert found == pytest.approx(4 / 6)


def test_each_column_is_scored_on_its_numbers():
    y, predicted = RNG.normal(size=(2, 9, 3))
    weights = RNG.uniform(0.5, 2, (9, 3))
    y[RNG.random((9, 3)) < 0.3] = np.nan
    known = ~np.isnan(y)
    outputs = outputs_of(y, True, np.nan)
    for given, own in ((None, np.ones((9, 3))), (weights, weights)):
        columns = [
            r2_score(y[k, i], predicted[k, i], sample_weight=own[k, i])
            for i, k in enumerate(known.T)
        ]
        assert score_outputs(outputs, y, predicted, given) == pytest.approx(np.mean(columns))


def test_a_column_with_a_single_number_has_no_score():
    y = np.array([[1.0, np.nan], [2.0, np.nan], [4.0, 5.0]])
    predicted = np.array([[1.5, 0.0], [2.0, 0.0], [3.0, 0.0]])
    found = score_outputs(outputs_of(y, True, np.nan), y, predicted)
    assert found == pytest.approx(r2_score(y[:, 0], predicted[:, 0]))


def test_images_are_scored_on_all_numbers_that_count():
    y, predicted = RNG.normal(size=(2, 4, 3, 2))
    y[0, 1:] = np.nan
    known = ~np.isnan(y)
    found = score_outputs(outputs_of(y, True, np.nan), y, predicted)
    assert found == pytest.approx(r2_score(y[known], predicted[known]))
    y, weights = RNG.normal(size=(4, 3, 2)), np.array([0.5, 2.0, 1.0, 4.0])
    flat = y.ravel(), predicted.ravel()
    for given, own in (
        (None, None),
        (weights, np.repeat(weights, 6)),
        (np.arange(24.0).reshape(y.shape), np.arange(24.0)),
    ):
        found = score_outputs(outputs_of(y, True), y, predicted, given)
        assert found == pytest.approx(r2_score(*flat, sample_weight=own))


def test_a_row_of_labels_is_right_if_all_its_known_labels_are():
    y = np.array([[1, 0, -1], [-1, -1, -1], [0, 1, 1], [-1, 1, 0]])
    predicted = np.array([[1, 0, 1], [0, 0, 0], [0, 0, 1], [1, 1, 0]])
    assert score_outputs(outputs_of(y, ignored=-1), y, predicted) == pytest.approx(2 / 3)
    weights = np.array([[1, 1, 1], [1, 1, 1], [2, 0, 4], [1, 1, 1]])
    assert score_outputs(outputs_of(y, ignored=-1), y, predicted, weights) == 1.0


def test_outputs_without_targets_are_left_out():
    y = {"a": np.array([0.5, 1.0, 2.0]), "b": np.array([1.0, 2.0, 3.0])}
    outputs = infer_outputs(y, ("a", "b"), regression=(True, True), ignored=(np.nan, np.nan))
    holes = {**y, "b": np.full(3, np.nan)}
    predicted = [np.array([0.5, 1.0, 2.5]), np.zeros(3)]
    assert score_outputs(outputs, holes, predicted) == pytest.approx(r2_score(y["a"], predicted[0]))
    with pytest.warns(UndefinedMetricWarning, match="no target in y counts"):
        assert np.isnan(score_outputs(outputs, dict.fromkeys(y, holes["b"]), predicted))
