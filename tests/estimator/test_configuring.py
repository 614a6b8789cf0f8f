import inspect
import json

import jax
import numpy as np
import optax
import pytest
from sklearn.base import clone

from skconv import NeuralNet, NeuralNetClassifier, NeuralNetRegressor, TrainSplit, models
from skconv.augment import RandomAffine, Sometimes, TenCrop, TestTime
from skconv.estimator.configuring import net_classes
from skconv.handlers import AdjustVariable, EarlyStopping, RememberBestWeights
from skconv.layers import DenseLayer, DropoutLayer, ElemwiseSumLayer, InputLayer
from skconv.layers.base import Layer
from skconv.utils.digests import digest

from ..nets import X, image_net, make_net, three_headed, y

NEEDED = {"configuration": "A", "depth": 18, "shape": (3, 32, 32)}
"""Required arguments of models."""


class Twice(Layer):
    def output_shape(self, shape):
        return shape

    def apply(self, params, state, x, *, ctx):
        return 2 * x, {}


class Own(NeuralNet):
    pass


def own_loss(predictions, targets):
    return (predictions - targets) ** 2


def through(net, trusted=None, cls=NeuralNet):
    """Return the net that a file of JSON describes."""
    text = json.dumps(net.to_config(trusted), allow_nan=False)
    return cls.from_config(json.loads(text), trusted)


def networks():
    """Return the keywords of each published network."""
    found = {}
    for name in models.__all__:
        function = getattr(models, name)
        if not inspect.isfunction(function):
            continue
        required = [
            p for p in inspect.signature(function).parameters.values() if p.default is p.empty
        ]
        if all(p.name in NEEDED for p in required):
            given = function(**{p.name: NEEDED[p.name] for p in required})
            if isinstance(given, dict):
                found[name] = given
    return found


def test_all_models_come_back():
    found = networks()
    assert {"alexnet", "default", "googlenet", "lenet5", "resnet", "vgg"} <= found.keys()
    for name, given in found.items():
        net = NeuralNet(**given, update="adam")
        other = through(net)
        assert digest(other.get_params(deep=False)) == digest(net.get_params(deep=False)), name


FULL = {
    "update": optax.adamw,
    "update_learning_rate": optax.cosine_decay_schedule(0.1, 100),
    "update_weight_decay": np.float32(0.1),
    "objective_l2": 1e-4,
    "objective_loss_function": "mse",
    "batch_iterator_train": 16,
    "train_split": TrainSplit(0.3, random_state=1),
    "custom_scores": ["r2"],
    "scores_valid": [("own", own_loss)],
    "on_epoch_finished": [AdjustVariable("update_weight_decay", 0.1, 0.01)],
    "augment": [("sometimes", Sometimes(p=0.3, transform=RandomAffine(rotation=(-5, 10))))],
    "augment_sometimes_p": 0.5,
    "test_augment": TestTime(TenCrop((6, 6))),
    "random_state": np.random.RandomState(3),
    "more_params": {"hidden_num_units": 7},
    "ignore_label": np.nan,
    "regression": True,
    "outputs": ["output"],
    "output_weights": {"output": 2.0},
    "hidden_W": jax.nn.initializers.he_normal(),
}


def test_all_parameters_come_back():
    net = make_net(**FULL)
    config = net.to_config([own_loss])
    assert json.dumps(through(net, [own_loss]).to_config([own_loss])) == json.dumps(config)
    assert config["params"]["update"] == {"function": "optax.adamw"}
    assert config["params"]["scores_valid"] == [
        {"tuple": ["own", {"function": f"{__name__}.own_loss"}]}
    ]


@pytest.mark.parametrize("make", [NeuralNet, make_net, three_headed, image_net])
def test_nets_come_back(make):
    net = make()
    other = through(net)
    assert type(other) is NeuralNet
    assert digest(other.get_params(deep=False)) == digest(net.get_params(deep=False))


