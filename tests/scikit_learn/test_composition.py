import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_linnerud
from sklearn.ensemble import AdaBoostClassifier, VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv.ensemble import BatchedBagging
from skconv.model_selection import BatchedGridSearchCV


def test_pipeline(mlp, small_digits):
    X, y = small_digits
    model = make_pipeline(StandardScaler(), mlp).fit(X[:1200], y[:1200])
    assert model.score(X[1200:], y[1200:]) > 0.85


def test_pipeline_transforms_validation_rows(mlp, small_digits):
    X, y = small_digits
    with sklearn.config_context(enable_metadata_routing=True):
        net = clone(mlp).set_fit_request(X_val=True, y_val=True)
        steps = [("scale", StandardScaler()), ("net", net)]
        model = Pipeline(steps, transform_input=["X_val"])
        model.fit(X[:1200], y[:1200], X_val=X[1200:], y_val=y[1200:])
    last = model.named_steps["net"].train_history_[-1]
    assert last["valid_accuracy"] == pytest.approx(model.score(X[1200:], y[1200:]), abs=1e-6)


def test_routed_sample_weights_change_the_net(mlp, small_digits):
    X, y = small_digits
    weight = np.where(y == 8, 0.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        net = clone(mlp).set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        results = cross_validate(
            net, X, y, params={"sample_weight": weight}, cv=2, return_estimator=True
        )
    assert all(8 not in fitted.predict(X) for fitted in results["estimator"])


class RecordedGroups(GroupKFold):
    """Splits by groups, and records those it sees."""

    seen = []

    def split(self, X, y=None, groups=None):
        self.seen.append(sorted(set(groups)))
        yield from super().split(X, y, groups)


BY_GROUPS = GroupKFold(2)


@pytest.mark.parametrize(
    ("fit", "sizes"),
    [
        (lambda net, *data, **params: net.fit(*data, **params), [8]),
        (lambda net, *data, **params: make_pipeline(net).fit(*data, **params), [8]),
        (
            lambda net, *data, **params: cross_validate(net, *data, params=params, cv=BY_GROUPS),
            [4, 4],
        ),
        (
            lambda net, *data, **params: BatchedGridSearchCV(
                make_pipeline(StandardScaler(), net), {}, cv=BY_GROUPS
            ).fit(*data, **params),
            [4, 4, 8],
        ),
        (
            lambda net, *data, **params: BatchedGridSearchCV(net, {}, cv=BY_GROUPS).fit(
                *data, **params
            ),
            [4, 4, 8],
        ),
        (lambda net, *data, **params: BatchedBagging(net, 2).fit(*data, **params), [8, 8]),
    ],
    ids=["fit", "pipeline", "cross_validate", "search over a pipeline", "search", "bagging"],
)
def test_groups_are_routed_to_the_split_of_the_net(mlp, small_digits, fit, sizes):
    X, y = small_digits
    groups = np.arange(200) % 8
    RecordedGroups.seen.clear()
    with sklearn.config_context(enable_metadata_routing=True):
        net = clone(mlp).set_params(train_split=RecordedGroups(4), max_epochs=1)
        fit(net.set_fit_request(groups=True), X[:200], y[:200], groups=groups)
    assert [len(seen) for seen in RecordedGroups.seen] == sizes


def test_groups_of_a_search_are_for_its_own_splitter_by_default(mlp, small_digits):
    X, y = small_digits
    params = {"groups": np.arange(200) % 8}
    with sklearn.config_context(enable_metadata_routing=True):
        net = clone(mlp).set_params(max_epochs=1)
        options = {"params": params, "cv": BY_GROUPS, "error_score": "raise"}
        assert len(cross_validate(net, X[:200], y[:200], **options)["test_score"]) == 2
        net.set_params(train_split=GroupKFold(2))
        with pytest.raises(ValueError, match=r"groups must be passed to fit.*set_fit_request"):
            cross_validate(net, X[:200], y[:200], **options)


def test_a_step_of_a_pipeline_gets_groups_by_its_name(mlp, small_digits):
    X, y = small_digits
    RecordedGroups.seen.clear()
    net = clone(mlp).set_params(train_split=RecordedGroups(4), max_epochs=1)
    Pipeline([("net", net)]).fit(X[:200], y[:200], net__groups=np.arange(200) % 8)
    assert RecordedGroups.seen == [list(range(8))]


def test_cross_val_predict(mlp, small_digits):
    X, y = small_digits
    probabilities = cross_val_predict(mlp, X, y, cv=3, method="predict_proba")
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (probabilities.argmax(axis=1) == y).mean() > 0.85


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr", "d2_log_loss_score"])
def test_more_units_than_classes_can_be_scored_by_probabilities(mlp, small_digits, scoring):
    X, y = small_digits
    net = clone(mlp).set_params(output_num_units=12, max_epochs=2)
    assert np.isfinite(cross_val_score(net, X[:300], y[:300], cv=2, scoring=scoring)).all()


@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba"])
def test_folds_that_lack_a_class_can_be_predicted(mlp, small_digits, method):
    X, y = small_digits
    X, y = X[:300], np.sort(y[:300])  # without shuffling, each fold lacks some
    net = clone(mlp).set_params(output_num_units=12, max_epochs=1)
    with pytest.warns(RuntimeWarning, match="Number of classes in training fold"):
        found = cross_val_predict(net, X, y, cv=KFold(3), method=method)
    assert found.shape == (300, 10)


def test_calibration(mlp, small_digits):
    X, y = small_digits
    model = CalibratedClassifierCV(mlp, cv=3).fit(X[:1200], y[:1200])
    assert model.score(X[1200:], y[1200:]) > 0.85


def test_voting(mlp, cnn, small_digits):
    X, y = small_digits
    members = [("mlp", mlp), ("cnn", cnn), ("linear", LogisticRegression(max_iter=2000))]
    model = VotingClassifier(members, voting="soft").fit(X[:1200], y[:1200])
    assert model.score(X[1200:], y[1200:]) > 0.9


def test_boosting_passes_sample_weights(mlp, small_digits):
    X, y = small_digits
    model = AdaBoostClassifier(mlp, n_estimators=3, random_state=0).fit(X[:1200], y[:1200])
    assert len(model.estimators_) == 3
    assert model.score(X[1200:], y[1200:]) > 0.85


def test_multi_output_regressor(mlp):
    X, y = (StandardScaler().fit_transform(array) for array in load_linnerud(return_X_y=True))
    net = clone(mlp).set_params(regression=True, train_split=None, max_epochs=200)
    model = MultiOutputRegressor(net).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.score(X, y) > 0.5


def test_permutation_importance_finds_the_empty_pixels(mlp, small_digits):
    X, y = small_digits
    importance = permutation_importance(mlp.fit(X, y), X[:300], y[:300], n_repeats=2)
    empty = X.std(axis=0) == 0
    assert (importance.importances_mean[empty] == 0).all()
    assert importance.importances_mean.max() > 0.01


def test_learning_curve_rises(mlp, small_digits):
    X, y = small_digits
    _, _, scores = learning_curve(mlp, X, y, cv=3, train_sizes=[0.05, 1.0])
    assert scores[1].mean() > scores[0].mean() + 0.1


def test_joblib_round_trip(mlp, small_digits, tmp_path):
    X, y = small_digits
    joblib.dump(mlp.fit(X, y), tmp_path / "net.joblib")
    loaded = joblib.load(tmp_path / "net.joblib")
    np.testing.assert_array_equal(loaded.predict_proba(X), mlp.predict_proba(X))


def test_html_representation_shows_the_prefixed_keywords(mlp, small_digits):
    assert "hidden_num_units" in mlp._repr_html_()
    assert "hidden_num_units" in mlp.fit(*small_digits)._repr_html_()
