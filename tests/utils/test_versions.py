import copy
import inspect
import pickle
import pkgutil
import warnings
from importlib import import_module

import jax
import joblib
import numpy as np
import optax
import pytest
import sklearn
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import make_pipeline

import skconv
from skconv import NeuralNet
from skconv.ensemble import BatchedBagging
from skconv.model_selection import BatchedGridSearchCV
from skconv.preprocessing import (
    CaffePreprocessing,
    PadSequences,
    PrepareImages,
    ReadImages,
    SplitColumns,
    Standardize,
)
from skconv.utils.copying import ClonedWhole
from skconv.utils.versions import Versioned

from ..nets import X, make_net, y

PACKAGES = {"skconv": skconv, "jax": jax, "optax": optax, "sklearn": sklearn}


@pytest.fixture(scope="module")
def net():
    return make_net(max_epochs=1).fit(X, y)


@pytest.fixture
def pickled_with(monkeypatch):
    """A function that pickles an object as other versions of packages would."""

    def dumped(item, **versions):
        with monkeypatch.context() as context:
            for name, version in versions.items():
                context.setattr(PACKAGES[name], "__version__", version)
            return pickle.dumps(item)

    return dumped


def loaded(data):
    """Return what a pickle holds, and the texts of the warnings."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        item = pickle.loads(data)
    assert all(issubclass(one.category, InconsistentVersionWarning) for one in found)
    return item, [str(one.message) for one in found]


def test_another_minor_version_of_skconv_is_told_with_what_to_do(pickled_with, net):
    other, texts = loaded(pickled_with(net, skconv="0.0.9"))
    assert texts == [
        f"this NeuralNet was pickled with skconv 0.0.9 and is loaded with skconv "
        f"{skconv.__version__}, so that it may fail or give other results. Load it with the "
        "versions with which it was pickled, and write its weights by save_params_to; then a net "
        "with the same parameters loads them here by load_params_from. Or fit it again."
    ]
    np.testing.assert_array_equal(other.predict_proba(X), net.predict_proba(X))
    assert vars(other).keys() == vars(net).keys()


@pytest.mark.parametrize(
    ("versions", "before"),
    [
        ({"jax": "0.4.38"}, "with jax 0.4.38 and is loaded with jax {jax}, "),
        ({"optax": "0.1.7"}, "with optax 0.1.7 and is loaded with optax {optax}, "),
        (
            {"skconv": "3.0", "jax": "9.1.0", "optax": "7.2.1"},
            "with skconv 3.0, jax 9.1.0 and optax 7.2.1 and is loaded with skconv {skconv}, "
            "jax {jax} and optax {optax}, ",
        ),
    ],
)
def test_a_fitted_net_depends_on_jax_and_optax_too(pickled_with, net, versions, before):
    _, (text,) = loaded(pickled_with(net, **versions))
    assert before.format(**{name: one.__version__ for name, one in PACKAGES.items()}) in text


def test_only_the_versions_that_matter_are_compared(pickled_with, net):
    patched = {name: f"{one.__version__}.post1" for name, one in PACKAGES.items()}
    assert loaded(pickled_with(net, **patched))[1] == []
    assert loaded(pickled_with(NeuralNet(), jax="0.4.38", optax="0.1.7"))[1] == []
    assert loaded(pickled_with(net, sklearn="1.2.0"))[1] == []  # warns of its own objects


def test_the_warning_says_the_versions_of_scikit_learn_as_its_own_does(pickled_with, net):
    data = pickled_with(net, skconv="0.0.9", sklearn="1.2.0")
    with pytest.warns(InconsistentVersionWarning) as found:
        pickle.loads(data)
    warning = found[0].message
    assert warning.original_sklearn_version == "1.2.0"
    assert warning.current_sklearn_version == sklearn.__version__
    assert warning.original["skconv"] == "0.0.9"


def test_a_pickle_without_versions_is_of_an_unknown_one(monkeypatch, net):
    with monkeypatch.context() as context:
        context.delattr(Versioned, "__getstate__")
        data = pickle.dumps(net)
    other, (text,) = loaded(data)
    assert "pickled with skconv (unknown version) and is loaded with skconv 0" in text
    np.testing.assert_array_equal(other.predict_proba(X), net.predict_proba(X))


def test_nets_with_lambdas_say_their_versions(pickled_with):
    net = NeuralNet(custom_scores=[("half", lambda true, predicted: 0.5)])
    other, (text,) = loaded(pickled_with(net, skconv="0.0.9"))
    assert "skconv 0.0.9" in text
    assert other.custom_scores[0][1](None, None) == 0.5


OTHERS = [
    make_pipeline(Standardize(), NeuralNet()),
    BatchedGridSearchCV(NeuralNet(), {"max_epochs": [1]}),
    BatchedBagging(NeuralNet()),
    CaffePreprocessing(),
    PrepareImages(),
    ReadImages(),
    Standardize(),
    PadSequences(),
    SplitColumns({"a": [0]}),
]


@pytest.mark.parametrize("item", OTHERS, ids=lambda item: type(item).__name__)
def test_all_that_scikit_learn_combines_says_its_version(pickled_with, item):
    _, texts = loaded(pickled_with(item, skconv="0.0.9"))
    names = [type(one).__name__ for _, one in getattr(item, "steps", [("", item)])]
    assert {text.split()[1] for text in texts} >= set(names)


def test_every_estimator_has_versions():
    modules = [name for _, name, _ in pkgutil.walk_packages(skconv.__path__, "skconv.")]
    modules = [name for name in modules if not name.endswith("__main__")]
    estimators = {
        one
        for name in modules
        for one in vars(import_module(name)).values()
        if inspect.isclass(one)
        and issubclass(one, BaseEstimator)
        and one.__module__.startswith("skconv")
    }
    parts = {one for one in estimators if issubclass(one, ClonedWhole)}  # which nets hold
    without = {one.__name__ for one in estimators - parts if not issubclass(one, Versioned)}
    assert without == {"PredictedOutput"}  # lives as long as a call of a scorer


def test_copies_clones_and_workers_do_not_warn(net, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for item in (net, *OTHERS):
            for other in (clone(item), copy.copy(item), copy.deepcopy(item)):
                assert "_versions" not in vars(other)
        joblib.dump(net, tmp_path / "net.joblib")
        other = joblib.load(tmp_path / "net.joblib")
    np.testing.assert_array_equal(other.predict_proba(X), net.predict_proba(X))
    assert joblib.hash(other.get_params()) == joblib.hash(net.get_params())
