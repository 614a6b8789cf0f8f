"""Private names of scikit-learn that skconv relies on, in one table."""

from __future__ import annotations

from typing import Any, NamedTuple

import sklearn.utils
import sklearn.utils._param_validation
import sklearn.utils.validation
from sklearn.base import BaseEstimator, clone
from sklearn.experimental import enable_halving_search_cv
from sklearn.model_selection import HalvingGridSearchCV
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._validation import _fit_and_score
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing as _safe_indexing
from sklearn.utils.validation import _check_method_params as _check_method_params
from sklearn.utils.validation import _num_samples as _num_samples

from ..estimator.callbacks import has_callbacks


class Hook(NamedTuple):
    """A name inside scikit-learn that skconv relies on.

    Parameters
    ----------
    owner : class, module or function
        A class or module with an attribute of this name, or a function that uses the name.
    name : str
    why : str
        What skconv needs it for.
    """

    owner: Any
    name: str
    why: str


HOOKS: tuple[Hook, ...] = (
    Hook(BaseSearchCV, "_run_search", "receives the function that evaluates candidates"),
    Hook(
        BaseSearchCV, "_get_routed_params_for_fit", "returns the arguments of the candidates' fit"
    ),
    Hook(BaseSearchCV, "_format_results", "receives the fit times, to be replaced"),
    Hook(HalvingGridSearchCV, "_check_input_parameters", "reads max_resources before the search"),
    Hook(clone, "__sklearn_clone__", "lets a search take trained candidates instead of clones"),
    Hook(_fit_and_score, "set_params", "is called on each clone, and its result is fitted"),
    Hook(_fit_and_score, "fit", "is called on each candidate, whose errors it handles"),
    Hook(Pipeline, "_fit", "passes each step to `memory`, where the steps of a fold are shared"),
    Hook(Pipeline._fit, "cache", "is the method of `memory` that wraps the fit of a step"),
    Hook(BaseEstimator, "_get_param_names", "is cached, as nets read their parameters often"),
    Hook(sklearn.utils._param_validation, "InvalidParameterError", "is raised for parameters"),
    Hook(BaseEstimator, "_html_repr", "is extended by the layers and losses of a net"),
    Hook(sklearn.utils, "_safe_indexing", "selects the rows of a split in containers of any type"),
    Hook(sklearn.utils.validation, "_check_method_params", "splits arguments with a value per row"),
    Hook(sklearn.utils.validation, "_num_samples", "counts rows in containers of any type"),
)
"""Checked one by one in tests/model_selection/test_sklearn_hooks.py."""

if has_callbacks():
    from sklearn.callback import CallbackSupportMixin

    HOOKS += (
        Hook(BaseSearchCV.fit, "_init_callback_context", "makes a search propagate callbacks"),
        Hook(CallbackSupportMixin.set_callbacks, "_skl_callbacks", "holds the callbacks of a net"),
        Hook(CallbackSupportMixin, "_init_callback_context", "reports a fit to its callbacks"),
    )
