"""Nets with nolearn's defaults and methods."""

import pickle
import re

import numpy as np
import pytest
from sklearn.base import clone

from skconv import init
from skconv.compat.iterators import BatchIterator, TrainSplit
from skconv.compat.layers import LAYERS
from skconv.compat.nets import NeuralNet
from skconv.compat.rng import set_rng
from skconv.compat.theano import shared, tensor_types
from skconv.nonlinearities import linear, softmax

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 4)).astype(np.float32)
y = np.tile(np.arange(3), 20).astype(np.int32)
LIST = [("input", LAYERS["InputLayer"]), ("output", LAYERS["DenseLayer"])]


def make(**params):
    given = {
        "layers": LIST,
        "input_shape": (None, 4),
        "output_num_units": 3,
        "output_nonlinearity": softmax,
        "update_learning_rate": 0.1,
        "max_epochs": 1,
        "random_state": 0,
    }
    return NeuralNet(**given | params)


@pytest.fixture(scope="module")
def fitted():
    return make().fit(X, y)


def weights(net):
    return net.layers_["output"].W.get_value()


def test_batches_keep_the_order_and_the_first_fold_validates():
    """The same as gradient descent by hand on the rows that are not the first of their class."""
    net = make(
        update_momentum=0.0,
        output_W=init.Constant(0.0),
        batch_iterator_train=BatchIterator(10),
    ).fit(X, y)
    train = np.arange(12, 60)  # 20 rows of each class, of which the first four validate
    W, b = np.zeros((4, 3)), np.zeros(3)
    for rows in np.array_split(train, [10, 20, 30, 40]):
        scores = X[rows] @ W + b
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        error = (p - np.eye(3)[y[rows]]) / len(rows)
        W, b = W - 0.1 * X[rows].T @ error, b - 0.1 * error.sum(axis=0)
    np.testing.assert_allclose(weights(net), W, atol=1e-6)
    p = np.exp(X[:12] @ W + b)
    p /= p.sum(axis=1, keepdims=True)
    expected = -np.log(p[np.arange(12), y[:12]]).mean()
    assert net.train_history_[-1]["valid_loss"] == pytest.approx(expected, rel=1e-5)


def test_fit_continues(fitted):
    net = clone(fitted).fit(X, y)
    before = weights(net)
    net.fit(X, y, 2)
    assert [row["epoch"] for row in net.train_history_] == [1, 2, 3]
    twice = make(max_epochs=3).fit(X, y)
    assert np.array_equal(weights(net), weights(twice))
    assert not np.array_equal(weights(net), before)
    net.partial_fit(X, y)
    assert len(net.train_history_) == 4
    assert np.isfinite(net.train_history_[-1]["valid_loss"])
    assert len(net.set_params(warm_start=False).fit(X, y).train_history_) == 1


@pytest.mark.parametrize("eval_size", [0, 0.0, None])
def test_no_validation_set(eval_size):
    assert np.isnan(make(eval_size=eval_size).fit(X, y).train_history_[-1]["valid_loss"])
    split = TrainSplit(eval_size=eval_size)
    assert np.isnan(make(train_split=split).fit(X, y).train_history_[-1]["valid_loss"])


def test_labels_are_indices_of_units():
    """nolearn does not look which labels there are."""
    net = make(output_num_units=5).fit(X, y)
    assert net.predict_proba(X).shape == (60, 5)
    assert net.classes_.tolist() == [0, 1, 2, 3, 4]
    net.fit(X, np.full(60, 4, np.int32))
    assert net.predict(X).max() == 4
    assert make(output_num_units=5).fit(X, y.tolist()).classes_.tolist() == [0, 1, 2, 3, 4]
    encoded = make(use_label_encoder=True).fit(X, y * 2 + 5)
    assert encoded.classes_.tolist() == [5, 7, 9]


def test_units_are_those_before_layers_that_keep_them():
    """Layers take shared variables, too."""
    layers = [*LIST[:1], ("hidden", LAYERS["DenseLayer"]), ("drop", LAYERS["DropoutLayer"])]
    more = {"hidden_num_units": 4, "hidden_nonlinearity": softmax}
    given = {"input_shape": (None, 4), "more_params": more, "max_epochs": 1, "random_state": 0}
    net = NeuralNet(layers, drop_p=shared(0.25), **given).fit(X, y)
    assert net.predict_proba(X).shape == (60, 4)
    other = NeuralNet(layers, drop_p=0.25, **given).fit(X, y)
    assert np.array_equal(net.predict_proba(X), other.predict_proba(X))


def test_handlers_change_shared_variables():
    seen = []

    def slow_down(net, history):
        seen.append(weights(net))
        net.update_learning_rate.set_value(np.float32(0.0))

    rate = shared(np.float32(0.1), name="rate")
    net = make(
        update_learning_rate=rate, update_momentum=0.0, on_epoch_finished=slow_down, max_epochs=2
    )
    copied = clone(net)
    net.fit(X, y)
    assert np.array_equal(seen[0], weights(make(update_momentum=0.0).fit(X, y)))
    assert np.array_equal(seen[0], seen[1])
    assert net.update_learning_rate is rate
    assert copied.update_learning_rate.get_value() == np.float32(0.1)
    restored = pickle.loads(pickle.dumps(net))
    assert restored.update_learning_rate.get_value() == 0
    assert np.array_equal(weights(restored), weights(net))


