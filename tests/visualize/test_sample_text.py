import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from skconv.visualize.sample_text import MAX_CHARACTERS, MAX_VALUES, describe_sample

TABLE = {"age": [1, 30], "town": ["Rome", "Ulm"]}


@pytest.mark.parametrize(
    ("X", "text"),
    [
        (pd.DataFrame(TABLE, index=[7, 9]), "age=30, town=Ulm"),
        (pl.DataFrame(TABLE), "age=30, town=Ulm"),
        (pd.Series(["a", "b"], index=[3, 4]), "b"),
        (TABLE, "age: 30; town: Ulm"),
        (["one", "two"], "two"),
        (sparse.csr_array(np.eye(2)), "0, 1"),
        (np.zeros((2, 3, 4)), "3 × 4 values"),
        (np.arange(40).reshape(2, 20), f"{', '.join(map(str, range(20, 20 + MAX_VALUES)))}, …"),
        (["", "x" * 400], f"{'x' * MAX_CHARACTERS}…"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_samples_of_any_kind(X, text):
    assert describe_sample(X, 1) == text
