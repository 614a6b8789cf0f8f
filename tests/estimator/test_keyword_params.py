import functools
import inspect
import re

import optax
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skconv import BatchIterator, NeuralNet, TrainSplit
from skconv.layers import DenseLayer, DropoutLayer, InputLayer
from skconv.utils.other_names import ATTRIBUTES

LAYERS = [("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)]

make_net = functools.partial(NeuralNet, layers=LAYERS, hidden_num_units=4)


def test_prefixed_keywords_are_parameters():
    params = make_net(update_learning_rate=0.5).get_params()
    assert params["hidden_num_units"] == 4
    assert params["update_learning_rate"] == 0.5
    assert params["max_epochs"] == 100
    assert "output_num_units" not in params


def test_what_fit_leaves_behind_is_no_parameter():
    net = make_net(input_shape=(None, 5), output_num_units=3)
    before = net.get_params()
    assert net.initialize().get_params() == before


def test_attributes_set_directly_are_parameters():
    net = make_net()
    net.hidden_num_units = 7
    net.update_momentum = 0.5
    assert net.get_params()["hidden_num_units"] == 7
    assert clone(net).update_momentum == 0.5


def test_set_params_sets_known_and_new_keywords():
    net = make_net()
    assert net.set_params(max_epochs=3, hidden_num_units=5, output_b=0.5) is net
    assert (net.max_epochs, net.hidden_num_units, net.output_b) == (3, 5, 0.5)


def test_new_layers_may_bring_their_keywords():
    net = make_net().set_params(
        layers=[*LAYERS[:2], ("dropout", DropoutLayer), LAYERS[2]], dropout_p=0.1
    )
    assert net.dropout_p == 0.1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "hidden_num_unit",
            "unknown parameter 'hidden_num_unit'. Did you mean 'hidden_num_units'?",
        ),
        ("max_epoch", "unknown parameter 'max_epoch'. Did you mean 'max_epochs'?"),
        ("update_rate", "'update_rate'. Did you mean 'update_learning_rate'?"),
        ("nothing", "unknown parameter 'nothing'. No layer has that prefix; prefixes are: "),
        ("fit", "unknown parameter 'fit'."),
        ("_model", "unknown parameter '_model'."),
        ("classes_", "unknown parameter 'classes_'."),
        ("train_splits__eval_size", "Did you mean 'train_split'?"),
        ("hidden__num_units", "'hidden' for NeuralNet. Write instead: hidden_num_units."),
        ("train_split__size", "Invalid parameter 'size' for estimator TrainSplit"),
        ("max_epochs__size", "max_epochs must have parameters to set max_epochs__size, got 7"),
    ],
)
def test_an_unknown_name_sets_nothing(name, message):
    net = make_net()
    before = dict(vars(net))
    with pytest.raises(ValueError, match=re.escape(message)):
        net.set_params(**{"max_epochs": 7, "hidden_b": 0.5, name: 1})
    assert vars(net) == before


@pytest.mark.parametrize("name", ["fit", "predict", "layers_", "_x", "x_"])
def test_forbidden_names_are_refused_at_once(name):
    message = f"'{name}' cannot be a parameter of NeuralNet"
    with pytest.raises(TypeError, match=message):
        make_net(**{name: 1})


def test_deep_names_reach_into_plain_numbers():
    net = make_net(batch_iterator_train=32, train_split=0.25)
    params = net.get_params()
    assert params["batch_iterator_train__batch_size"] == 32
    assert params["batch_iterator_train__shuffle"] is True
    assert params["batch_iterator_test__shuffle"] is False
    assert params["train_split__eval_size"] == 0.25
    assert "train_split__eval_size" not in net.get_params(deep=False)
    net.set_params(batch_iterator_train__batch_size=8, train_split__stratify=False)
    assert isinstance(net.batch_iterator_train, BatchIterator)
    assert net.batch_iterator_train.batch_size == 8
    assert net.batch_iterator_train.shuffle is True
    assert isinstance(net.train_split, TrainSplit)
    assert net.train_split.eval_size == 0.25
    assert net.train_split.stratify is False


