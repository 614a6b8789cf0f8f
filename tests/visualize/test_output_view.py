import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skconv.visualize.output_view import view_output

from ..nets import TARGETS, X, make_net, still_net, three_headed, y


@pytest.fixture(scope="module")
def heads():
    return three_headed().fit(X, TARGETS)


@pytest.fixture(scope="module")
def named():
    return still_net().fit(X[:, :3], np.array(["cat", "dog", "eel"])[y])


def test_classes_have_their_columns(named):
    answer = view_output(named)
    assert (answer.name, answer.number) == ("output", 0)
    rows = X[:4, :3]
    np.testing.assert_array_equal(answer.columns(rows), named.predict_proba(rows))
    assert answer.chosen("dog", rows).tolist() == [1] * 4
    assert answer.chosen(["dog", "eel", "cat", "cat"], rows).tolist() == [1, 2, 0, 0]
    np.testing.assert_array_equal(answer.chosen(None, rows), rows.argmax(axis=1))
    np.testing.assert_array_equal(answer.direction(np.array([2, 0])), np.eye(3)[[2, 0]])
    assert [answer.label(i) for i in range(3)] == ["cat", "dog", "eel"]


def test_one_unit_tells_two_classes_apart(heads):
    answer = view_output(heads, "sign")
    assert answer.columns(X).shape == (40, 2)
    assert answer.direction(answer.chosen(True, X[:1])).tolist() == [[1]]
    assert answer.direction(answer.chosen(False, X[:1])).tolist() == [[-1]]


def test_numbers_are_counted(heads):
    answer = view_output(heads, "size")
    np.testing.assert_array_equal(answer.columns(X), heads.predict(X)[2])
    assert answer.chosen(1, X[:2]).tolist() == [1, 1]
    assert answer.label(1) == "1"
    with pytest.raises(ValueError, match=r"^target is needed: the output 'size' predicts 2 numb"):
        answer.chosen(None, X)
    with pytest.raises(ValueError, match=r"^target=2 is not the number of an answer, from 0 to 1"):
        answer.chosen(2, X)


def test_indicators_are_counted():
    net = make_net().fit(X, np.stack([y == 0, y == 1], axis=1).astype(int))
    answer = view_output(net)
    np.testing.assert_array_equal(answer.chosen(None, X), net.predict_proba(X).argmax(axis=1))
    assert answer.direction(answer.chosen(1, X[:1])).tolist() == [[0, 1]]
    assert answer.label(1) == "1"


def test_a_number_alone_needs_no_name():
    net = make_net(regression=True).fit(X, X[:, 0])
    assert view_output(net).chosen(None, X).tolist() == [0] * 40


def test_what_cannot_be_asked(heads, named):
    with pytest.raises(ValueError, match=r"^the net has no output 'kin'. Did you mean 'kind'\?$"):
        view_output(heads, "kin")
    with pytest.raises(ValueError, match=r"^the net has no output 'early'. Valid names: kind, sign"):
        view_output(heads, "early")
    with pytest.raises(
        ValueError, match=r"^target='cot' is none of the classes. Did you mean 'cat'"
    ):
        view_output(named).chosen("cot", X[:, :3])
    with pytest.raises(ValueError, match=r"^target has shape \(2,\), and X has 40 rows$"):
        view_output(named).chosen(["cat", "dog"], X[:, :3])
    with pytest.raises(NotFittedError):
        view_output(make_net())
