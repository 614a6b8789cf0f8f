import pytest

from skconv.models.torch.order import AmbiguousError, match_order


def match(needs, modules, *, ordered=True):
    """Match shapes, given as a letter for the kind and a digit."""
    names = [module.split()[0] for module in modules]
    haves = [module.split()[1] for module in modules]
    return match_order(needs, names, haves, str.__eq__, lambda have: have[0], ordered=ordered)


def test_equal_order():
    assert match(["a1", "b1", "a1"], ["x a1", "y b1", "z a1"]) == [0, 1, 2]


def test_modules_of_each_kind_in_order():
    assert match(["c1", "n1", "c1", "n1"], ["x c1", "y c1", "n n1", "m n1"]) == [0, 2, 1, 3]


def test_each_shape_is_there_once():
    assert match(["a1", "a2", "a3"], ["x a3", "y a1", "z a2"]) == [1, 2, 0]


@pytest.mark.parametrize(
    ("needs", "modules"),
    [
        (["a1", "a2"], ["x a1"]),
        (["a1"], ["x a1", "y a1"]),
        (["a1", "a2"], ["x a1", "y a1"]),
        (["a1", "a1"], ["x a1", "y a2"]),
    ],
)
def test_what_does_not_fit(needs, modules):
    assert match(needs, modules) is None


def test_equal_shapes_out_of_order():
    with pytest.raises(AmbiguousError, match=r"^'x', 'z' have the same shape$"):
        match(["a1", "a1", "a2"], ["x a1", "y a2", "z a1"])


def test_equal_shapes_in_files_that_are_sorted_by_name():
    with pytest.raises(AmbiguousError, match=r"^'bottom', 'top' have the same shape$"):
        match(["a1", "a1"], ["bottom a1", "top a1"], ordered=False)


def test_numbers_in_names_decide_in_files_that_are_sorted_by_name():
    modules = ["fc.1 a1", "fc.10 a1", "fc.2 a1"]
    assert match(["a1", "a1", "a1"], modules, ordered=False) == [0, 2, 1]


def test_needs_that_several_shapes_meet():
    def fits(need, have):
        return have in need

    names = ["x", "y"]
    assert match_order(["ab", "b"], names, ["a", "b"], fits, str, ordered=True) == [0, 1]
    with pytest.raises(AmbiguousError):
        match_order(["b", "ab"], names, ["a", "b"], fits, str, ordered=True)
