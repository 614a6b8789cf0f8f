import re

import numpy as np
import pytest
from sklearn.preprocessing import LabelEncoder

from skconv.nonlinearities import softmax
from skconv.objectives import gaussian_nll, squared_error
from skconv.objectives.gaussian import MeanAndLogVariance
from skconv.targets.modeled_numbers import ModeledNumbers
from skconv.targets.numbers import Numbers
from skconv.targets.output_inference import infer_outputs
from skconv.targets.outputs import Outputs
from skconv.utils.loss_contracts import LossInfo, contract_of

NAMES = ("digit", "parity", "size")


DIGIT, PARITY, SIZE = [3, 8, 5, 3], ["odd", "even", "odd", "odd"], [0.5, 1.5, 2.5, 3.5]


BY_NAME = {"size": SIZE, "digit": DIGIT, "parity": PARITY}


def raises(message):
    return pytest.raises(ValueError, match=f"^{re.escape(message)}")


def inferred(y=BY_NAME, **kwargs):
    return infer_outputs(y, NAMES, regression=(False, False, True), **kwargs)


def test_targets_are_coded_and_answers_come_back_in_the_order_of_the_outputs():
    outputs = inferred().match([(None, 3), (None, 1), (None, 1)])
    digit, parity, size = outputs.encode(BY_NAME)
    assert (digit.dtype, parity.dtype, size.dtype) == (np.int32, np.float32, np.float32)
    assert digit.tolist() == [0, 2, 1, 0]
    assert parity.ravel().tolist() == [1, 0, 1, 1]
    out = np.eye(3, dtype=np.float32)[digit], parity, size
    for found, given in zip(outputs.decode(out), (DIGIT, PARITY, SIZE), strict=True):
        assert found.tolist() == given
    p = outputs.probabilities(out)
    assert p[0] is out[0]
    np.testing.assert_array_equal(p[1], np.hstack([1 - parity, parity]))
    assert p[2] is None


def test_a_single_output_answers_with_arrays():
    one = infer_outputs(DIGIT, (None,), regression=(False,)).match([(None, 3)])
    encoder = LabelEncoder().fit(DIGIT)
    np.testing.assert_array_equal(one.classes, encoder.classes_)
    np.testing.assert_array_equal(one.encode(DIGIT), encoder.transform(DIGIT))
    np.testing.assert_array_equal(one.decode(np.eye(3)), encoder.classes_)
    np.testing.assert_array_equal(one.probabilities(np.eye(3)), np.eye(3))
    assert one.row_weights(one.encode(DIGIT), {3: 2.0, 5: 1.0, 8: 1.0}).tolist() == [2, 1, 1, 2]
    assert infer_outputs(SIZE, (None,), regression=(True,)).classes is None


def test_shapes_that_do_not_fit_name_the_output():
    with raises("output 'digit': the output has shape (None, 4), but y has 3 classes"):
        inferred().match([(None, 4), (None, 2), (None, 1)])


def test_classes_have_no_weights_where_there_are_several_outputs():
    outputs = inferred().match([(None, 3), (None, 2), (None, 1)])
    message = "class_weight requires a single output, got digit, parity, size; use sample_w"
    with raises(message):
        outputs.row_weights(outputs.encode(BY_NAME), "balanced")


def test_known_classes_may_be_given_again_but_not_changed():
    y = {"digit": DIGIT, "parity": PARITY, "size": SIZE}
    outputs = inferred(y)
    outputs.check_classes({"parity": ["odd", "even", "odd"]})
    outputs.check_classes([None, ["even", "odd"], None])
    message = (
        r"^2 problems:\n - output 'digit': classes must be the same in each call of partial_fit, "
        r"got \[3, 9\]; known classes: .*\n - output 'size': classes must be None for regression"
    )
    with pytest.raises(ValueError, match=message):
        outputs.check_classes({"digit": [9, 3], "size": [1]})


def test_outputs_with_further_units_get_further_classes():
    names = ("digit", "size")
    outputs = infer_outputs(([0, 2], [0.5, 1]), names, regression=(False, True), exact=False)
    matched = outputs.match([(None, 4), (None, 1)])
    assert matched.extended(([2, 0], [7.0, 8])) is matched
    extended = matched.extended(([3, 8], [7.0, 8]))
    assert extended.classes[0].tolist() == [0, 2, 3]
    assert extended.targets[1] is matched.targets[1]


def test_logarithms_are_in_the_order_of_the_outputs():
    names = ("kind", "size")
    outputs = infer_outputs(([0, 1], [0.5, 1]), names, regression=(False, True))
    values = np.array([[0.0, 1000.0]], np.float32), np.zeros((1, 1), np.float32)
    kind, size = outputs.log_probabilities(values, [softmax, None])
    assert kind.tolist() == [[-1000, 0]]
    assert size is None


def test_variances_of_outputs_and_passes_are_added():
    told = ModeledNumbers((), form=MeanAndLogVariance(0.0))
    outputs = Outputs(("a", "b"), (told, Numbers(()))).match([(None, 2), (None, 1)])
    rng = np.random.default_rng(0)
    output, deviation = ((rng.uniform(size=(4, 2)), rng.uniform(size=(4, 1))) for _ in range(2))
    found = outputs.spread(output, deviation)
    variance = np.exp(output[0][:, 1]) + deviation[0][:, 0] ** 2
    np.testing.assert_allclose(found[:, 0], np.sqrt(variance), rtol=1e-9)
    np.testing.assert_allclose(found[:, 1], deviation[1][:, 0], rtol=1e-9)
    alone, none = outputs.spread(output)
    np.testing.assert_allclose(alone, np.exp(output[0][:, 1] / 2), rtol=1e-9)
    assert none is None


def test_another_loss_reads_the_same_targets():
    y = np.array([0.5, np.nan, 1.5, 2.5])
    one, other = (LossInfo(f.__name__, contract_of(f)) for f in (squared_error, gaussian_nll))
    outputs = infer_outputs(y, (None,), regression=(True,), losses=(one,), ignored=(np.nan,))
    other = outputs.with_losses((other,), y)
    assert other.targets[0].num_units == 2
    found = other.match([(None, 2)]).encode(y)
    np.testing.assert_array_equal(found, np.float32(y))
