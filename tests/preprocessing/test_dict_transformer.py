import numpy as np
import pytest

from skconv.preprocessing import EncodeColumns, SliceDict, SplitColumns

TABLE = np.arange(12.0).reshape(4, 3)
TRANSFORMERS = [EncodeColumns(), SplitColumns({"first": [0], "rest": [1, 2]})]


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda one: type(one).__name__)
def test_no_output_is_wrapped(transformer):
    assert transformer.set_output(transform="pandas") is transformer
    assert type(transformer.fit_transform(TABLE)) is SliceDict
    assert type(transformer.transform(TABLE)) is SliceDict
