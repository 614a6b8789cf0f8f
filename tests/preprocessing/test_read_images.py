import os
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

from skconv import NeuralNet, compile_counts
from skconv.layers import DenseLayer, InputLayer
from skconv.model_selection import BatchedGridSearchCV
from skconv.preprocessing import ReadImages, RowView, read_images
from skconv.preprocessing.decode_image import ImageForm
from skconv.updates import sgd

N = 60
LABELS = np.array(["dark", "light"])[np.arange(N) % 2]


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """Names of gray images of 8x8 that are dark or light."""
    folder, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for i in range(N):
        image = rng.integers(0, 120, (8, 8), dtype=np.uint8) + np.uint8(130 * (i % 2))
        Image.fromarray(image).save(folder / f"{i:02}.png")
    return sorted(map(str, folder.iterdir()))


@pytest.fixture(scope="module", name="X")
def read_by_pillow(names):
    return np.stack([np.asarray(Image.open(name)) for name in names])[:, None]


@pytest.fixture
def decoded(monkeypatch):
    """The names of files that are decoded, in any order."""
    names = []
    decode = ImageForm.decode

    def note(self, path):
        names.append(path)
        return decode(self, path)

    monkeypatch.setattr(ImageForm, "decode", note)
    return names


def model(**params):
    net = NeuralNet(
        layers=[("input", InputLayer), ("output", DenseLayer)],
        update=sgd,
        update_learning_rate=1e-6,
        batch_iterator_train=16,
        max_epochs=3,
        random_state=0,
    )
    return Pipeline([("read", ReadImages(channels=1, **params)), ("net", net)])


def test_images_become_one_array(names, X):
    read = ReadImages(size=(8, 8), channels=1).fit_transform(names)
    assert read.dtype == np.uint8
    assert_array_equal(read, X)
    table = pd.DataFrame({"file": names})
    assert_array_equal(ReadImages(size=8, channels=1).fit_transform(table), X)
    assert ReadImages(size=(5, 6)).fit(names).transform(names[:2]).shape == (2, 3, 5, 6)


def test_names_may_be_relative_to_a_folder(names, X):
    folder = names[0].rpartition("/")[0]
    read = ReadImages(8, channels=1, folder=folder).fit_transform(["01.png", "00.png"])
    assert_array_equal(read, X[[1, 0]])


@pytest.mark.parametrize("on_error", ["raise", "warn"])
def test_folders_that_do_not_exist_are_refused_once(names, X, tmp_path, on_error):
    reader = ReadImages(8, channels=1, folder=tmp_path / "no", on_error=on_error)
    with pytest.raises(ValueError, match=r"folder must be the folder of the files, got .*no', wh"):
        reader.fit(["a.png"])
    with pytest.raises(ValueError, match=r"which is not one; write os.path.expanduser\('~/no'\)"):
        reader.set_params(folder="~/no").transform(["a.png", *names])
    assert_array_equal(reader.transform([os.path.abspath(name) for name in names]), X)


def test_sizes_are_kept_by_default(names, tmp_path):
    reader = ReadImages(channels=1)
    with pytest.raises(NotFittedError):
        reader.transform(names)
    assert reader.fit(names).size_ == (8, 8)
    Image.new("L", (9, 8)).save(tmp_path / "other.png")
    with pytest.raises(ValueError, match=r"has 8x9 pixels, and the first image of fit 8x8"):
        reader.transform([*names, tmp_path / "other.png"])
    with pytest.raises(ValueError, match=r"other.jpg' does not exist"):
        reader.fit([tmp_path / "other.jpg"])
    assert reader.set_params(on_error="warn").fit(["no.jpg", *names]).size_ == (8, 8)


def test_without_a_size_to_learn_no_fit_is_needed(names, X):
    assert_array_equal(ReadImages(size=8, channels=1).transform(names), X)


def test_many_images_are_not_read_before_they_are_needed(names, X, decoded, monkeypatch):
    view = ReadImages(size=8, channels=1, lazy=True).fit_transform(names)
    assert isinstance(view, RowView)
    assert (view.shape, view.dtype, decoded) == (X.shape, np.uint8, [])
    assert_array_equal(view[[3, 1]], X[[3, 1]])
    assert sorted(decoded) == [names[1], names[3]]
    monkeypatch.setattr(read_images, "LARGE_BYTES", X.nbytes)
    assert isinstance(ReadImages(size=8, channels=1).fit_transform(names), np.ndarray)
    assert isinstance(ReadImages(size=9, channels=1).fit_transform(names), RowView)
    assert isinstance(ReadImages(size=9, lazy=False).fit_transform(names), np.ndarray)


@pytest.fixture(scope="module")
def fitted(X):
    return clone(model()["net"]).fit(X, LABELS)


@pytest.mark.parametrize("lazy", [True, False])
def test_nets_train_on_files_as_on_arrays(names, X, fitted, lazy):
    before = compile_counts()
    piped = model(size=8, lazy=lazy).fit(names, LABELS)
    expected = fitted.predict_proba(X)
    assert_array_equal(piped.predict_proba(pd.Series(names)), expected)
    assert compile_counts()["train"] == before["train"]
    assert_array_equal(pickle.loads(pickle.dumps(piped)).predict(names), piped.predict(names))


