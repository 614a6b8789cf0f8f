import jax
import numpy as np
import pytest
from sklearn.base import clone

from skconv.preprocessing import DatasetRows, dataset_parts
from skconv.preprocessing.dataset_parts import read_features, split_dataset

from ..nets import X, make_net, y
from .test_map_dataset import columns, pairs


@pytest.fixture
def large(monkeypatch):
    """Datasets of more than half of these rows are large."""
    monkeypatch.setattr(dataset_parts, "MANY", 5)
    monkeypatch.setattr(dataset_parts, "LARGE_BYTES", X.nbytes / 2)


def test_large_datasets_are_not_read(large):
    rows, targets = split_dataset(pairs(X, y))
    assert isinstance(rows, DatasetRows)
    assert targets.tolist() == y.tolist()
    assert isinstance(read_features(pairs(X, y), ["input"]), DatasetRows)
    rows, _ = split_dataset(pairs(X[:10], y[:10]))
    assert isinstance(rows, np.ndarray)
    with pytest.raises(ValueError, match="y must be None for a dataset of pairs"):
        split_dataset(pairs(X, y), y)


def test_large_datasets_of_several_inputs_are_read(large, monkeypatch):
    monkeypatch.setattr(dataset_parts, "LARGE_BYTES", 0)
    found, _ = split_dataset(columns(), "kind")
    assert sorted(found) == ["image", "size"]


def test_a_net_learns_from_a_large_dataset_what_it_learns_from_arrays(large):
    plain = make_net()
    asked, given = clone(plain), pairs(X, y)
    asked.fit(given)
    plain.fit(X, y)
    jax.tree.map(
        np.testing.assert_array_equal,
        asked.get_all_params_values(),
        plain.get_all_params_values(),
    )
    np.testing.assert_array_equal(asked.predict(given), plain.predict(X))
    assert asked.score(given) == plain.score(X, y)
