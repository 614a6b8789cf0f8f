import pickle
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skconv.errors import (
    InvalidParameterError,
    LayerError,
    Problems,
    ProblemsError,
    describe_layer,
    did_you_mean,
)

NAMES = ["num_filters", "filter_size", "stride", "pad"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5), st.data())
def test_a_valid_name_is_its_own_nearest_match(names, data):
    name = data.draw(st.sampled_from(names))
    assert did_you_mean(name, names) == f" Did you mean {name!r}?"


@pytest.mark.parametrize(
    ("given", "nearest"),
    [("num_filter", "num_filters"), ("filtersize", "filter_size"), ("strides", "stride")],
)
def test_a_misspelt_name_gets_the_nearest(given, nearest):
    assert did_you_mean(given, NAMES) == f" Did you mean {nearest!r}?"


def test_a_name_like_no_other_gets_the_whole_list():
    message = " Valid names: num_filters, filter_size, stride, pad."
    assert did_you_mean("qqq", iter(NAMES)) == message


def test_no_hint_where_nothing_is_valid():
    assert did_you_mean("stride", []) == ""


def test_names_need_not_be_strings():
    assert did_you_mean(None, [None, "x"]) == " Did you mean 'None'?"


def test_a_layer_is_called_by_its_name_and_class():
    assert describe_layer("conv1", LayerError) == "layer 'conv1' (LayerError)"
    assert describe_layer("conv1", LayerError()) == "layer 'conv1' (LayerError)"


def test_no_fault_raises_nothing():
    problems = Problems()
    with problems.collect():
        pass
    problems.raise_any()
    assert problems.found == []


@pytest.mark.parametrize("kind", [LayerError, TypeError, UnicodeError])
def test_a_single_fault_keeps_its_type(kind):
    problems = Problems()
    error = kind("pad is odd")
    with problems.collect():
        raise error
    with pytest.raises(kind, match=r"^pad is odd$") as caught:
        problems.raise_any()
    assert caught.value is error


def test_several_faults_become_one_message_in_their_order():
    problems = Problems()
    problems.add("first")
    with problems.collect():
        raise TypeError("second")
    problems.add("third")
    message = "3 problems:\n - first\n - second\n - third"
    with pytest.raises(ProblemsError, match=f"^{re.escape(message)}$") as caught:
        problems.raise_any()
    assert list(map(type, caught.value.problems)) == [ValueError, TypeError, ValueError]


def test_several_faults_can_be_caught_as_a_value_error():
    assert issubclass(ProblemsError, ValueError)
    assert issubclass(LayerError, ValueError)


def test_collecting_many_faults_adds_each_of_them():
    problems = Problems()
    problems.add("first")
    with problems.collect():
        raise ProblemsError([ValueError("second"), TypeError("third")])
    assert [str(error) for error in problems.found] == ["first", "second", "third"]


def test_other_exceptions_pass_through():
    problems = Problems()
    with pytest.raises(KeyError, match="conv1"), problems.collect():
        raise KeyError("conv1")
    assert problems.found == []


def test_several_faults_survive_pickle():
    error = ProblemsError([ValueError("first"), LayerError("second")])
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert [type(error) for error in copy.problems] == [ValueError, LayerError]


@pytest.mark.parametrize("kind", [InvalidParameterError, ProblemsError, ValueError, TypeError])
def test_several_problems_of_which_one_is_a_parameter_are_caught_as_such(kind):
    problems = Problems()
    problems.add("X is empty")
    problems.add_parameter("delta", "a finite number", None, "; write 1.0")
    problems.add_parameter("delta", "a finite number", None, "; write 1.0")
    message = "2 problems:\n - X is empty\n - delta must be a finite number, got None; write 1.0"
    with pytest.raises(kind, match=f"^{re.escape(message)}$") as caught:
        problems.raise_any()
    copied = pickle.loads(pickle.dumps(caught.value))
    assert type(copied) is type(caught.value)
    assert str(copied) == message
