"""Data and training."""

import numpy as np
import pytest

from skconv import NeuralNet, TrainSplit
from skconv.layers import DenseLayer, InputLayer
from skconv.nonlinearities import sigmoid

from .nets import (
    TWO,
    X,
    is_same,
    make_net,
    make_regressor,
    make_two_inputs,
    y,
)
from .outcomes import differs, refused, same


def stop(net, train_history):
    raise StopIteration


@same
def test_fit():
    """`fit(X, y)` returns the net"""
    net = make_net()
    assert net.fit(X, y) is net


@same
def test_epochs():
    """`fit(X, y, epochs=3)`"""
    assert len(make_net().fit(X, y, epochs=3).train_history_) == 3


@refused("write epochs=5 for the number of epochs")
def test_epochs_by_position():
    """`fit(X, y, 5)`"""
    make_net().fit(X, y, 5)


@differs("no epochs; nolearn takes 0 for `max_epochs`")
def test_no_epochs():
    """`fit(X, y, epochs=0)`"""
    assert make_net().fit(X, y, epochs=0).train_history_ == []


@differs("`fit` starts afresh; with `warm_start=True` it continues, as in nolearn")
def test_second_fit():
    """A second `fit` continues"""
    net = make_net().fit(X, y)
    assert [row["epoch"] for row in net.fit(X, y).train_history_] == [1, 2]
    net.set_params(warm_start=True).fit(X, y)
    assert [row["epoch"] for row in net.train_history_] == [1, 2, 3, 4]


@same
def test_fit_after_loading(fitted):
    """`load_params_from(...)`, then `fit`, continues from the loaded weights"""
    net = make_net(max_epochs=1, update_learning_rate=0.0)
    net.load_params_from(fitted)
    net.fit(X, y)
    assert is_same(net.get_all_params_values(), fitted.get_all_params_values())


@differs("one epoch, as in nolearn, on all samples: nothing is held out")
def test_partial_fit():
    """`partial_fit(X, y)` continues for one epoch and returns the net"""
    net = make_net()
    assert net.partial_fit(X, y) is net
    net.partial_fit(X, y)
    assert [row["epoch"] for row in net.train_history_] == [1, 2]
    assert np.isnan(net.train_history_[1]["valid_loss"])


@refused("Write instead: fit(X, y)")
def test_train_loop():
    """`train_loop(X, y)`"""
    make_net().train_loop(X, y)


@refused("the net does not call it; pass handlers, such as on_epoch_finished")
def test_own_train_loop():
    """`train_loop` of a subclass"""

    class Net(NeuralNet):
        def train_loop(self, X, y, epochs=None):
            return self

    make_net(Net).fit(X, y)


@same
def test_two_inputs():
    """`fit({'left': ..., 'right': ...}, y)` for a net with two input layers, and `predict`"""
    net = make_two_inputs().fit(TWO, y, epochs=0)
    assert net.predict(TWO).shape == (40,)
    assert net.get_output("hidden1", TWO).shape == (40, 4)


@refused("the arrays of X must have the same length")
def test_inputs_of_different_lengths():
    """Arrays of different lengths in X are an error"""
    make_two_inputs().fit({"left": X[:, :2], "right": X[:9, 2:]}, y)


@refused("Found input variables with inconsistent numbers of samples: [9, 40]")
def test_different_lengths():
    """X and y of different lengths are an error"""
    make_net().fit(X[:9], y)


@differs("an error; with `check_input=False` it is passed to the net, as in nolearn")
def test_nan():
    """NaN in X"""
    holes = np.where(X > 1, np.nan, X)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        make_net().fit(holes, y)
    with pytest.warns(UserWarning, match="the loss became NaN"):
        make_net(check_input=False).fit(holes, y)


@same
def test_types_of_x():
    """X as float64 or integers"""
    values = make_net().fit(X, y).get_all_params_values()
    assert is_same(make_net().fit(X.astype(np.float64), y).get_all_params_values(), values)
    whole = np.round(X).astype(int)
    values = make_net().fit(whole.astype(np.float32), y).get_all_params_values()
    assert is_same(make_net().fit(whole, y).get_all_params_values(), values)


@same
def test_one_axis():
    """`regression=True` with y of shape (n,)"""
    net = make_regressor().fit(X, X[:, 0], epochs=0)
    assert net.layers_["output"].output_shape == (None, 1)


@same
def test_several_targets():
    """`regression=True` with y of shape (n, k)"""
    net = make_regressor(output_num_units=2).fit(X, X[:, :2], epochs=0)
    assert net.predict(X).shape == (40, 2)


