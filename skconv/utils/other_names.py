"""What parameters of other libraries are called here, for the hints of errors."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import ParamSpec, TypeVar

from ..errors import did_you_mean

P = ParamSpec("P")
R = TypeVar("R")

_EARLY_STOPPING = "on_epoch_finished=[EarlyStopping(patience=10)], from skconv.handlers"
_NET = "layers=[('input', InputLayer), ('hidden', DenseLayer), ('output', DenseLayer)]"
_UNITS = "hidden_layer_sizes=(100,), or hidden_num_units=100 for a layer 'hidden' of your own"
_SCHEDULE = "update_learning_rate=optax.cosine_decay_schedule(0.1, 1000) or ReduceLROnPlateau"
_DEVICE = "with jax.default_device(jax.devices('cpu')[0]): around the call of fit"
_ADAM = "update='adam' or update=skconv.updates.adam"
_LOSS = "objective_loss_function='absolute_error' or objective_loss_function=function"
_VALIDATION = "train_split=0.2"

PARAMETERS: dict[str, str] = {
    **dict.fromkeys(
        ("batch_size", "minibatch_size", "iterator_train"),
        "batch_iterator_train=128, and batch_iterator_test=128 for prediction",
    ),
    "batch_iterator": "batch_iterator_train=BatchIterator(128), and batch_iterator_test as well",
    "iterator_valid": "batch_iterator_test=128",
    "custom_score": "custom_scores=[('name', function)]",
    **dict.fromkeys(("lr", "learning_rate", "learning_rate_init", "eta0"), "update_learning_rate"),
    **dict.fromkeys(("lr_scheduler", "scheduler", "learning_rate_schedule", "power_t"), _SCHEDULE),
    **dict.fromkeys(
        ("momentum", "nesterovs_momentum", "nesterov"),
        "update='nesterov_momentum' and update_momentum=0.9",
    ),
    **dict.fromkeys(("beta_1", "beta1"), "update_beta1"),
    **dict.fromkeys(("beta_2", "beta2"), "update_beta2"),
    "epsilon": "update_epsilon",
    **dict.fromkeys(("optimizer", "solver", "optim"), _ADAM),
    **dict.fromkeys(("criterion", "loss", "loss_function", "loss_fn"), _LOSS),
    **dict.fromkeys(("module", "model", "network", "net", "build_fn", "architecture"), _NET),
    **dict.fromkeys(
        ("hidden_units", "hidden_sizes", "hidden_layers", "n_hidden", "num_units", "units"), _UNITS
    ),
    **dict.fromkeys(
        ("activation", "activations", "nonlinearity", "out_activation"),
        "hidden_nonlinearity='tanh' for a layer 'hidden'",
    ),
    **dict.fromkeys(
        ("kernel_initializer", "weight_init", "init", "initializer"),
        "hidden_W='he_normal' for a layer 'hidden'",
    ),
    **dict.fromkeys(("early_stopping", "n_iter_no_change", "patience", "tol"), _EARLY_STOPPING),
    **dict.fromkeys(
        ("max_iter", "max_fun", "epochs", "n_epochs", "num_epochs", "nb_epoch", "n_iter", "epoch"),
        "max_epochs",
    ),
    **dict.fromkeys(
        ("validation_fraction", "validation_split", "test_size", "val_size", "valid_size"),
        _VALIDATION,
    ),
    **dict.fromkeys(("validation_data", "eval_set"), "fit(X, y, X_val=X_val, y_val=y_val)"),
    **dict.fromkeys(
        ("callbacks", "callback", "handlers"),
        "on_epoch_finished=[...], with handlers of skconv.handlers or functions of your own",
    ),
    **dict.fromkeys(
        ("metrics", "metric", "eval_metric", "scoring", "scorers", "custom_score"),
        "custom_scores=[('name', function)]",
    ),
    **dict.fromkeys(("device", "gpu", "use_gpu", "use_cuda", "cuda"), _DEVICE),
    **dict.fromkeys(
        ("dropout", "dropout_rate", "p_dropout"),
        "('dropout', DropoutLayer) in layers and dropout_p=0.5",
    ),
    **dict.fromkeys(
        ("batch_norm", "batch_normalization", "batchnorm"), "('norm', BatchNormLayer) in layers"
    ),
    "shuffle": "batch_iterator_train=BatchIterator(128, shuffle=False); a number shuffles",
    **dict.fromkeys(("alpha", "l2", "l2_regularization", "reg_lambda"), "objective_l2"),
    **dict.fromkeys(("l1", "l1_regularization", "reg_alpha"), "objective_l1"),
    "weight_decay": "objective_l2, or update='adamw' and update_weight_decay",
    "label_smoothing": "objective_label_smoothing",
    "objective_deterministic": "nothing: only losses of the validation set are without noise",
    **dict.fromkeys(
        ("objective_aggregate", "objective_get_output_kw"),
        "objective=function, (predictions, targets, weights, params, *, loss_function) -> loss",
    ),
    **dict.fromkeys(("class_weights", "pos_weight"), "class_weight"),
    **dict.fromkeys(
        ("clip_norm", "clipnorm", "max_grad_norm", "gradient_clip", "gradient_clip_val"),
        "update_clip_norm",
    ),
    **dict.fromkeys(("clip_value", "clipvalue"), "update_clip_value"),
    **dict.fromkeys(("seed", "random_seed"), "random_state"),
    "n_jobs": "n_jobs of the search; a net always uses all cores",
    **dict.fromkeys(
        ("input_dim", "input_shape", "input_size", "n_features", "in_features"),
        "input_shape=(None, 4) for a layer 'input', or nothing: it follows from X",
    ),
    **dict.fromkeys(
        ("num_classes", "n_classes", "n_outputs", "output_dim", "output_size", "classes"),
        "output_num_units=3 for a layer 'output', or nothing: it follows from y",
    ),
    **dict.fromkeys(
        ("task", "mode", "problem_type"), "regression=True for numbers, False for labels"
    ),
    **dict.fromkeys(("transform", "transforms", "data_augmentation"), "augment"),
    **dict.fromkeys(("dtype", "precision", "mixed_precision", "amp"), "compute_dtype"),
    **dict.fromkeys(
        ("gradient_accumulation_steps", "accumulate_grad_batches", "accumulation_steps"),
        "accumulate_steps",
    ),
    **dict.fromkeys(("gradient_checkpointing", "checkpointing"), "remat"),
    "X_tensor_type": "nothing: X may have any numeric type",
    "y_tensor_type": "nothing: y may have any type; regression=True for numbers",
}
"""What to write for a parameter that a net lacks."""

UPDATE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("lr", "learning_rate_init", "step_size", "eta", "alpha"), ("learning_rate",)),
    **dict.fromkeys(("b1", "beta_1", "beta1", "betas"), ("beta1", "b1", "beta", "momentum")),
    **dict.fromkeys(("b2", "beta_2", "beta2"), ("beta2", "b2", "rho", "decay")),
    **dict.fromkeys(("eps", "epsilon"), ("epsilon", "eps")),
    **dict.fromkeys(("rho", "decay", "alpha", "decay_rate"), ("rho", "decay", "beta2", "b2")),
    **dict.fromkeys(("mu", "beta", "nesterovs_momentum"), ("momentum", "beta", "beta1", "b1")),
    **dict.fromkeys(("weight_decay", "l2", "decoupled_weight_decay"), ("weight_decay",)),
    **dict.fromkeys(("clipnorm", "max_grad_norm", "max_norm", "clip"), ("clip_norm",)),
    "clipvalue": ("clip_value",),
}
"""Candidates for a hyperparameter that an update rule lacks, without the prefix."""

LAYER: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("filters", "out_channels", "n_filters", "channels"), ("num_filters",)),
    **dict.fromkeys(("kernel_size", "kernel", "kernel_shape"), ("filter_size", "pool_size")),
    **dict.fromkeys(
        ("units", "n_units", "out_features", "hidden_size", "features", "n_hidden"),
        ("num_units",),
    ),
    **dict.fromkeys(("activation", "act", "act_fn", "function"), ("nonlinearity",)),
    **dict.fromkeys(("padding", "border_mode"), ("pad", "crop")),
    **dict.fromkeys(("strides", "subsample"), ("stride",)),
    **dict.fromkeys(("dilation_rate", "dilations"), ("dilation",)),
    **dict.fromkeys(("groups", "num_group"), ("num_groups",)),
    **dict.fromkeys(("rate", "dropout", "dropout_rate", "prob", "drop_prob"), ("p",)),
    **dict.fromkeys(
        ("kernel_initializer", "weight", "weights", "init", "initializer", "kernel"),
        ("W", "W_in_to_hid"),
    ),
    "bias_initializer": ("b",),
    **dict.fromkeys(("bias", "use_bias"), ("b=None",)),
    **dict.fromkeys(
        ("kernel_regularizer", "regularizer", "weight_decay", "l2_regularization"), ("l2",)
    ),
    "trainable": ("grad_scale=0",),
    **dict.fromkeys(("input_shape", "batch_shape", "batch_input_shape"), ("shape",)),
    **dict.fromkeys(("input_dim", "num_embeddings", "vocab_size"), ("input_size",)),
    **dict.fromkeys(("output_dim", "embedding_dim"), ("output_size",)),
    "return_sequences": ("only_return_final=False",),
    "go_backwards": ("backwards",),
    "eps": ("epsilon",),
    "momentum": ("alpha",),
    **dict.fromkeys(("stddev", "std"), ("sigma",)),
    **dict.fromkeys(("pool", "window"), ("pool_size",)),
    **dict.fromkeys(("scale", "size"), ("scale_factor", "num_units")),
}
"""Candidates for a field that a layer lacks, some with a value."""

ATTRIBUTES: dict[str, str] = {
    **dict.fromkeys(("train_loop", "fit_loop", "train"), "fit(X, y)"),
    "initialize_layers": "initialize()",
    **dict.fromkeys(("apply_batch_func", "predict_iter_", "forward"), "predict_proba(X)"),
    **dict.fromkeys(("eval_iter_", "evaluate"), "score(X, y)"),
    **dict.fromkeys(("train_iter_", "train_on_batch"), "partial_fit(X, y)"),
    "enc_": "classes_, the labels in the order of the output's units",
    "save_weights_to": "save_params_to('weights.npz')",
    **dict.fromkeys(("save_params", "save_weights"), "save_params_to('weights.npz')"),
    "save": "skconv.save(net, 'net.skconv')",
    **dict.fromkeys(("get_config", "to_json", "to_yaml"), "to_config()"),
    "from_json": "from_config(config)",
    **dict.fromkeys(
        ("load_weights_from", "load_params", "load_weights"), "load_params_from('weights.npz')"
    ),
    **dict.fromkeys(("get_weights", "coefs_", "intercepts_"), "get_all_params_values()"),
    "set_weights": "load_params_from(values)",
    **dict.fromkeys(("module_", "model_"), "layers_ or network_"),
    "summary": "PrintLayerInfo()(net), from skconv.handlers",
    **dict.fromkeys(("history", "loss_curve_"), "train_history_, or history_ as a DataFrame"),
    "loss_": "train_history_[-1]['train_loss']",
    "best_loss_": "history_.train_loss.min()",
    "validation_scores_": "train_history_, or history_.valid_accuracy",
    "best_validation_score_": "history_.valid_accuracy.max()",
    "n_layers_": "len(net.layers_)",
    "n_outputs_": "layers_[-1].output_shape[1]",
    "out_activation_": "layers_[-1].nonlinearity",
    "train_history_": "fit(X, y) or initialize() first",
    "n_iter_": "len(net.train_history_)",
    "t_": "len(net.train_history_), which counts epochs rather than samples",
    "compile": "fit(X, y); the loss, the update rule and the scores are parameters of the net",
    "get_layer": "layers_['name']",
    "predict_classes": "predict(X)",
}
"""What to write for an attribute of other libraries' nets."""


