"""Statistics of the training data that a model keeps: those of layers, and those of targets."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.model_selection import GridSearchCV

from skconv import BatchIterator, NeuralNet
from skconv.layers import (
    BatchNormLayer,
    DenseLayer,
    DropoutLayer,
    InputLayer,
    NormalizationLayer,
    StandardizationLayer,
)
from skconv.model_selection import BatchedGridSearchCV
from skconv.objectives import squared_error
from skconv.updates import adam, sgd

rng = np.random.default_rng(0)
X = (rng.normal(size=(60, 3)) * [1, 100, 0] + [0, 5000, 7]).astype(np.float32)
numbers = 4000 + 50 * X[:, 0] + rng.normal(size=60)
LAYERS = [("input", InputLayer), ("norm", NormalizationLayer), ("output", DenseLayer)]


def net(layers=LAYERS, **given):
    given = {"regression": True, "train_split": None, "random_state": 0, "max_epochs": 3} | given
    return NeuralNet(layers, **given)


def statistics(fitted, layer="norm", names=("mean", "std")):
    return [fitted.layers_[layer].get_params()[i].get_value() for i in range(len(names))]


class Doubled(BatchIterator):
    def transform(self, Xb, yb):
        return 2 * Xb, yb


@pytest.mark.parametrize(
    ("given", "fitted_rows", "factor"),
    [
        (X, X, 1),
        (X.astype(np.float64), X, 1),
        (sparse.csr_array(X), X, 1),
        ({"input": X}, X, 1),
        (X.clip(0, 255).astype(np.uint8), X.clip(0, 255).astype(np.uint8), 1),
    ],
)
def test_inputs_have_the_mean_and_deviation_of_the_training_rows(given, fitted_rows, factor):
    mean, std = statistics(net(max_epochs=0).fit(given, numbers))
    np.testing.assert_allclose(mean, fitted_rows.mean(0, dtype=float), rtol=1e-6)
    expected = fitted_rows.std(0, dtype=float)
    np.testing.assert_allclose(std, np.where(expected > 0, expected, 1), rtol=1e-6)


def test_images_have_those_of_each_channel():
    images = rng.normal(3, 2, size=(10, 2, 4, 4)).astype(np.float32)
    mean, std = statistics(net(max_epochs=0).fit(images, numbers[:10]))
    np.testing.assert_allclose(mean, images.mean((0, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(std, images.std((0, 2, 3)), rtol=1e-5)


def test_validation_rows_and_rows_of_weight_zero_do_not_count():
    fitted = net(max_epochs=0).fit(X[:40], numbers[:40], X_val=X[40:], y_val=numbers[40:])
    np.testing.assert_allclose(statistics(fitted)[0], X[:40].mean(0), rtol=1e-6)
    weighted = net(max_epochs=0).fit(X, numbers, np.repeat([1.0, 0.0], [40, 20]))
    np.testing.assert_array_equal(statistics(weighted), statistics(fitted))


def test_rows_changed_on_the_host_count_as_changed():
    iterator = Doubled(16, shuffle=True)
    given = {"batch_iterator_train": iterator, "batch_iterator_test": Doubled(16)}
    mean, _ = statistics(net(max_epochs=0, **given).fit(X, numbers))
    np.testing.assert_allclose(mean, 2 * X.mean(0), rtol=1e-5)


def test_given_and_loaded_statistics_stay():
    fixed = net(norm_mean=[1, 2, 3.0], max_epochs=1).fit(X, numbers)
    assert statistics(fixed)[0].tolist() == [1, 2, 3]
    np.testing.assert_allclose(statistics(fixed)[1][0], X[:, 0].std(), rtol=1e-5)
    loaded = net(input_shape=(None, 3), output_num_units=1, max_epochs=1)
    loaded.load_params_from(fixed)
    loaded.fit(X + 1000, numbers)
    np.testing.assert_array_equal(statistics(loaded), statistics(fixed))


def test_they_are_fixed_before_the_first_epoch_and_while_training_continues():
    fitted = net().partial_fit(X[:20], numbers[:20])
    before = statistics(fitted)
    np.testing.assert_allclose(before[0], X[:20].mean(0), rtol=1e-6)
    fitted.partial_fit(X[20:], numbers[20:])
    np.testing.assert_array_equal(statistics(fitted), before)
    started = net(input_shape=(None, 3), output_num_units=1, max_epochs=0).initialize()
    started.partial_fit(X, numbers)
    np.testing.assert_allclose(statistics(started)[0], X.mean(0), rtol=1e-6)


def test_inner_layers_have_no_training_rows():
    layers = [("input", InputLayer), ("drop", DropoutLayer), *LAYERS[1:]]
    message = r"layer 'norm' \(NormalizationLayer\) must follow an InputLayer directly, got"
    with pytest.raises(ValueError, match=message):
        net(layers).fit(X, numbers)


def test_rare_values_do_not_explode():
    """A column that is zero in most batches is read as in a StandardScaler, or as it is."""
    rare = np.zeros((500, 2), np.float32)
    rare[::100, 0] = 1
    labels = np.arange(500) % 2
    fitted = NeuralNet(max_epochs=2, random_state=0).fit(rare, labels)
    inner = fitted.get_output("norm", np.array([[1.0, 1.0]]))
    assert np.abs(inner).max() < 1 / rare[:, 0].std() + 2
    layers = [("input", InputLayer), ("norm", BatchNormLayer), ("output", DenseLayer)]
    batches = net(layers, regression=False, batch_iterator_train=10, max_epochs=20)
    spread = batches.fit(rare, labels).get_output("norm", np.array([[1.0, 0.0]]))
    assert np.abs(spread[0, 0]) < 1.5 / rare[:, 0].std()


# targets


@pytest.mark.parametrize("y", [numbers, numbers.astype(np.float32), np.c_[numbers, -numbers]])
def test_targets_are_standardized_inside_and_predictions_come_back(y):
    fitted = net(normalize_y=True, update=adam, update_learning_rate=0.05, max_epochs=150)
    fitted.fit(X, y)
    assert fitted.score(X, y) > 0.99
    assert fitted.predict(X).dtype == y.dtype
    assert fitted.predict(X).shape == y.shape
    first = fitted.train_history_[0]["train_loss"]
    assert 0.1 < first < 10  # in units of the deviation; in units of y it would be 1.6e7


def test_a_large_offset_costs_no_precision():
    y = 1e9 + X[:, 0].astype(np.float64)
    fitted = net(normalize_y=True, update=adam, update_learning_rate=0.05, max_epochs=150)
    assert fitted.fit(X, y).score(X, y) > 0.99


def test_a_constant_target_is_predicted():
    fitted = net(normalize_y=True, max_epochs=0, output_W=0.0).fit(X, np.full(60, 7.5))
    np.testing.assert_array_equal(fitted.predict(X), np.full(60, 7.5))


def test_the_scale_of_targets_travels_with_the_weights(tmp_path):
    fitted = net(normalize_y=True).fit(X, numbers)
    expected = fitted.predict(X)
    fitted.save_params_to(tmp_path / "weights.npz")
    blank = net(normalize_y=True, input_shape=(None, 3), output_num_units=1)
    for source in (tmp_path / "weights.npz", fitted, fitted.get_all_params_values()):
        other = blank.__sklearn_clone__()
        other.load_params_from(source)
        np.testing.assert_allclose(other.predict(X).ravel(), expected, rtol=1e-6)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), expected)
    other.fit(X, numbers + 1e6)
    assert abs(other.predict(X).mean() - numbers.mean()) < 1e6 / 2


def test_an_output_with_state_of_its_own_keeps_its_scale():
    layers = [("input", InputLayer), ("hidden", DenseLayer), ("output", BatchNormLayer)]
    fitted = net(layers, normalize_y=True, hidden_num_units=1, max_epochs=1).fit(X, numbers)
    scale = [float(np.ravel(value)[0]) for value in fitted.get_all_params_values()["output"][-2:]]
    assert scale == pytest.approx([numbers.mean(), numbers.std()], rel=1e-5)
    normalized = fitted.get_output("output", X).ravel()
    np.testing.assert_allclose(fitted.predict(X), scale[0] + scale[1] * normalized, rtol=1e-5)


def test_it_stays_while_training_continues():
    fitted = net(normalize_y=True, warm_start=True).fit(X, numbers)
    scale = fitted.get_all_params_values()["output"][2:]
    fitted.fit(X, numbers + 100)
    for one, other in zip(scale, fitted.get_all_params_values()["output"][2:], strict=True):
        np.testing.assert_array_equal(one, other)


def test_each_output_has_its_own():
    layers = [*LAYERS[:2], ("a", DenseLayer), ("b", DenseLayer), ("kind", DenseLayer)]
    given = {"a_incoming": "norm", "b_incoming": "norm", "kind_incoming": "norm"}
    y = {"a": numbers, "b": 1e-3 * numbers, "kind": numbers > 4000}
    fitted = net(
        layers,
        **given,
        outputs=["a", "b", "kind"],
        regression=[True, True, False],
        normalize_y=True,
        update=adam,
        update_learning_rate=0.05,
        max_epochs=150,
    ).fit(X, y)
    a, b, kind = fitted.predict(X)
    assert 1 - np.var(numbers - a) / np.var(numbers) > 0.99
    assert 1 - np.var(1e-3 * numbers - b) / np.var(1e-3 * numbers) > 0.99
    assert (kind == y["kind"]).mean() > 0.8


@pytest.mark.parametrize("lanes", ["loop", "vmap"])
def test_searches_give_the_same(lanes):
    grid = {"update_learning_rate": [0.01, 0.1]}
    ours = BatchedGridSearchCV(net(normalize_y=True), grid, cv=2, lanes=lanes).fit(X, numbers)
    theirs = GridSearchCV(net(normalize_y=True), grid, cv=2).fit(X, numbers)
    np.testing.assert_allclose(
        ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], atol=1e-4
    )
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-5)


@pytest.mark.parametrize(("normalizes", "named"), [(False, True), (True, False)])
def test_the_warning_of_divergence_names_the_parameter(normalizes, named):
    fitted = net(normalize_y=normalizes, update=sgd, update_learning_rate=1e30)
    with pytest.warns(UserWarning, match="became NaN or infinite") as caught:
        fitted.fit(X, numbers)
    assert ("normalize_y=True" in str(caught[0].message)) is named


def test_new_statistics_compile_nothing():
    from skconv.training.programs import compile_counts

    net(normalize_y=True).fit(X, numbers)
    before = compile_counts()
    net(normalize_y=True).fit(2 * X, 3 * numbers)
    assert compile_counts() == before


def test_layers_that_standardize_rows_are_others():
    layers = [("input", InputLayer), ("norm", StandardizationLayer), ("output", DenseLayer)]
    fitted = net(layers, objective_loss_function=squared_error, max_epochs=0).fit(X, numbers)
    np.testing.assert_allclose(fitted.get_output("norm", X).mean(1), 0, atol=1e-3)
