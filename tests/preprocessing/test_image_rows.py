import pickle
import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from skconv.preprocessing.decode_image import ImageForm, UndecodableImageError
from skconv.preprocessing.image_rows import ImageRows
from skconv.utils.late_arrays import is_late

FORM = ImageForm((4, 6), 3, "stretch", "bilinear", (9, 8, 7), True)
IMAGES = np.random.default_rng(0).integers(0, 256, (14, 4, 6, 3), dtype=np.uint8)
X = np.moveaxis(IMAGES, -1, 1)
BACKGROUND = np.broadcast_to(np.array([9, 8, 7])[:, None, None], (3, 4, 6))


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for i, image in enumerate(IMAGES):
        Image.fromarray(image).save(folder / f"{i:02}.png")
    whole = (folder / "00.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    return sorted(map(str, folder.glob("[0-9]*.png")))


@pytest.fixture
def damaged(names):
    """Names of which that of row 2 is missing, and that of row 5 cut off after its header."""
    folder = names[0][: -len("/00.png")]
    return [*names[:2], f"{folder}/missing.png", *names[3:5], f"{folder}/cut.png", *names[6:]]


def make(names, *, skip=False, workers=2, size=(4, 6), form=FORM):
    return ImageRows(names, form, size, workers=workers, skip=skip)


def test_rows_are_the_images(names):
    rows = make(names)
    assert (rows.shape, rows.dtype) == (X.shape, np.uint8)
    assert is_late(rows)
    rows.check()
    for index in (slice(3, 9), [4, 0, 4], -1):
        assert_array_equal(rows[index], X[index])
    assert_array_equal(rows.read_all(), X)
    assert rows.readable().all()
    assert_array_equal(pickle.loads(pickle.dumps(rows))[:3], X[:3])


def test_files_that_cannot_be_read_are_listed_with_what_to_do(damaged):
    rows = make(damaged)
    with pytest.raises(UndecodableImageError) as caught:
        rows.read_all()
    text = str(caught.value)
    assert text.startswith("X must be files of images, got 2 of 14 that cannot be read:\n - '")
    assert re.search(r"missing.png' does not exist \(row 2\)\n - .*cut.png' cannot be d", text)
    assert text.endswith("leave them out: X[reader.readable(X)]")
    with pytest.raises(
        UndecodableImageError, match=r"got 1 of 14(.|\n)*missing.png' does not exist"
    ):
        rows.check()
    with pytest.raises(UndecodableImageError, match=r"cut.png' cannot be decoded: .* \(row 5\)"):
        rows[3:8]
    assert rows.readable().tolist() == [i not in (2, 5) for i in range(14)]


def test_skipped_files_are_background_and_warned_of_once(damaged):
    expected = X.copy()
    expected[[2, 5]] = BACKGROUND
    with pytest.warns(UserWarning, match=r"got 2 of 14(.|\n)*their rows are images of background"):
        assert_array_equal(make(damaged, skip=True).read_all(), expected)
    rows = make(damaged, skip=True)
    with pytest.warns(UserWarning, match=r"got 1 of 14(.|\n)*missing.png"):
        rows.check()
    with pytest.warns(UserWarning, match=r"got 1 of 14(.|\n)*cut.png") as found:
        assert_array_equal(rows[:], expected)
    assert len(found) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_array_equal(rows[:], expected)
        rows.check()


def test_ten_files_are_listed_at_most():
    rows = make([f"no/{i}.png" for i in range(25)])
    with pytest.raises(
        UndecodableImageError, match=r"9.png' does not exist \(row 9\)\n - and 15 mo"
    ):
        rows.check()


def test_sizes_that_are_kept_must_be_equal(names):
    kept = ImageForm(None, 3, "crop", "bilinear", (9, 8, 7), True)
    assert_array_equal(make(names, form=kept)[:], X)
    message = r"00.png' has 4x6 pixels, and the first image of fit 5x6; set a size, as in ReadI"
    with pytest.raises(UndecodableImageError, match=message):
        make(names, form=kept, size=(5, 6))[[0]]