def explaining_arguments(
    others: Mapping[str, str],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that explains keywords by which other libraries call a parameter.

    Parameters
    ----------
    others : mapping of str to str
        Parameters by their names elsewhere.

    Examples
    --------
    >>> @explaining_arguments({'seed': 'random_state'})
    ... def split(random_state=None): ...
    >>> split(seed=42)
    Traceback (most recent call last):
    ...
    TypeError: split() got an unexpected keyword argument 'seed'. Write instead: random_state=42.
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def explained(*args: P.args, **keywords: P.kwargs) -> R:
            for name in others.keys() & keywords.keys() - inspect.signature(function).parameters:
                raise TypeError(
                    f"{function.__qualname__}() got an unexpected keyword argument {name!r}. "
                    f"Write instead: {others[name]}={keywords[name]!r}."
                )
            return function(*args, **keywords)

        return explained

    return decorated


def parameter_hint(key: str) -> str:
    """Return what to write for a parameter of another library, or an empty string.

    Parameters
    ----------
    key : str
        Nested parameters, such as skorch's ``optimizer__lr``, are known by both parts.

    Examples
    --------
    >>> parameter_hint('n_epochs'), parameter_hint('optimizer__lr'), parameter_hint('verbose')
    (' Write instead: max_epochs.', ' Write instead: update_learning_rate.', '')
    """
    owner, _, rest = key.partition("__")
    if rest and owner in ("optimizer", "update"):
        return f" Write instead: update_{UPDATE.get(rest, (rest,))[0]}."
    if rest and owner in ("criterion", "objective"):
        return f" Write instead: objective_{rest}."
    if rest and owner == "module":
        name = LAYER.get(rest, (rest,))[0]
        return f" Write instead: the keyword of a layer, such as hidden_{name}."
    return f" Write instead: {PARAMETERS[owner]}." if owner in PARAMETERS else ""


def keyword_hint(
    keyword: str, valid: Collection[str], table: Mapping[str, Iterable[str]], prefix: str = ""
) -> str:
    """Return a hint for an unknown keyword: what other libraries call it, or the nearest match.

    Parameters
    ----------
    keyword : str
    valid : collection of str
        The known keywords.
    table : mapping of str to iterable of str
        `LAYER` or `UPDATE`.
    prefix : str
        Prefix of the keywords in the hint.

    Examples
    --------
    >>> keyword_hint('filters', ['num_filters', 'stride'], LAYER, 'conv1_')
    ' Write instead: conv1_num_filters.'
    """
    for name in table.get(keyword, ()):
        if name.partition("=")[0] in valid:
            return f" Write instead: {prefix}{name}."
    return did_you_mean(prefix + keyword, [prefix + name for name in valid])
