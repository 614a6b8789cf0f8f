import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import get_tags

from skconv import NeuralNet
from skconv.layers import (
    ConcatLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    FlattenLayer,
    InputLayer,
    MaxPool2DLayer,
)
from skconv.nonlinearities import rectify, sigmoid, softmax

from ..exactness import assert_agree
from ..iris_nets import assert_same_weights, small


class TestSlide:
    """The listing of the 2015 slides, with only its imports changed."""

    def net(self, **params):
        return NeuralNet(
            layers=[
                ("input", InputLayer),
                ("conv1", Conv2DLayer),
                ("pool1", MaxPool2DLayer),
                ("dropout1", DropoutLayer),
                ("conv2", Conv2DLayer),
                ("pool2", MaxPool2DLayer),
                ("hidden4", DenseLayer),
                ("output", DenseLayer),
            ],
            input_shape=(None, 1, 28, 28),
            conv1_num_filters=32,
            conv1_filter_size=(3, 3),
            pool1_ds=(2, 2),
            dropout1_p=0.1,
            conv2_num_filters=64,
            conv2_filter_size=(2, 2),
            pool2_ds=(2, 2),
            hidden4_num_units=500,
            output_num_units=10,
            output_nonlinearity=softmax,
            update_learning_rate=0.01,
            update_momentum=0.9,
            regression=False,
            max_epochs=1,
            eval_size=0.2,
            **params,
        )

    def test_runs_on_flat_digits(self, digits):
        X, y = digits
        net = self.net().fit(X[:300].reshape(300, -1), y[:300])
        assert net.predict_proba(X[:5]).shape == (5, 10)
        assert len(net.train_history_) == 1

    def test_has_the_parameters_that_nolearn_shows(self):
        net = self.net().initialize()
        assert [(p.name, p.shape) for p in net.get_all_params()] == [
            ("conv1.W", (32, 1, 3, 3)),
            ("conv1.b", (32,)),
            ("conv2.W", (64, 32, 2, 2)),
            ("conv2.b", (64,)),
            ("hidden4.W", (2304, 500)),
            ("hidden4.b", (500,)),
            ("output.W", (500, 10)),
            ("output.b", (10,)),
        ]
        assert sum(np.prod(p.shape) for p in net.get_all_params()) == 1_166_086

    def test_older_names_of_stride_and_pad(self):
        net = self.net(conv1_border_mode="same", conv1_strides=(2, 2)).initialize()
        assert net.layers_["conv1"].output_shape == (None, 32, 14, 14)


class TestInference:
    def test_shape_units_and_nonlinearity_come_from_the_data(self, iris):
        net = small().fit(*iris)
        assert net.layers_["input"].output_shape == (None, 4)
        assert net.layers_["output"].output_shape == (None, 3)
        assert net.layers_["output"].nonlinearity is softmax
        assert net.layers_["hidden"].nonlinearity is rectify
        assert net.score(*iris) > 0.9

    def test_last_layer_of_a_graph_of_instances(self, iris):
        graph = DenseLayer(DenseLayer(InputLayer((None, 4)), 20), 3)
        net = NeuralNet(graph, batch_iterator_train=16, max_epochs=50, random_state=0)
        assert net.fit(*iris).score(*iris) > 0.9
        assert list(net.layers_) == ["input0", "dense1", "dense2"]
        assert_same_weights(clone(net).fit(*iris), net)

    def test_classes_with_dictionaries(self, iris):
        layers = [(InputLayer, {}), (DenseLayer, {"num_units": 20, "name": "h"}), (DenseLayer, {})]
        net = NeuralNet(layers, h_num_units=7, max_epochs=1).fit(*iris)
        assert list(net.layers_) == ["input0", "h", "dense2"]
        assert net.layers_["h"].output_shape == (None, 7)

    def test_more_params_prevail(self, iris):
        net = small(more_params={"hidden_num_units": 3}, max_epochs=1).fit(*iris)
        assert net.layers_["hidden"].num_units == 3

    def test_layers_none_suits_tables_and_images(self, iris, digits):
        assert NeuralNet(random_state=0).fit(*iris).score(*iris) > 0.9
        X, y = digits
        net = NeuralNet(max_epochs=8, random_state=0).fit(X[:1000], y[:1000])
        assert net.score(X[1000:2000], y[1000:2000]) > 0.85
        assert "conv2" in net.layers_

    def test_output_layer_without_nonlinearity_answers_with_probabilities(self, iris):
        layers = [("input", InputLayer), ("dense", DenseLayer), ("output", FlattenLayer)]
        net = NeuralNet(layers, dense_num_units=3, dense_nonlinearity=None, max_epochs=2)
        np.testing.assert_allclose(net.fit(*iris).predict_proba(iris[0]).sum(1), 1, atol=1e-5)

    def test_uint8_images_give_what_float_images_give(self, digits):
        X, y = digits
        bytes_ = np.round(X[:200] * 255).astype(np.uint8)
        net = NeuralNet(max_epochs=1, random_state=0).fit(bytes_, y[:200])
        as_float = clone(net).fit(bytes_.astype(np.float64), y[:200])
        assert_agree(net.predict_proba(bytes_), as_float.predict_proba(bytes_))


