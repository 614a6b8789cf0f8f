"""Handlers and what is printed."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from skconv.handlers import (
    AdjustVariable,
    PrintLayerInfo,
    PrintLog,
    RememberBestWeights,
    RestoreBestWeights,
    SaveWeights,
    WeightLog,
)

from .nets import X, is_same, make_image_net, make_net, y
from .outcomes import differs, refused, same

ROW = {
    "epoch": 1,
    "train_loss": 0.8,
    "train_loss_best": False,
    "valid_loss": 0.7,
    "valid_loss_best": False,
    "valid_accuracy": 0.9,
    "dur": 1.0,
}


class Weights:
    """A stand-in for a net whose weights change at each epoch."""

    def __init__(self):
        self.saved = []
        self.weights = {"layer1": [np.array([-1.0, -2.0])], "layer2": [np.array([3.0, 4.0])]}

    def get_all_params_values(self):
        return self.weights

    def save_params_to(self, path):
        self.saved.append(str(path))


def history(*losses, first=1):
    rows = enumerate(losses, first)
    return [{"epoch": epoch, "train_loss": loss, "valid_loss": loss} for epoch, loss in rows]


@same
def test_functions():
    """Functions `(net, train_history)`, or objects with `__call__`, for each of the four events"""
    calls = []

    def note(event):
        return lambda net, history: calls.append((event, len(history)))

    events = ("on_training_started", "on_batch_finished", "on_epoch_finished")
    events = {event: note(event) for event in (*events, "on_training_finished")}
    handlers = {event: [handler] for event, handler in events.items()}
    make_net(**handlers, batch_iterator_train=16).fit(X, y)  # 32 samples, 2 batches
    steps = [("on_batch_finished", 0)] * 2 + [("on_epoch_finished", 1)]
    steps += [("on_batch_finished", 1)] * 2 + [("on_epoch_finished", 2)]
    assert calls == [("on_training_started", 0), *steps, ("on_training_finished", 2)]


@same
def test_one_function():
    """One function instead of a list"""
    calls = []
    make_net(on_epoch_finished=lambda net, history: calls.append(len(history))).fit(X, y)
    assert calls == [1, 2]


@same
def test_state_of_handlers():
    """A handler in a list is called itself, and keeps what it stores"""

    class Keeps:
        def __call__(self, net, train_history):
            self.train_history = train_history

    keeps = Keeps()
    net = make_net(on_epoch_finished=[keeps]).fit(X, y)
    assert net.on_epoch_finished[0] is keeps
    assert keeps.train_history == net.train_history_


@same
def test_early_stopping():
    """`EarlyStopping` of the tutorial, which loads its best weights and raises `StopIteration`"""

    class Stops:
        def __init__(self):
            self.best, self.weights = np.inf, None

        def __call__(self, net, train_history):
            loss = train_history[-1]["valid_loss"]
            if loss >= self.best:
                net.load_params_from(self.weights)
                raise StopIteration
            self.best, self.weights = loss, net.get_all_params_values()

    stops = Stops()
    net = make_net(on_epoch_finished=[stops], update_learning_rate=2.0, max_epochs=50).fit(X, y)
    losses = [row["valid_loss"] for row in net.train_history_]
    assert losses[-1] >= losses[-2] == min(losses) == stops.best
    assert is_same(net.get_all_params_values(), stops.weights)


@same
def test_adjust_variable():
    """`AdjustVariable('update_learning_rate', start=0.03, stop=0.0001)` of the tutorial"""
    rates = []
    make_net(
        on_epoch_finished=[
            AdjustVariable("update_learning_rate", start=0.1, stop=0.001),
            lambda net, history: rates.append(net.update_learning_rate),
        ],
        max_epochs=3,
    ).fit(X, y)
    assert rates[0] > rates[-1] == pytest.approx(0.001)


@refused("set them by assignment, as in net.update_learning_rate = 0.01")
def test_shared_variables_in_handlers():
    """`getattr(net, 'update_learning_rate').set_value(0.01)` in a handler"""

    def adjust(net, train_history):
        net.update_learning_rate.set_value(0.01)

    make_net(on_epoch_finished=[adjust]).fit(X, y)


@differs("it holds until the end of `fit`, which restores the parameters")
def test_parameters_in_handlers():
    """`net.update_learning_rate` set by a handler"""

    def adjust(net, train_history):
        net.update_learning_rate = 0.0
        weights.append(net.get_all_params_values())

    weights = []
    net = make_net(on_epoch_finished=[adjust], update_momentum=0.0).fit(X, y)
    assert is_same(*weights)
    assert net.update_learning_rate == 0.1


@same
def test_print_log():
    """`PrintLog` prints epoch, losses, their ratio, accuracy, scores and duration"""
    printed = PrintLog().table(SimpleNamespace(), [{**ROW, "my2": 0.98, "my1": 0.99}])
    header = "epoch trn loss val loss trn/val valid acc my2 my1 dur"
    assert printed.split("\n")[0].split() == header.split()
    values = "1 0.80000 0.70000 1.14286 0.90000 0.98000 0.99000 1.00s"
    assert printed.split("\n")[2].split() == values.split()


@same
def test_print_log_twice():
    """`PrintLog` prints the header before the first row only"""
    log = PrintLog()
    assert len(log.table(SimpleNamespace(), [ROW]).split("\n")) == 3
    assert len(log.table(SimpleNamespace(), [ROW]).split("\n")) == 1


@differs("colors, in a terminal only")
def test_colors_of_the_log():
    """`PrintLog` prints the best losses in color"""
    best = ROW | {"train_loss_best": True, "valid_loss_best": True}
    assert "\033" not in PrintLog().table(SimpleNamespace(), [best])


@differs("the same, with the number of parameters of each layer")
def test_layer_info(capsys, fitted):
    """`PrintLayerInfo` prints the number of parameters, and the names and sizes of the layers"""
    PrintLayerInfo()(fitted, [])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "# Neural Network with 39 learnable parameters"
    assert [line.split() for line in lines[6:9]] == [
        ["0", "input", "5", "0"],
        ["1", "hidden", "4", "24"],
        ["2", "output", "3", "15"],
    ]


@same
def test_layer_info_later(capsys, fitted):
    """`PrintLayerInfo` prints nothing where training continues"""
    PrintLayerInfo()(fitted, fitted.train_history_)
    assert capsys.readouterr().out == ""


@differs("the same numbers, in a table of another format")
def test_convolutions(capsys):
    """`verbose=2` prints capacity and coverage of convolutional layers"""
    PrintLayerInfo()(make_image_net(verbose=2).initialize(), [])
    rows = [line.strip("| ").split("|") for line in capsys.readouterr().out.splitlines()]
    conv = next(row for row in rows if row[0].strip() == "conv1")
    assert [cell.strip() for cell in conv] == [
        *("conv1", "3x7x7", "147", "100.00", "100.00", "33.33", "33.33")
    ]


@same
def test_verbose(capsys):
    """`verbose=1` prints the layers and a row for each epoch"""
    make_net(verbose=1, max_epochs=1).fit(X, y)
    printed = capsys.readouterr().out
    assert "# Neural Network with 39 learnable parameters" in printed
    assert "  epoch    trn loss    val loss    trn/val    valid acc  dur" in printed


@same
def test_save_weights_every_n_epochs():
    """`SaveWeights(path, every_n_epochs=3)`"""
    net = Weights()
    for every in (3, 4):
        SaveWeights("path.npz", every_n_epochs=every)(net, history(1.1, first=9))
    assert net.saved == ["path.npz"]


@differs("the same, but ties are not saved")
def test_save_best_weights():
    """`SaveWeights(path, only_best=True)`"""
    net, rows = Weights(), history(1.2, 1.1, 1.3, 1.0)
    for epoch in range(1, 5):
        SaveWeights("path-{epoch}.npz", only_best=True)(net, rows[:epoch])
    assert net.saved == [f"path-000{epoch}.npz" for epoch in (1, 2, 4)]
    SaveWeights("path.npz", only_best=True)(net, history(1.0, 1.0))
    assert len(net.saved) == 3


@same
def test_placeholders():
    """`SaveWeights('path-{epoch}-{timestamp}-{loss}')`"""
    net = Weights()
    SaveWeights("path-{epoch}-{timestamp}-{loss}.npz")(net, history(1.1, first=9))
    assert net.saved[0].startswith("path-0009-2")
    assert net.saved[0].endswith("-1.1.npz")


@refused("a weight file must have the suffix .safetensors or .npz, got 'path.pkl'")
def test_save_weights_to_a_pickle():
    """`SaveWeights('path.pkl')`"""
    SaveWeights("path.pkl")


@same
def test_save_nets(fitted, tmp_path):
    """`SaveWeights('net.pkl', pickle=True)` writes the whole net"""
    SaveWeights(tmp_path / "net.pkl", pickle=True)(fitted, fitted.train_history_)
    other = pickle.loads((tmp_path / "net.pkl").read_bytes())
    assert is_same(other.get_all_params_values(), fitted.get_all_params_values())


@same
def test_remember_best_weights():
    """`RememberBestWeights(loss='valid_loss')`; `best_weights`, `best_weights_epoch`"""
    net, remember = Weights(), RememberBestWeights(loss="valid_loss")
    weights = []
    for epoch in range(1, 4):
        net.weights = {"layer1": [np.full(2, float(epoch))]}
        weights.append(net.weights)
        remember(net, history(1.0, 1.1, 0.9)[:epoch])
    assert remember.best_weights == weights[2]
    assert (remember.best_weights_loss, remember.best_weights_epoch) == (0.9, 3)


@same
def test_remember_best_score():
    """`RememberBestWeights(score='valid_accuracy')`: larger is better"""
    net, remember = Weights(), RememberBestWeights(score="valid_accuracy")
    rows = [{"epoch": i, "valid_accuracy": value} for i, value in enumerate([0.5, 0.7, 0.6])]
    for epoch in range(1, 4):
        remember(net, rows[:epoch])
    assert remember.best_weights_epoch == 1


@same
def test_restore_best_weights(capsys):
    """`RestoreBestWeights(remember)` in `on_training_finished`"""
    remember = RememberBestWeights()
    net = make_net(
        on_epoch_finished=[remember],
        on_training_finished=[RestoreBestWeights(remember=remember)],
        update_learning_rate=2.0,
        max_epochs=6,
    ).fit(X, y)
    best = min(net.train_history_, key=lambda row: row["valid_loss"])
    assert remember.best_weights_epoch == best["epoch"] < 6
    assert is_same(net.get_all_params_values(), remember.best_weights)
    assert f"Loaded best weights from epoch {best['epoch']}" in capsys.readouterr().out


@same
def test_restore_what_is_remembered():
    """`RestoreBestWeights()` finds the handler that remembers"""
    remember = RememberBestWeights(verbose=0)
    net = make_net(
        on_epoch_finished=[remember], on_training_finished=[RestoreBestWeights()], max_epochs=6
    ).set_params(update_learning_rate=2.0)
    net.fit(X, y)
    assert is_same(net.get_all_params_values(), remember.best_weights)


@same
def test_weight_log():
    """`WeightLog()` keeps means, absolute means and differences of all weights"""
    net, log = Weights(), WeightLog()
    log(net, None)
    net.weights = {"layer1": [np.array([-2.0, -3.0])], "layer2": [np.array([5.0, 7.0])]}
    log(net, None)
    assert log.history[0] == {
        "layer1_0 wdiff": 0,
        "layer1_0 wabsmean": 1.5,
        "layer1_0 wmean": -1.5,
        "layer2_0 wdiff": 0,
        "layer2_0 wabsmean": 3.5,
        "layer2_0 wmean": 3.5,
    }
    assert [log.history[1][f"layer{i}_0 wdiff"] for i in (1, 2)] == [1.0, 2.5]


@same
def test_weight_log_in_a_file(tmp_path):
    """`WeightLog(save_to='weights.csv', write_every=1)`, also after pickling"""
    net, log = Weights(), WeightLog(save_to=str(tmp_path / "weights.csv"), write_every=1)
    log(net, None)
    pickle.loads(pickle.dumps(log))(net, None)
    lines = (tmp_path / "weights.csv").read_text().splitlines()
    assert lines[0].startswith("layer1_0 wdiff,layer1_0 wabsmean,layer1_0 wmean,layer2_0 wdiff")
    assert lines[1:] == ["0.0,1.5,-1.5,0.0,3.5,3.5"] * 2


@refused("For a column of your own, pass custom_scores=[('mine', function)]")
def test_columns_for_handlers():
    """`RememberBestWeights(loss='mine')` for a column that another handler adds"""

    def add(net, train_history):
        train_history[-1]["mine"] = 0.0

    make_net(on_epoch_finished=[add, RememberBestWeights(loss="mine")]).fit(X, y)


@same
def test_columns():
    """A handler adds a column, `train_history[-1]['mine'] = ...`"""

    def add(net, train_history):
        train_history[-1]["mine"] = len(train_history)

    net = make_net(on_epoch_finished=[add]).fit(X, y)
    assert [row["mine"] for row in net.train_history_] == [1, 2]


@same
def test_predictions_in_handlers():
    """A handler calls `net.predict_proba(X)`, with the weights of the epoch"""
    predicted = []
    net = make_net(on_epoch_finished=[lambda net, _: predicted.append(net.predict_proba(X))])
    net.fit(X, y)
    assert not np.array_equal(*predicted)
    assert np.array_equal(predicted[-1], net.predict_proba(X))


@same
def test_weights_in_handlers():
    """A handler sets weights, `net.layers_['hidden'].W.set_value(...)`, and training continues"""

    def clear(net, train_history):
        net.layers_["hidden"].W.set_value(np.zeros((5, 4)))

    net = make_net(on_training_started=[clear], update_learning_rate=0.0).fit(X, y)
    assert not net.layers_["hidden"].W.get_value().any()
    net = make_net(on_epoch_finished=[clear], update_learning_rate=0.0).fit(X, y)
    assert net.train_history_[0]["train_loss"] != net.train_history_[1]["train_loss"]


@same
def test_errors_in_handlers():
    """An error of a handler ends `fit`"""

    def fail(net, train_history):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        make_net(on_epoch_finished=[fail]).fit(X, y)


@same
def test_epochs_in_handlers():
    """A handler sets `net.max_epochs`, which has no effect on this training"""

    def lengthen(net, train_history):
        net.max_epochs = 5

    assert len(make_net(on_epoch_finished=[lengthen]).fit(X, y).train_history_) == 2
