"""Case: test-time augmentation."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from .. import data
from ..case import Case, Contender, Measure, Sample, Setting
from ..recipe import AFFINE, COPIES


def _predictions(setting: Setting, test_augment: Any = None) -> Measure:
    from .. import nets

    split = data.digits(setting)
    X = np.concatenate([split.X_train, split.X_valid, split.X_test])
    net = nets.tutorial(max_epochs=1, train_split=None, random_state=0)
    net.fit(split.X_train, split.y_train).set_params(test_augment=test_augment)

    def measure(_: int) -> Sample:
        began = time.perf_counter()
        predicted = net.predict(X)
        seconds = time.perf_counter() - began
        accuracy = np.mean(predicted[-len(split.X_test) :] == split.y_test)
        return Sample([seconds], seconds, {"accuracy": accuracy})

    return measure


def _affine(setting: Setting) -> Measure:
    from skconv.augment import QuasiAffine, TestTime

    return _predictions(setting, TestTime(QuasiAffine(**AFFINE), n=COPIES))


def _crops(setting: Setting) -> Measure:
    from skconv.augment import TenCrop, TestTime

    return _predictions(setting, TestTime(TenCrop(pad=1)))


def _draws(setting: Setting) -> Measure:
    from skconv.augment import RandomAffine, TestTime

    return _predictions(setting, TestTime(RandomAffine(**AFFINE), n=COPIES))


TEST_TIME = Case(
    "test_time",
    "Tutorial CNN: predictions of 5,000 digits, each averaged over ten transformed copies",
    (
        Contender("skconv, affine grid", _affine, ours=True),
        Contender("skconv, ten crops", _crops, ours=True),
        Contender("skconv, random draws", _draws, ours=True),
        Contender("skconv, without copies", _predictions, 11.0),
    ),
    rounds=5,
)
