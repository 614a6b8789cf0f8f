import re

import numpy as np
import pandas as pd
import pytest

from skconv.targets.survival import FORMS, Survival, read_survival


def raises(message):
    return pytest.raises(ValueError, match=f"^{re.escape(message)}$")


TIMES, EVENTS = np.array([2.5, 4.0, 0.0]), np.array([True, False, True])
ARRAY = np.column_stack([TIMES, EVENTS])


def structured(*names):
    columns = {"event": EVENTS, "time": TIMES}
    dtype = [(name, columns[name].dtype) for name in names]
    return np.array(list(zip(*(columns[name] for name in names), strict=True)), dtype=dtype)


@pytest.mark.parametrize(
    "y",
    [
        ARRAY,
        ARRAY.tolist(),
        ARRAY.astype(object),
        structured("event", "time"),
        structured("time", "event"),
        pd.DataFrame({"died": EVENTS, "days": TIMES}),
        pd.DataFrame({"days": TIMES, "died": EVENTS.astype(int)}),
    ],
    ids=lambda y: type(y).__name__,
)
def test_every_form_has_times_and_events(y):
    times, events = read_survival(y)
    np.testing.assert_array_equal(times, TIMES)
    np.testing.assert_array_equal(events, EVENTS)
    encoded = Survival().encode(y)
    assert encoded.dtype == np.float32
    np.testing.assert_array_equal(encoded, ARRAY)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (TIMES, f"y must be {FORMS}, for cox_loss, got shape (3,)"),
        (ARRAY[:, :1], f"y must be {FORMS}, for cox_loss, got shape (3, 1)"),
        (-ARRAY, "y must have times >= 0 in its first column for cox_loss, got -4"),
        (2 * ARRAY, "y must have events of 0 and 1 in its second column for cox_loss, got 2"),
        (
            ARRAY[:, ::-1],
            "y must have events of 0 and 1 in its second column for cox_loss, got 2.5; columns are "
            "time and event, in this order",
        ),
        (
            structured("time"),
            f"y must be {FORMS}, for cox_loss, got columns of dtypes float64",
        ),
        (
            pd.DataFrame({"a": EVENTS, "b": EVENTS}),
            f"y must be {FORMS}, for cox_loss, got columns of dtypes bool, bool",
        ),
    ],
)
def test_other_targets_are_refused(y, message):
    with raises(message):
        read_survival(y)


def test_missing_times_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        read_survival([[np.nan, 1.0], [2.0, 0.0]])


def test_the_output_has_one_unit():
    targets = Survival(dtype=np.float32).match((None, 1))
    assert targets.num_units == 1
    assert targets.decode(np.array([[1.0], [2.0]])).tolist() == [1.0, 2.0]
    with raises("the output must have 1 unit, the logarithm of the risk, got shape (None, 2)"):
        targets.match((None, 2))
    assert targets.scorer(ARRAY, -TIMES) == 1.0
