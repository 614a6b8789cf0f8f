import numpy as np
import pytest

from skconv.visualize import plot_loss

from ..nets import X, make_net, y


def rows(train, valid, **more):
    found = [
        {"epoch": i + 1, "train_loss": t, "valid_loss": v}
        for i, (t, v) in enumerate(zip(train, valid, strict=True))
    ]
    for name, values in more.items():
        for row, value in zip(found, values, strict=True):
            row[name] = value
    return found


def curves(figure):
    lines = [line for axes in figure.axes for line in axes.lines]
    return {line.get_label(): line.get_xydata().tolist() for line in lines}


def test_curves_and_the_best_epoch():
    figure = plot_loss(rows([3, 2, 1], [2.5, 1.5, 2]))
    found = curves(figure)
    assert found.pop("best: 1.5 in epoch 2") == [[2, 1.5]]
    assert found == {
        "training": [[1, 3], [2, 2], [3, 1]],
        "validation": [[1, 2.5], [2, 1.5], [3, 2]],
    }
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == [
        "training",
        "validation",
        "best: 1.5 in epoch 2",
    ]
    assert figure.axes[0].get_yscale() == "linear"


def test_losses_of_several_sizes_are_drawn_by_logarithm():
    assert plot_loss(rows([10, 0.1], [9, 0.2])).axes[0].get_yscale() == "log"
    assert plot_loss(rows([10, -0.1], [9, 0.2])).axes[0].get_yscale() == "linear"


def test_without_validation_rows_the_best_is_that_of_training():
    found = curves(plot_loss(rows([3, 1, 2], [np.nan] * 3)))
    assert sorted(found) == ["best: 1 in epoch 2", "training"]


def test_the_learning_rate_has_an_axis_of_its_own():
    figure = plot_loss(rows([3, 2], [3, 2], update_learning_rate=[0.1, 0.01]))
    assert figure.axes[1].get_ylabel() == "learning rate"
    assert curves(figure)["learning rate"] == [[1, 0.1], [2, 0.01]]
    assert len(figure.axes[0].get_legend().get_texts()) == 4


def test_a_net_has_its_history():
    net = make_net().fit(X, y)
    found = curves(plot_loss(net))["training"]
    assert found == [[row["epoch"], row["train_loss"]] for row in net.train_history_]
    with pytest.raises(ValueError, match="the history must have at least one epoch, got none"):
        plot_loss(make_net(max_epochs=0).fit(X, y))


def test_one_epoch_and_losses_that_are_not_finite():
    assert plot_loss(rows([3], [2])).axes[0].lines[0].get_marker() == "o"
    assert "training" in curves(plot_loss(rows([3, np.inf], [np.nan, np.nan])))