class TestTargets:
    @pytest.mark.parametrize(
        "names",
        [
            np.array(["setosa", "versicolor", "virginica"]),
            np.array(["a", "b", "c"], dtype=object),
            np.array([-5, 0, 7], dtype=np.int8),
            np.array([1.0, 2.0, 3.0]),
        ],
    )
    def test_labels_of_any_type(self, iris, names):
        X, y = iris
        net = small().fit(X, names[y])
        assert net.classes_.dtype == names.dtype
        assert net.score(X, names[y]) > 0.9
        assert set(net.predict(X)) <= set(names)

    def test_bool_labels(self, iris):
        X, y = iris
        net = small().fit(X, y == 0)
        assert net.predict(X).dtype == bool
        assert net.predict_proba(X).shape == (150, 2)

    def test_series_of_labels(self, iris):
        X, y = iris
        names = pd.Series(["no", "yes"]).take(y == 1).astype("category")
        assert set(small(max_epochs=2).fit(X, names).predict(X)) <= {"no", "yes"}

    def test_one_sigmoid_unit_tells_two_classes(self, iris):
        X, y = iris
        net = small(output_num_units=1).fit(X, np.where(y == 0, "in", "out"))
        assert net.layers_["output"].nonlinearity is sigmoid
        assert net.predict_proba(X).shape == (150, 2)
        assert net.score(X, np.where(y == 0, "in", "out")) > 0.95

    def test_units_for_integer_labels_that_do_not_occur(self, iris):
        X, y = iris
        net = small(output_num_units=5, max_epochs=1).fit(X, y)
        assert net.classes_.tolist() == [0, 1, 2]
        output = net.get_output("output", X)
        kept = output[:, :3] / output[:, :3].sum(axis=1, keepdims=True)
        np.testing.assert_allclose(net.predict_proba(X), kept, rtol=1e-6)
        np.testing.assert_array_equal(net.predict(X), kept.argmax(axis=1))
        net.partial_fit(X, np.where(y == 2, 4, y))
        assert net.classes_.tolist() == [0, 1, 2, 4]
        np.testing.assert_allclose(net.predict_proba(X).sum(axis=1), 1, rtol=1e-6)
        assert clone(net).partial_fit(X, y).classes_.tolist() == [0, 1, 2, 3, 4]
        with pytest.raises(ValueError, match=r"shape \(None, 5\), but y has 3 classes"):
            small(output_num_units=5, use_label_encoder=True).fit(X, y)

    def test_indicators_of_several_labels(self, iris):
        X, y = iris
        labels = np.c_[y == 0, y > 0, y == 2].astype(int)
        net = small().fit(X, labels)
        assert net.predict(X).shape == (150, 3)
        assert net.score(X, labels) > 0.6
        assert (small().fit(X, sparse.csr_array(labels)).predict(X) == net.predict(X)).all()

    @pytest.mark.parametrize("shape", [(150,), (150, 1), (150, 2), (150, 1, 2)])
    def test_numbers_come_back_in_their_shape_and_dtype(self, iris, shape):
        y = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        net = small(regression=True, max_epochs=2).fit(iris[0], y)
        assert net.predict(iris[0]).shape == shape
        assert net.predict(iris[0]).dtype == np.float32

    def test_regression_scores_by_r2(self, iris):
        X, _ = iris
        y = X @ [0.5, -0.2, 0.1, 0.3]
        net = small(regression=True, update_learning_rate=0.01, max_epochs=100).fit(X, y)
        assert net.score(X, y) > 0.9
        assert "valid_accuracy" not in net.train_history_[-1]

    def test_a_column_of_labels_warns(self, iris):
        X, y = iris
        with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
            small(max_epochs=1).fit(X, y[:, None])


