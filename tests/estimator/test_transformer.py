import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import NeuralNet, compile_counts
from skconv.augment import RandomFlip
from skconv.layers import (
    Conv2DLayer,
    CyclicPoolLayer,
    CyclicSliceLayer,
    DenseLayer,
    GaussianNoiseLayer,
    InputLayer,
)
from skconv.model_selection import BatchedGridSearchCV
from skconv.updates import adam, sgd
from tests.nets import IMAGES, KINDS, X, image_net, make_net, y


def autoencoder(**params):
    given = {
        "layers": [("input", InputLayer), ("code", DenseLayer), ("output", DenseLayer)],
        "code_num_units": 2,
        "code_nonlinearity": None,
        "regression": True,
        "update": adam,
        "update_learning_rate": 0.01,
        "train_split": None,
        "max_epochs": 2,
        "batch_iterator_train": 20,
        "random_state": 0,
    }
    return NeuralNet(**given | params)


@pytest.fixture(scope="module")
def net():
    return make_net().fit(X, y)


@pytest.fixture(scope="module")
def coder():
    return autoencoder().fit(X)


@pytest.fixture(scope="module")
def digits8():
    data = load_digits()
    return (data.data / 16).astype(np.float32), data.target


def test_transform_returns_the_last_hidden_layer(net):
    hidden = net.layers_["hidden"]
    expected = np.maximum(X @ hidden.W.get_value() + hidden.b.get_value(), 0)
    found = net.transform(X)
    assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert found.dtype == np.float32
    assert net.get_feature_names_out().tolist() == [f"hidden_{i}" for i in range(4)]


def test_fit_transform_is_fit_and_transform(net):
    assert_array_equal(make_net().fit_transform(X, y), net.transform(X))


@pytest.mark.parametrize(("layer", "name"), [("output", "output"), (-1, "output"), (1, "hidden")])
def test_the_layer_is_a_parameter(net, layer, name):
    other = clone(net).set_params(transform_layer=layer).fit(X, y)
    assert_array_equal(other.transform(X), net.get_output(name, X))


def test_images_are_flattened_with_channels_first():
    net = image_net(transform_layer="conv").fit(IMAGES, KINDS)
    assert_array_equal(net.transform(IMAGES), net.get_output("conv", IMAGES).reshape(10, -1))
    assert len(net.get_feature_names_out()) == 4 * 6 * 7


def test_copies_of_a_row_stay_in_its_row():
    images = IMAGES[:, :, :, :6]
    layers = [
        ("input", InputLayer),
        ("cut", CyclicSliceLayer),
        ("pool", CyclicPoolLayer),
        ("out", DenseLayer),
    ]
    net = NeuralNet(layers, regression=True, transform_layer="cut", max_epochs=1, train_split=None)
    net.fit(images, np.arange(10.0))
    found = net.transform(images)
    turns = [np.rot90(images, k, axes=(2, 3)).reshape(10, -1) for k in range(4)]
    assert found.shape == (10, 4 * 72) == (10, len(net.get_feature_names_out()))
    for i in range(4):
        part = found[:, 72 * i : 72 * (i + 1)]
        assert any(np.array_equal(part, turn) for turn in turns)
    assert_array_equal(found[:, :72], turns[0])


def test_an_unknown_layer_is_refused_before_training(net):
    with pytest.raises(ValueError, match=r"transform_layer must be .* got 'hiden'\. Did you mean"):
        make_net(transform_layer="hiden").fit(X, y)
    with pytest.raises(ValueError, match=r"transform_layer must be the name or the index of a"):
        make_net(transform_layer=1.5).fit(X, y)
    with pytest.raises(NotFittedError):
        make_net().transform(X)
    with pytest.raises(NotFittedError):
        make_net().get_feature_names_out()


