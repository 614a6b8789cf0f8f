import numpy as np
import pytest

from skconv.data.fit_arguments import FitArguments
from skconv.data.inputs import RowSubset

LEFT, RIGHT = np.arange(3), np.arange(3, 6)


class Pairs:
    """A dataset of pairs of a sample and its target."""

    def __len__(self):
        return 3

    def __getitem__(self, i):
        return LEFT[[i]], int(RIGHT[i])


def test_datasets_become_arrays():
    found = FitArguments(Pairs(), None, valid=(Pairs(), None)).read()
    for X, y in ((found.X, found.y), found.valid):
        np.testing.assert_array_equal(X, LEFT[:, None])
        np.testing.assert_array_equal(y, RIGHT)


def test_streams_are_refused():
    with pytest.raises(ValueError, match=r"^X must be"):
        FitArguments(iter([LEFT]), None).read()


def test_lists_of_arrays_get_the_names_of_inputs():
    given = [LEFT, RIGHT]
    named = {"left": LEFT, "right": RIGHT}
    assert named == FitArguments(given, None).by_input(["left", "right"]).X
    subset = RowSubset(given, np.array([0]))
    assert named == FitArguments(subset, None).by_input(["left", "right"]).X.X