def test_types_of_tensors_have_no_effect(fitted):
    types = tensor_types()
    net = make(X_tensor_type=types["matrix"], y_tensor_type=types["ivector"])
    assert np.array_equal(weights(net.fit(X, y)), weights(fitted))
    assert clone(net).y_tensor_type.dtype == "int32"


def test_weights_of_another_head_are_skipped(fitted):
    hidden = {"layers": [LIST[0], ("hidden", LAYERS["DenseLayer"]), LIST[1]], "hidden_num_units": 5}
    one = make(**hidden).fit(X, y)
    numbers = {"output_num_units": 2, "output_nonlinearity": None, "regression": True}
    other = make(**hidden, **numbers)
    with pytest.warns(UserWarning, match=r"skips parameters of another shape: output.W has shape"):
        other.load_params_from(one)
    assert np.array_equal(
        other.layers_["hidden"].W.get_value(), one.layers_["hidden"].W.get_value()
    )
    with pytest.raises(ValueError, match=r"output\.W"):
        make(**hidden, **numbers).load_params_from(one, strict=True)


@pytest.mark.parametrize("name", ["net.params", "net.npz"])
def test_weight_files(fitted, tmp_path, name):
    fitted.save_params_to(tmp_path / name)
    other = make(random_state=1)
    other.load_params_from(str(tmp_path / name))
    assert np.array_equal(weights(other), weights(fitted))
    older = make(random_state=2)
    other.save_weights_to(tmp_path / f"older.{name}")
    older.load_weights_from(tmp_path / f"older.{name}")
    assert np.array_equal(weights(older), weights(fitted))
    with pytest.raises(ValueError, match=r"got a list; write get_all_params_values\(\) where"):
        older.load_weights_from([weights(fitted)])
    other.save_params_to(tmp_path / name)
    path = re.escape(str(tmp_path / name))
    with pytest.raises(ValueError, match=f"^{path} must hold the weights of this net: "):
        make(output_num_units=7).load_params_from(tmp_path / name, strict=True)


def test_scores():
    """Custom ones are means over batches of the validation set; others get a list of outputs."""
    net = make(
        eval_size=0.5,
        batch_iterator_test=BatchIterator(16),
        custom_scores=[("batch", lambda y_true, y_output: len(y_output))],
        scores_train=[("units", lambda outputs, targets: outputs[0].shape[1])],
    ).fit(X, y)
    row = net.train_history_[-1]
    assert row["batch"] == pytest.approx((16 * 16 + 14 * 14) / 30)
    assert row["units"] == 3
    assert net.get_params()["eval_size"] == 0.5


def test_nets_draw_from_lasagnes_source_of_random_numbers():
    drawn = []
    for seed in (3, 3, 4):
        set_rng(np.random.RandomState(seed))
        drawn.append(weights(make(random_state=None).fit(X, y)))
        set_rng(np.random.RandomState(seed))
        assert weights(make(random_state=None).initialize()).shape == (4, 3)
    set_rng(np.random)
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def of_layers(layers, loss_function, target, **keywords):
    return 0.0


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"objective": of_layers}, r"objective must be a function \(predictions, targets, "),
        ({"output_nonlinearity": linear}, r"got linear; set output_nonlinearity=softmax$"),
        ({"eval_size": 0.7}, "eval_size must make from two folds to as many"),
        ({"batch_iterator": BatchIterator(8)}, "batch_iterator_train=BatchIterator"),
        ({"custom_score": ("n", len)}, "Write instead: custom_scores="),
    ],
)
def test_errors(params, message):
    with pytest.raises(ValueError, match=message):
        make(**params).fit(X, y)


def test_an_output_without_nonlinearity_is_rectified():
    """As in Lasagne, whose layers do not know the task."""
    net = make(output_num_units=4, regression=True)
    del net.output_nonlinearity
    with pytest.raises(ValueError, match=r"got rectify, .*; set output_nonlinearity=None$"):
        clone(net).fit(X, X)
    positive = net.fit(X, np.abs(X)).predict(X)
    assert positive.min() == 0
    assert np.array_equal(net.predict_proba(X), positive)
    single = make(output_num_units=1, output_nonlinearity=None, regression=True)
    single.fit(X, X[:, 0], X_val=X, y_val=X[:, 0])
    assert single.predict(X).shape == single.predict_proba(X).shape == (60, 1)
    assert single.score(X, X[:, 0]) < 1


def test_instances_bring_their_weights_into_another_net():
    hidden = LAYERS["DenseLayer"](LAYERS["InputLayer"]((None, 4)), 5, name="hidden")
    first = NeuralNet(LAYERS["DenseLayer"](hidden, 3, nonlinearity=softmax), random_state=0)
    first.initialize().layers_["hidden"].W.set_value(np.full((4, 5), 2.0))
    head = LAYERS["DenseLayer"](hidden, 2, nonlinearity=softmax, name="head")
    net = NeuralNet(head, random_state=1).initialize()
    np.testing.assert_array_equal(net.layers_["hidden"].W.get_value(), 2)
    net.layers_["hidden"].W.set_value(np.zeros((4, 5)))
    np.testing.assert_array_equal(first.layers_["hidden"].W.get_value(), 2)
    np.testing.assert_array_equal(hidden.W.get_value(), 0)
