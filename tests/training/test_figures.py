import numpy as np

from skconv.training.figures import (
    is_number,
    means_of_sums,
    names_of_parts,
    part_name,
    weight_name,
)

NAMES = ["weight", "loss", "accuracy", *names_of_parts({"loss": 2, "accuracy": 2})]


def means(**sums):
    """Return the means for the weight of all rows, and ``name_i=(sum, weight)`` for the parts."""
    row = dict.fromkeys(NAMES, 0.0)
    for name, value in sums.items():
        if isinstance(value, tuple):
            part = part_name(name[:-2], int(name[-1]))
            row[part], row[weight_name(part)] = value
        else:
            row[name] = value
    found = means_of_sums(np.array([list(row.values())]), list(row))
    return {name: float(mean[0]) for name, mean in found.items()}


def test_parts_have_weights_of_their_own():
    found = means(weight=4.0, loss=2.0, loss_0=(3.0, 2.0), loss_1=(1.0, 4.0))
    assert found["loss"] == 0.5 + 1.5 + 0.25


def test_the_accuracy_is_the_mean_of_the_outputs_that_have_targets():
    assert means(weight=4.0, accuracy_0=(1.0, 2.0), accuracy_1=(3.0, 3.0))["accuracy"] == 0.75
    assert means(weight=4.0, accuracy_0=(1.0, 2.0))["accuracy"] == 0.5


def test_a_number_of_nothing_is_nan():
    assert np.isnan(means(weight=4.0, loss=2.0)["loss"])


def test_numbers_are_told_from_their_parts():
    assert [name for name in NAMES if is_number(name)] == ["loss", "accuracy"]
