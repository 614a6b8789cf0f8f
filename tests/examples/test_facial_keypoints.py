import runpy
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(EXAMPLES / "facial_keypoints.py")


def test_one_epoch_draws_a_picture(example, tmp_path, capsys):
    picture = tmp_path / "picture.png"
    error = example["main"](epochs=1, path=picture, rows=60)
    assert 0 < error < 5
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert f"Error of the network: {error:.4f}, relative to the distance" in capsys.readouterr().out


def test_faces_come_from_both_parts_of_a_file(example, tmp_path):
    faces = example["synthesize"](10)
    parts = {"train": slice(0, 7), "test": slice(7, 10)}
    arrays = {f"{name}_x": faces.images[rows, 0] for name, rows in parts.items()}
    arrays |= {f"{name}_k": faces.points[rows] for name, rows in parts.items()}
    np.savez(tmp_path / "faces.npz", **arrays)
    images, points = example["load"](tmp_path / "faces.npz", 9)
    assert images.shape == (9, 1, 64, 64)
    for image, point in zip(images, points, strict=True):
        same = (faces.images == image).all((1, 2, 3)) & (faces.points == point).all((1, 2))
        assert same.sum() == 1


def test_an_upright_face_is_its_own_mirror_image(example):
    flip = replace(example["build"](1).augment[0][1], p=1.0)
    targets = example["to_targets"](32 + 20 * example["template"]()[None])
    _, mirrored = flip(jax.random.key(0), np.zeros((1, 1, 64, 64)), targets)
    np.testing.assert_allclose(mirrored, targets, atol=1e-6)
    assert len(example["FLIP_PAIRS"]) == 29


def test_targets_are_converted_back(example):
    points = example["synthesize"](2).points
    targets = example["to_targets"](points)
    assert targets.dtype == np.float32
    np.testing.assert_allclose(example["to_points"](targets), points, rtol=1e-5)


def test_frames_of_a_video_stay_together(example):
    faces = example["synthesize"](30)
    random = np.random.default_rng(0)
    frames = faces.images.repeat(2, axis=0)
    frames = np.clip(frames + random.normal(0, 2, frames.shape), 0, 255).astype(np.uint8)
    video = type(faces)(frames, faces.points.repeat(2, axis=0))
    train, test = example["split"](video)
    assert len(train.points) + len(test.points) == 60
    assert not {point.tobytes() for point in train.points} & {p.tobytes() for p in test.points}


def test_errors_are_relative_to_the_distance_of_the_eyes(example):
    points = example["synthesize"](1).points
    left, right = points[0, 36:42].mean(0), points[0, 42:48].mean(0)
    off = points + (right - left) / 4
    np.testing.assert_allclose(example["errors"](off, points), [0.25], rtol=1e-5)
