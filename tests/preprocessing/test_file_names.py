import re
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skconv.preprocessing.file_names import hint_for, read_file_names

NAMES = ["a.png", "b c.png"]


@pytest.mark.parametrize(
    "X",
    [
        NAMES,
        tuple(NAMES),
        [Path(name) for name in NAMES],
        [name.encode() for name in NAMES],
        np.array(NAMES),
        np.array(NAMES, object),
        np.array(NAMES)[:, None],
        pd.Series(NAMES, index=[5, 3]),
        pd.Series(NAMES, dtype="category"),
        pd.DataFrame({"file": NAMES}),
        pd.Index(NAMES),
        pl.Series(NAMES),
        pl.DataFrame({"file": NAMES}),
    ],
    ids=lambda X: type(X).__name__,
)
def test_names_come_from_any_container(X):
    assert read_file_names(X) == NAMES
    assert {type(name) for name in read_file_names(X)} == {str}  # repr of numpy.str_ has its type
    assert read_file_names(X, "in") == ["in/a.png", "in/b c.png"]
    assert read_file_names(X, Path("in")) == ["in/a.png", "in/b c.png"]


def test_absolute_names_stay():
    assert read_file_names(["/a.png"], "in") == ["/a.png"]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("photos", "X must be a list of file names, got 'photos'; give a single one as [X], and"),
        (Path("photos"), "got 'photos'; give a single one as [X]"),
        (iter(NAMES), "X must be a list of file names, got list_iterator"),
        ({"data": NAMES}, "X must be a list of file names, got dict; give its file names"),
        ([], "X must have at least one file name, got none"),
        (["a.png", None, "", 3], "got None in row 1, '' in row 2, 3 in row 3"),
        (pd.Series(["a.png", None]), "in row 1"),
        ([float("nan")] * 12, "nan in row 9 and 2 more"),
        (np.zeros((2, 1, 8, 8)), "must have one column of file names, got shape (2, 1, 8, 8)"),
        (pd.DataFrame({"a": NAMES, "b": NAMES}), "got shape (2, 2); select one as X[name]"),
    ],
)
def test_what_is_no_list_of_names_is_refused(X, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read_file_names(X)


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("~/a.png", "; write os.path.expanduser('~/a.png')"),
        (Path("~"), "; write os.path.expanduser('~')"),
        ("https://example.com/a.png", "; download what is at a URL to a folder first"),
        ("in/s3://bucket/a.png", "; download what is at a URL to a folder first"),
        (Path("https://example.com/a.png"), "; download what is at a URL to a folder first"),
        ("a~b: c/d.png", ""),
        ("C:/a.png", ""),
    ],
)
def test_what_to_write_for_paths_that_do_not_exist(path, hint):
    assert hint_for(path) == hint