class TestInputs:
    @pytest.mark.parametrize(
        "convert",
        [
            np.ndarray.tolist,
            lambda X: X.astype(np.float64),
            lambda X: X.astype(np.float16).astype(np.float32),
            pd.DataFrame,
            pl.DataFrame,
            sparse.csr_array,
            sparse.csc_matrix,
            np.asfortranarray,
        ],
    )
    def test_containers_give_the_same_net(self, iris, convert):
        X, y = iris
        X = X.astype(np.float16).astype(np.float32)
        net = small(max_epochs=2)
        converted = convert(X)
        if isinstance(converted, pd.DataFrame):
            converted.columns = list("abcd")
        fitted = clone(net).fit(converted, y)
        assert_same_weights(fitted, net.fit(X, y))
        np.testing.assert_array_equal(fitted.predict_proba(converted), net.predict_proba(X))

    def test_names_of_columns_are_kept_and_compared(self, iris):
        X, y = iris
        frame = pd.DataFrame(X, columns=list("abcd"))
        net = small(max_epochs=1).fit(frame, y)
        assert net.feature_names_in_.tolist() == list("abcd")
        with pytest.raises(ValueError, match="feature names should match"):
            net.predict(frame[list("dcba")])

    def test_memmap_is_only_read(self, iris, tmp_path):
        X, y = iris
        X.tofile(tmp_path / "X")
        mapped = np.memmap(tmp_path / "X", np.float32, mode="r", shape=X.shape)
        assert_same_weights(small(max_epochs=2).fit(mapped, y), small(max_epochs=2).fit(X, y))

    def test_training_leaves_the_arrays_in_order(self, iris):
        X, y = (array.copy() for array in iris)
        small(max_epochs=2).fit(X, y)
        np.testing.assert_array_equal(X, iris[0])
        np.testing.assert_array_equal(y, iris[1])

    def test_several_inputs(self, iris):
        X, y = iris
        layers = [
            ("sepal", InputLayer),
            ("petal", InputLayer),
            ("left", DenseLayer),
            ("right", DenseLayer),
            ("both", ConcatLayer),
            ("output", DenseLayer),
        ]
        net = NeuralNet(
            layers,
            left_incoming="sepal",
            left_num_units=20,
            right_incoming="petal",
            right_num_units=22,
            both_incomings=["left", "right"],
            batch_iterator_train=16,
            update_learning_rate=0.05,
            max_epochs=50,
            random_state=0,
        )
        named = {"sepal": X[:, :2], "petal": X[:, 2:]}
        assert net.fit(named, y).score(named, y) > 0.9
        assert net.get_output("both", named).shape == (150, 42)
        with pytest.raises(
            ValueError, match=r"X must have names of input layers as keys, got 'petals'. Did you"
        ):
            net.predict({"sepal": X[:, :2], "petals": X[:, 2:]})

    def test_prediction_of_a_row_depends_on_no_other(self, iris):
        X, y = iris
        net = small(max_epochs=3).fit(X, y)
        together = net.predict_proba(X)
        backwards = net.predict_proba(X[::-1])[::-1]
        alone = np.vstack([net.predict_proba(X[i : i + 1]) for i in range(5)])
        np.testing.assert_array_equal(together, backwards)
        np.testing.assert_allclose(together[:5], alone, atol=1e-6)
        few = net.predict_proba(X[:5])
        np.testing.assert_array_equal(few, net.predict_proba(X[np.arange(8) % 5])[:5])
        other = net.set_params(batch_iterator_test=7).predict_proba(X)
        np.testing.assert_allclose(together, other, atol=1e-6)


