import copy
import functools
import io
import pickle
import re
import subprocess
import sys
import threading

import cloudpickle
import jax
import jax.numpy as jnp
import joblib
import numpy as np
import optax
import pytest
from sklearn.base import clone

from skconv import NeuralNet, compile_counts
from skconv.handlers import Handler, SaveWeights
from skconv.layers import DenseLayer, InputLayer
from skconv.utils.pickling import PickledByValue

from ..nets import X, make_net, y


class Holder(PickledByValue):
    """An owner of anything."""

    def __init__(self, **values):
        self.__dict__.update(values)


def bent_net(**settings):
    """A net with functions that have no importable name, wherever a net takes functions."""
    layers = [
        InputLayer,
        (DenseLayer, {"num_units": 4, "nonlinearity": lambda x: jnp.tanh(x / 2)}),
        (DenseLayer, {"name": "output"}),
    ]
    return NeuralNet(
        layers,
        batch_iterator_train=16,
        max_epochs=2,
        random_state=0,
        objective_loss_function=lambda p, t: -jnp.log(p[jnp.arange(len(t)), t]),
        custom_scores=[("half", lambda t, p: 0.5)],
        on_epoch_finished=[lambda net, history: None],
        augment=lambda key, Xb, yb: (Xb * 2, yb),
        **settings,
    )


@pytest.fixture(scope="module")
def nets():
    masked = bent_net(
        update=optax.adamw,
        update_learning_rate=optax.cosine_decay_schedule(0.1, 20),
        update_mask=lambda params: jax.tree.map(lambda x: x.ndim > 1, params),
    )
    return [bent_net(update=optax.adamw(1e-3)).fit(X, y), masked.fit(X, y)]


PREDICT = """
import pickle, sys
import joblib
import numpy as np

X, path = np.load(sys.argv[1]), sys.argv[2]
with open(path + ".pickle", "rb") as file:
    nets = pickle.load(file)
nets += joblib.load(path + ".joblib")
np.save(path + ".npy", [net.predict_proba(X) for net in nets])
"""


def test_another_process_predicts_the_same(nets, tmp_path):
    np.save(tmp_path / "X.npy", X)
    (tmp_path / "nets.pickle").write_bytes(pickle.dumps(nets))
    joblib.dump(nets, tmp_path / "nets.joblib")
    arguments = [sys.executable, "-c", PREDICT, tmp_path / "X.npy", tmp_path / "nets"]
    subprocess.run(arguments, check=True)
    expected = [net.predict_proba(X) for net in nets]
    np.testing.assert_array_equal(np.load(tmp_path / "nets.npy"), expected * 2)


def test_training_goes_on_with_the_same_steps(nets):
    other = pickle.loads(pickle.dumps(nets[0])).set_params(warm_start=True).fit(X, y)
    expected = copy.deepcopy(nets[0]).set_params(warm_start=True).fit(X, y)
    np.testing.assert_array_equal(other.predict_proba(X), expected.predict_proba(X))


def test_copies_and_clones_compile_nothing(nets):
    before = compile_counts()
    for net in nets:
        for other in (clone(net), copy.deepcopy(net), copy.copy(net)):
            assert other.on_epoch_finished[0] is net.on_epoch_finished[0]
            other.fit(X, y)
    assert compile_counts() == before


def test_training_a_deep_copy_leaves_the_net_alone(nets):
    net = nets[0]
    before = net.predict_proba(X)
    copy.deepcopy(net).partial_fit(X, y)
    assert len(net.train_history_) == net.max_epochs
    np.testing.assert_array_equal(net.predict_proba(X), before)


def test_workers_of_joblib_take_nets_as_well(nets):
    other = cloudpickle.loads(cloudpickle.dumps(nets[0]))
    np.testing.assert_array_equal(other.predict_proba(X), nets[0].predict_proba(X))


def test_a_handler_may_save_the_whole_net(nets, tmp_path):
    path = tmp_path / "net.pickle"
    net = clone(nets[0])
    net.set_params(on_epoch_finished=[lambda net, history: None, SaveWeights(path, pickle=True)])
    net.fit(X, y)
    other = pickle.loads(path.read_bytes())
    np.testing.assert_array_equal(other.predict_proba(X), net.predict_proba(X))


def test_what_pickle_takes_is_pickled_as_usual():
    data = pickle.dumps(make_net(max_epochs=1).fit(X, y))
    assert b"cloudpickle" not in data
    assert b"_ByValue" not in data


def test_what_a_script_defines_is_pickled_with_its_code(tmp_path):
    script = (
        "import pickle\n"
        "from skconv import NeuralNet\n"
        "def score(true, predicted):\n"
        "    return 0.25\n"
        "net = NeuralNet(custom_scores=[('mine', score)])\n"
        f"open({str(tmp_path / 'net')!r}, 'wb').write(pickle.dumps(net))\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    ((_, score),) = pickle.loads((tmp_path / "net").read_bytes()).custom_scores
    assert score(None, None) == 0.25


class Watcher(Handler):
    """A handler that keeps a net."""

    def __init__(self, net):
        self.net = net


@pytest.mark.parametrize("function", [lambda x: x, len])
def test_owners_may_refer_to_themselves_and_to_each_other(function):
    first, second = Holder(function=function), Holder(function=function)
    first.other, second.other, first.watcher = second, first, Watcher(first)
    one, two = pickle.loads(pickle.dumps([first, second]))
    assert one.other is two
    assert two.other is one
    assert one.watcher.net is one
    assert one.function(3) == 3 if function is not len else one.function is len


def test_large_arrays_are_written_once_and_equal_objects_stay_one():
    values = np.arange(300_000.0)
    holder = Holder(function=lambda x: x, values=values, again=values)
    data = pickle.dumps(holder)
    assert len(data) < 1.01 * values.nbytes
    other = pickle.loads(data)
    assert other.values is other.again
    np.testing.assert_array_equal(other.values, values)
    objects = pickle.loads(pickle.dumps(Holder(f=lambda x: x, values=np.array([len, None]))))
    assert objects.values.tolist() == [len, None]


@pytest.mark.parametrize("value", [threading.Lock(), io.TextIOWrapper(io.BytesIO())])
def test_what_cannot_be_saved_is_named(value):
    net = NeuralNet(custom_scores=[("a", functools.partial(print, value))], verbose=1)
    message = r"^custom_scores must hold only what can be pickled, got \[\('a', .*\(.*pickle"
    with pytest.raises(pickle.PicklingError, match=message):
        pickle.dumps(net)
    several = Holder(lock=value, other=[value], fine=lambda x: x, _hidden=value)
    with pytest.raises(pickle.PicklingError, match=r"^lock must .*; other must ") as found:
        pickle.dumps(several)
    assert not re.search("fine|_hidden", str(found.value))
