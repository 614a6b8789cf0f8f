import re

import jax
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedShuffleSplit, train_test_split
from sklearn.utils import check_random_state

from skconv import BatchIterator, NeuralNet
from skconv.data.fit_arguments import FitArguments
from skconv.errors import InvalidParameterError
from skconv.estimator.prepare import prepare
from skconv.layers import Conv2DLayer, DenseLayer, DropoutLayer, InputLayer
from skconv.nonlinearities import tanh
from skconv.updates import nesterov_momentum
from skconv.utils.memo import Memo

from ..exactness import assert_agree

LAYERS = [("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)]

X, y = load_iris(return_X_y=True)


def small(**params):
    given = {"layers": LAYERS, "hidden_num_units": 5, "max_epochs": 1, "random_state": 0}
    return NeuralNet(**given | params)


IMAGES = np.random.default_rng(0).normal(size=(50, 1, 6, 6)).astype(np.float32)
SIGNS = (IMAGES.mean((1, 2, 3)) > 0).astype(int)


class Crop(BatchIterator):
    """Keep the inner pixels."""

    def transform(self, Xb, yb):
        return Xb[:, :, 1:-1, 1:-1], yb


class Unfold(BatchIterator):
    """Make images of flat rows."""

    def transform(self, Xb, yb):
        assert Xb.shape[1:] == (36,)
        return Xb.reshape(-1, 1, 6, 6), yb


class Twice(BatchIterator):
    """Give each row twice."""

    def transform(self, Xb, yb):
        return np.repeat(Xb, 2, axis=0), None if yb is None else np.repeat(yb, 2, axis=0)


def outputs(X=IMAGES, y=SIGNS, Xs=IMAGES, **params):
    given = {"batch_iterator_train": BatchIterator(16), "batch_iterator_test": 7, "max_epochs": 2}
    net = small(**given | params).fit(X, y)
    history = [(row["train_loss"], row.get("valid_loss")) for row in net.train_history_]
    return net.predict_proba(Xs), history


def with_nan(array):
    array = array.astype(float)
    array.flat[0] = np.nan
    return array


FAULTS = [
    ({}, (with_nan(X), y), "Input X contains NaN"),
    ({}, (np.where(X.max() == X, np.inf, X), y), "Input X contains infinity"),
    ({}, (np.where(X.max() == X, 1e300, X), y), "too large for dtype"),
    ({}, (X, with_nan(y)), "Input y contains NaN"),
    ({"regression": True}, (X, np.where(y == 0, np.inf, y)), "Input y contains infinity"),
    ({}, (X, y[:-1]), r"inconsistent numbers of samples: \[150, 149\]"),
    ({}, (X, None), "requires y to be passed, but the target y is None"),
    ({}, (X[:0], y[:0]), r"0 sample\(s\)"),
    ({}, (X[:, :0], y), r"0 feature\(s\)"),
    ({}, (X[:, 0], y), "Expected 2D array, got 1D array"),
    ({}, (X, y * 0), r"y must contain at least 2 classes, got 1 class: \[0\]"),
    ({}, (X, X[:, 0]), "Unknown label type: continuous"),
    ({}, (X, np.c_[y, y]), "y must have one column of classes, got several"),
    ({}, (X * 1j, y), "Complex data not supported"),
    (
        {"input_shape": (None, 5)},
        (X, y),
        r"X must have shape \(n, 5\) for the input layer 'input', got \(n, 4\)",
    ),
    ({"hidden_num_unit": 3}, (X, y), "'hidden_num_unit'. Did you mean 'hidden_num_units'"),
    ({"hiden_num_units": 3}, (X, y), "'hiden_num_units'. Did you mean 'hidden_num_units'"),
    ({"max_epoch": 3}, (X, y), "'max_epoch'. Did you mean 'max_epochs'"),
    ({"conv1_stride": 3}, (X, y), "No layer has that prefix; prefixes are: input, hidden, output"),
    ({"update_momentun": 3}, (X, y), "'update_momentun'. Did you mean 'update_momentum'"),
    ({"update_learning_rate": "fast"}, (X, y), "update_learning_rate must be a finite number"),
    ({"objective_l3": 0.1}, (X, y), "'objective_l3'. Did you mean 'objective_l2'"),
    ({"objective_l2": "much"}, (X, y), "objective_l2 must be a finite number >= 0.0 or None"),
    ({"update": "adamm"}, (X, y), r"update must be an update rule .* Did you mean 'adam'\?"),
    ({"max_epochs": -1}, (X, y), "max_epochs must be a non-negative integer, got -1"),
    (
        {"batch_iterator_train": 0},
        (X, y),
        "batch_iterator_train must be a positive integer, a BatchIterator or None, got 0",
    ),
    ({"train_split": 1.5}, (X, y), "train_split must be a fraction between 0 and 1, .*, got 1.5"),
    ({"class_weight": {7: 2.0}}, (X, y), r"class_weight must have labels of y as keys, got \[7\]"),
    (
        {"class_weight": "balanced", "regression": True},
        (X, X[:, 0]),
        "class_weight must be None for regression",
    ),
    (
        {"layers": [*LAYERS, ("output", DenseLayer)]},
        (X, y),
        "layers must have different names, got 'output' twice",
    ),
    ({"layers": [*LAYERS[:2], ("verbose", DenseLayer)]}, (X, y), "choose another name"),
    ({"layers": [*LAYERS[:2], ("update", DenseLayer)]}, (X, y), "choose another name"),
    ({"layers": []}, (X, y), "layers must contain at least an InputLayer"),
    ({"layers": "vgg"}, (X, y), "or layers, got 'vgg'"),
    ({"hidden_incoming": "output"}, (X, y), "a cycle: hidden -> output -> hidden"),
    (
        {"output_incoming": "hiden"},
        (X, y),
        "incoming must be the name of a layer, got 'hiden'. Did you mean 'hidden'",
    ),
    (
        {"hidden_num_units": -5},
        (X, y),
        r"layer 'hidden' \(DenseLayer\): num_units must be a positive integer, got -5",
    ),
    ({"hidden_W": np.zeros((3, 5))}, (X, y), r"W must have shape \(4, 5\), got \(3, 5\)"),
    ({"output_num_units": 2}, (X, y), r"shape \(None, 2\), but y has 3 classes"),
]


@pytest.mark.parametrize(("params", "data", "message"), FAULTS, ids=[f[2][:40] for f in FAULTS])
def test_bad_input_is_told_and_nothing_is_lost(params, data, message):
    net = small().fit(X, y)
    state = net.predict_proba(X), list(net.train_history_), net.n_features_in_
    layers, given = net.layers, net.get_params()
    vars(net).update(params)
    with pytest.raises((ValueError, TypeError), match=message):
        net.fit(*data)
    for name in params:
        if name in given:
            setattr(net, name, given[name])
        else:
            delattr(net, name)
    np.testing.assert_array_equal(net.predict_proba(X), state[0])
    assert (net.train_history_, net.n_features_in_, net.layers) == (*state[1:], layers)


def test_one_message_tells_all_faults():
    net = small(max_epochs=-1, hidden_num_units=-5, updat_learning_rate=1.0)
    with pytest.raises(ValueError) as caught:
        net.fit(with_nan(X), y[:-1])
    for error in ("max_epochs must be", "contains NaN", "'updat_learning_rate'"):
        assert error in str(caught.value)
    net = small(max_epochs=-1, hidden_num_units=-5)
    with pytest.raises(ValueError) as caught:
        net.fit(X, y[:-1])
    for error in ("3 problems", "max_epochs must be", "[150, 149]", "num_units must be"):
        assert error in str(caught.value)


def test_filters_larger_than_the_image_name_layer_and_shape():
    layers = [
        ("input", InputLayer),
        ("conv1", Conv2DLayer),
        ("conv2", Conv2DLayer),
        ("output", DenseLayer),
    ]
    net = NeuralNet(
        layers,
        conv1_num_filters=4,
        conv1_filter_size=3,
        conv2_num_filters=4,
        conv2_filter_size=7,
    )
    with pytest.raises(
        ValueError,
        match=r"layer 'conv2' \(Conv2DLayer\): filter_size must fit into input of shape "
        r"\(None, 4, 6, 6\) plus padding, got \(7, 7\)",
    ):
        net.fit(np.zeros((10, 1, 8, 8)), np.arange(10) % 2)


def test_channels_last_images_are_pointed_at_the_transposition():
    net = small(input_shape=(None, 3, 8, 8))
    with pytest.raises(ValueError, match=r"channels first: X.transpose\(0, 3, 1, 2\)"):
        net.fit(np.zeros((10, 8, 8, 3)), np.arange(10) % 2)


def test_a_function_that_cannot_be_traced_names_the_layer_and_loses_nothing():
    def broken(x):
        raise RuntimeError("not this way")

    net = small().fit(X, y)
    before = net.predict_proba(X)
    net.set_params(hidden_nonlinearity=broken)
    with pytest.raises(RuntimeError, match="not this way") as caught:
        net.fit(X, y)
    assert "in layer 'hidden' (DenseLayer)" in caught.value.__notes__
    np.testing.assert_array_equal(net.predict_proba(X), before)


def test_a_net_that_cannot_go_on_keeps_its_network():
    def cut(key, Xb, yb):
        return Xb[:, :2], yb

    net = small(warm_start=True).fit(X, y)
    before, history = net.predict_proba(X), net.train_history_
    net.set_params(hidden_nonlinearity=tanh, augment=cut)
    with pytest.raises(ValueError, match=r"^augment\[0\] \(cut\)"):
        net.fit(X, y)
    np.testing.assert_array_equal(net.predict_proba(X), before)
    net.set_params(augment=None).fit(X, y)
    assert (len(history), len(net.train_history_)) == (1, 2)
    assert not np.allclose(net.predict_proba(X), before)


def test_losses_are_tried_on_targets_of_each_dtype():
    def picky(predictions, targets):
        if targets.dtype != np.float32:
            raise TypeError("only floats")
        return (predictions[:, :1] - targets) ** 2

    net = small(regression=True, objective_loss_function=picky, output_num_units=3)
    net.fit(X, X[:, :2])
    with pytest.raises(ValueError, match=r"^objective_loss_function must .* int32, .*only floats"):
        net.fit(X, y.repeat(2).reshape(-1, 2))


def test_structure_cannot_change_while_training():
    def meddle(net, history):
        net.update_nesterov = True

    net = small(update=sgd_with_flag, on_epoch_finished=meddle, max_epochs=2)
    assert len(net.fit(X, y).train_history_) == 2
    assert not hasattr(net, "update_nesterov")


def sgd_with_flag(learning_rate: float = 0.01, nesterov: bool = False):
    import optax

    return optax.sgd(learning_rate, momentum=0.9, nesterov=nesterov)


def test_dropout_out_of_range_set_by_a_handler_is_told():
    def meddle(net, history):
        net.drop_p = 1.5

    layers = [*LAYERS[:2], ("drop", DropoutLayer), LAYERS[2]]
    with pytest.raises(ValueError, match=r"p must be a number between 0.0 and 1.0, got 1.5"):
        small(layers=layers, on_epoch_finished=meddle, max_epochs=3).fit(X, y)


def test_a_network_is_built_for_what_a_transform_makes_of_the_rows():
    inner = IMAGES[:, :, 1:-1, 1:-1]
    expected = outputs(inner, Xs=inner)
    for shape in ({}, {"input_shape": (None, 1, 4, 4)}):
        found = outputs(batch_iterator_train=Crop(16), batch_iterator_test=Crop(7), **shape)
        assert_agree(found[0], expected[0])
        assert found[1] == expected[1]


def test_a_transform_gets_rows_as_x_has_them():
    flat = IMAGES.reshape(50, -1)
    iterators = {"batch_iterator_train": Unfold(16), "batch_iterator_test": Unfold(7)}
    found = outputs(flat, Xs=flat, **iterators)
    assert_agree(found[0], outputs()[0])


def test_rows_given_twice_teach_as_much_as_once():
    expected = outputs()
    found = outputs(batch_iterator_train=Twice(16))
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-5)


def test_numbers_of_any_shape_go_through_a_transform():
    class Mirror(BatchIterator):
        def transform(self, Xb, yb):
            return Xb[..., ::-1], yb[..., ::-1]

    net = small(regression=True, batch_iterator_train=Mirror(16))
    assert net.fit(IMAGES, IMAGES[:, 0]).predict(IMAGES).shape == (50, 6, 6)
    assert net.fit(IMAGES, IMAGES[:, 0, 0, 0]).predict(IMAGES).shape == (50,)


def test_validation_needs_the_shape_of_training():
    message = (
        r"^validation set: X must have shape \(n, 1, 4, 4\) for the input layer 'input', "
        r"got \(n, 1, 6, 6\); batch_iterator_train has a transform, "
        r"so batch_iterator_test needs one "
    )
    with pytest.raises(ValueError, match=message):
        outputs(batch_iterator_train=Crop(16))


def test_a_shape_given_to_the_input_is_that_after_the_transform():
    message = (
        r"the transformed batch must have shape \(n, 1, 6, 6\) for the input layer 'input', "
        r"got \(n, 1, 4, 4\)"
    )
    with pytest.raises(ValueError, match=message):
        outputs(batch_iterator_train=Crop(16), input_shape=(None, 1, 6, 6), train_split=None)


def test_predictions_take_rows_as_training_did():
    net = small(batch_iterator_train=Crop(16), train_split=None).fit(IMAGES, SIGNS)
    with pytest.raises(ValueError, match=r"^X must have shape \(n, 1, 4, 4\) for the input"):
        net.predict(IMAGES)
    assert net.set_params(batch_iterator_test=Crop(16)).predict(IMAGES).shape == (50,)
    net.set_params(batch_iterator_test=Twice(16))
    with pytest.raises(
        ValueError, match=r"^transform must return 16 rows for a batch of 16, got 32"
    ):
        net.predict_proba(IMAGES)


def test_weights_of_rows_are_not_lost():
    net = small(batch_iterator_train=Twice(16), class_weight={0: 1.0, 1: 2.0})
    with pytest.raises(
        ValueError, match=r"must keep the number of rows if sample_weight or class_weight"
    ):
        net.fit(IMAGES, SIGNS)


def test_a_function_that_splits_gets_rows_as_x_has_them():
    def split(X, y, net):
        assert X.shape == IMAGES.shape
        return X[:40], X[40:], y[:40], y[40:]

    iterators = {"batch_iterator_train": Crop(16), "batch_iterator_test": Crop(7)}
    assert outputs(train_split=split, **iterators)[0].shape == (50, 2)


@pytest.mark.parametrize("chunk", [1, 64])
def test_small_whole_numbers_become_float32_on_the_device_alone(monkeypatch, chunk):
    """As many bytes travel as X has, and what the network computes is the same."""
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", chunk)
    travelled = set()
    put = jax.device_put

    def note(tree, *args):
        travelled.update(array.dtype for array in getattr(tree, "X", {}).values())
        return put(tree, *args)

    monkeypatch.setattr("jax.device_put", note)
    images = np.random.default_rng(0).integers(0, 255, (50, 1, 6, 6), dtype=np.uint8)
    options = {"update_learning_rate": 1e-4}
    found = outputs(images, Xs=images, **options)
    assert travelled == {np.dtype(np.uint8)}
    floats = images.astype(np.float32)
    expected = outputs(floats, Xs=floats, **options)
    assert_agree(found[0], expected[0])


@pytest.mark.parametrize(
    ("given", "arguments", "message"),
    [
        ({}, {"epochs": 2.5}, "epochs must be a non-negative integer, got 2.5"),
        ({}, {"epochs": True}, "epochs must be a non-negative integer, got True"),
        ({"warm_start": "no"}, {}, "warm_start must be True or False, got 'no'"),
        ({"class_weight": {0: 0, 1: 0, 2: 0}}, {}, "class_weight must give some training sample"),
        ({"class_weight": {7: 1.0}}, {}, "class_weight must have labels of y as keys, got [7]"),
        ({"update_learning_rate": -0.1}, {}, "update_learning_rate must be a finite number >= 0.0"),
        ({"objective_l2": -0.01}, {}, "objective_l2 must be a finite number >= 0.0 or None"),
        (
            {"max_epochs": -1, "update_momentum": 1.5, "verbose": "yes"},
            {"epochs": "10"},
            "4 problems:",
        ),
    ],
)
def test_parameters_out_of_range_leave_a_fitted_net_as_it_was(given, arguments, message):
    net = small(update=nesterov_momentum).fit(X, y)
    before = vars(net) | given
    weights = net.get_all_params_values()
    net.set_params(**given)
    with pytest.raises(InvalidParameterError, match=f"^{re.escape(message)}"):
        net.fit(X, y, **arguments)
    assert before.keys() == vars(net).keys()
    assert all(vars(net)[name] is value for name, value in before.items())
    np.testing.assert_equal(net.get_all_params_values(), weights)


@pytest.mark.parametrize("seed", [0, 7])
def test_the_default_split_follows_random_state(seed):
    """It is that of scikit-learn, with the first number that `random_state` draws."""
    drawn = check_random_state(seed).randint(2**31 - 1)
    rows, labels = np.zeros((50, 2), np.float32), np.arange(50) % 3
    by_class = StratifiedShuffleSplit(1, test_size=0.2, random_state=drawn).split(rows, labels)
    for y, expected in (
        (labels, next(by_class)),
        (np.linspace(0, 1, 50), train_test_split(np.arange(50), test_size=0.2, random_state=drawn)),
    ):
        net = NeuralNet([InputLayer, DenseLayer], regression=y is not labels, random_state=seed)
        fit = prepare(net, FitArguments(rows, y), None, Memo())
        np.testing.assert_array_equal(fit.train.index, expected[0])
        np.testing.assert_array_equal(fit.valid.index, expected[1])
