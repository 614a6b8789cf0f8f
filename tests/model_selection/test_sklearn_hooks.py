import inspect
import types

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV

from skconv.model_selection.sklearn_hooks import HOOKS


def name_of(hook):
    return f"{getattr(hook.owner, '__qualname__', hook.owner.__name__)}.{hook.name}"


def names_in(code):
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return {*code.co_names, *(name for one in inner for name in names_in(one))}


@pytest.mark.parametrize("hook", HOOKS, ids=name_of)
def test_scikit_learn_has_what_skconv_relies_on(hook):
    if inspect.isfunction(hook.owner):
        found = hook.name in names_in(inspect.unwrap(hook.owner).__code__)
    else:
        found = hasattr(hook.owner, hook.name)
    assert found, f"scikit-learn {sklearn.__version__} has no {name_of(hook)}, which {hook.why}"


def test_a_search_clones_then_sets_parameters_then_fits():
    """The order that stand-ins for trained candidates rely on."""
    calls = []

    class Noting(DummyClassifier):
        def __sklearn_clone__(self):
            calls.append("clone")
            return BaseEstimator.__sklearn_clone__(self)

        def set_params(self, **params):
            calls.append("set_params")
            return super().set_params(**params)

        def fit(self, X, y):
            calls.append("fit")
            return super().fit(X, y)

    search = GridSearchCV(Noting(), {"random_state": [1, 2]}, cv=2, refit=False)
    search.fit(np.zeros((8, 1)), np.arange(8) % 2)
    assert calls == ["clone"] * 2 + ["set_params", "fit"] + ["clone", "set_params", "fit"] * 3


def test_clone_asks_the_instance():
    estimator = DummyClassifier()
    vars(estimator)["__sklearn_clone__"] = lambda: estimator
    assert clone(estimator) is estimator
