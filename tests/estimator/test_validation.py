import re
from pathlib import Path

import jax
import numpy as np
import optax
import pandas as pd
import pytest
from sklearn.model_selection import KFold

from skconv.data.iterators import (
    BatchIterator,
    TrainSplit,
    as_split,
    as_test_iterator,
    as_train_iterator,
)
from skconv.errors import InvalidParameterError
from skconv.estimator.validation import RULES, check_settings
from skconv.models import Pretrained
from skconv.objectives import objective
from skconv.updates import rules as updates

OBJECTIVE = (
    "a function (predictions, targets, weights, params, *, loss_function, ...) such as "
    "skconv.objectives.objective"
)

DEVICES = (
    "'all', the number of devices, a list of different jax devices of one platform, a "
    "jax.sharding.Mesh of one axis, or None"
)

DEVICE_COUNT = jax.local_device_count()

VALID = {
    "update": [updates.adam, optax.adam, optax.sgd(0.1)],
    "objective": [max, objective],
    "objective_loss_function": [None, max, {"digit": max, "age": None}],
    "hidden_layer_sizes": [(100,), [50, np.int64(20)], 10, ()],
    "normalize_y": [None, True, np.False_],
    "regression": [True, False, np.True_, 0, {"age": True}, [False, True]],
    "outputs": [None, "digit", ["digit", "parity"], ("digit",)],
    "aux_outputs": [None, {}, {"aux1": 0.3, "aux2": np.float32(0)}],
    "output_weights": [None, {"parity": 1}],
    "batch_iterator_train": [None, 1, 128, np.int64(5), BatchIterator(10), BatchIterator(None)],
    "batch_iterator_test": [1, BatchIterator(np.int32(10))],
    "max_epochs": [0, 10, np.int64(3)],
    "epochs": [0, 10, np.int64(3)],
    "train_split": [
        None,
        0,
        0.2,
        np.float32(0.5),
        TrainSplit(),
        TrainSplit(0),
        KFold(3),
        max,
        [([0], [1])],
    ],
    "custom_scores": [
        None,
        [],
        [("f1", max)],
        (["f1", max],),
        ["roc_auc", ("a", "f1")],
        "r2",
        {"a": "r2"},
    ],
    "scores_train": [None, [("f1", max)]],
    "scores_valid": [None, [("f1", max)]],
    "on_batch_finished": [None, [], max],
    "on_epoch_finished": [None, [max, min], (max,)],
    "on_training_started": [None, max],
    "on_training_finished": [None, [max]],
    "more_params": [None, {}, {"conv1_pad": 1}],
    "class_weight": [None, "balanced", {0: 1.0}, {"rare": np.float32(3), "common": 0}],
    "ignore_label": [None, np.nan, pd.NA, 255, "-", np.int8(3), [None, np.nan], {"a": -1}],
    "check_input": [True, False, np.True_, 0],
    "data_format": ["channels_first", "channels_last", {"image": "channels_last"}],
    "use_label_encoder": [True, 1],
    "warm_start": [True, np.False_],
    "verbose": [0, 3, True, np.int64(2)],
    "random_state": [None, 0, np.int64(2**32 - 1), np.random.RandomState(0), np.random],
    "augment": [None, max, [max, min], [("largest", max), ["least", min], max]],
    "test_augment": [None, max],
    "transform_layer": [None, "hidden", -1, np.int64(2)],
    "autoencoder": [True, np.False_],
    "devices": [None, "all", 1, np.int8(1), jax.local_devices()[:1]],
    "shard_params": [True, 0],
    "compute_dtype": [None, "float32", "bfloat16"],
    "accumulate_steps": [1, np.int64(4)],
    "remat": [None, True, "conv1", ["conv1", "dense*"], ("conv1",)],
    "cache_features": [True, 0],
    "pretrained": [None, Pretrained({}, {}), {"output.W": 1}, "net.npz", Path("net.npz")],
}

FUNCTIONS = "a function (net, train_history), or a list of them"
SCORES = "a list of (name, function)"
CUSTOM = f"{SCORES} or names of scikit-learn's scorers"
SIZE = "a positive integer or a BatchIterator"
EPOCHS = "a non-negative integer"
IGNORED = "a label or number, numpy.nan or None, or a dict or list of them by output"