def test_pandas_output_has_names_and_the_index(net):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, index=np.arange(40) + 7, columns=list("abcde"))
    net = clone(net).set_output(transform="pandas").fit(frame, y)
    found = net.transform(frame)
    assert list(found.columns) == [f"hidden_{i}" for i in range(4)]
    assert list(found.index) == list(frame.index)
    assert clone(net).fit_transform(frame, y).equals(found)
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        net.get_feature_names_out(list("abcdx"))


def test_a_net_is_a_step_of_a_pipeline_and_a_search():
    pipeline = make_pipeline(StandardScaler(), make_net(), LogisticRegression())
    grid = {"neuralnet__transform_layer": ["hidden", "output"]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    widths = [
        clone(pipeline).set_params(**params).fit(X, y)[-1].n_features_in_
        for params in search.cv_results_["params"]
    ]
    assert widths == [4, 3]
    union = FeatureUnion([("net", make_net()), ("pca", PCA(2))]).fit(X, y)
    assert union.get_feature_names_out()[:2].tolist() == ["net__hidden_0", "net__hidden_1"]


def test_a_batched_search_trains_nets_that_are_steps_before_the_net(net):
    pipeline = make_pipeline(net, make_net(max_epochs=1, train_split=None))
    grid = {"neuralnet-2__max_epochs": [1]}
    search = BatchedGridSearchCV(pipeline, grid, cv=2, refit=False, error_score="raise").fit(X, y)
    expected = cross_val_score(pipeline, X, y, cv=2, error_score="raise")
    assert search.cv_results_["mean_test_score"] == pytest.approx(expected.mean())


def test_linear_units_reach_the_reconstruction_error_of_pca(digits8):
    images = digits8[0][:500]
    net = autoencoder(code_num_units=6, max_epochs=100, update_learning_rate=0.02).fit(images)
    pca = PCA(6).fit(images)
    least = np.square(pca.inverse_transform(pca.transform(images)) - images).sum()
    assert least < np.square(net.predict(images) - images).sum() < 1.05 * least


def test_an_autoencoder_is_scored_and_searched_without_y(coder):
    expected = 1 - np.square(coder.predict(X) - X).sum(0) / np.square(X - X.mean(0)).sum(0)
    assert coder.score(X) == coder.score(X, None) == pytest.approx(expected.mean(), abs=1e-5)
    assert coder.predict(X).dtype == np.float32
    assert np.isfinite(cross_val_score(autoencoder(), X, cv=2, error_score="raise")).all()
    grid = {"update_learning_rate": [0.001, 0.01]}
    batched, plain = (
        search(autoencoder(), grid, cv=2, error_score="raise").fit(X)
        for search in (BatchedGridSearchCV, GridSearchCV)
    )
    for name in ("mean_test_score", "std_test_score"):
        assert_allclose(batched.cv_results_[name], plain.cv_results_[name], atol=1e-5)
    assert_allclose(batched.score(X), plain.score(X), atol=1e-5)


def test_it_is_the_same_as_x_given_as_y(coder):
    assert_array_equal(coder.predict(X), autoencoder().fit(X, X).predict(X))
    ours, given = autoencoder().partial_fit(X), autoencoder().partial_fit(X, X)
    assert_array_equal(ours.predict(X), given.predict(X))


def test_labels_of_a_pipeline_are_ignored_if_asked_for(coder):
    net = autoencoder(autoencoder=True).fit(X, np.where(y == 0, "no", "yes"))
    assert_array_equal(net.predict(X), coder.predict(X))
    assert net.score(X, y) == coder.score(X)
    with pytest.raises(ValueError, match="regression must be True for autoencoder=True"):
        make_net(autoencoder=True).fit(X, y)


def test_features_of_an_autoencoder_are_classified(digits8):
    images, labels = digits8[0][:400], digits8[1][:400]
    net = autoencoder(autoencoder=True, code_num_units=6, max_epochs=30)
    pipeline = make_pipeline(StandardScaler(), net, LogisticRegression(max_iter=500))
    assert cross_val_score(pipeline, images, labels, cv=2, error_score="raise").mean() > 0.7


def test_images_are_reconstructed_with_channels_first():
    images = (IMAGES * 20 + 128).clip(0, 255).astype(np.uint8)
    params = {
        "layers": [("input", InputLayer), ("conv", Conv2DLayer), ("output", Conv2DLayer)],
        **dict.fromkeys(["conv_pad", "output_pad"], "same"),
        **dict.fromkeys(["conv_filter_size", "output_filter_size"], 3),
        "conv_num_filters": 3,
        "output_num_filters": 2,
        "output_nonlinearity": None,
        "regression": True,
        "max_epochs": 1,
        "update_learning_rate": 1e-6,
        "random_state": 0,
    }
    first = NeuralNet(**params).fit(images)
    last = NeuralNet(**params, data_format="channels_last").fit(np.moveaxis(images, 1, -1))
    found = last.predict(np.moveaxis(images, 1, -1))
    assert found.shape == images.shape
    assert_array_equal(found, first.predict(images))
    errors = np.square(found - images.astype(float)).sum()
    expected = 1 - errors / np.square(images - images.mean()).sum()
    assert last.score(np.moveaxis(images, 1, -1)) == pytest.approx(expected, abs=1e-5)


def test_images_of_any_size_are_reconstructed():
    net = NeuralNet(
        [("input", InputLayer), ("output", Conv2DLayer)],
        input_shape=(None, 2, None, None),
        output_num_filters=2,
        output_filter_size=1,
        output_W=np.eye(2)[..., None, None] / 2,
        update_learning_rate=0.0,
        regression=True,
        max_epochs=1,
    ).fit(IMAGES)
    assert net.score(IMAGES[:, :, :4]) == pytest.approx(0.75, abs=0.05)
    ragged = [IMAGES[0], IMAGES[1, :, :4]]
    assert net.score(ragged) == pytest.approx(0.75, abs=0.05)
    assert_array_equal(net.predict(ragged)[1], IMAGES[1, :, :4] / 2)


def test_the_target_is_x_before_augmentation():
    images = np.arange(4 * 6, dtype=np.float32).reshape(4, 1, 2, 3)
    net = NeuralNet(
        [("input", InputLayer), ("output", DenseLayer)],
        output_num_units=6,
        augment=RandomFlip(p=1.0),
        scores_train=[("first", lambda predictions, targets: targets[:, 0])],
        update=sgd,
        update_learning_rate=0.0,
        regression=True,
        train_split=None,
        max_epochs=1,
    ).fit(images)
    assert net.train_history_[0]["first"] == images[:, 0, 0, 0].mean()


def test_a_validation_set_needs_no_targets():
    net = autoencoder(update_learning_rate=0.0, max_epochs=1).fit(X[:30], X_val=X[30:])
    expected = np.square(net.predict(X[30:]) - X[30:]).mean()
    assert net.train_history_[0]["valid_loss"] == pytest.approx(expected, rel=1e-5)


def test_noise_as_input_is_removed_and_compiles_nothing_new():
    layers = [
        ("input", InputLayer),
        ("noise", GaussianNoiseLayer),
        ("code", DenseLayer),
        ("output", DenseLayer),
    ]
    net = autoencoder(layers=layers).fit(X)
    before = compile_counts()
    clone(net).set_params(noise_sigma=0.3).fit(X)
    assert compile_counts() == before


def test_what_cannot_be_reconstructed_is_refused(coder):
    with pytest.raises(ValueError, match=r"estimator requires y to be passed.*set regression=True"):
        make_net().fit(X)
    with pytest.raises(ValueError, match="requires y to be passed"):
        make_net(regression=True, outputs=["hidden", "output"]).fit(X)
    supervised = autoencoder(max_epochs=1).fit(X, X[:, :2])
    with pytest.raises(ValueError, match="y must be given to score a NeuralNet that does not rec"):
        supervised.score(X)
