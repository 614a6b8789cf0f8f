import json

import numpy as np
import pytest

from skconv import objectives
from skconv.config.decoding import Decoder
from skconv.config.encoding import Encoder
from skconv.config.names import Names
from skconv.errors import Problems
from skconv.estimator.net_file import TARGETS
from skconv.targets.inference import infer
from skconv.targets.outputs import Outputs
from skconv.utils.digests import digest
from skconv.utils.loss_contracts import LossInfo, contract_of


def loss_info(loss):
    return LossInfo(loss.__name__, contract_of(loss))


@pytest.mark.parametrize(
    ("target", "options"),
    [
        (["a", "b", "c"], {}),
        (np.array([True, False]), {}),
        ([[1, 0, 1], [0, 1, 0]], {}),
        ([[0.5, 0.5], [0.1, 0.9]], {}),
        (np.arange(3.0), {"regression": True}),
        (np.arange(6, dtype=np.float32).reshape(3, 2), {"regression": True, "ignored": np.nan}),
        (np.arange(2 * 9).reshape(2, 3, 3) % 3, {}),
        (np.arange(3.0), {"regression": True, "loss": loss_info(objectives.gaussian_nll)}),
        (np.arange(3.0), {"regression": True, "loss": loss_info(objectives.pinball_loss)}),
        ([[1.0, 1], [2.0, 0]], {"regression": True, "loss": loss_info(objectives.cox_loss)}),
        (["a", "-", "c"], {"ignored": "-"}),
        (
            np.array([(1, 2.0)], [("a", int), ("b", float)]),
            {"regression": True, "loss": LossInfo("own", None, True)},
        ),
    ],
    ids=range(12),
)
def test_targets_of_all_kinds_come_back(target, options):
    options = {"regression": False, **options}
    outputs = Outputs((None,), (infer(np.asarray(target), **options),), (LossInfo(),))
    names, problems, arrays = Names(further=TARGETS), Problems(), {}
    plain = json.loads(json.dumps(Encoder(names, problems, arrays).encode(outputs, "targets")))
    problems.raise_any()
    other = Decoder(names, problems, arrays).decode(plain, "targets")
    problems.raise_any()
    assert type(other.targets[0]) is type(outputs.targets[0])
    assert digest(other) == digest(outputs)