SEED = "an integer between 0 and 4294967295, a RandomState or None"
FLAG = "True or False"
DTYPE = "None, 'float32', 'bfloat16' or, where JAX has it enabled, 'float64'"
SPLIT = (
    "a fraction between 0 and 1, a splitter such as KFold(5), a list of pairs of arrays of row "
    "indices, a function (X, y, net), or None"
)
WEIGHTS = "a dict of non-negative weights by label, 'balanced', or None"
TRAIN_SIZE = "a positive integer, a BatchIterator or None"
UNITS = "a positive integer, or a list or tuple of them"

LOSSES = "a function (predictions, targets) or its name, a dict of them by output, or None"
FLAGS = "True or False, or a dict or list of them by output"
NAMES = "the name of a layer, a list of names, or None"
FACTORS = "a dict of non-negative weights by output, or None"

TRANSFORMS = (
    "a transform or function (key, Xb, yb), a list of them or of (name, transform), or None"
)

LAYER = "the name or the index of a layer, or None"

FORMAT = "'channels_first' or 'channels_last', or a dict of them by input"

INVALID = [
    ("update", None, "an update rule such as skconv.updates.adam or optax.adam, or its name"),
    ("objective", None, OBJECTIVE),
    ("objective_loss_function", 3, LOSSES),
    ("objective_loss_function", {"age": 3}, LOSSES),
    ("regression", "yes", FLAGS),
    ("regression", None, FLAGS),
    ("regression", {"age": 2}, FLAGS),
    ("outputs", [], NAMES),
    ("outputs", [1], NAMES),
    ("outputs", {"digit": 1}, NAMES),
    ("aux_outputs", ["aux1"], FACTORS),
    ("aux_outputs", {"aux1": -1}, FACTORS),
    ("output_weights", {"age": float("inf")}, FACTORS),
    ("output_weights", {"age": "much"}, FACTORS),
    ("output_weights", {"age": True}, FACTORS),
    ("batch_iterator_train", 0, TRAIN_SIZE),
    ("batch_iterator_train", 12.0, TRAIN_SIZE),
    ("batch_iterator_train", True, TRAIN_SIZE),
    ("hidden_layer_sizes", 0, UNITS),
    ("hidden_layer_sizes", (100, 2.5), UNITS),
    ("hidden_layer_sizes", "100", UNITS),
    ("hidden_layer_sizes", None, UNITS),
    ("normalize_y", "yes", "True, False or None"),
    ("batch_iterator_test", None, SIZE),
    ("batch_iterator_test", 1e3, SIZE),
    ("max_epochs", -1, "a non-negative integer"),
    ("max_epochs", 1.0, "a non-negative integer"),
    ("max_epochs", True, "a non-negative integer"),
    ("epochs", True, EPOCHS),
    ("epochs", 2.5, EPOCHS),
    ("epochs", "10", EPOCHS),
    ("check_input", "no", FLAG),
    ("data_format", "last", FORMAT),
    ("data_format", {"image": None}, FORMAT),
    ("use_label_encoder", None, FLAG),
    ("warm_start", "no", FLAG),
    ("warm_start", 2, FLAG),
    ("verbose", "yes", EPOCHS),
    ("verbose", -1, EPOCHS),
    ("verbose", 0.5, EPOCHS),
    ("random_state", -1, SEED),
    ("random_state", 2**32, SEED),
    ("random_state", 1.0, SEED),
    ("random_state", True, SEED),
    ("random_state", "zero", SEED),
    ("class_weight", {0: -1, 1: 1}, WEIGHTS),
    ("class_weight", {0: float("nan")}, WEIGHTS),
    ("class_weight", {0: float("inf")}, WEIGHTS),
    ("class_weight", {0: True}, WEIGHTS),
    ("class_weight", {0: "2"}, WEIGHTS),
    ("train_split", 1, SPLIT),
    ("train_split", 1.5, SPLIT),
    ("train_split", -0.1, SPLIT),
    ("train_split", float("nan"), SPLIT),
    ("train_split", True, SPLIT),
    ("train_split", False, SPLIT),
    ("train_split", 5, SPLIT),
    ("train_split", "0.2", SPLIT),
    ("train_split", [], SPLIT),
    ("train_split", lambda X, y: None, SPLIT),
    ("custom_scores", 3, f"{CUSTOM}, or a dict of them by output"),
    ("scores_valid", 3, SCORES),
    ("train_split", KFold(2).split([[0], [1]]), SPLIT),
    ("scores_train", "f1", SCORES),
    ("on_batch_finished", "print", FUNCTIONS),
    ("on_epoch_finished", [max, None], FUNCTIONS),
    ("on_training_started", 1, FUNCTIONS),
    ("on_training_finished", [1], FUNCTIONS),
    ("more_params", [("conv1_pad", 1)], "a dict or None"),
    ("class_weight", "auto", WEIGHTS),
    ("class_weight", [1.0, 2.0], WEIGHTS),
    ("class_weight", np.ones(2), WEIGHTS),
    ("class_weight", pd.Series([1.0, 2.0]), WEIGHTS),
    ("ignore_label", {"a"}, IGNORED),
    ("ignore_label", [[1]], IGNORED),
    ("ignore_label", np.zeros(2), IGNORED),
    ("augment", 3, TRANSFORMS),
    ("augment", [max, 3], TRANSFORMS),
    ("augment", [("name", 3)], TRANSFORMS),
    ("augment", ("name", max), TRANSFORMS),
    ("test_augment", [max], "a function (forward, key, Xb), or None"),
    ("transform_layer", 1.5, LAYER),
    ("transform_layer", ["hidden"], LAYER),
    ("transform_layer", True, LAYER),
    ("autoencoder", "yes", FLAG),
    ("devices", "gpu", DEVICES),
    ("devices", [0], DEVICES),
    ("shard_params", "all", FLAG),
    ("compute_dtype", 16, DTYPE),
    ("accumulate_steps", 0, "a positive integer"),
    ("accumulate_steps", 1.5, "a positive integer"),
    ("remat", 1, "True, the name of a layer, a list of names, or None"),
    ("remat", [], "True, the name of a layer, a list of names, or None"),
    ("cache_features", "all", FLAG),
    ("pretrained", 18, "a Pretrained, a dict of weights, the path of a weight file, or None"),
]


