import functools
import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone

from skconv import NeuralNet
from skconv.handlers import PrintLayerInfo, PrintLog
from skconv.layers import Conv2DLayer, DenseLayer, InputLayer, MaxPool2DLayer

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5)).astype(np.float32)
y = (X @ rng.normal(size=(5, 3))).argmax(axis=1)

HIDDEN = (DenseLayer, {"name": "hidden", "num_units": 4})

make_net = functools.partial(
    NeuralNet,
    layers=[("input", InputLayer), HIDDEN, ("output", DenseLayer)],
    update_learning_rate=0.1,
    batch_iterator_train=16,
    batch_iterator_test=16,
    max_epochs=3,
    random_state=0,
)

conv_net = functools.partial(
    NeuralNet,
    layers=[
        (InputLayer, {"name": "input", "shape": (None, 1, 8, 8)}),
        (Conv2DLayer, {"name": "conv", "num_filters": 4, "filter_size": 3}),
        (MaxPool2DLayer, {"name": "pool", "pool_size": 2}),
        (Conv2DLayer, {"name": "late", "num_filters": 2, "filter_size": 2, "pad": 4}),
        (DenseLayer, {"name": "output", "num_units": 3}),
    ],
)

CLASSIFIER = SimpleNamespace(regression=False, outputs=None)
REGRESSOR = SimpleNamespace(regression=True, outputs=None)

ROW = {
    "epoch": 1,
    "train_loss": 0.5,
    "train_loss_best": True,
    "valid_loss": 0.25,
    "valid_loss_best": False,
    "valid_accuracy": 0.75,
    "dur": 1.234,
    "mine": 3.0,
}


def show_colors(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)


def test_the_first_row_comes_under_a_head_and_the_others_alone():
    log = PrintLog()
    assert log.table(CLASSIFIER, [ROW]) == (
        "  epoch    trn loss    val loss    trn/val    valid acc     mine  dur\n"
        "-------  ----------  ----------  ---------  -----------  -------  -----\n"
        "      1     0.50000     0.25000    2.00000      0.75000  3.00000  1.23s"
    )
    assert log.table(CLASSIFIER, [ROW, ROW | {"epoch": 20}]) == (
        "     20     0.50000     0.25000    2.00000      0.75000  3.00000  1.23s"
    )


def test_regression_has_no_accuracy():
    row = {key: value for key, value in ROW.items() if key != "valid_accuracy"}
    assert PrintLog().table(REGRESSOR, [row]).split("\n")[0] == (
        "  epoch    trn loss    val loss    trn/val     mine  dur"
    )


def test_several_outputs_have_columns_of_their_own():
    net = SimpleNamespace(regression={"age": True}, outputs=["digit", "age"])
    own = {"valid_loss_digit": 0.5, "valid_loss_age": 1.0, "valid_accuracy_digit": 0.75}
    assert PrintLog().table(net, [ROW | own]).split("\n")[::2] == [
        "  epoch    trn loss    val loss    trn/val    valid acc     mine    val loss digit    "
        "val loss age    valid acc digit  dur",
        "      1     0.50000     0.25000    2.00000      0.75000  3.00000           0.50000    "
        "     1.00000            0.75000  1.23s",
    ]


@pytest.mark.parametrize(("valid", "ratio"), [(math.nan, "nan"), (0.0, "nan"), (2.0, "0.25000")])
def test_the_ratio_of_losses_needs_a_validation_loss(valid, ratio):
    line = PrintLog().table(REGRESSOR, [ROW | {"valid_loss": valid}]).split("\n")[2]
    assert line.split()[3] == ratio


def test_the_best_losses_are_coloured_on_a_terminal_only(capsys, monkeypatch):
    show_colors(monkeypatch)
    train, both = ROW, ROW | {"valid_loss_best": True}
    log = PrintLog()
    log(CLASSIFIER, [train])
    log(CLASSIFIER, [train, both])
    cyan, green, off = "\033[36m", "\033[32m", "\033[0m"
    first, second = capsys.readouterr().out.splitlines()[2:]
    assert f"{cyan}0.50000{off}" in first
    assert "\033" not in first.replace(cyan, "").replace(off, "")
    assert f"{cyan}0.50000{off}" in second
    assert f"{green}0.25000{off}" in second
    plain = second.replace(cyan, "").replace(green, "").replace(off, "")
    assert plain == "      1     0.50000     0.25000    2.00000      0.75000  3.00000  1.23s"


