import pytest

from .fits import Unfold, X, datasets, read, y


@pytest.mark.parametrize(("given", "missing"), [((None, y), "X_val"), ((X, None), "y_val")])
def test_both_parts_of_a_validation_set_are_needed(given, missing):
    message = f"^{missing} is missing; X_val and y_val must be given together$"
    with pytest.raises(ValueError, match=message):
        datasets(read(valid=given)[0])


def test_targets_for_validation_are_named():
    message = r"^validation set: y contains previously unseen labels: \['c'\]; known labels: "
    with pytest.raises(ValueError, match=message):
        datasets(read(valid=(X[:2], ["a", "c"]))[0])
    with pytest.raises(ValueError, match=r"^validation set: .*inconsistent.*\[2, 1\]$"):
        datasets(read(valid=(X[:2], ["a"]))[0])


def test_a_transform_in_training_needs_one_in_validation():
    data, _ = read(params={"batch_iterator_train": Unfold(4)})
    message = (
        r"^validation set: .*; batch_iterator_train has a transform, so batch_iterator_test needs "
        r"one that returns rows of the same shape$"
    )
    with pytest.raises(ValueError, match=message):
        datasets(data, inputs=(None, 1, 3, 3))