def test_every_rule_is_tried_with_valid_and_invalid_values():
    assert set(VALID) == set(RULES) == {name for name, _, _ in INVALID}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in VALID.items() for v in values])
def test_valid_values_pass(name, value):
    assert check_settings({name: value}).found == []


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("train_split", KFold, "; write KFold()"),
        ("train_split", (range(3), range(3, 5)), "; write [(train, valid)]"),
        ("train_split", (np.arange(3), [3]), "; write [(train, valid)]"),
        (
            "train_split",
            np.array([True, False]),
            "; write [(~mask, mask)] for a mask of the validation rows",
        ),
        ("custom_scores", max, "; write [('max', max)]"),
        ("scores_valid", max, "; write [('max', max)]"),
        ("devices", 999, f"; JAX has {DEVICE_COUNT} device{'s' if DEVICE_COUNT > 1 else ''}"),
    ],
)
def test_values_close_to_valid_ones_come_with_what_to_write(name, value, hint):
    (error,) = check_settings({name: value}).found
    assert isinstance(error, InvalidParameterError)
    assert str(error) == f"{name} must be {RULES[name][1]}, got {value!r}{hint}"


@pytest.mark.parametrize(("name", "value", "valid"), INVALID)
def test_invalid_values_are_told_with_what_would_be_valid(name, value, valid):
    message = f"{name} must be {valid}, got {value!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_settings({name: value}).raise_any()


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("update", "adamm", r"got 'adamm'\. Did you mean 'adam'\?"),
        ("objective_loss_function", "rmse", r"got 'rmse'\. Did you mean 'mse'\?"),
        ("objective_loss_function", {"age": "huger"}, r"Did you mean 'huber'\?"),
        (
            "objective_loss_function",
            "log_loss",
            "; the cross-entropy is a loss for labels, .*=True",
        ),
        ("objective_loss_function", {"age": "cross_entropy"}, "; the cross-entropy is .*=True"),
        ("objective_loss_function", [None, "squared_eror"], r"Did you mean 'squared_error'\?"),
    ],
)
def test_unknown_names_of_functions_get_the_nearest(name, value, hint):
    with pytest.raises(ValueError, match=f"^{name} must be .*{hint}$"):
        check_settings({name: value}).raise_any()


