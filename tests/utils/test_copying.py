import pytest
from sklearn.base import clone

from skconv.utils.copying import ClonedWhole, copied


class Part(ClonedWhole):
    def __init__(self, size=1, *, other=2):
        self.size = size
        self.other = other


class Sub(Part):
    def __init__(self, own, **kwargs):
        super().__init__(**kwargs)
        self.own = own


def test_objects_copied_with_one_memo_share_what_they_shared():
    inner = [1]
    memo = {}
    one, other = copied([inner], memo), copied([inner], memo)
    assert one[0] is other[0] is not inner


def test_what_cannot_be_copied_is_shared():
    lines = (line for line in "ab")
    assert copied(lines, {}) is lines


@pytest.mark.parametrize(
    ("part", "params"),
    [
        (Part(3), {"size": 3, "other": 2}),
        (Sub(4, size=3), {"own": 4, "size": 3, "other": 2}),
        (Sub(Part(5)), {"own": Part(5), "size": 1, "other": 2, "own__size": 5, "own__other": 2}),
    ],
    ids=["plain", "passed on", "nested"],
)
def test_parameters_are_those_of_all_signatures(part, params):
    for found in (part.get_params(), clone(part).get_params()):
        assert found.keys() == params.keys()
        for name, value in params.items():
            if name != "own" or not isinstance(value, Part):
                assert found[name] == value
    shallow = {name for name in params if "__" not in name}
    assert part.get_params(deep=False).keys() == shallow
