import re

import numpy as np
import pytest

from skconv.estimator.weight_sources import read_weights
from skconv.layers import DenseLayer
from skconv.models import Pretrained
from tests.network.parts import built, rows

NETWORK = built([rows, (DenseLayer, {"name": "output", "num_units": 2})])
WEIGHTS = {"output.W": np.ones((4, 2), np.float32), "output.b": np.zeros(2, np.float32)}


def read(source, **options):
    return read_weights(source, lambda: NETWORK, **{"strict": True, **options})


def test_pretrained_weights_are_told_by_their_source():
    values, network, origin, _ = read(Pretrained({"layers": []}, WEIGHTS, source="timm/four"))
    assert (network, origin) == (NETWORK, "timm/four")
    assert {".".join(place) for place in values} == set(WEIGHTS)
    assert read(Pretrained({"layers": []}, WEIGHTS))[2] == "a Pretrained"


def test_the_network_is_built_once_the_source_is_known_to_be_valid():
    with pytest.raises(TypeError, match=re.escape("a dict or a path, got int")):
        read_weights(3, lambda: pytest.fail("built"), strict=True)


def test_errors_name_the_file(tmp_path):
    np.savez(tmp_path / "own.npz", **{"other.W": WEIGHTS["output.W"]})
    with pytest.raises(ValueError, match=re.escape(f"{tmp_path / 'own.npz'} must hold")):
        read(tmp_path / "own.npz")
