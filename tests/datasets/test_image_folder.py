import os
import re

import numpy as np
import pytest

from skconv.datasets import image_folder

FILES = [
    *("dog/b.PNG", "dog/a.jpg", "dog/old/c.webp", "cat/10.jpeg", "cat/9.jpeg"),
    *("dog/.hidden.jpg", "dog/Thumbs.db", "dog/labels.csv", "dog/.cache/a.jpg", ".git/a.jpg"),
    *("__MACOSX/dog/._a.jpg", "readme.txt"),
]


def make(folder, *files):
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


def test_labels_are_the_subfolders(tmp_path):
    images = image_folder(make(tmp_path, *FILES))
    found = [os.path.relpath(name, tmp_path) for name in images.data]
    assert found == ["cat/10.jpeg", "cat/9.jpeg", "dog/a.jpg", "dog/b.PNG", "dog/old/c.webp"]
    assert images.target.tolist() == ["cat"] * 2 + ["dog"] * 3
    assert images.target_names == ["cat", "dog"]
    data, target = image_folder(str(tmp_path), return_X_y=True)
    np.testing.assert_array_equal(data, images.data)
    np.testing.assert_array_equal(target, images.target)


def test_relative_folders_give_relative_names(tmp_path, monkeypatch):
    make(tmp_path, "in/dog/a.jpg")
    monkeypatch.chdir(tmp_path)
    assert image_folder("in").data.tolist() == ["in/dog/a.jpg"]


def test_links_to_folders_have_labels(tmp_path):
    make(tmp_path, "kept/a.jpg", "in/dog/a.jpg")
    (tmp_path / "in/cat").symlink_to(tmp_path / "kept")
    (tmp_path / "in/dog/loop").symlink_to(tmp_path / "in")
    (tmp_path / "in/dog/more").symlink_to(tmp_path / "other")
    make(tmp_path, "other/old/b.jpg")
    (tmp_path / "other/back").symlink_to(tmp_path / "other")
    images = image_folder(tmp_path / "in")
    assert images.target.tolist() == ["cat", "dog", "dog"]
    assert images.data[2].endswith("in/dog/more/old/b.jpg")


def test_images_without_a_label_are_left_out(tmp_path):
    make(tmp_path, "dog/a.jpg", "b.jpg", "c.jpg")
    with pytest.warns(UserWarning, match=r"2 images in .* itself have no label.*: b.jpg, c.jpg"):
        assert image_folder(tmp_path).target.tolist() == ["dog"]


@pytest.mark.parametrize(
    ("files", "path", "message"),
    [
        ([], "no", "path must be a folder, got "),
        (["a.jpg"], "a.jpg", ", where there is a file"),
        ([], ".", "path must be a folder with a subfolder for each label, got none in"),
        (["a.PNG", "b.jpg"], ".", "got 2 images without in"),
        (["a.PNG", "b.jpg"], ".", "sorted(Path(path).glob('*.PNG'))"),
        (
            ["cat/a.jpg", "dog/a.txt", "emu/.b.jpg"],
            ".",
            "must hold images, got none in 'dog', 'emu'",
        ),
    ],
)
def test_folders_without_images_or_labels_are_refused(tmp_path, files, path, message):
    make(tmp_path, *files)
    with pytest.raises(ValueError, match=re.escape(message)):
        image_folder(tmp_path / path)


def test_what_to_write_for_a_home_folder():
    with pytest.raises(ValueError, match=r"nothing; write os.path.expanduser\('~/no images'\)"):
        image_folder("~/no images")


def test_paths_may_be_bytes(tmp_path):
    make(tmp_path, "dog/a.jpg")
    assert image_folder(os.fsencode(tmp_path)).data[0] == str(tmp_path / "dog/a.jpg")
