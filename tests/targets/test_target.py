import numpy as np
import pytest

from skconv.targets.classes import Classes
from skconv.targets.distributions import SoftClasses
from skconv.targets.inference import infer
from skconv.targets.labels import Labels
from skconv.targets.numbers import Numbers
from skconv.targets.target import Target


@pytest.mark.parametrize(
    ("y", "regression", "kind"),
    [
        (["no", "yes"], False, Classes),
        ([[0, 1], [1, 1]], False, Labels),
        ([[0.5, 0.5], [0.2, 0.8]], False, SoftClasses),
        ([0.5, 1.5], True, Numbers),
    ],
)
def test_each_kind_is_a_target(y, regression, kind):
    found = infer(np.array(y), regression=regression)
    assert type(found) is kind
    assert isinstance(found, Target)
