import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skconv.objectives import multiclass_hinge_loss
from skconv.visualize import plot_embedding, plot_grad_cam, plot_predictions, plot_saliency
from skconv.visualize.output_view import view_output

from ..nets import HEADS, TARGETS, X, make_net, still_net, three_headed, y


@pytest.fixture(scope="module")
def heads():
    return three_headed().fit(X, TARGETS)


@pytest.fixture(scope="module")
def named():
    return still_net().fit(X[:, :3], np.array(["cat", "dog", "eel"])[y])


def test_classes_have_their_columns(named):
    view = view_output(named)
    assert (view.name, view.index) == ("output", 0)
    rows = X[:4, :3]
    np.testing.assert_array_equal(view.predict(rows), named.predict_proba(rows))
    assert view.choose_columns("dog", rows).tolist() == [1] * 4
    assert view.choose_columns(["dog", "eel", "cat", "cat"], rows).tolist() == [1, 2, 0, 0]
    np.testing.assert_array_equal(view.choose_columns(None, rows), rows.argmax(axis=1))
    np.testing.assert_array_equal(view.unit_weights(np.array([2, 0])), np.eye(3)[[2, 0]])
    assert [view.label(i) for i in range(3)] == ["cat", "dog", "eel"]


def test_predictions_of_each_output_are_those_of_the_net(heads, named):
    for name, expected in zip(heads.outputs, heads.predict(X), strict=True):
        np.testing.assert_array_equal(view_output(heads, name).decoded(X), expected)
    np.testing.assert_array_equal(view_output(named).decoded(X[:, :3]), named.predict(X[:, :3]))
    columns = three_headed(
        layers=HEADS[:-1], outputs=["kind", "sign"], regression=False, output_weights=None
    )
    columns.fit(X, {"kind": TARGETS["kind"], "sign": TARGETS["sign"]})
    decoded = view_output(columns, "sign").decoded(X)
    assert decoded.tolist() == columns.predict(X)[:, 1].tolist()
    assert decoded.dtype == bool


def test_classes_have_the_units_of_their_numbers():
    net = make_net(output_num_units=5).fit(X, np.array([0, 2, 3])[y])
    view = view_output(net)
    assert view.predict(X).shape == (40, 3)
    assert view.choose_columns([2, 3], X[:2]).tolist() == [1, 2]
    np.testing.assert_array_equal(view.unit_weights(np.array([1, 2])), np.eye(5)[[2, 3]])


def test_one_unit_tells_two_classes_apart(heads):
    view = view_output(heads, "sign")
    assert view.predict(X).shape == (40, 2)
    assert view.unit_weights(view.choose_columns(True, X[:1])).tolist() == [[1]]
    assert view.unit_weights(view.choose_columns(False, X[:1])).tolist() == [[-1]]


def test_numbers_are_counted(heads):
    view = view_output(heads, "size")
    np.testing.assert_array_equal(view.predict(X), heads.predict(X)[2])
    assert view.choose_columns(1, X[:2]).tolist() == [1, 1]
    assert view.label(1) == "1"
    with pytest.raises(ValueError, match=r"^target must be given for the output 'size', which pr"):
        view.choose_columns(None, X)
    with pytest.raises(ValueError, match=r"^target must be an integer from 0 to 1, got 2$"):
        view.choose_columns(2, X)


def test_indicators_are_counted():
    net = make_net().fit(X, np.stack([y == 0, y == 1], axis=1).astype(int))
    view = view_output(net)
    np.testing.assert_array_equal(view.choose_columns(None, X), net.predict_proba(X).argmax(axis=1))
    assert view.unit_weights(view.choose_columns(1, X[:1])).tolist() == [[0, 1]]
    assert view.label(1) == "1"


def test_a_number_alone_needs_no_name():
    net = make_net(regression=True).fit(X, X[:, 0])
    assert view_output(net).choose_columns(None, X).tolist() == [0] * 40


def test_what_cannot_be_asked(heads, named):
    with pytest.raises(
        ValueError,
        match=r"^output must be an output layer of the net, got 'kin'. Did you mean 'kind'\?$",
    ):
        view_output(heads, "kin")
    with pytest.raises(
        ValueError, match=r"^output must be .*, got 'early'. Valid names: kind, sign"
    ):
        view_output(heads, "early")
    with pytest.raises(
        ValueError, match=r"^target must be one of the classes, got 'cot'. Did you mean 'cat'"
    ):
        view_output(named).choose_columns("cot", X[:, :3])
    with pytest.raises(
        ValueError, match=r"^target must be a single value or have shape \(40,\), got shape \(2,\)$"
    ):
        view_output(named).choose_columns(["cat", "dog"], X[:, :3])
    with pytest.raises(NotFittedError):
        view_output(make_net())


def test_scores_are_columns_too():
    net = make_net(objective_loss_function=multiclass_hinge_loss).fit(X, y)
    view = view_output(net)
    np.testing.assert_array_equal(view.predict(X), net.decision_function(X))
    (caption,) = view.captions(X[:1], np.array([1]))
    assert caption == f"1 ({net.decision_function(X[:1])[0, 1]:.3g})"


@pytest.mark.parametrize("plot", [plot_predictions, plot_grad_cam, plot_saliency, plot_embedding])
def test_plots_of_rows_refuse_a_class_for_each_pixel(pixels, plot):
    net, images, _ = pixels
    message = (
        r"^output must have one prediction for each sample, got 'output' with a class at each of "
        "12 positions; plot_confusion takes all positions, and predict and predict_proba return "
        "them$"
    )
    with pytest.raises(ValueError, match=message):
        plot(net, images)
