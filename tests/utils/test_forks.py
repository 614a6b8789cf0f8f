import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import traceback

import jax
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from skconv import model_selection
from skconv.utils.forks import check_fork

from ..nets import make_net

X = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
y = (X[:, 0] > 0).astype(int)
MESSAGE = (
    "RuntimeError: nets must not fit, predict or load weights in a process that was forked after "
    "JAX had been used, where they would wait forever; start processes with "
    "multiprocessing.get_context('spawn') or joblib's 'loky', or fork before the first call of "
    "fit or predict, as gunicorn does with preload_app if the net is only loaded before\n"
)

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning"),  # JAX's, in the parent
]


@pytest.fixture(scope="module")
def net():
    return make_net(input_shape=(None, 5), output_num_units=2).initialize()


def in_fork(function):
    """Return what a forked process prints of an exception, and of the result."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(30)  # rather than hang
        try:
            text = repr(function())
        except BaseException:
            text = traceback.format_exc()
        os.write(write, text.encode()[-60_000:])
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
        text = file.read()
    os.waitpid(child, 0)
    return text


CALLS = {
    "fit": lambda net: net.fit(X, y),
    "partial_fit": lambda net: net.partial_fit(X, y),
    "stream": lambda net: net.partial_fit_stream([(X, y)]),
    "predict": lambda net: net.predict(X),
    "predict_proba": lambda net: net.predict_proba(X),
    "transform": lambda net: net.transform(X),
    "score": lambda net: net.score(X, y),
    "load_params_from": lambda net: net.load_params_from(net.get_all_params_values()),
    "as_function": lambda net: net.as_function(),
    "initialize": lambda net: clone(net).initialize(),
    "cross_val_score": lambda net: cross_val_score(net, X, y, cv=2, error_score="raise"),
    "search": lambda net: model_selection.BatchedGridSearchCV(
        net, {"update_learning_rate": [0.1]}, cv=2, error_score="raise"
    ).fit(X, y),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_fork_after_jax_was_used_raises_at_once(call, net):
    assert MESSAGE in in_fork(lambda: call(net))


def test_a_fork_of_a_fork_raises(net):
    assert in_fork(lambda: MESSAGE in in_fork(lambda: net.predict(X))) == "True"


def test_the_parent_and_forks_that_do_not_use_jax_work(net):
    assert in_fork(lambda: net.get_params()["max_epochs"]) == "2"
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.map(abs, [-1, 2]) == [1, 2]
    assert subprocess.check_output(["echo", "works"]) == b"works\n"
    check_fork()
    assert net.predict(X).shape == (40,)


PRELOADED = """
import os, pickle, signal, sys
with open(sys.argv[1], "rb") as file:
    net, X, predicted = pickle.load(file)
child = os.fork()
if not child:
    signal.alarm(60)
    os._exit(0 if (net.predict(X) == predicted).all() else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_fork_after_a_net_was_only_loaded_predicts(net, tmp_path):
    path = tmp_path / "net.pickle"
    path.write_bytes(pickle.dumps((net, X, net.predict(X))))
    subprocess.run([sys.executable, "-W", "error", "-c", PRELOADED, str(path)], check=True)


def test_jax_still_has_the_attribute_that_tells_whether_it_was_used():
    jax.devices()
    assert sys.modules["jax._src.xla_bridge"]._backends
