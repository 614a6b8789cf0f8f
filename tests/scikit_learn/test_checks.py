import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from skconv import NeuralNet

DRAWN = (
    "a row of weight two is not drawn as two rows: batches and the validation rows are drawn at "
    "random from the rows as they are, as in scikit-learn's own multilayer perceptrons"
)

EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": DRAWN,
    "check_sample_weight_equivalence_on_sparse_data": DRAWN,
}


@parametrize_with_checks(
    [NeuralNet(), NeuralNet(regression=True)],
    expected_failed_checks=lambda net: EXPECTED_FAILURES,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_check(estimator, check):
    check(estimator)


def test_regression_decides_the_kind():
    assert is_classifier(NeuralNet())
    assert not is_regressor(NeuralNet())
    assert is_regressor(NeuralNet(regression=True))
    assert not is_classifier(NeuralNet(regression=True))


def test_only_classifiers_predict_probabilities():
    assert hasattr(NeuralNet(), "predict_proba")
    assert not hasattr(NeuralNet(regression=True), "predict_proba")
