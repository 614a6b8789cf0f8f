"""An X that is not an array of numbers is refused, with what to write instead."""

import datetime
import pathlib
import re
from decimal import Decimal

import jax.numpy as jnp
import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image
from scipy import sparse
from sklearn.base import BaseEstimator

from skconv.data.inputs import check_rows


class Estimator(BaseEstimator):
    pass


class Data:
    """A data set as torch has them."""

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return np.zeros((4, 4)), 1


def image(*shape):
    return np.zeros(shape, np.uint8)


def objects(*elements):
    array = np.empty(len(elements), object)
    array[:] = elements
    return array


DAYS = pd.to_datetime(["2020-01-01", "2020-01-02"])
RESIZE, PAD = "resize or crop images to one size first", "pad sequences to one length"
READ = "read images by make_pipeline(skconv.preprocessing.ReadImages(size=64), net)"
SIZES = "X must have rows of one shape, got rows of shape (8, 9, 3) and (9, 8, 3); " + RESIZE
FILES = "X must hold numbers, got file names such as 'a.png'; " + READ
CITY = "X must hold numbers, got text in column 'city'; encode categories with OneHotEncoder, or "
ARRAYS = "X must be an array, a DataFrame, a sparse matrix or a dict of arrays, got "

REFUSED = {
    "images of sizes": ([image(8, 9, 3), image(9, 8, 3)], SIZES),
    "lists of sizes": ([image(8, 9, 3).tolist(), image(9, 8, 3).tolist()], SIZES),
    "objects of sizes": (objects(image(8, 9, 3), image(9, 8, 3)), SIZES),
    "PIL of sizes": ([Image.fromarray(image(8, 9, 3)), Image.fromarray(image(9, 8, 3))], SIZES),
    "gray of sizes": ([image(8, 9), image(9, 8)], RESIZE),
    "one PIL": (Image.fromarray(image(8, 9)), "give a single one as np.asarray(X)[None]"),
    "ragged": ([[1, 2], [1, 2, 3]], "got rows of shape (2,) and (3,); " + PAD),
    "ragged features": ([np.ones((3, 4)), np.ones((5, 4))], PAD),
    "ragged in rows": ([[[1, 2], [3]], [[1], [2]]], PAD),
    "ragged series": (pd.Series([[1, 2], [3]]), PAD),
    "files": (["a.png", "b.PNG"], FILES),
    "paths": ([pathlib.Path("a.png")], FILES),
    "files in an array": (np.array([["a.png"], ["b.jpg"]]), FILES),
    "files in a series": (pd.Series(["a.png", "b.jpg"]), FILES),
    "a file": ("data.csv", "X must be an array, got 'data.csv'; read the file into an array first"),
    "texts": (["hello world"], "got text such as 'hello world'; encode categories"),
    "bytes": (np.array([[b"a"]]), "got text"),
    "column of text": (pd.DataFrame({"a": [1, 2], "city": ["x", "y"]}), CITY),
    "column of categories": (pd.DataFrame({"city": pd.Categorical(["x", "y"])}), CITY),
    "column of polars": (pl.DataFrame({"a": [1, 2], "city": ["x", "y"]}), CITY),
    "column of arrays": (
        pd.DataFrame({"image": [image(4, 4), image(4, 4)]}),
        "got arrays in column 'image'; stack them into one array: np.stack(X[name])",
    ),
    "dates and numbers": (pd.DataFrame({"a": [1, 2], "day": DAYS}), "got dates in column 'day'"),
    "dates only": (pd.DataFrame({"day": DAYS}), "convert dates to numbers first, such as days"),
    "dates of polars": (pl.DataFrame({"d": [datetime.date(2020, 1, 1)]}), "got dates in column"),
    "dates in an array": (DAYS.to_numpy()[:, None], "X must hold numbers, got dates"),
    "durations": (np.array([[1]], "m8[s]"), "X must hold numbers, got dates"),
    "complex": (np.ones((2, 2), complex), "give real and imaginary parts, or absolute values"),
    "masked": (np.ma.array([[1.0, 2.0]], mask=[[0, 1]]), "X must not have masked values"),
    "structured": (np.array([(1, 2.0)], "i4,f8"), "use pandas.DataFrame(X)"),
    "dicts": ([{"a": 1}], "got dicts; use pandas.DataFrame(X) or DictVectorizer"),
    "set": ({1, 2}, ARRAYS + "set; sets have no order: give a list"),
    "generator": (
        (i for i in range(3)),
        ARRAYS + "generator; train on batches (X, y) by partial_fit_stream",
    ),
    "data set": (Data(), ARRAYS + "Data; train on batches (X, y) by partial_fit_stream"),
    "pairs": ([(np.ones(3), 0), (np.ones(3), 1)], "got pairs of X and y; give them apart: X, y ="),
    "empty": ([], "X must have at least one row, got an empty list"),
    "sparse matrices": ([sparse.csr_matrix(np.eye(2))], "use scipy.sparse.vstack(X)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_to_write_instead(name):
    X, message = REFUSED[name]
    with pytest.raises(ValueError, match=re.escape(message)):
        check_rows(Estimator(), X, reset=True)


@pytest.mark.parametrize("name", ["images of sizes", "files", "column of text", "masked"])
def test_the_input_is_named(name):
    X, message = REFUSED[name]
    named = message.replace("X", "X['a']", 1)
    with pytest.raises(ValueError, match=rf"^{re.escape(named)}"):
        check_rows(Estimator(), {"a": X}, reset=True)


TAKEN = {
    "equal PIL images": [Image.fromarray(image(2, 3))] * 2,
    "objects of one shape": objects(image(2, 3), image(2, 3)),
    "series of rows": pd.Series([image(2, 3), image(2, 3)]),
    "bfloat16": jnp.zeros((2, 2, 3), jnp.bfloat16),
    "an unmasked array": np.ma.array(np.zeros((2, 2, 3))),
    "numbers as text": np.full((2, 2, 3), "0"),
    "decimals": [[[Decimal(0)] * 3] * 2] * 2,
    "truth values": np.zeros((2, 2, 3), bool),
}


@pytest.mark.parametrize("name", TAKEN)
def test_everything_that_is_numbers_is_taken(name):
    rows = check_rows(Estimator(), TAKEN[name], reset=True)
    np.testing.assert_array_equal(rows.all(), np.zeros((2, 2, 3)))