class TestInitialize:
    def test_needs_no_data(self):
        net = small(input_shape=(None, 4), output_num_units=3).initialize()
        assert net.predict_proba(np.zeros((2, 4))).shape == (2, 3)
        assert net.classes_.tolist() == [0, 1, 2]
        assert net.train_history_ == []

    def test_regression(self):
        net = small(input_shape=(None, 4), output_num_units=2, regression=True).initialize()
        assert net.predict(np.zeros((3, 4))).shape == (3, 2)

    def test_says_what_is_missing(self):
        with pytest.raises(
            ValueError, match=r"(?s)'input'.*shape is missing.*num_units is missing"
        ):
            small().initialize()

    def test_loaded_weights_are_trained_on(self, iris):
        X, y = iris
        taught = small().fit(X, np.array(["a", "b", "c"])[y])
        net = small(input_shape=(None, 4), output_num_units=3, max_epochs=1)
        net.load_params_from(taught)
        np.testing.assert_array_equal(net.predict_proba(X), taught.predict_proba(X))
        net.fit(X, np.array(["a", "b", "c"])[y])
        assert net.train_history_[0]["train_loss"] < taught.train_history_[0]["train_loss"] / 2
        assert net.score(X, np.array(["a", "b", "c"])[y]) > 0.9
        net.fit(X, y)
        assert net.train_history_[0]["train_loss"] > taught.train_history_[-1]["train_loss"]


@pytest.mark.parametrize(
    ("regression", "outputs", "kind"),
    [
        (False, None, "classifier"),
        (True, None, "regressor"),
        (False, ["digit", "age"], "classifier"),
        ({"age": True}, ["digit", "age"], None),
        ([False, True], ["digit", "age"], None),
        ([True, True], ["size", "age"], "regressor"),
        ({"age": True, "size": True}, ["size", "age"], "regressor"),
        ({"age": True}, ["age"], "regressor"),
        ([False], ["digit"], "classifier"),
    ],
)
def test_a_net_is_what_all_its_outputs_are(regression, outputs, kind):
    net = NeuralNet(regression=regression, outputs=outputs)
    assert is_regressor(net) is (kind == "regressor")
    assert is_classifier(net) is (kind == "classifier")
    assert hasattr(net, "predict_proba") is (kind != "regressor")
    targets = get_tags(net).target_tags
    assert targets.multi_output
    assert targets.single_output is (outputs is None or len(outputs) == 1)


def test_what_scikit_learn_may_know():
    tags = get_tags(NeuralNet())
    assert tags.input_tags.sparse
    assert tags.target_tags.required
    assert tags.target_tags.multi_output
    assert tags.classifier_tags.multi_label


def test_names_of_columns_go_with_an_array(iris):
    """As in scikit-learn, an array after a table leaves a net without them."""
    X, y = iris
    table = pd.DataFrame(X, columns=list("abcd"))
    net = NeuralNet([InputLayer, DenseLayer]).fit(table, y, epochs=0)
    assert net.feature_names_in_.tolist() == list("abcd")
    net.fit(X, y, epochs=0)
    assert not hasattr(net, "feature_names_in_")
    with pytest.warns(UserWarning, match="X has feature names, but NeuralNet was fitted without"):
        net.predict(table)
