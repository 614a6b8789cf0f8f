import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skconv import visualize
from skconv.model_selection import BatchedGridSearchCV
from skconv.visualize.wrapped_net import unwrap, unwrap_targets, unwrap_with_rows

from ..nets import IMAGES, KINDS, image_net

HALF = IMAGES / 2


def double(X):
    return 2 * X


class Sampler:
    """A step that draws rows in a fit, and leaves those to predict as they are."""

    def fit_resample(self, X, y):
        raise AssertionError


class OtherSearch(BaseEstimator):
    """A search that does not inherit from scikit-learn's."""

    def __init__(self, net):
        self.best_estimator_ = net

    def fit(self, X, y):
        return self


def with_threshold(cls, net):
    classifier = cls(net)
    classifier.estimator_ = net
    return classifier


def fitted(cls, net):
    search = cls(net, {})
    search.best_estimator_ = net
    return search


def in_pipeline(net):
    return Pipeline(
        [
            ("double", FunctionTransformer(double)),
            ("sampler", Sampler()),
            ("none", "passthrough"),
            ("net", net),
        ]
    )


WRAPPED = {
    "pipeline": in_pipeline,
    "search": lambda net: fitted(GridSearchCV, in_pipeline(net)),
    "batched search": lambda net: fitted(BatchedGridSearchCV, in_pipeline(net)),
    "pipeline of a frozen net": lambda net: in_pipeline(FrozenEstimator(net)),
    "search of another package": lambda net: OtherSearch(in_pipeline(net)),
    "fixed threshold": lambda net: with_threshold(FixedThresholdClassifier, in_pipeline(net)),
    "tuned threshold": lambda net: with_threshold(TunedThresholdClassifierCV, in_pipeline(net)),
    "pipeline in a pipeline": lambda net: make_pipeline(in_pipeline(net)),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_the_net_is_found_and_rows_go_through_the_steps_before_it(net, name):
    wrapped = WRAPPED[name](net)
    assert unwrap(wrapped) is net
    found, X = unwrap_with_rows(wrapped, HALF)
    assert found is net
    np.testing.assert_array_equal(X, IMAGES)


@pytest.mark.parametrize(
    "compute",
    [
        lambda net, X: visualize.occlusion_heatmap(net, X[:1], square_length=3),
        lambda net, X: visualize.saliency_map(net, X[:2]),
        lambda net, X: visualize.grad_cam(net, X[:2]),
        lambda net, X: visualize.integrated_gradients(net, X[:2], steps=2),
        lambda net, X: visualize.plot_embedding(net, X).axes[0].collections[0].get_offsets(),
        lambda net, X: visualize.plot_confusion(net, X, KINDS).axes[0].images[0].get_array(),
        lambda net, X: visualize.plot_conv_activity(net, X[:1]).axes[1].images[0].get_array(),
        lambda net, X: visualize.plot_conv_weights(net).axes[0].images[0].get_array(),
        lambda net, X: visualize.plot_loss(net).axes[0].lines[0].get_ydata(),
        lambda net, X: len(visualize.plot_predictions(net, X, KINDS, n=3).axes),
        lambda net, X: len(visualize.plot_occlusion(net, X[:1], square_length=3).axes),
        lambda net, X: len(visualize.plot_saliency(net, X[:1]).axes),
        lambda net, X: len(visualize.plot_grad_cam(net, X[:1]).axes),
        lambda net, X: len(visualize.plot_integrated_gradients(net, X[:1], steps=2).axes),
        lambda net, X: len(visualize.make_graph(net).nodes),
        lambda net, X: len(visualize.draw_to_notebook(net).nodes),
    ],
)
def test_plots_of_a_search_over_pipelines_are_those_of_its_net(net, compute):
    np.testing.assert_allclose(
        compute(WRAPPED["search"](net), HALF), compute(net, IMAGES), rtol=1e-4, atol=1e-6
    )


def test_files_and_transforms_of_a_pipeline_are_those_of_its_net(net, tmp_path):
    visualize.draw_to_file(WRAPPED["pipeline"](net), tmp_path / "net.dot")
    assert "digraph" in (tmp_path / "net.dot").read_text()
    augmented = in_pipeline(image_net(augment=lambda key, X, y: (X, y)))
    assert len(visualize.plot_augmented(augmented, IMAGES[:2, :1], n=2).axes) == 6


def test_targets_are_those_that_the_net_is_trained_on(net):
    regressor = TransformedTargetRegressor(net)
    regressor.regressor_, regressor.transformer_ = net, FunctionTransformer(double)
    assert unwrap(regressor) is net
    assert unwrap_targets(regressor, [1, 2]).tolist() == [[2], [4]]
    assert unwrap_targets(net, KINDS) is KINDS


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda net: LogisticRegression(), r"^net must be a NeuralNet, .*, got LogisticRegr"),
        (lambda net: make_pipeline(LogisticRegression()), r", got LogisticRegression\(\)$"),
        (lambda net: make_pipeline("passthrough"), "got Pipeline that ends in 'passthrough'$"),
        (lambda net: several(net), r"got BaggingClassifier, .* give one of its estimators_$"),
        (
            lambda net: without_refit(net),
            r"with refit=True, got GridSearchCV without best_estimator_$",
        ),
    ],
)
def test_what_has_no_net_or_several_is_told(net, make, message):
    for draw in (visualize.plot_loss, visualize.plot_conv_weights, visualize.make_graph):
        with pytest.raises(ValueError, match=message):
            draw(make(net))


def several(net):
    bagging = BaggingClassifier(net)
    bagging.estimators_ = [net, net]
    return bagging


def without_refit(net):
    search = GridSearchCV(net, {}, refit=False)
    search.cv_results_ = {}
    return search


@pytest.mark.parametrize(
    "make",
    [
        lambda: in_pipeline(image_net()),
        lambda: GridSearchCV(image_net(), {}),
        lambda: TransformedTargetRegressor(image_net()),
    ],
)
def test_nets_that_are_not_fitted_are_told(make):
    with pytest.raises(NotFittedError):
        visualize.plot_loss(make())
    with pytest.raises(NotFittedError):
        visualize.plot_saliency(make(), HALF)