def test_no_terminal_gets_no_colours(capsys):
    PrintLog()(CLASSIFIER, [ROW | {"valid_loss_best": True}])
    assert "\033" not in capsys.readouterr().out


def printed_epochs(capsys):
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    first = [words[0] for words in lines if words and (words[0] == "epoch" or len(words) > 4)]
    return [word for word in first if word == "epoch" or word.isdigit()]


def test_verbose_prints_layers_and_each_epoch_once(capsys):
    net = make_net(verbose=1).fit(X, y)
    text = capsys.readouterr().out
    assert text.startswith("# Neural Network with 39 learnable parameters\n\n## Layer information")
    assert text.count("epoch") == 1
    net.fit(X, y)
    assert printed_epochs(capsys) == ["epoch", "1", "2", "3"]


def test_an_own_log_starts_its_table_again_at_a_fresh_fit(capsys):
    net = make_net(on_epoch_finished=PrintLog(), custom_scores=[("half", lambda y, p: 0.5)])
    net.fit(X, y).fit(X, y)
    assert printed_epochs(capsys) == ["epoch", "1", "2", "3"] * 2


@pytest.mark.parametrize("given", [{}, {"on_epoch_finished": [PrintLog()]}])
def test_a_clone_prints_each_epoch_once(capsys, given):
    net = make_net(verbose=1, **given).fit(X, y)
    capsys.readouterr()
    clone(clone(net)).fit(X, y)
    assert printed_epochs(capsys) == ["epoch", "1", "2", "3"]


def test_layers_are_not_printed_again_where_training_goes_on(capsys):
    net = make_net(verbose=1, max_epochs=1, warm_start=True).fit(X, y)
    capsys.readouterr()
    net.fit(X, y)
    assert "Layer information" not in capsys.readouterr().out


def test_the_table_of_layers():
    net = conv_net(verbose=1).initialize()
    assert PrintLayerInfo().table(net) == (
        "# Neural Network with 677 learnable parameters\n\n"
        "## Layer information\n\n"
        "  #  name    size       parameters\n"
        "---  ------  -------  ------------\n"
        "  0  input   1x8x8               0\n"
        "  1  conv    4x6x6              40\n"
        "  2  pool    4x3x3               0\n"
        "  3  late    2x10x10            34\n"
        "  4  output  3                 603\n"
    )


def cells(table):
    lines = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line] for line in lines]
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


def test_capacity_and_coverage_of_the_image():
    """After the pool of 2 the filter of 2 spans 4 pixels and sees 3 + 2 of 8."""
    table = cells(PrintLayerInfo().table(conv_net(verbose=3).initialize()))
    assert table["conv"] == {
        "size": "4x6x6",
        "total": "144",
        **{"cap. Y [%]": "100.00", "cap. X [%]": "100.00"},
        **{"cov. Y [%]": "37.50", "cov. X [%]": "37.50"},
        **{"filter Y": "3", "filter X": "3", "field Y": "3", "field X": "3"},
    }
    late = table["late"]
    assert (late["filter Y"], late["field Y"]) == ("4", "5")
    assert (late["cap. Y [%]"], late["cov. Y [%]"]) == ("80.00", "62.50")


def test_sizes_are_told_from_verbose_3_on():
    table = PrintLayerInfo().table(conv_net(verbose=2).initialize())
    assert list(cells(table)["conv"]) == [
        *("size", "total", "cap. Y [%]", "cap. X [%]", "cov. Y [%]", "cov. X [%]")
    ]
    assert "magenta: capacity too low (<1/6)" in table


def test_without_convolutions_verbose_tells_nothing_more():
    net = make_net(input_shape=(None, 5), output_num_units=3, verbose=3).initialize()
    plain = make_net(input_shape=(None, 5), output_num_units=3, verbose=1).initialize()
    assert PrintLayerInfo().table(net) == PrintLayerInfo().table(plain)


def test_layers_that_see_beyond_the_image_are_coloured(monkeypatch):
    show_colors(monkeypatch)
    net = conv_net(late_filter_size=5, late_pad=4, verbose=2).initialize()
    table = PrintLayerInfo().table(net)
    assert "\033[36mlate\033[0m" in table
    assert "\033[36mconv" not in table


def test_training_on_goes_on_with_the_table(capsys):
    net = make_net(verbose=1, max_epochs=1)
    for _ in range(3):
        net.partial_fit(X, y)
    printed = capsys.readouterr().out
    assert printed.count("trn loss") == printed.count("# Neural Network") == 1
    assert [line.split()[0] for line in printed.splitlines()[-3:]] == ["1", "2", "3"]
