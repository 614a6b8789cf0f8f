import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from skconv.visualize import plot_confusion

from ..nets import IMAGES, KINDS, TARGETS, X, make_net, y


def numbers(figure):
    return np.array([float(text.get_text()) for text in figure.axes[0].texts])


def test_counts_are_those_of_scikit_learn(net):
    figure = plot_confusion(net, IMAGES, KINDS)
    expected = confusion_matrix(KINDS, net.predict(IMAGES), labels=["a", "b", "c"])
    np.testing.assert_array_equal(numbers(figure).reshape(3, 3), expected)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["a", "b", "c"]


def test_shares_and_outputs(heads):
    figure = plot_confusion(heads, X, TARGETS["kind"], output="kind", normalize="true")
    expected = confusion_matrix(y, heads.predict(X)[0], normalize="true")
    np.testing.assert_allclose(numbers(figure).reshape(3, 3), expected, atol=0.005)
    with pytest.raises(ValueError, match=r"^output must have one class per sample, got 'size'$"):
        plot_confusion(heads, X, TARGETS["size"], output="size")


def test_numbers_are_left_out_where_there_are_too_many():
    labels = np.array([f"class {i % 21}" for i in range(80)])
    rows = np.tile(X, (2, 1))
    figure = plot_confusion(make_net(train_split=None).fit(rows, labels), rows, labels)
    assert not figure.axes[0].texts
    assert figure.axes[0].get_xticklabels()[0].get_rotation() == 90


def test_all_positions_are_counted(pixels):
    net, images, masks = pixels
    figure = plot_confusion(net, images, masks)
    expected = confusion_matrix(masks.ravel(), net.predict(images).ravel())
    np.testing.assert_array_equal(numbers(figure).reshape(3, 3), expected)
