import functools

import numpy as np
import optax
import pytest
from sklearn.base import clone

from skconv import compile_counts
from skconv.handlers import Freeze, Unfreeze
from skconv.layers import BatchNormLayer, DenseLayer, InputLayer
from skconv.updates.rules import nesterov_momentum

from ..nets import X, make_net, y

LAYERS = [
    ("input", InputLayer),
    (DenseLayer, {"name": "fc1", "num_units": 4}),
    ("norm1", BatchNormLayer),
    (DenseLayer, {"name": "fc2", "num_units": 4}),
    ("output", DenseLayer),
]


class Recorder:
    def __init__(self):
        self.weights = []

    def __call__(self, net, history):
        self.weights.append(net.get_all_params_values())


decaying = functools.partial(optax.adamw, weight_decay=0.1)

frozen_net = functools.partial(make_net, layers=LAYERS, objective_l2=0.01, max_epochs=4)


def moved(before, after):
    """Layers whose weights or state are others."""
    return {layer for layer in before if not all(map(np.array_equal, before[layer], after[layer]))}


ALL = {"fc1", "norm1", "fc2", "output"}


@pytest.mark.parametrize("update", [nesterov_momentum, decaying])
@pytest.mark.parametrize(
    ("layers", "frozen"),
    [
        (("fc1",), {"fc1"}),
        ((["*1"],), {"fc1", "norm1"}),
        ((["fc2", "norm1"],), {"fc2", "norm1"}),
        (("fc2", "norm1"), {"fc2", "norm1"}),
    ],
)
def test_layers_freeze_and_thaw_by_their_names(update, layers, frozen):
    recorder = Recorder()
    frozen_net(
        update=update,
        on_training_started=[Freeze(*layers), recorder],
        on_epoch_finished=[recorder, Unfreeze(*layers, epoch=2)],
    ).fit(X, y)
    first, one, two, three, _ = recorder.weights
    assert moved(first, one) == moved(one, two) == ALL - frozen
    assert moved(two, three) == ALL


def test_nothing_more_is_compiled_and_the_net_is_as_it_was():
    plain = frozen_net().fit(X, y)
    before = compile_counts()
    net = frozen_net(
        on_training_started=Freeze("fc*"),
        on_epoch_finished=[Unfreeze("fc2", epoch=1), Freeze("fc2", epoch=2)],
    )
    given = net.get_params()
    net.fit(X, y)
    assert compile_counts() == before
    assert net.get_params() == given
    assert moved(plain.get_all_params_values(), net.get_all_params_values()) == ALL
    assert clone(net).on_epoch_finished[0].layers == "fc2"


def test_leftovers_of_momentum_do_not_move_a_frozen_layer():
    recorder = Recorder()
    frozen_net(on_epoch_finished=[recorder, Freeze("fc1", epoch=2)]).fit(X, y)
    _, two, three, four = recorder.weights
    assert moved(two, three) == moved(three, four) == ALL - {"fc1"}


def test_a_training_that_goes_on_knows_how_far_it_is():
    recorder = Recorder()
    net = frozen_net(
        max_epochs=2,
        warm_start=True,
        on_training_started=Freeze("fc1"),
        on_epoch_finished=[Unfreeze("fc1", epoch=2), recorder],
    ).fit(X, y)
    before = net.get_all_params_values()
    net.fit(X, y)
    assert moved(before, recorder.weights[2]) == ALL


def test_layers_stay_frozen_where_training_goes_on():
    recorder = Recorder()
    net = frozen_net(max_epochs=1, warm_start=True)
    net.set_params(on_epoch_finished=[Freeze("fc1", epoch=1), recorder]).fit(X, y).fit(X, y)
    assert moved(*recorder.weights) == ALL - {"fc1"}


def test_a_layer_thaws_to_its_own_factor():
    scales = []
    net = frozen_net(
        fc1_grad_scale=0.5,
        fc2_grad_scale=0.0,
        on_training_started=Freeze("fc1"),
        on_epoch_finished=[
            Unfreeze(["fc1", "fc2"], epoch=2),
            lambda net, history: scales.append((net.fc1_grad_scale, net.fc2_grad_scale)),
        ],
        max_epochs=2,
    ).fit(X, y)
    assert scales == [(0.0, 0.0), (0.5, 1.0)]
    assert net.fc1_grad_scale == 0.5


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            "fc9",
            r"^Freeze: layers must match layers with .*, got 'fc9'\. Did you mean 'fc[12]'\?",
        ),
        (
            ["fc1", "conv*"],
            r"with parameters, got 'conv\*'\. Valid names: fc1, norm1, fc2, output\.",
        ),
        ("input", "layers must match layers with parameters, got 'input'"),
        (("fc1", 2), r"^Freeze: layers must be names .*, got \('fc1', 2\); .* as epoch=2$"),
        ([], r"^Freeze: layers must be names of layers or patterns such as 'conv\*', got \[\];"),
    ],
)
def test_names_of_no_layer_are_told_before_training(layers, message):
    net = frozen_net(on_epoch_finished=Freeze(layers, epoch=3))
    with pytest.raises(ValueError, match=message):
        net.fit(X, y)
    assert not hasattr(net, "train_history_")
