import pytest
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skconv.errors import ProblemsError
from skconv.export.steps import check_steps, row_of, write_steps
from skconv.export.writer import Writer


def test_all_steps_are_named_at_once():
    steps = [("a", FunctionTransformer()), ("b", StandardScaler()), ("c", FunctionTransformer())]
    with pytest.raises(ProblemsError, match=r"2 problems:(.|\n)*step 'a'(.|\n)*step 'c'"):
        check_steps(steps)


def test_steps_must_be_fitted():
    with pytest.raises(NotFittedError):
        check_steps([("scale", StandardScaler())])


def test_statistics_that_are_not_used_are_not_written():
    step = StandardScaler(with_mean=False).fit([[1.0, 2.0], [3.0, 5.0]])
    writer = Writer()
    write_steps(writer, [("scale", step)], "X")
    assert [node.op_type for node in writer.nodes] == ["Cast", "Div", "Cast"]
    assert row_of(step) == (2,)
