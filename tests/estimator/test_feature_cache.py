import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

from skconv import NeuralNet
from skconv.augment import RandomCrop
from skconv.data.iterators import BatchIterator
from skconv.handlers import (
    EarlyStopping,
    ExponentialMovingAverage,
    Freeze,
    Unfreeze,
)
from skconv.layers import (
    BatchNormLayer,
    ConcatLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    GlobalPoolLayer,
    InputLayer,
    LocalResponseNormalization2DLayer,
    NonlinearityLayer,
    StandardizationLayer,
)
from skconv.model_selection import BatchedGridSearchCV
from tests.compiling import compiled

X, y = load_digits(return_X_y=True)
X = (X[:120] / 16).astype(np.float32).reshape(-1, 1, 8, 8)
y = y[:120] % 3

LAYERS = [
    ("input", InputLayer),
    (Conv2DLayer, {"name": "conv", "num_filters": 4, "filter_size": 3}),
    ("norm", BatchNormLayer),
    ("rectify", NonlinearityLayer),
    ("pool", GlobalPoolLayer),
    ("dropout", DropoutLayer),
    (DenseLayer, {"name": "hidden", "num_units": 8}),
    ("output", DenseLayer),
]
FROZEN = {"conv_grad_scale": 0, "norm_grad_scale": 0}


def make_net(layers=LAYERS, **params):
    given = {"max_epochs": 3, "random_state": 0, "dropout_p": 0.2, **FROZEN, **params}
    return NeuralNet(layers, batch_iterator_train=32, **given)


def weights(net):
    return {parameter.name: parameter.get_value() for parameter in net.get_all_params()}


def assert_close(one, other):
    ours, theirs = weights(one), weights(other)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_allclose(value, theirs[name], rtol=1e-5, atol=1e-6, err_msg=name)


def flat_net(*layers, **params):
    given = {"max_epochs": 2, "random_state": 0, "batch_iterator_train": 32, **params}
    return NeuralNet([("input", InputLayer), *layers, ("output", DenseLayer)], **given)


@pytest.mark.parametrize(
    "last",
    [BatchNormLayer(grad_scale=0), DropoutLayer(p=0.0), StandardizationLayer()],
    ids=lambda layer: type(layer).__name__,
)
def test_the_last_frozen_layer_may_have_numbers_of_its_own(last):
    layers = ("hidden", DenseLayer(num_units=6, grad_scale=0)), ("last", last)
    assert_close(
        *(flat_net(*layers, cache_features=cache).fit(X[:, 0, 0], y) for cache in (False, True))
    )


def test_candidates_with_other_numbers_in_frozen_layers_have_their_own_features():
    layers = (
        (Conv2DLayer, {"name": "conv", "num_filters": 6, "filter_size": 3, "grad_scale": 0}),
        ("lrn", LocalResponseNormalization2DLayer(k=1.0)),
    )
    how = {"cv": [(np.arange(80), np.arange(80, 120))], "scoring": "neg_log_loss"}
    cached, plain = (
        BatchedGridSearchCV(
            flat_net(*layers, cache_features=cache), {"lrn_k": [1.0, 50.0]}, refit=False, **how
        )
        .fit(X, y)
        .cv_results_["mean_test_score"]
        for cache in (True, False)
    )
    assert abs(plain[0] - plain[1]) > 1e-3
    np.testing.assert_allclose(cached, plain, atol=1e-6)


@pytest.fixture(scope="module")
def cached():
    return make_net(cache_features=True).fit(X, y)


def test_weights_are_those_of_a_training_without_a_cache(cached):
    plain = make_net().fit(X, y)
    assert_close(cached, plain)
    np.testing.assert_allclose(cached.predict_proba(X), plain.predict_proba(X), atol=1e-6)
    for one, other in zip(cached.train_history_, plain.train_history_, strict=True):
        for name in ("train_loss", "valid_loss", "valid_accuracy"):
            assert one[name] == pytest.approx(other[name], rel=1e-5), name


def test_frozen_layers_are_computed_once(cached):
    """A program for the features, none for the layers before them in the training step."""
    calls = []

    class Counting(NonlinearityLayer):
        def apply(self, params, state, *inputs, ctx):
            calls.append(ctx.train)
            return super().apply(params, state, *inputs, ctx=ctx)

    layers = [(name, Counting) if name == "rectify" else (name, own) for name, own in LAYERS[3:4]]
    make_net([*LAYERS[:3], *layers, *LAYERS[4:]], cache_features=True).fit(X, y)
    assert calls
    assert not any(calls)


def test_further_fits_compile_nothing(cached):
    assert compiled(clone(cached).fit, X, y)[1] == 0


def test_training_continues_with_the_state_of_the_update(cached):
    whole = make_net(cache_features=True, max_epochs=4).fit(X, y)
    parts = make_net(cache_features=True, max_epochs=2, warm_start=True).fit(X, y)
    assert_close(parts.fit(X, y), whole)


