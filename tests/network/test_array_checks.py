import numpy as np
import pytest

from skconv.network.array_checks import by_place, check_arrays

from .nets import make_net

SHAPES = {("hidden", "W"): (5, 4), ("hidden", "b"): (4,)}


def test_weights_by_place_from_either_form():
    network = make_net().initialize().network_
    W, b = np.ones((5, 4)), np.zeros(4)
    assert list(by_place({"hidden": [W, b]}, network)) == [("hidden", "W"), ("hidden", "b")]
    assert list(by_place({"hidden.b": b}, network)) == [("hidden", "b")]
    assert by_place({"input": []}, network) == {}
    message = "source must have 2 arrays for layer 'hidden', got 1"
    with pytest.raises(ValueError, match=message):
        by_place({"hidden": [W]}, network)


def test_problems_of_all_kinds_are_in_one_message():
    arrays = {("hidden", "W"): np.ones((4, 5)), ("hiden", "b"): np.ones(4)}
    with pytest.raises(ValueError, match=r"^3 problems") as caught:
        check_arrays(arrays, SHAPES, strict=True)
    for line in (
        "the network has no parameter 'hiden.b'. Did you mean 'hidden.b'?",
        "parameter 'hidden.W' must have shape (5, 4), got (4, 5)",
        "parameters are missing: hidden.b",
    ):
        assert f"\n - {line}" in str(caught.value)
    assert check_arrays({("hidden", "c"): np.ones(2)}, SHAPES, strict=False) == {}


def test_valid_names_are_listed_once():
    arrays = {("xyz", str(i)): np.ones(4) for i in range(20)}
    with pytest.raises(ValueError, match=r"^12 problems") as caught:
        check_arrays(arrays, SHAPES, strict=True)
    assert str(caught.value).count("Valid names: hidden.W, hidden.b.") == 1


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u8", ">f4", ">i2"])
def test_numbers_of_any_size_and_byte_order_pass(dtype):
    array = np.arange(4).astype(dtype)
    found = check_arrays({("hidden", "b"): array}, SHAPES, strict=False)
    np.testing.assert_array_equal(found["hidden", "b"], array)


@pytest.mark.parametrize("dtype", ["?", "c8", "S3", "V3", "O", "M8[s]", [("a", "f4")]])
def test_what_are_no_real_numbers_is_refused(dtype):
    with pytest.raises(ValueError, match=r"^parameter 'hidden.b' must hold integers, or floats of"):
        check_arrays({("hidden", "b"): np.zeros(4, dtype)}, SHAPES, strict=False)
