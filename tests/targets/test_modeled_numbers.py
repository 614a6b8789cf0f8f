import re
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import d2_pinball_score

from skconv.objectives.gaussian import MeanAndLogVariance
from skconv.objectives.pinball import Quantiles
from skconv.targets.modeled_numbers import ModeledNumbers

RNG = np.random.default_rng(0)
LEVELS = Quantiles((0.1, 0.5, 0.9))
GAUSSIAN = MeanAndLogVariance(0.0)


def raises(message):
    return pytest.raises(ValueError, match=f"^{re.escape(message)}$")


def scaled(shape, form, output, axis=1):
    """Return matched targets, and y that they standardize."""
    y = RNG.normal(5.0, 3.0, size=(50, *shape))
    targets = ModeledNumbers(shape, form=form).match((None, *output), axis)
    return replace(targets, mean=y.mean(axis=0), scale=y.std(axis=0)), y


@pytest.mark.parametrize(
    ("shape", "output", "axis"),
    [((), (3,), -1), ((2,), (6,), -1), ((4, 5), (3, 4, 5), 1), ((7,), (7, 3), -1)],
)
def test_quantiles_have_a_last_axis_in_the_units_of_y(shape, output, axis):
    targets, y = scaled(shape, LEVELS, output, axis)
    encoded = targets.encode(y)
    assert encoded.shape == y.shape
    np.testing.assert_allclose(encoded.mean(axis=0), 0, atol=1e-6)
    quantiles = np.quantile(encoded, LEVELS.levels, axis=0)  # of the standardized targets
    row = targets.view.to_output(np.moveaxis(quantiles, 0, -1))
    decoded = targets.decode(np.stack([row, row]))
    assert decoded.shape == (2, *shape, 3)
    expected = np.moveaxis(np.quantile(y, LEVELS.levels, axis=0), 0, -1)
    np.testing.assert_allclose(decoded[1], expected, rtol=1e-5)
    np.testing.assert_allclose(targets.output_in_units(row[None])[0], expected, rtol=1e-5)
    assert targets.spread(row[None]) is None


@pytest.mark.parametrize(("shape", "output"), [((), (2,)), ((3,), (6,))])
def test_means_and_deviations_are_in_the_units_of_y(shape, output):
    targets, _ = scaled(shape, GAUSSIAN, output)
    raw = RNG.normal(size=(4, *output))
    values = raw.reshape(4, *shape, 2)
    np.testing.assert_allclose(
        targets.decode(raw), values[..., 0] * targets.scale + targets.mean, rtol=1e-9
    )
    std = np.exp(values[..., 1] / 2) * targets.scale
    np.testing.assert_allclose(targets.spread(raw), std, rtol=1e-9)
    in_units = targets.output_in_units(raw)
    np.testing.assert_allclose(np.exp(in_units[..., 1] / 2), std, rtol=1e-9)


@pytest.mark.parametrize("form", [LEVELS, GAUSSIAN])
def test_the_scale_of_an_output_holds_that_of_its_targets(form):
    targets, _ = scaled((4, 5), form, (form.units, 4, 5))
    shift, factor = targets.output_scale()
    assert shift.shape == factor.shape == (form.units, 4, 5)
    mean, scale = targets.target_scale(shift, factor)
    np.testing.assert_array_equal(mean, targets.mean)
    np.testing.assert_array_equal(scale, targets.scale)
    raw = RNG.normal(size=(2, form.units, 4, 5))
    expected = targets.view.predictions(raw * factor + shift)
    np.testing.assert_allclose(targets.output_in_units(raw), expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("shape", "output", "message"),
    [
        (
            (),
            (4,),
            "the output must have 3 units, 3 quantiles for each number in a row of y, got shape "
            "(None, 4)",
        ),
        (
            (2,),
            (3,),
            "the output must have 6 units, 3 quantiles for each of the 2 numbers in a row of y, "
            "got shape (None, 3)",
        ),
        (
            (4, 5),
            (2, 4, 5),
            "the output must have 3 units, 3 quantiles for each of the 20 numbers in a row of y, "
            "got shape (None, 2, 4, 5)",
        ),
        (
            (4, 5),
            (3, 7, 7),
            "the output must have 60 values, 3 quantiles for each of the 20 numbers in a row of y, "
            "got shape (None, 3, 7, 7)",
        ),
    ],
)
def test_other_widths_are_refused(shape, output, message):
    with raises(message):
        ModeledNumbers(shape, form=LEVELS).match((None, *output))


@pytest.mark.parametrize(
    ("shape", "output", "units"),
    [((), (None,), 3), ((2,), (None,), 6), ((4, 5), (None, 4, 5), 3), ((7,), (7, None), 3)],
)
def test_units_are_those_of_each_position(shape, output, units):
    assert ModeledNumbers(shape, form=LEVELS).units_for((None, *output)) == units


def test_images_are_scored_by_all_numbers():
    targets, y = scaled((4, 5), LEVELS, (3, 4, 5))
    predictions = np.stack([y - 1, y, y + 1], axis=-1)
    weights = RNG.uniform(size=50)
    for given, own in ((None, None), (weights, np.repeat(weights, 20))):
        scores = [
            d2_pinball_score(y.ravel(), predictions[..., i].ravel(), alpha=level, sample_weight=own)
            for i, level in enumerate(LEVELS.levels)
        ]
        found = targets.scorer(y, predictions, given)
        assert found == pytest.approx(np.mean(scores), rel=1e-12)


def test_rows_of_another_size():
    matched = ModeledNumbers((4, 5), form=LEVELS).match((None, 3, 4, 5))
    other = matched.of_rows((7, 2))
    assert (
        other
        == matched.resized((3, 7, 2))
        == ModeledNumbers((7, 2), form=LEVELS).match((None, 3, 7, 2))
    )
    raw = RNG.normal(size=(6, 3, 7, 2))
    np.testing.assert_array_equal(matched.decode(raw), np.moveaxis(raw, 1, -1))
    assert other.units_for((None, None, 7, 2)) == 3
    with pytest.raises(ValueError, match=r"got rows of shapes \(4, 5\) and \(7, 2, 1\)"):
        matched.of_rows((7, 2, 1))
