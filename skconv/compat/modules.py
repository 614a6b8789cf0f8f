"""The modules of Lasagne, nolearn and Theano: their names, and what to write for others."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..errors import did_you_mean
from ..visualize import conv_infos
from .handlers import SaveWeights
from .initializers import Initializer
from .iterators import BatchIterator, TrainSplit
from .layers import FURTHER, LAYERS
from .nets import NeuralNet
from .rng import get_rng, set_rng
from .theano import TensorType, config, instead_of_tensor, shared, tensor_types

Names = dict[str, Any]

ROOTS = ("lasagne", "nolearn", "theano")
"""Packages that are stood in for."""


PARTS = (
    *("base", "conv", "dense", "embedding", "helper", "input", "local", "merge", "noise"),
    *("normalization", "pool", "recurrent", "shape", "special"),
)
"""Modules of `lasagne.layers`, each of which has all layers here."""


def _exported(module: str) -> Names:
    """Return the names that a module of skconv exports."""
    home = importlib.import_module(f"skconv.{module}")
    return {name: getattr(home, name) for name in home.__all__}


def _layers() -> Names:
    return _exported("layers") | LAYERS


def _further_layers(module: str) -> Names:
    names: Names = dict(FURTHER[module])
    if module == "dnn" and "batch_norm" in _exported("layers"):
        names["batch_norm_dnn"] = _exported("layers")["batch_norm"]
    return names


def _handlers() -> Names:
    return _exported("handlers") | {"SaveWeights": SaveWeights}


def _nolearn() -> Names:
    handlers = ("PrintLayerInfo", "PrintLog", "RememberBestWeights", "SaveWeights", "WeightLog")
    known = _handlers() | _exported("layers") | _exported("objectives")
    names = {name: known[name] for name in (*handlers, "objective", "grad_scale") if name in known}
    own = {cls.__name__: cls for cls in (BatchIterator, NeuralNet, TrainSplit)}
    return names | own


def _util() -> Names:
    further = {name: getattr(conv_infos, name) for name in ("ansi", "is_conv2d", "is_maxpool2d")}
    return _exported("visualize") | further


def _renamed(names: Names, **others: str) -> Names:
    return names | {other: names[name] for other, name in others.items()}


MODULES: dict[str, Callable[[], Names]] = {
    "lasagne": dict,
    "lasagne.layers": _layers,
    **{f"lasagne.layers.{part}": _layers for part in PARTS},
    **{f"lasagne.layers.{part}": partial(_further_layers, part) for part in FURTHER},
    "lasagne.nonlinearities": lambda: _renamed(
        _exported("nonlinearities"), ScaledTanh="ScaledTanH"
    ),
    "lasagne.init": lambda: _exported("init") | {"Initializer": Initializer},
    "lasagne.updates": lambda: _exported("updates"),
    "lasagne.objectives": lambda: _renamed(_exported("objectives"), mse="squared_error"),
    "lasagne.regularization": lambda: _exported("regularization"),
    "lasagne.utils": lambda: _exported("utils"),
    "lasagne.random": lambda: {"get_rng": get_rng, "set_rng": set_rng},
    "nolearn": dict,
    "nolearn.lasagne": _nolearn,
    "nolearn.lasagne.base": _nolearn,
    "nolearn.lasagne.handlers": _handlers,
    "nolearn.lasagne.visualize": lambda: _exported("visualize"),
    "nolearn.lasagne.util": _util,
    "theano": lambda: {"shared": shared, "config": config},
    "theano.tensor": lambda: tensor_types() | {"TensorType": TensorType},
}
"""The names in each module, as functions, because they import the rooms of skconv."""

_BY_KEYWORD = "pass objective_loss_function, a function (predictions, targets), to NeuralNet"
_STEP = "NeuralNet compiles its own training step; pass update and objective_loss_function to it"

INSTEAD: Mapping[str, Mapping[str, str]] = {
    "lasagne.objectives": {
        **dict.fromkeys(("Objective", "MaskedObjective"), _BY_KEYWORD),
        "aggregate": "write losses.mean() or losses.sum()",
    },
    "lasagne.updates": {"get_or_compute_grads": _STEP},
    "lasagne.utils": {
        "create_param": "write a layer as in the page 'Custom layers', with param_specs",
        "shared_empty": "write numpy.zeros",
        "as_theano_expression": "functions get arrays of JAX",
        "collect_shared_vars": "net.get_all_params() lists the parameters",
        "unroll_scan": "write jax.lax.scan",
    },
    "nolearn.lasagne.visualize": {
        "make_pydot_graph": "write make_graph, which needs no pydot",
        "get_hex_color": "make_graph chooses the colors",
    },
    "nolearn": {
        **dict.fromkeys(("dbn", "decaf", "caffe", "overfeat", "convnet", "console"), "it is gone"),
        "grid_search": "use sklearn.model_selection.GridSearchCV",
        "metrics": "use sklearn.metrics",
        "cache": "use joblib.Memory",
        "dataset": "use sklearn.datasets",
    },
    "theano": dict.fromkeys(("function", "grad", "scan", "clone", "In", "Param"), _STEP),
}
"""What to write for names that these modules had."""


def explain(module: str, name: str) -> str:
    """Return the error for a name that a module does not have.

    Examples
    --------
    >>> print(explain('lasagne.layers', 'Conv2dLayer'))
    skconv.compat has no lasagne.layers.Conv2dLayer. Did you mean 'Conv2DLayer'?
    >>> print(explain('theano.tensor', 'sqr'))
    skconv.compat has no theano.tensor.sqr; write jax.numpy.square
    """
    lacks = f"skconv.compat has no {module}.{name}"
    if module == "theano.tensor":
        return f"{lacks}; {instead_of_tensor(name)}"
    if name in INSTEAD.get(module, {}):
        return f"{lacks}; {INSTEAD[module][name]}"
    if module.startswith("theano"):
        return f"{lacks}, only theano.shared, theano.config and types of theano.tensor; {_STEP}"
    known = [*MODULES[module](), *submodules(module)] if module in MODULES else []
    return f"{lacks}.{did_you_mean(name, known)}"


def submodules(module: str) -> list[str]:
    """Return the names of the modules right below a module.

    Examples
    --------
    >>> submodules('nolearn.lasagne')
    ['base', 'handlers', 'visualize', 'util']
    """
    parts = [name.rpartition(".") for name in MODULES]
    return [last for parent, _, last in parts if parent == module]