def test_streams_decode_each_file_once_an_epoch(names, X, fitted, decoded, monkeypatch):
    """Neighbors of the rows of a chunk are not decoded along with them."""
    monkeypatch.setattr("skconv.data.chunks.CHUNK_BYTES", 20 * 64)
    monkeypatch.setattr("skconv.data.chunks.spare_memory", lambda: 0)
    net = clone(fitted).set_params(batch_iterator_train=20, train_split=None)
    view, counts = ReadImages(8, channels=1, lazy=True).transform(names), []
    for epochs in (1, 4):
        decoded.clear()
        net.set_params(max_epochs=epochs).fit(view, LABELS)
        counts.append(len(decoded))
    assert counts[1] - counts[0] == 3 * N
    expected = net.predict_proba(X)
    assert_array_equal(net.fit(X, LABELS).predict_proba(X), expected)


@pytest.mark.parametrize("search", [GridSearchCV, BatchedGridSearchCV])
@pytest.mark.parametrize("lazy", [True, False])
def test_searches_take_file_names(names, X, fitted, search, lazy):
    rates = {"update_learning_rate": [1e-7, 1e-6]}
    options = {"cv": 2, "scoring": "neg_log_loss"}
    on_arrays = search(fitted, rates, **options).fit(X, LABELS)
    in_net = {f"net__{name}": rate for name, rate in rates.items()}
    piped = search(model(size=8, lazy=lazy), in_net, **options).fit(names, LABELS)
    scores = [one.cv_results_["mean_test_score"] for one in (on_arrays, piped)]
    assert_array_equal(*scores)
    assert_array_equal(piped.predict(names), on_arrays.predict(X))


def test_the_reader_itself_can_be_searched(names, X, fitted):
    grid = {"read__background": [0, 255]}
    search = GridSearchCV(model(size=8), grid, cv=2, scoring="neg_log_loss").fit(names, LABELS)
    scores = cross_val_score(fitted, X, LABELS, cv=2, scoring="neg_log_loss")
    assert_array_equal(search.cv_results_["mean_test_score"], [scores.mean()] * 2)


def test_views_of_files_are_cut_into_folds(names, X, fitted):
    view = ReadImages(8, channels=1, lazy=True).transform(names)
    found = cross_val_predict(fitted, view, LABELS, cv=2)
    assert_array_equal(found, cross_val_predict(fitted, X, LABELS, cv=2))


@pytest.mark.parametrize("lazy", [True, False])
def test_a_damaged_file_raises_and_the_net_stays_as_it_was(names, X, fitted, tmp_path, lazy):
    damaged = [*names[:20], tmp_path / "cut.png", *names[21:]]
    with open(names[20], "rb") as file:
        (tmp_path / "cut.png").write_bytes(file.read()[:70])
    net = clone(fitted).fit(X, LABELS)
    before = net.predict_proba(X)
    with pytest.raises(ValueError, match=r"got 1 of 60 that cannot be read:\n - .*cut.png'"):
        net.fit(ReadImages(8, channels=1, lazy=lazy).transform(damaged), LABELS)
    assert_array_equal(net.predict_proba(X), before)


@pytest.mark.parametrize("lazy", [True, False])
def test_skipped_files_keep_y_aligned(names, X, tmp_path, lazy):
    missing = [*names[:20], tmp_path / "no.png", *names[21:]]
    piped = model(size=8, lazy=lazy, on_error="warn", background=0)
    with pytest.warns(UserWarning, match=r"no.png' does not exist \(row 20\)"):
        piped.fit(missing, LABELS)
    blank = X.copy()
    blank[20] = 0
    expected = clone(piped["net"]).fit(blank, LABELS).predict_proba(X)
    assert_array_equal(piped.predict_proba(names), expected)
    keep = piped["read"].readable(missing)
    assert np.flatnonzero(~keep).tolist() == [20]


def test_readers_can_be_pickled_and_cloned(names, X):
    reader = clone(pickle.loads(pickle.dumps(ReadImages(8, channels=1).fit(names))))
    assert_array_equal(make_pipeline(reader).fit_transform(names), X)


def test_all_invalid_parameters_are_in_one_error(names):
    reader = ReadImages(0, channels=2, resize="fit", resample="cubic", background=(1, 2), draft=1)
    reader.set_params(folder=3, on_error="skip", lazy="yes", workers=0)
    with pytest.raises(ValueError, match=r"^10 problems:") as caught:
        reader.fit(names)
    for message in (
        "size must be a positive integer, (height, width) or None, got 0",
        "channels must be 1, 3 or 4, got 2",
        "resize must be one of 'crop', 'pad', 'stretch', got 'fit'",
        "resample must be one of 'nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'",
        "background must be an integer from 0 to 255, or three of them, got (1, 2)",
        "draft must be True or False, got 1",
        "folder must be a path or None, got 3",
        "on_error must be one of 'raise', 'warn', got 'skip'",
        "lazy must be True, False or 'auto', got 'yes'",
        "workers must be a positive integer or None, got 0",
    ):
        assert re.search(re.escape(message), str(caught.value))


@pytest.mark.parametrize("size", [(8,), (8, 8, 3), (8, 0), 8.0, "8", True, [8, None]])
def test_sizes_are_one_or_two_numbers(names, size):
    with pytest.raises(ValueError, match=r"^size must be a positive integer, \(height, width\)"):
        ReadImages(size).fit(names)