NESTED = [
    ("batch_iterator_test__batch_size", BatchIterator(-1), "a positive integer or None, got -1"),
    ("batch_iterator_train__shuffle", BatchIterator(8, "no"), "True, False or 'blocks', got 'no'"),
    (
        "batch_iterator_train__seed",
        BatchIterator(8, seed=0.5),
        "an integer between 0 and 4294967295 or None, got 0.5",
    ),
    ("train_split__eval_size", TrainSplit(2.0), "a fraction between 0 and 1, or None, got 2.0"),
    ("train_split__stratify", TrainSplit(stratify="y"), "True, False or None, got 'y'"),
    ("train_split__shuffle", TrainSplit(shuffle="no"), "True or False, got 'no'"),
    (
        "train_split__random_state",
        TrainSplit(random_state=-1),
        "an integer between 0 and 4294967295 or None, got -1",
    ),
]


@pytest.mark.parametrize(("name", "value", "told"), NESTED)
def test_nested_parameters_are_checked_too(name, value, told):
    with pytest.raises(InvalidParameterError, match=f"^{re.escape(f'{name} must be {told}')}$"):
        check_settings({name.partition("__")[0]: value}).raise_any()


def test_errors_can_be_caught_as_those_of_scikit_learn():
    for values in ({"max_epochs": -1}, {"max_epochs": -1, "warm_start": "no"}):
        for kind in (InvalidParameterError, ValueError, TypeError):
            with pytest.raises(kind, match="max_epochs"):
                check_settings(values).raise_any()


def test_all_invalid_values_are_told_at_once():
    message = (
        "2 problems:\n"
        " - max_epochs must be a non-negative integer, got -1\n"
        " - more_params must be a dict or None, got 1"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_settings({"more_params": 1, "max_epochs": -1, "augment": None}).raise_any()


def test_names_without_a_rule_pass():
    assert check_settings({"layers": object()}).found == []


def test_a_batch_size_shuffles_in_training_only():
    assert (as_train_iterator(5).batch_size, as_train_iterator(5).shuffle) == (5, True)
    assert (as_test_iterator(5).batch_size, as_test_iterator(5).shuffle) == (5, False)


def test_an_iterator_stays_as_it_is():
    iterator = BatchIterator(3)
    assert as_train_iterator(iterator) is iterator
    assert as_test_iterator(iterator) is iterator


@pytest.mark.parametrize("value", [None, 0, TrainSplit(0), TrainSplit(None)])
def test_no_fraction_means_no_split(value):
    assert as_split(value) is None


def test_a_fraction_becomes_a_stratified_split():
    split = as_split(0.3)
    assert isinstance(split, TrainSplit)
    assert (split.eval_size, split.stratify, split.shuffle) == (0.3, None, True)


@pytest.mark.parametrize("value", [TrainSplit(0.4), KFold(3), max])
def test_a_splitter_stays_as_it_is(value):
    assert as_split(value) is value


@pytest.mark.parametrize("value", [0, 0.0, np.float32(0), TrainSplit(0.0), TrainSplit(0)], ids=repr)
def test_a_validation_set_of_size_zero_is_none(value):
    assert not check_settings({"train_split": value}).found


class Objective:
    def __init__(self, *args):
        pass

    def get_loss(self):
        return 0.0


@pytest.mark.parametrize(
    "value",
    [
        Objective,
        lambda layers, loss_function, target, aggregate=None, deterministic=False: 0.0,
        lambda layers, *args, **kwargs: 0.0,
        lambda predictions, targets: 0.0,
        lambda predictions, targets, weights, params: 0.0,
    ],
)
def test_objectives_of_another_form_are_refused(value):
    with pytest.raises(ValueError, match=f"^objective must be {re.escape(OBJECTIVE)}, got .*; it "):
        check_settings({"objective": value}).raise_any()


def test_objectives_may_take_keywords_that_are_not_given():
    def own(predictions, targets, weights, params, *, loss_function, rate):
        return rate

    assert not check_settings({"objective": own}).found


def test_weights_are_shared_by_devices_only():
    message = "shard_params must be False without devices, got True; write devices='all'"
    with pytest.raises(ValueError, match=f"^{message}$"):
        check_settings({"shard_params": True, "devices": None}).raise_any()
    assert not check_settings({"shard_params": True, "devices": "all"}).found