@same
def test_label_encoder():
    """`use_label_encoder=True` with labels such as strings; `classes_`"""
    net = make_net(use_label_encoder=True).fit(X, np.array(["a", "b", "c"])[y])
    assert net.classes_.tolist() == ["a", "b", "c"]
    assert set(net.predict(X)) <= {"a", "b", "c"}


@refused("Write instead: classes_")
def test_encoder(fitted):
    """`net.enc_`, the label encoder"""
    _ = fitted.enc_


@differs("they are encoded")
def test_labels():
    """Labels such as strings without `use_label_encoder`, an error in nolearn"""
    net = make_net().fit(X, np.array(["a", "b", "c"])[y])
    assert net.classes_.tolist() == ["a", "b", "c"]


@differs("`predict_proba` has columns for the labels in y; `get_output('output', X)` has all units")
def test_missing_labels():
    """Integer labels that y lacks, as 1 among 0 and 2"""
    net = make_net().fit(X, np.where(y == 1, 0, y))
    assert net.predict_proba(X).shape == (40, 2)
    assert net.get_output("output", X).shape == (40, 3)
    assert set(net.predict(X)) <= {0, 2}


@same
def test_history(fitted):
    """`train_history_`: the epoch, losses, whether they are the best, accuracy and duration"""
    assert set(fitted.train_history_[0]) == {
        *("epoch", "train_loss", "train_loss_best", "valid_loss", "valid_loss_best"),
        *("valid_accuracy", "dur"),
    }
    first, second = fitted.train_history_
    assert second["train_loss_best"] == (second["train_loss"] < first["train_loss"])


@differs("the history has no `valid_accuracy`; nolearn's is the loss")
def test_history_of_a_regressor(regressor):
    """`valid_accuracy` with `regression=True`"""
    assert "valid_accuracy" not in regressor.train_history_[0]


@same
def test_no_validation():
    """`train_split=TrainSplit(0)`: losses and accuracy of the validation set are NaN"""
    row = make_net(train_split=TrainSplit(0)).fit(X, y).train_history_[0]
    assert np.isnan([row["valid_loss"], row["valid_accuracy"]]).all()


@differs("False; nolearn has NaN")
def test_best_loss_without_validation():
    """`valid_loss_best` in the history without a validation set"""
    assert make_net(train_split=None).fit(X, y).train_history_[0]["valid_loss_best"] is False


@same
def test_eval_size_of_zero():
    """`eval_size=0.0`"""
    assert np.isnan(make_net(eval_size=0.0).fit(X, y).train_history_[0]["valid_loss"])


@same
def test_stop_after_an_epoch():
    """A handler in `on_epoch_finished` that raises `StopIteration` ends the training"""
    ends = []
    net = make_net(
        on_epoch_finished=[stop], on_training_finished=[lambda net, history: ends.append(history)]
    ).fit(X, y)
    assert len(net.train_history_) == 1
    assert ends == [net.train_history_]


@differs("it ends the training; nolearn fails with this error")
def test_stop_after_a_batch():
    """`StopIteration` in `on_batch_finished`"""
    assert make_net(on_batch_finished=[stop]).fit(X, y).train_history_ == []


@differs("the same, with a warning")
def test_interrupt():
    """Ctrl-C ends `fit` and keeps the weights"""

    def interrupt(net, train_history):
        raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="interrupted after 1 epochs"):
        net = make_net(on_epoch_finished=[interrupt]).fit(X, y)
    assert len(net.train_history_) == 1


@same
def test_no_max_epochs():
    """`max_epochs=0`"""
    assert make_net(max_epochs=0).fit(X, y).train_history_ == []


@differs("both classes are predicted; to predict numbers, set `regression=True`")
def test_one_sigmoid_unit():
    """One unit with `sigmoid` for two classes, of which nolearn always predicts the first"""
    net = NeuralNet(
        [("input", InputLayer), ("output", DenseLayer)],
        output_num_units=1,
        output_nonlinearity=sigmoid,
        random_state=0,
    ).fit(X, X[:, 0] > 0, epochs=0)
    assert net.predict_proba(X).shape == (40, 2)
    assert np.array_equal(net.predict(X), net.get_output("output", X)[:, 0] > 0.5)


@differs("integers from 0 are indices of the units in both; other labels are encoded")
def test_other_integers():
    """Integer labels such as 10, 20, 30 without `use_label_encoder`"""
    net = make_net().fit(X, 10 * (y + 1))
    assert net.classes_.tolist() == [10, 20, 30]
