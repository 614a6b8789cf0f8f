import pytest

from skconv.augment import RandomFlip
from skconv.estimator.architecture import architecture
from skconv.init import Constant
from skconv.updates import adam

from ..nets import LAYERS, image_net, make_net

SAME = {
    "numbers of the update and the loss": {"update_learning_rate": 0.5, "objective_l2": 0.2},
    "numbers of layers": {"noise_p": 0.9, "hidden_l2": 0.1},
    "initial values": {"hidden_W": Constant(0.1)},
    "epochs and seeds": {"max_epochs": 9, "random_state": 3, "verbose": 1, "train_split": None},
}

OTHER = {
    "units": {"hidden_num_units": 9},
    "a number that was absent": {"hidden_l2": None},
    "layers": {"layers": [LAYERS[0], LAYERS[-1]]},
    "batches": {"batch_iterator_train": 8},
    "update": {"update": adam},
    "transforms": {"augment": [RandomFlip()]},
    "task": {"regression": True},
}


def of(**params):
    return architecture(make_net(**{"hidden_l2": 0.3, **params}), (5,))


@pytest.mark.parametrize("params", SAME.values(), ids=SAME)
def test_what_compiles_nothing_does_not_count(params):
    assert of(**params) == of()


@pytest.mark.parametrize("params", OTHER.values(), ids=OTHER)
def test_what_compiles_counts(params):
    params = params if "layers" not in params else {**params, "hidden_l2": None}
    assert of(**params) != of()


def test_numbers_of_transforms_do_not_count():
    nets = [image_net(augment=[("flip", RandomFlip(p=p))]) for p in (0.1, 0.7)]
    assert len({architecture(net, (2, 6, 7)) for net in nets}) == 1


def test_nets_that_cannot_be_trained_are_told_apart_by_their_parameters():
    made = [of(hidden_l2="much", hidden_num_units=units) for units in (3, 3, 4)]
    assert len(set(made)) == 2
