"""Parameters."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skconv import BatchIterator, NeuralNet, TrainSplit
from skconv.objectives import squared_error
from skconv.updates import adam, nesterov_momentum

from .nets import NAMED, X, is_same, make_net, y
from .outcomes import differs, refused, same


@same
def test_get_params():
    """`get_params()` has the keywords of layers and of the update rule"""
    params = make_net().get_params()
    assert (params["hidden_num_units"], params["update_momentum"]) == (4, 0.9)
    assert params["layers"] == NAMED


@same
def test_set_params():
    """`set_params(update_learning_rate=0.5, hidden_num_units=7)`"""
    net = make_net().set_params(update_learning_rate=0.5, hidden_num_units=7)
    assert (net.update_learning_rate, net.hidden_num_units) == (0.5, 7)


@refused("Write instead: hidden_num_units")
def test_double_underscores_of_layers():
    """`hidden__num_units`, as in the documentation of nolearn"""
    make_net().set_params(hidden__num_units=7)


@same
def test_attributes():
    """Parameters set as attributes, `net.max_epochs = 1`"""
    net = make_net()
    net.max_epochs = 1
    assert len(net.fit(X, y).train_history_) == 1


@same
def test_clone():
    """`clone(net)` has equal parameters"""
    net = make_net(more_params={"hidden_num_units": 5}, eval_size=0.1)
    params, cloned = net.get_params(deep=False), clone(net).get_params(deep=False)
    assert params == cloned


@same
def test_clone_of_a_fitted_net(fitted):
    """`clone(fitted)` is not fitted"""
    assert not hasattr(clone(fitted), "train_history_")


@same
def test_pickle(fitted):
    """`pickle.dumps(net, -1)` of a fitted net predicts the same"""
    other = pickle.loads(pickle.dumps(fitted, -1))
    assert np.array_equal(other.predict_proba(X), fitted.predict_proba(X))
    assert other.train_history_ == fitted.train_history_


@same
def test_pickle_of_parameters():
    """`pickle.dumps(net)` of a net that is not fitted"""
    assert pickle.loads(pickle.dumps(make_net())).hidden_num_units == 4


@same
def test_deepcopy(fitted):
    """`copy.deepcopy(net)`"""
    other = copy.deepcopy(fitted)
    assert is_same(other.get_all_params_values(), fitted.get_all_params_values())


@same
def test_grid_search():
    """`GridSearchCV(net, {'more_params': [{...}, {...}], 'update_momentum': [0.9, 0.98]})`"""
    grid = {
        "more_params": [{"hidden_W": "he_normal"}, {"hidden_W": "glorot_uniform"}],
        "update_momentum": [0.9, 0.98],
    }
    search = GridSearchCV(make_net(max_epochs=1), grid, cv=2, refit=False).fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@refused("Write instead: objective_loss_function=")
def test_loss():
    """`loss=squared_error` is an error"""
    make_net(loss=squared_error).fit(X, y)


@refused("Write instead: batch_iterator_train=BatchIterator(128)")
def test_batch_iterator():
    """`batch_iterator=` is an error"""
    make_net(batch_iterator=BatchIterator(128)).fit(X, y)


@refused("nothing: X may have any numeric type")
def test_type_of_x():
    """`X_tensor_type=` is an error"""
    make_net(X_tensor_type=float).fit(X, y)


@refused("nothing: y may have any type; regression=True for numbers")
def test_type_of_y():
    """`y_tensor_type=T.ivector`"""
    make_net(y_tensor_type=int).fit(X, y)


@refused("Write instead: custom_scores=[('name', function)]")
def test_custom_score():
    """`custom_score=('name', function)`, which is deprecated"""
    make_net(custom_score=("name", len)).fit(X, y)


@refused("takes from 1 to 2 positional arguments")
def test_positional_arguments():
    """`NeuralNet(layers, adam)`, the update rule by position"""
    NeuralNet(NAMED, adam)


@differs("the same, but `train_split` keeps its value and `eval_size` is a parameter")
def test_eval_size():
    """`eval_size=0.3` sets the size of the validation set; it is deprecated"""
    net = make_net(eval_size=0.3, max_epochs=1).fit(X, y)
    assert net.get_params()["eval_size"] == 0.3
    right = net.train_history_[0]["valid_accuracy"] * 12  # samples
    assert right == pytest.approx(round(right), abs=1e-5)


@same
def test_split_has_its_size():
    """`net.train_split.eval_size`"""
    assert make_net(train_split=TrainSplit(eval_size=0.3)).train_split.eval_size == 0.3


@same
def test_default_update():
    """The default rule is `nesterov_momentum` with a momentum of 0.9"""
    given = make_net().fit(X, y)
    named = make_net(update=nesterov_momentum).fit(X, y)
    assert is_same(given.get_all_params_values(), named.get_all_params_values())


@differs("0.01 by default")
def test_default_learning_rate():
    """`update_learning_rate` is required by `nesterov_momentum`"""
    net = make_net()
    del net.update_learning_rate
    net.fit(X, y)
    named = make_net(update_learning_rate=0.01).fit(X, y)
    assert is_same(net.get_all_params_values(), named.get_all_params_values())


@refused("unknown parameter 'update_foo'. Did you mean 'update_momentum'?")
def test_unknown_keyword_of_the_update():
    """A keyword that the update rule lacks is an error"""
    make_net(update_foo=1).fit(X, y)


@refused("write the number, and set it in handlers, as in net.update_learning_rate = 0.01")
def test_shared_learning_rate():
    """`update_learning_rate=theano.shared(float32(0.03))`"""

    class Shared:
        def get_value(self):
            return 0.03

    make_net(update_learning_rate=Shared()).fit(X, y)


@refused("write def own(learning_rate)")
def test_update_function():
    """A custom update rule, `(loss_or_grads, params, learning_rate) -> updates`"""

    def own(loss_or_grads, params, learning_rate):
        return {}

    make_net(update=own).fit(X, y)


@same
def test_lists_of_handlers():
    """`net.on_epoch_finished.append(handler)`, also where no handlers were given"""
    net = make_net()
    assert net.on_epoch_finished == []
    net.on_epoch_finished.append(print)
    assert net.on_epoch_finished == [print]


@differs("`fit(X, y)` or `initialize()` comes first, as an error says; nolearn has an empty list")
def test_history_before_fit():
    """`train_history_` of a net that is not fitted"""
    with pytest.raises(AttributeError, match=r"Write instead: fit\(X, y\) or initialize\(\) first"):
        _ = make_net().train_history_
    assert make_net().initialize().train_history_ == []


@same
def test_initialize():
    """`initialize()` builds the net, and a second call does nothing"""
    net = make_net().initialize()
    values = net.get_all_params_values()
    assert is_same(net.initialize().get_all_params_values(), values)


@refused("has no attribute 'initialize_layers'. Write instead: initialize()")
def test_initialize_layers():
    """`initialize_layers()`"""
    make_net().initialize_layers()


@differs("by `random_state`; nolearn takes NumPy's global state and `lasagne.random.set_rng`")
def test_random_state():
    """Reproducible initial weights"""
    one, two = (make_net(random_state=5).initialize() for _ in range(2))
    assert is_same(one.get_all_params_values(), two.get_all_params_values())
