import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skconv import NeuralNet, NeuralNetClassifier, NeuralNetRegressor

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


OF_THE_CLASS = {
    "check_classifier_data_not_an_array",
    "check_classifiers_regression_target",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_dict_unchanged",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_overwrite_params",
    "check_estimators_pickle",
    "check_estimators_unfitted",
    "check_fit_score_takes_y",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_regressor_data_not_an_array",
    "check_regressors_no_decision_function",
    "check_requires_y_none",
    "check_set_params",
    "check_supervised_y_no_nan",
    "check_valid_tag_types",
}
"""Checks of what a subclass with another signature and other mixins can change; the rest is the
training of `NeuralNet`, which has all checks above."""


def checks_of_the_class(net):
    for estimator, check in estimator_checks_generator(net):
        name = getattr(check, "func", check).__name__
        if name in OF_THE_CLASS:
            yield pytest.param(estimator, check, id=f"{type(net).__name__}-{name}")


@pytest.mark.parametrize(
    ("estimator", "check"),
    [*checks_of_the_class(NeuralNetClassifier()), *checks_of_the_class(NeuralNetRegressor())],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_check_of_the_class(estimator, check):
    check(estimator)


def test_regression_decides_the_kind():
    assert is_classifier(NeuralNet())
    assert not is_regressor(NeuralNet())
    assert is_regressor(NeuralNet(regression=True))
    assert not is_classifier(NeuralNet(regression=True))


def test_only_classifiers_predict_probabilities():
    assert hasattr(NeuralNet(), "predict_proba")
    for regressor in (NeuralNet(regression=True), NeuralNetRegressor()):
        assert not hasattr(regressor, "predict_proba")
        with pytest.raises(AttributeError, match="has no attribute 'predict_proba'") as caught:
            regressor.predict_proba(None)
        assert "predicts numbers" in str(caught.value.__cause__)
        assert str(caught.value.__cause__).endswith("call predict(X)")