def test_all_layers_are_trained_after_the_head(cached):
    net = pickle.loads(pickle.dumps(cached))
    before = weights(net)
    net.set_params(warm_start=True, cache_features=False, conv_grad_scale=1, norm_grad_scale=1).fit(
        X, y
    )
    assert not np.array_equal(weights(net)["conv.W"], before["conv.W"])


def test_other_inputs_enter_as_they_are():
    layers = [
        ("image", InputLayer),
        (Conv2DLayer, {"name": "conv", "num_filters": 2, "filter_size": 3, "grad_scale": 0}),
        ("pool", GlobalPoolLayer),
        ("more", InputLayer),
        (ConcatLayer, {"name": "join", "incomings": ["pool", "more"]}),
        ("output", DenseLayer),
    ]
    rows = {"image": X, "more": X[:, 0, 3, :5]}
    nets = [
        NeuralNet(layers, random_state=0, max_epochs=2, cache_features=cache).fit(rows, y)
        for cache in (False, True)
    ]
    assert_close(*nets)


def test_handlers_see_all_layers_and_predict():
    seen = []

    def look(net, history):
        seen.append((set(net.layers_), net.predict(X).shape, len(weights(net))))

    make_net(
        cache_features=True,
        on_epoch_finished=[look, EarlyStopping(patience=2)],
    ).fit(X, y)
    names = {"input", "conv", "norm", "rectify", "pool", "dropout", "hidden", "output"}
    assert seen == [(names, (120,), 10)] * 3


def test_a_copy_made_during_a_training_predicts_and_goes_on(cached):
    copies = []

    def keep(net, history):
        copies.append((pickle.dumps(net._model), net.predict_proba(X)))

    net = make_net(cache_features=True, max_epochs=1, on_epoch_finished=keep).fit(X, y)
    model, probabilities = copies[0]
    net._model = pickle.loads(model)
    np.testing.assert_array_equal(net.predict_proba(X), probabilities)
    net.set_params(warm_start=True, cache_features=False, on_epoch_finished=None).fit(X, y)
    assert weights(net).keys() == weights(cached).keys()


def test_averages_of_the_weights_are_those_without_a_cache():
    nets = [
        make_net(cache_features=cache, on_batch_finished=ExponentialMovingAverage(0.9)).fit(X, y)
        for cache in (False, True)
    ]
    assert_close(*nets)


def test_candidates_of_a_search_share_the_features():
    net = make_net(cache_features=True, max_epochs=2)
    grid = {"update_learning_rate": [0.01, 0.001, 0.1]}
    cached, plain = (
        BatchedGridSearchCV(clone(net).set_params(cache_features=cache), grid, cv=2).fit(X, y)
        for cache in (True, False)
    )
    np.testing.assert_allclose(
        cached.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"], atol=1e-6
    )
    assert_close(cached.best_estimator_, plain.best_estimator_)


def test_an_interrupted_training_keeps_all_layers(cached):
    def interrupt(net, history):
        if len(history) == 2:
            raise KeyboardInterrupt

    net = make_net(cache_features=True, on_epoch_finished=interrupt)
    with pytest.warns(UserWarning, match="interrupted after 2 epochs"):
        net.fit(X, y)
    assert weights(net).keys() == weights(cached).keys()
    assert net.predict(X).shape == (120,)


class Flipping(BatchIterator):
    def transform(self, Xb, yb):
        return Xb, yb


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"augment": RandomCrop(pad=1)}, "False with augment, which changes rows in each epoch"),
        ({"batch_iterator_train": Flipping(16)}, "False with the transform of batch_iterator_tr"),
        ({"batch_iterator_test": Flipping(16)}, "False with the transform of batch_iterator_test"),
        ({"conv_grad_scale": 0.1}, "not frozen, as is 'conv'; set conv_grad_scale=0"),
        (
            {"conv_grad_scale": None, "on_training_started": Freeze("conv")},
            "rather than by the handler Freeze",
        ),
        ({"on_epoch_finished": Unfreeze("conv", epoch=2)}, "must be False for layers that are unf"),
    ],
)
def test_what_changes_features_is_refused_before_training(params, message):
    net = make_net(cache_features=True).set_params(**params)
    with pytest.raises(ValueError, match=message):
        net.fit(X, y)
    assert not hasattr(net, "train_history_")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("conv_grad_scale", "grad_scale must stay 0 for conv during a training with"),
        ("norm_epsilon", "epsilon must stay 0.0001 for norm during a training with"),
    ],
)
def test_frozen_layers_cannot_be_changed_meanwhile(name, message):
    def change(net, history):
        setattr(net, name, 1.0)

    with pytest.raises(ValueError, match=message):
        make_net(cache_features=True, on_epoch_finished=change).fit(X, y)