def test_layers_come_back_in_all_forms():
    forms = [
        ("input", InputLayer),
        (DenseLayer, {"name": "a", "num_units": 4}),
        DenseLayer(name="b", num_units=4),
        ("c", DropoutLayer(p=0.3)),
        ElemwiseSumLayer(["a", "c"], name="sum"),
        DropoutLayer,
        ["output", DenseLayer],
    ]
    net = NeuralNet(forms, output_num_units=3, input_shape=(None, 4), random_state=0)
    other = through(net)
    assert digest(other.layers) == digest(forms)
    expected = net.initialize().get_all_params_values()
    for name, own in other.initialize().get_all_params_values().items():
        for one, two in zip(own, expected[name], strict=True):
            np.testing.assert_array_equal(one, two)


def test_graphs_of_instances_come_back_and_share_parameters():
    below = InputLayer((None, 4))
    one = DenseLayer(below, 4)
    last = DenseLayer(ElemwiseSumLayer([one, below]), 4, W=one.W, name="last")
    net = NeuralNet(last, random_state=0)
    other = through(net).initialize()
    net.initialize()
    assert other.network_.key == net.network_.key
    assert other.network_.shared == net.network_.shared
    assert other.network_.shared
    before = through(net)  # also after the layers have entered a net
    np.testing.assert_array_equal(
        before.initialize().predict_proba(X[:, :4]), net.predict_proba(X[:, :4])
    )


def test_a_net_that_comes_back_trains_as_the_first():
    best = RememberBestWeights(verbose=0)
    net = make_net(
        on_epoch_finished=[best, EarlyStopping(verbose=0)],
        on_training_finished=[best.restore],
        train_split=None,
        max_epochs=1,
    )
    other = through(net)
    assert other.on_training_finished[0].remember is other.on_epoch_finished[0]
    expected = net.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(other.fit(X, y).predict_proba(X), expected)
    assert through(net).get_params(deep=False).keys() == net.get_params(deep=False).keys()
    assert through(clone(net)).max_epochs == net.max_epochs


@pytest.mark.parametrize("cls", [NeuralNetClassifier, NeuralNetRegressor])
def test_the_class_comes_back(cls):
    assert net_classes()[cls.__name__] is cls
    assert type(through(cls(max_epochs=3))) is cls
    with pytest.raises(ValueError, match=f"^class must be {cls.__name__} or a class that derives"):
        cls.from_config(NeuralNet().to_config())


def test_a_subclass_comes_back_if_it_is_asked_for_or_trusted():
    config = Own(max_epochs=3).to_config()
    assert config["class"] == f"{__name__}.Own"
    assert type(Own.from_config(config)) is Own
    for trusted in ([Own], [config["class"]]):
        assert type(NeuralNet.from_config(config, trusted)) is Own
    with pytest.raises(ValueError, match=r"^class must be a name .*trusted=\["):
        NeuralNet.from_config(config)
    assert type(Own.from_config({"params": {}})) is Own


def test_devices_belong_to_the_process():
    assert NeuralNet(devices=[jax.devices()[0]]).to_config()["params"]["devices"] == 1
    assert NeuralNet(devices="all").to_config()["params"]["devices"] == "all"


def test_a_config_says_its_versions_and_leaves_out_defaults():
    config = NeuralNet(hidden_layer_sizes=(100,), verbose=0).to_config()
    assert config == {"format": 1, "skconv": config["skconv"], "class": "NeuralNet", "params": {}}
    assert NeuralNet(verbose=False).to_config()["params"] == {"verbose": False}


def test_what_has_no_name_is_refused_by_its_parameter_all_at_once():
    net = NeuralNet(
        [("input", InputLayer), ("twice", Twice)],
        objective_loss_function=lambda predictions, targets: targets,
        update=optax.adam(0.1),
        twice_l2=np.zeros(2000),
    )
    with pytest.raises(ValueError, match=r"^4 problems:") as info:
        net.to_config()
    first = [str(one).partition(" must be")[0] for one in info.value.problems]
    assert sorted(first) == ["layers[1][1]", "objective_loss_function", "twice_l2", "update"]
    assert type(through(NeuralNet([Twice()]), [Twice]).layers[0]) is Twice


