import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skconv import NeuralNet
from skconv.layers import DenseLayer, EmbeddingLayer, GRULayer, InputLayer
from skconv.preprocessing import PadSequences, SliceDict

rng = np.random.default_rng(0)

LENGTHS = [3, 1, 5, 2]

WORDS = [list(range(1, n + 1)) for n in LENGTHS]

STEPS = [rng.normal(size=(n, 2)).astype(np.float32) for n in LENGTHS]


def as_objects(rows):
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


def test_sequences_are_padded_with_a_mask():
    X = PadSequences().fit_transform(WORDS)
    assert isinstance(X, SliceDict)
    expected = [[1, 2, 3, 0, 0], [1, 0, 0, 0, 0], [1, 2, 3, 4, 5], [1, 2, 0, 0, 0]]
    assert X["input"].tolist() == expected
    assert np.array_equal(X["mask"], np.array(expected) > 0)
    assert X["mask"].dtype == np.uint8


@pytest.mark.parametrize(
    "make",
    [
        as_objects,
        tuple,
        lambda rows: pd.Series(rows),
        lambda rows: pd.DataFrame({"words": rows}),
        lambda rows: [np.array(row) for row in rows],
    ],
)
def test_forms_of_sequences(make):
    assert PadSequences().fit_transform(make(WORDS)) == PadSequences().fit_transform(WORDS)


def test_an_array_has_sequences_of_one_length():
    X = PadSequences().fit_transform(np.ones((2, 3, 4)))
    assert X["input"].shape == (2, 3, 4)
    assert X["mask"].tolist() == [[1, 1, 1]] * 2


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64, bool])
def test_the_dtype_is_kept(dtype):
    X = PadSequences().fit_transform([np.ones(n, dtype) for n in LENGTHS])
    assert X["input"].dtype == dtype


def test_padding_before():
    X = PadSequences(padding="before", value=-1).fit_transform(WORDS)
    assert X["input"][3].tolist() == [-1, -1, -1, 1, 2]
    assert X["mask"][3].tolist() == [0, 0, 0, 1, 1]


def test_long_sequences_are_cut():
    assert PadSequences(max_length=2).fit_transform(WORDS)["input"][2].tolist() == [1, 2]
    before = PadSequences(max_length=2, truncation="before").fit_transform(WORDS)
    assert before["input"].tolist() == [[2, 3], [1, 0], [4, 5], [1, 2]]
    assert before["mask"].tolist() == [[1, 1], [1, 0], [1, 1], [1, 1]]


@pytest.mark.parametrize(
    ("settings", "length"),
    [
        ({}, 5),
        ({"length_multiple": 4}, 8),
        ({"length_multiple": "power_of_two"}, 8),
        ({"length_multiple": 4, "max_length": 6}, 6),
        ({"max_length": 9}, 5),
    ],
)
def test_lengths_are_rounded_up(settings, length):
    pad = PadSequences(**settings).fit(WORDS)
    assert pad.length_ == length
    assert pad.transform(WORDS)["input"].shape == (4, length)
    assert pad.transform(WORDS[1:2])["mask"].shape == (1, length)


def test_later_sequences_may_be_longer():
    pad = PadSequences(length_multiple=4).fit(WORDS[:2])
    assert pad.length_ == 4
    assert pad.transform(WORDS)["input"].shape == (4, 8)


def test_buckets_leave_few_lengths():
    X = PadSequences(buckets=True, length_multiple=2).fit_transform(STEPS)
    assert [row.shape for row in X["input"]] == [(4, 2), (2, 2), (6, 2), (2, 2)]
    assert [row.sum() for row in X["mask"]] == LENGTHS
    powers = PadSequences(buckets=True, length_multiple="power_of_two")
    rows = powers.fit_transform([np.ones(n) for n in range(1, 100)])["input"]
    assert sorted({len(row) for row in rows}) == [1, 2, 4, 8, 16, 32, 64, 128]


def test_names_and_no_mask():
    pad = PadSequences(name="words", mask_name="given")
    assert list(pad.fit_transform(WORDS)) == ["words", "given"]
    assert clone(pad).set_params(mask_name=None).fit_transform(WORDS).shape == (4, 5)


@pytest.mark.parametrize("settings", [{}, {"buckets": True, "length_multiple": 4}])
@pytest.mark.parametrize("padding", ["after", "before"])
def test_padding_is_dropped(settings, padding):
    pad = PadSequences(padding=padding, **settings)
    X = pad.fit_transform(STEPS)
    for found in (pad.inverse_transform(X), pad.inverse_transform(X["input"], mask=X["mask"])):
        assert all(np.array_equal(*pair) for pair in zip(found, STEPS, strict=True))