def test_deep_names_act_on_the_object_set_in_the_same_call():
    net = make_net().set_params(
        batch_iterator_train__batch_size=8, batch_iterator_train=BatchIterator(64, shuffle=True)
    )
    assert net.batch_iterator_train.batch_size == 8


def test_a_value_without_parameters_has_no_deep_names():
    names = make_net(train_split=None, batch_iterator_train="a").get_params()
    assert not [name for name in names if name.startswith("train_split__")]


def test_a_clone_has_equal_parameters_and_objects_of_its_own():
    iterator = BatchIterator(16)
    net = make_net(batch_iterator_train=iterator, on_epoch_finished=[print], hidden_b=0.5)
    copy = clone(net)
    assert copy.get_params(deep=False).keys() == net.get_params(deep=False).keys()
    assert copy.hidden_b == 0.5
    assert copy.batch_iterator_train is not iterator
    assert copy.batch_iterator_train.batch_size == 16
    copy.on_epoch_finished.append(repr)
    assert net.on_epoch_finished == [print]


def test_handlers_that_refer_to_each_other_do_so_in_a_clone():
    class Counter:
        def __call__(self, net, history):
            pass

    class Reader(Counter):
        def __init__(self, counter):
            self.counter = counter

    counter = Counter()
    net = make_net(on_batch_finished=counter, on_training_finished=[Reader(counter)])
    copy = clone(clone(net))
    assert copy.on_training_finished[0].counter is copy.on_batch_finished
    assert copy.on_batch_finished is not counter


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        (
            {"batch_size": 32},
            r"'batch_size'. Write instead: batch_iterator_train=128, .* prediction. "
            r"Parameters are given as NeuralNet\(...\).",
        ),
        (
            {"verbose": 0},
            r"'verbose'. It is a parameter of NeuralNet: write NeuralNet\(verbose=...\).",
        ),
        (
            {"validation_data": (1, 2)},
            r"'validation_data'. Write instead: fit\(X, y, X_val=X_val, y_val=y_val\).",
        ),
        ({"epochs": 1, "epoch_size": 3}, "'epoch_size'."),
    ],
)
def test_arguments_of_other_libraries_are_explained(keywords, text):
    message = f"^fit\\(\\) got an unexpected keyword argument {text}$"
    with pytest.raises(TypeError, match=message):
        NeuralNet().fit([[1.0]], [0], **keywords)


def test_fit_keeps_its_signature():
    parameters = inspect.signature(NeuralNet().fit).parameters
    assert list(parameters)[:3] == ["X", "y", "sample_weight"]
    assert not any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    with pytest.raises(TypeError, match=r"^partial_fit\(\) got an unexpected .* 'epochs'. Write"):
        NeuralNet().partial_fit([[1.0]], [0], epochs=3)


def test_a_keyword_can_be_set_while_others_are_incomplete():
    net = NeuralNet(update=optax.adam, train_split=None)
    net.set_params(update_learning_rate=0.1).set_params(update_b1=0.8)
    assert net.get_params()["update_b1"] == 0.8
    with pytest.raises(ValueError, match=r"'update_b3'. Did you mean 'update_b"):
        net.set_params(update_b3=0.8)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("optimizer__lr", "update_learning_rate"),
        ("iterator_train__batch_size", "batch_iterator_train=128, and batch_iterator_test=128"),
    ],
)
def test_nested_parameters_of_other_libraries_are_translated(name, text):
    owner = name.partition("__")[0]
    message = f"^Invalid parameter '{owner}' for NeuralNet. Write instead: {text}"
    with pytest.raises(ValueError, match=message):
        NeuralNet().set_params(**{name: 1})


@pytest.mark.parametrize("name", ["train_loop", "enc_", "train_history_", "coefs_"])
def test_attributes_of_other_libraries_are_explained(name):
    message = f"'NeuralNet' object has no attribute '{name}'. Write instead: {ATTRIBUTES[name]}."
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
        getattr(NeuralNet(), name)


def test_errors_of_properties_are_kept():
    with pytest.raises(NotFittedError):
        _ = NeuralNet().layers_
    with pytest.raises(AttributeError, match=r"^'NeuralNet' object has no attribute 'other'$"):
        _ = NeuralNet().other
