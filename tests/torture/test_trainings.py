import copy
from pathlib import Path

import numpy as np
import pytest

from skconv import handlers
from skconv.training.events import EVENTS
from skconv.utils.checks import as_list

from .trainings import CASES, WITHOUT_STATE, differences


def test_all_handlers_with_a_state_are_killed():
    made = [case(Path()) for case in CASES.values()]
    given = [one for params in made for event in EVENTS for one in as_list(params.get(event))]
    names = {type(handler).__name__ for handler in given}
    assert names & WITHOUT_STATE.keys() == set()
    assert {*handlers.__all__} == names & {*handlers.__all__} | {"Checkpoint"} | {*WITHOUT_STATE}


WHOLE = {"counts": [1, 2], "history": [{"loss": np.nan}], "weights": [np.zeros(2, np.float32)]}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("counts", lambda found: found["counts"].append(3)),
        ("history", lambda found: found["history"][0].update(loss=0.5)),
        ("history", lambda found: found["history"][0].update(other=0.5)),
        ("weights", lambda found: found["weights"][0].__setitem__(0, -0.0)),
        ("weights", lambda found: found.update(weights=[np.zeros(2)])),
    ],
)
def test_a_difference_of_a_bit_is_seen(name, change):
    found = copy.deepcopy(WHOLE)
    assert differences(WHOLE, found) == []
    change(found)
    assert differences(WHOLE, found) == [name]
