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
    assert image_folder(tmp_path / "in").target.tolist() == ["cat", "dog"]


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
        (["a.jpg", "b.jpg"], ".", "got 2 images without in"),
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
