import pickle
from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

from skconv import NeuralNet
from skconv.estimator.initial_model import draw_model
from skconv.init import GlorotUniform
from skconv.layers import DenseLayer, DropoutLayer, InputLayer, NonlinearityLayer
from skconv.model_selection import BatchedGridSearchCV
from skconv.models import Pretrained
from skconv.utils.memo import Memo

X, y = load_iris(return_X_y=True)
X = X.astype(np.float32)

LAYERS = [
    ("input", InputLayer),
    (DenseLayer, {"name": "body", "num_units": 6}),
    ("dropout", DropoutLayer),
    ("output", DenseLayer),
]


def make_net(layers=LAYERS, **params):
    given = {"max_epochs": 0, "random_state": 0, "train_split": None, **params}
    return NeuralNet(layers=layers, **given)


@pytest.fixture(scope="module")
def pretrained():
    return Pretrained.from_net(make_net(random_state=7, max_epochs=2).fit(X, y), "iris")


def weights(net):
    return {parameter.name: parameter.get_value() for parameter in net.get_all_params()}


def assert_equal(one, other, names):
    for name in names:
        np.testing.assert_array_equal(one[name], other[name])


BODY = ["body.W", "body.b"]
OUTPUT = ["output.W", "output.b"]


@pytest.mark.parametrize("form", ["object", "dict", "file"])
def test_a_fit_starts_from_pretrained_weights(pretrained, tmp_path, form):
    path = tmp_path / "iris.npz"
    np.savez(path, **pretrained.weights)
    source = {"object": pretrained, "dict": dict(pretrained.weights), "file": path}[form]
    net = make_net(pretrained=source).fit(X, y)
    assert_equal(weights(net), pretrained.weights, BODY + OUTPUT)


def test_outputs_for_other_classes_are_drawn_at_random(pretrained):
    net = make_net(pretrained=pretrained).fit(X[:100], y[:100])
    assert_equal(weights(net), pretrained.weights, BODY)
    assert_equal(weights(net), weights(make_net().fit(X[:100], y[:100])), OUTPUT)


def test_units_of_an_output_may_be_set_by_a_layer_before_it():
    layers = [*LAYERS[:2], ("units", DenseLayer), ("ends", NonlinearityLayer)]
    how = {"units_nonlinearity": None, "ends_nonlinearity": "softmax"}
    whole = make_net(layers, units_num_units=3, **how).fit(X, y)
    source = Pretrained.from_net(whole, "three classes")
    net = make_net(layers, units_num_units=2, pretrained=source, random_state=1, **how)
    net.fit(X, y % 2)
    assert_equal(weights(net), weights(whole), BODY)
    assert net.predict_proba(X[:1]).shape == (1, 2)


def test_each_fit_starts_from_them_again(pretrained):
    net = make_net(pretrained=pretrained, max_epochs=1)
    first = weights(net.fit(X, y))
    assert_equal(first, weights(net.fit(X, y)), BODY + OUTPUT)
    assert not np.array_equal(first["body.W"], pretrained.weights["body.W"])


def test_a_warm_start_continues_from_its_own_weights(pretrained):
    net = make_net(pretrained=pretrained, max_epochs=1, warm_start=True).fit(X, y)
    before = weights(net)
    net.set_params(max_epochs=0).fit(X, y)
    assert_equal(weights(net), before, BODY + OUTPUT)


def test_clones_pickles_and_initialized_nets_have_them(pretrained):
    net = make_net(pretrained=pretrained, input_shape=(None, 4), output_num_units=3)
    assert clone(net).pretrained is pretrained
    for other in (clone(net), pickle.loads(pickle.dumps(net))):
        assert_equal(weights(other.initialize()), pretrained.weights, BODY + OUTPUT)


@pytest.mark.parametrize("search", [GridSearchCV, BatchedGridSearchCV])
def test_candidates_of_a_search_start_from_them(pretrained, search):
    net = make_net(pretrained=pretrained, max_epochs=1)
    found = search(net, {"update_learning_rate": [0.0, 0.01]}, cv=2).fit(X, y)
    still = make_net(pretrained=pretrained, update_learning_rate=0.0).fit(X, y)
    best = found.cv_results_["params"].index({"update_learning_rate": 0.0})
    scores = [found.cv_results_[f"split{i}_test_score"][best] for i in range(2)]
    assert np.mean(scores) == pytest.approx(still.score(X, y), abs=1e-6)


