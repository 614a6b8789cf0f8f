import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skconv import BatchIterator, clear_programs, compile_counts
from skconv.visualize.gradients import iterate_gradients

from ..nets import HIDDEN, IMAGES, KINDS, X, image_net, make_net, still_net, y


@pytest.fixture(scope="module")
def net():
    return image_net().fit(IMAGES, KINDS)


def joined(net, X, *args, **options):
    batches = list(iterate_gradients(net, X, *args, **options))
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def test_batches_hold_all_rows_once(net):
    scores, outputs, slopes = joined(net, IMAGES, "b", logits=False)
    np.testing.assert_allclose(scores, net.predict_proba(IMAGES)[:, 1], rtol=1e-5)
    np.testing.assert_array_equal(outputs, IMAGES)
    assert slopes.shape == IMAGES.shape


def test_rows_may_be_asked_about_different_classes(net):
    each = joined(net, IMAGES, KINDS)[2]
    for i, kind in enumerate("abc"):
        np.testing.assert_allclose(each[i::3], joined(net, IMAGES, kind)[2][i::3], rtol=1e-5)
    likely = joined(net, IMAGES, net.predict(IMAGES))[2]
    np.testing.assert_array_equal(joined(net, IMAGES)[2], likely)


def test_logits_are_what_comes_before_the_output_s_nonlinearity():
    rows = X[:, :3]
    net = still_net().fit(rows, y)
    scores, _, slopes = joined(net, rows, y)
    np.testing.assert_allclose(scores, rows[np.arange(40), y], rtol=1e-6)
    np.testing.assert_array_equal(slopes, np.eye(3)[y])


def test_one_unit_answers_for_two_classes():
    net = make_net().set_params(output_num_units=1).fit(X, y > 0)
    yes, no = (joined(net, X, answer)[2] for answer in (True, False))
    np.testing.assert_array_equal(yes, -no)
    assert yes.any()


def test_layers_are_named_as_for_their_outputs(net):
    _, outputs, slopes = joined(net, IMAGES, layer="conv")
    np.testing.assert_allclose(outputs, net.get_output("conv", IMAGES), atol=1e-6)
    for layer in (1, net.layers_["conv"]):
        np.testing.assert_array_equal(joined(net, IMAGES, layer=layer)[2], slopes)


def test_batches_pass_through_the_iterator():
    class Doubled(BatchIterator):
        def transform(self, Xb, yb):
            return 2 * Xb, yb

    net = make_net(batch_iterator_test=Doubled(16)).fit(X, y)
    np.testing.assert_array_equal(joined(net, X)[1], 2 * X)


def test_classes_rows_and_weights_compile_nothing(net):
    clear_programs()
    joined(net, IMAGES, "a")
    before = compile_counts()
    joined(net, IMAGES[:1], "b")
    joined(net, np.tile(IMAGES, (3, 1, 1, 1)), np.tile(KINDS, 3))
    joined(image_net(random_state=1).fit(IMAGES, KINDS), IMAGES)
    assert compile_counts()["gradient"] == before["gradient"]
    joined(net, IMAGES, "a", layer="pool")
    assert compile_counts()["gradient"] == before["gradient"] + 1


def test_a_net_of_several_inputs_needs_the_name_of_one():
    from skconv.layers import ConcatLayer, DenseLayer, InputLayer

    layers = [
        ("left", InputLayer),
        ("right", InputLayer),
        (ConcatLayer, {"name": "both", "incomings": ["left", "right"]}),
        HIDDEN,
        ("output", DenseLayer),
    ]
    rows = {"left": X[:, :2], "right": X[:, 2:]}
    net = make_net(layers=layers).fit(rows, y)
    assert joined(net, rows, layer="right")[2].shape == (40, 3)
    with pytest.raises(
        ValueError, match=r"^layer must be given, as the net has several inputs: left, right$"
    ):
        joined(net, rows)


def test_what_the_net_does_not_know(net):
    with pytest.raises(NotFittedError):
        joined(make_net(), X)
    with pytest.raises(ValueError, match=r"unknown layer 'con'. Did you mean 'conv'\?"):
        joined(net, IMAGES, layer="con")
    with pytest.raises(
        ValueError,
        match=r"X must have shape \(n, 2, 6, 7\) for the input layer 'input', got \(10, 1, 6, 7\)",
    ):
        joined(net, IMAGES[:, :1])