def test_all_problems_of_a_config_are_found_at_once():
    config = {
        "class": "NeuralNetClasifier",
        "parms": 1,
        "params": {
            "update": {"function": "optax.adem"},
            "layers": [["input", {"class": "InputLayr"}], {"object": "os.system", "params": {}}],
        },
    }
    with pytest.raises(ValueError, match=r"^5 problems:") as info:
        NeuralNet.from_config(config)
    for text in (
        "got 'parms'. Did you mean 'params'?",
        "got 'NeuralNetClasifier'. Did you mean 'NeuralNetClassifier'?",
        "update.function must be a name that skconv knows, got 'optax.adem'. Did you mean 'optax.",
        "layers[0][1].class must be a name that skconv knows, got 'InputLayr'. Did you mean 'Inpu",
        "layers[1].object must be a name that skconv knows, got 'os.system'; if you trust it",
    ):
        assert text in str(info.value)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"params": {"max_epoch": 3}}, "unknown parameter 'max_epoch'. Did you mean 'max_epochs'"),
        ({"params": {"fit": 3}}, "'fit' cannot be a parameter of NeuralNet"),
        ({"params": [3]}, "^params must be a dict with names as keys, got list$"),
        ({"params": {3: 4}}, "^params must be a dict with names as keys"),
        ({"class": 3}, "^class must be a name, got 3$"),
        ({"class": "DenseLayer"}, "got 'DenseLayer'. Valid names: NeuralNet, .{0,40}$"),
        ({"class": "optax.adam"}, "^class must be NeuralNet or a class that derives from it"),
        (
            {"format": 2, "skconv": "9.9"},
            r"^format must be a number from 1 to 1, got 2; the config was written by skconv 9\.9, "
            "which this version, .*, cannot read$",
        ),
        ({"format": "1"}, "^format must be a number from 1 to 1, got '1'; leave it out for a"),
        ({"max_epochs": 3}, r"got 'max_epochs'\. Write it in 'params', as in {'params': {'max_epo"),
        ({"parms": {}}, "^config must have known keys, got 'parms'. Did you mean 'params'"),
        (
            {"params": {"layers": ["InputLayer"]}},
            r"^layers\[0\] must have a class, got the text 'I",
        ),
        (
            {"params": {"layers": [["output", "DenseLayer"]]}},
            r"^layers\[0\] must have a class, got the text 'DenseLayer'\. "
            r"Write {'class': 'DenseLayer'}, or 'object' for one with parameters\.$",
        ),
        (
            {"params": {"layers": [["DenseLayer", {"num_units": 3}]]}},
            r"^layers\[0\] must have a class, got the text 'DenseLayer'",
        ),
        ({"params": {"layers": [{"class": "DenseLayer", "num_units": 3}]}}, "'object': ..., 'para"),
        ({"format": True}, "^format must be a number"),
    ],
    ids=range(16),
)
def test_damaged_configs_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        NeuralNet.from_config(config)


def test_a_layer_may_have_the_name_of_a_class():
    layers = [["DenseLayer", {"class": "InputLayer"}], ["output", {"class": "DenseLayer"}]]
    net = NeuralNet.from_config({"params": {"layers": layers}})
    assert [layer[0] for layer in net.layers] == ["DenseLayer", "output"]


def test_a_config_nested_too_deeply_is_refused():
    value = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(ValueError, match=r"^config must not be nested as deeply as it is$"):
        NeuralNet.from_config({"params": {"layers": value}})


@pytest.mark.parametrize("config", ["config.json", None, [1]])
def test_a_config_must_be_a_dict(config):
    with pytest.raises(TypeError, match=r"^config must be a dict .* got .*; json\.load and yaml"):
        NeuralNet.from_config(config)