def test_padding_of_predictions_is_dropped():
    pad = PadSequences()
    X = pad.fit_transform(WORDS)
    tags = np.where(X["input"] % 2, "odd", "even")
    assert [row.tolist() for row in pad.inverse_transform(tags, mask=X)][:2] == [
        ["odd", "even", "odd"],
        ["odd"],
    ]
    for mask, message in (
        (None, "mask must be given for an array"),
        (X["mask"][:2], "mask must have 4 rows as X has, got 2"),
        (X["mask"][:, :3], "mask must have 5 time steps as X has in row 0, got 3"),
    ):
        with pytest.raises(ValueError, match=message):
            pad.inverse_transform(tags, mask=mask)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[1], []], "shape (time,) or (time, features), got an empty one in row 1; drop it"),
        ([], "X must have at least one sequence, got none"),
        ([1, 2], "got 1 in row 0; a single sequence is [x]"),
        (["a cat"], "got text in row 0: 'a cat'; number its words first"),
        ([["a"], ["b"]], "in row 0; number words or categories first"),
        ([np.ones((2, 3)), np.ones((2, 4))], "got (time, 3) in row 0 and (time, 4) in row 1"),
        ([[1], [[1]]], "got (time,) in row 0 and (time, 1) in row 1"),
        ([[[1], [1, 2]]], "got time steps of several lengths in row 0"),
        ("text", "X must be a list or an array of sequences, got str"),
        (pd.DataFrame({"a": [[1]], "b": [[1]]}), "one column of sequences, got 2; select one"),
    ],
    ids=str,
)
def test_what_is_not_a_list_of_sequences(X, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        PadSequences().fit(X)


def test_all_empty_sequences_are_listed():
    with pytest.raises(ValueError, match=r"(?s)2 problems.*in row 1.*in row 3"):
        PadSequences().fit([[1], [], [2], []])


def test_later_sequences_have_the_same_features():
    pad = PadSequences().fit(STEPS)
    with pytest.raises(ValueError, match=r"shape \(time, 2\) as in fit, got \(time, 3\)"):
        pad.transform([np.ones((4, 3))])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_length": 0}, "max_length must be a positive integer or None, got 0"),
        ({"length_multiple": "two"}, "positive integer or 'power_of_two', got 'two'"),
        ({"length_multiple": 0}, "positive integer or 'power_of_two', got 0"),
        ({"padding": "post"}, "padding must be one of 'after', 'before', got 'post'"),
        ({"truncation": None}, "truncation must be one of 'after', 'before', got None"),
        ({"buckets": "yes"}, "buckets must be True or False, got 'yes'"),
        ({"value": "0"}, "value must be a number, got '0'"),
        ({"value": 0.5}, "value must be a number that int64 holds, as the sequences do, got 0.5"),
        ({"mask_name": "input"}, "mask_name must be the name of another input layer, or None"),
        ({"name": None}, "name must be the name of an input layer, got None"),
    ],
    ids=str,
)
def test_invalid_parameters(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        PadSequences(**settings).fit_transform(WORDS)


def tagger(**settings):
    """Return a net that reads words and a mask."""
    return NeuralNet(
        layers=[
            ("words", InputLayer),
            ("mask", InputLayer),
            (EmbeddingLayer, {"name": "vectors", "incoming": "words"}),
            (GRULayer, {"name": "last", "mask_input": "mask"}),
            ("output", DenseLayer),
        ],
        words_shape=(None, None),
        mask_shape=(None, None),
        vectors_input_size=9,
        vectors_output_size=4,
        last_num_units=3,
        last_only_return_final=True,
        update_learning_rate=0.1,
        batch_iterator_train=8,
        max_epochs=2,
        random_state=0,
        **settings,
    )


@pytest.mark.parametrize("padding", ["after", "before"])
def test_padded_sequences_get_the_predictions_of_single_ones(padding):
    words = [rng.integers(9, size=n) for n in rng.integers(1, 7, size=24)]
    model = make_pipeline(PadSequences("words", padding=padding), tagger())
    model.fit(words, [row[0] > 4 for row in words])
    found = model.predict_proba(words)
    net = model[-1]
    for row, expected in zip(words[:6], found, strict=False):
        alone = net.predict_proba({"words": row[None], "mask": np.ones((1, len(row)))})
        assert np.allclose(alone[0], expected, atol=1e-5)
