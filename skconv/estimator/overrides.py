"""Methods that subclasses override in other libraries and that are not called here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..data.iterators import BatchIterator
from ..errors import Problems

_STEP = (
    "pass objective and update, which are compiled into the training step, and scores_train or "
    "scores_valid for what else it computes"
)
_LOSS = "pass objective_loss_function, a function (predictions, targets), or objective"

NET: dict[str, str] = {
    "train_test_split": "pass train_split, a function (X, y, net) that returns X_train, X_valid, "
    "y_train, y_valid",
    "initialize_layers": "pass layers, a list of them or the last layer of a graph of instances",
    "train_loop": "pass handlers, such as on_epoch_finished; one that raises StopIteration ends "
    "the training",
    "apply_batch_func": "override the transform of a BatchIterator as batch_iterator_test to "
    "change batches, and predict_proba to change predictions",
    "get_loss": _LOSS,
    "_create_iter_funcs": _STEP,
    **dict.fromkeys(("train_step", "train_step_single", "validation_step"), _STEP),
    "_get_params_for": "pass the keywords of a layer with its name as their prefix, or more_params",
    "_layer_name": "name layers in layers, as in ('conv1', Conv2DLayer)",
    "_check_for_unused_kwargs": "pass keywords that no layer takes as more_params, which warns",
    "_check_good_input": "override fit to check X and y before it calls super().fit(X, y)",
}
"""Methods of nolearn's and skorch's nets, and what to write instead."""

_BATCHES = (
    "override order(n, seed, epoch, y) to choose the rows of each epoch, such as to balance "
    "classes, and transform(Xb, yb) to change batches"
)

ITERATOR: dict[str, str] = dict.fromkeys(
    ("__iter__", "__call__", "__next__", "n_samples", "_shuffle_arrays"), _BATCHES
)
"""Methods of nolearn's `BatchIterator`."""


def check_overrides(net: Any, problems: Problems) -> None:
    """Add an error for each overridden method of a net and its iterators that `fit` does not call.

    Parameters
    ----------
    net : NeuralNet
    problems : Problems

    Examples
    --------
    >>> from skconv import NeuralNet
    >>> class Net(NeuralNet):
    ...     def train_loop(self, X, y): ...
    >>> problems = Problems()
    >>> check_overrides(Net(), problems)
    >>> print(problems.found[0])
    Net.train_loop must not be overridden, because the net does not call it; pass handlers, such \
as on_epoch_finished; one that raises StopIteration ends the training
    """
    _check(net, None, NET, "", problems)
    for name in ("batch_iterator_train", "batch_iterator_test"):
        check_iterator(name, getattr(net, name), problems)


def check_iterator(name: str, value: Any, problems: Problems) -> None:
    """Add an error for each overridden method of an iterator that the net does not call.

    Also for a size of blocks that it does not shuffle.

    Parameters
    ----------
    name : str
        Parameter of which the iterator is the value.
    value : object
    problems : Problems
    """
    if isinstance(value, BatchIterator):
        _check(value, BatchIterator, ITERATOR, f"{name}: ", problems)
        block = getattr(value, "block", None)
        if block is not None and value.shuffle != "blocks":
            problems.add_parameter(f"{name}__block", "None unless shuffle='blocks'", block)


def _check(
    part: Any, base: type | None, replaced: Mapping[str, str], where: str, problems: Problems
) -> None:
    cls = type(part)
    for name, instead in replaced.items():
        own = getattr(cls, name, None) is not getattr(base, name, None)
        if own or name in vars(part):
            problems.add(
                f"{where}{cls.__name__}.{name} must not be overridden, because the net does not "
                f"call it; {instead}"
            )