class Counted(GlorotUniform):
    """Counts what is drawn."""

    drawn: ClassVar[list] = []

    def __call__(self, key, shape, dtype):
        self.drawn.append(shape)
        return super().__call__(key, shape, dtype)


def load_all(net, pretrained):
    return net.load_params_from(pretrained)


def load_some(net, pretrained):
    with pytest.warns(UserWarning, match="skips parameters of another shape"):
        net.load_params_from(pretrained, strict=False)


def load_over(net, pretrained):
    net.set_params(pretrained=pretrained).load_params_from({"body.b": np.ones(6)}, strict=False)


@pytest.mark.parametrize(
    ("start", "units", "drawn"),
    [
        (lambda net, pretrained: net.set_params(pretrained=pretrained).initialize(), 3, []),
        (lambda net, pretrained: net.set_params(pretrained=pretrained).fit(X, y), 3, []),
        (lambda net, pretrained: net.set_params(pretrained=pretrained).initialize(), 2, [(6, 2)]),
        (load_all, 3, []),
        (load_some, 2, [(6, 2)]),
        (load_over, 3, []),
    ],
    ids=["initialize", "fit", "other classes", "load", "load some", "both"],
)
def test_only_layers_without_weights_are_drawn(pretrained, start, units, drawn):
    sizes = {"input_shape": (None, 4), "output_num_units": units}
    Counted.drawn.clear()
    net = make_net(body_W=Counted(), output_W=Counted(), **sizes)
    start(net, pretrained)
    assert Counted.drawn == drawn
    plain = weights(make_net(body_W=Counted(), output_W=Counted(), **sizes).initialize())
    known = {} if drawn else {"output.W": pretrained.weights["output.W"]}
    expected = {**plain, "body.W": pretrained.weights["body.W"], **known}
    assert_equal(weights(net), expected, ["body.W", "output.W"])
    b = np.ones(6) if start is load_over else pretrained.weights["body.b"]
    np.testing.assert_array_equal(net.layers_["body"].b.get_value(), b)


def test_other_layers_must_have_the_same_shape(pretrained):
    with pytest.raises(
        ValueError,
        match=r"^pretrained: source must have the shapes of this net in all layers but the "
        r"outputs: body.W has shape \(4, 5\), got \(4, 6\); body.b has shape \(5,\), got \(6,\)$",
    ):
        make_net(pretrained=pretrained, body_num_units=5).fit(X, y)


def test_weights_of_another_net_are_refused(pretrained):
    other = [("input", InputLayer), ("last", DenseLayer)]
    with pytest.raises(ValueError, match="pretrained: source must have parameters with names"):
        make_net(other, pretrained=pretrained).fit(X, y)


def test_layers_drawn_at_random_between_pretrained_ones_are_warned_of(pretrained):
    layers = [
        ("input", InputLayer),
        (DenseLayer, {"name": "first", "num_units": 4}),
        *LAYERS[1:],
    ]
    with pytest.warns(UserWarning, match="pretrained has no weights for first, which feed"):
        make_net(layers, pretrained=pretrained).fit(X, y)


def test_new_layers_at_the_end_are_told_with_verbose(pretrained, capsys):
    layers = [*LAYERS[:-1], ("new", DenseLayer)]
    make_net(layers, pretrained=pretrained, verbose=1).fit(X, y)
    assert (
        "Starts from 2 pretrained arrays of iris; drawn at random: new." in capsys.readouterr().out
    )


def test_a_net_is_refused_because_clones_would_lose_its_weights():
    with pytest.raises(ValueError, match=r"write skconv.models.Pretrained.from_net\(net\)"):
        make_net(pretrained=make_net().fit(X, y)).fit(X, y)


def test_fits_with_other_seeds_share_pretrained_arrays(pretrained):
    """So that a search computes the features of frozen layers once for all its fits."""
    memo = Memo()
    net = make_net(pretrained=pretrained, input_shape=(None, 4), output_num_units=3)
    models = [
        draw_model(net.get_params(deep=False) | {"random_state": seed}, net._build_network(), memo)
        for seed in (0, 1)
    ]
    one, other = (model.params["body"]["W"] for model in models)
    assert one is other
