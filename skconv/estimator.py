"""The estimator: scikit-learn's contract, nolearn's names."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from sklearn.utils import (
    ClassifierTags,
    RegressorTags,
    Tags,
    check_random_state,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .data import BatchIterator, TrainSplit, changes
from .fitting import Data, Fitting, Going, prepare
from .handlers import Handler, PrintLayerInfo, PrintLog
from .inputs import check_rows
from .keywords import KeywordEstimator
from .model import FittedLayer, Model
from .objectives import objective as default_objective
from .preparation import Blueprint, as_numbers, blueprint, check_names
from .programs import PredictPlan, programs_for
from .settings import as_list, as_split, as_test_iterator, as_train_iterator, check_settings
from .targets import Targets, from_output
from .training import Handlers, Session, predict
from .updates import nesterov_momentum
from .weights import WeightsMixin

__all__ = ["NeuralNet"]


def _classifies(net: NeuralNet) -> bool:
    return not net.regression


HANDLERS = ("on_batch_finished", "on_epoch_finished", "on_training_started", "on_training_finished")


class NeuralNet(WeightsMixin, KeywordEstimator):
    """A neural network as a scikit-learn classifier or regressor.

    Parameters
    ----------
    layers : list or Layer, optional
        The network as a flat list of ``('name', LayerClass)``, ``(LayerClass, {...})`` or layers,
        or the last layer of a graph of instances. The keywords of a layer follow its name:
        ``conv1_num_filters=32``. Without `layers` a small network that suits the data is used.
    update : callable
        Update rule, from `skconv.updates` or optax; its keywords follow ``update_``, with
        ``update_clip_norm`` and ``update_clip_value`` for all rules. Numbers and schedules can
        change without a new compile.
    objective : callable
        What training lowers, as `skconv.objectives.objective`; its keywords follow
        ``objective_``, as in ``objective_l2=1e-4``.
    objective_loss_function : callable, optional
        ``(predictions, targets) -> losses``; cross-entropy for classes and labels, squared error
        for numbers. Its further keywords follow ``objective_`` as well, as in
        ``objective_label_smoothing=0.1``.
    batch_iterator_train, batch_iterator_test : int or BatchIterator
        Batch size, or an iterator. A number shuffles the rows in training.
    regression : bool
        Whether y holds numbers.
    max_epochs : int
        Passes over the data.
    train_split : float, TrainSplit, splitter, callable or None
        Rows that `fit` sets aside for validation: a fraction, any scikit-learn splitter (of which
        the first split is taken), or nolearn's
        ``(X, y, net) -> X_train, X_valid, y_train, y_valid``. ``eval_size`` is an older name.
    custom_scores : list of (str, callable), optional
        ``(y_true, y_output) -> float`` in NumPy, on all validation rows after each epoch. Classes
        are counted from zero.
    scores_train, scores_valid : list of (str, callable), optional
        ``(predictions, targets) -> scalar or rows`` in JAX, compiled into the steps. In training
        the predictions are those of the training step, with dropout.
    use_label_encoder : bool
        False to let integer labels from zero on stand for the units of the output, even if some
        do not occur in y; True to take just the labels that occur. Other labels are always
        encoded.
    on_batch_finished, on_epoch_finished : callable or list of callable, optional
        Handlers ``(net, train_history)``; `StopIteration` ends the training.
    on_training_started, on_training_finished : callable or list of callable, optional
        Likewise, once.
    more_params : dict, optional
        Further prefixed keywords, which prevail over the others.
    check_input : bool
        Whether X is searched for NaN and infinite values.
    verbose : int
        1 prints the layers and a row for each epoch; 2 and 3 tell more of the layers.
    random_state : int, RandomState or None
        Only source of randomness: weights, order of rows, dropout, augmentation.
    warm_start : bool
        Whether `fit` goes on from the weights and the optimizer's state that are there.
    class_weight : dict, 'balanced' or None
        Weights of the classes in the training loss.
    augment : callable or list of callable, optional
        ``(key, Xb, yb) -> (Xb, yb)`` on batches of the public shape, traced into the training
        step.
    test_augment : callable, optional
        ``(forward, key, Xb) -> output``, traced into prediction.
    **kwargs
        Prefixed keywords of layers, update and objective.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        Labels, in the order of the columns of `predict_proba`; for classifiers.
    layers_ : Layers
        The layers by name, index or slice, with their shapes and parameters.
    train_history_ : list of dict
        A row for each epoch: ``epoch, train_loss, train_loss_best, valid_loss, valid_loss_best,
        valid_accuracy, dur`` (seconds) and the scores.
    n_features_in_ : int
        Numbers in a row of X.
    feature_names_in_ : array of str
        Names of the columns, where X had any.

    Notes
    -----
    Images are channels first, ``(n, channels, height, width)``. X may have any numeric type;
    uint8 travels to the device as it is, all else is computed and kept in float32.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> from skconv.layers import DenseLayer, InputLayer
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralNet(
    ...     layers=[('input', InputLayer), ('hidden', DenseLayer), ('output', DenseLayer)],
    ...     hidden_num_units=20,
    ...     update_learning_rate=0.05,
    ...     max_epochs=50,
    ...     random_state=0,
    ... )
    >>> net.fit(X, y).score(X, y) > 0.9
    True
    """

    _components = {
        "batch_iterator_train": as_train_iterator,
        "batch_iterator_test": as_test_iterator,
        "train_split": as_split,
    }
    _copied_together = ("layers", *HANDLERS)
    _stateful = HANDLERS

    def __init__(
        self,
        layers: Any = None,
        *,
        update: Any = nesterov_momentum,
        objective: Any = default_objective,
        objective_loss_function: Any = None,
        batch_iterator_train: int | BatchIterator = 128,
        batch_iterator_test: int | BatchIterator = 128,
        regression: bool = False,
        max_epochs: int = 100,
        train_split: float | TrainSplit | Any | None = 0.2,
        custom_scores: Any = None,
        scores_train: Any = None,
        scores_valid: Any = None,
        use_label_encoder: bool = False,
        on_batch_finished: Any = None,
        on_epoch_finished: Any = None,
        on_training_started: Any = None,
        on_training_finished: Any = None,
        more_params: Mapping[str, Any] | None = None,
        check_input: bool = True,
        verbose: int = 0,
        random_state: Any = None,
        warm_start: bool = False,
        class_weight: Any = None,
        augment: Any = None,
        test_augment: Any = None,
        **kwargs: Any,
    ) -> None:
        self.layers = layers
        self.update = update
        self.objective = objective
        self.objective_loss_function = objective_loss_function
        self.batch_iterator_train = batch_iterator_train
        self.batch_iterator_test = batch_iterator_test
        self.regression = regression
        self.max_epochs = max_epochs
        self.train_split = train_split
        self.custom_scores = custom_scores
        self.scores_train = scores_train
        self.scores_valid = scores_valid
        self.use_label_encoder = use_label_encoder
        self.on_batch_finished = on_batch_finished
        self.on_epoch_finished = on_epoch_finished
        self.on_training_started = on_training_started
        self.on_training_finished = on_training_finished
        self.more_params = more_params
        self.check_input = check_input
        self.verbose = verbose
        self.random_state = random_state
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.augment = augment
        self.test_augment = test_augment
        self._set_keywords(kwargs)

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        epochs: int | None = None,
    ) -> Self:
        """Train afresh, or on from loaded weights, or on with ``warm_start=True``.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Rows of shape ``(n, features)`` or ``(n, channels, height, width)``; a dict has an
            array for each input layer.
        y : array-like of shape (n,) or (n, outputs)
            Labels of any type, indicators of several labels, or numbers.
        sample_weight : array-like of shape (n,), optional
            Weight of each row in the loss.
        X_val, y_val : array-like, optional
            Rows for validation, instead of those that `train_split` would set aside.
        epochs : int, optional
            Instead of `max_epochs`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            With all that is wrong with data and parameters; the net stays as it was.

        Warns
        -----
        ConvergenceWarning
            Where the loss becomes NaN or infinite; the last good weights are kept.
        UserWarning
            After Ctrl-C; what was learnt is kept.
        """
        goes_on = hasattr(self, "_model") and (self.warm_start or self._model.loaded)
        valid = None if X_val is None and y_val is None else (X_val, y_val)
        data = Data(X, y, sample_weight, valid)
        return self._fit(data, self.max_epochs if epochs is None else epochs, goes_on=goes_on)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train on for one epoch, on all rows given.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array-like of shape (n_classes,), optional
            All labels that may come; needed in the first call where y lacks some.

        Returns
        -------
        self
        """
        data = Data(X, y, sample_weight, classes=classes, whole=True)
        return self._fit(data, 1, goes_on=hasattr(self, "_model"))

    def _fit(self, data: Data, epochs: int, *, goes_on: bool) -> Self:
        going = Going(self._model, self._targets) if goes_on else None
        fitting = prepare(self, self._settings, self._blueprint, data, going)
        before = dict(vars(self))
        session = self._session(fitting, fresh=not goes_on)
        try:
            with self._keeping_params():
                session.run(epochs)
        except Exception:
            if not session.epochs:
                vars(self).clear()
                vars(self).update(before)
            raise
        self._model.loaded = False
        return self

    def _session(self, fitting: Fitting, *, fresh: bool) -> Session:
        """Become what was prepared."""
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)
            if name in vars(fitting.probe):
                setattr(self, name, vars(fitting.probe)[name])
        vars(self).pop("classes_", None)
        if fitting.targets.classes is not None:
            self.classes_ = fitting.targets.classes
        self._model, self._targets = fitting.model, fitting.targets
        self.train_history_ = [] if fresh else list(self.train_history_)
        return Session(
            net=self,
            model=fitting.model,
            programs=fitting.programs,
            train=fitting.train,
            valid=fitting.valid,
            values=fitting.values,
            history=self.train_history_,
            handlers=self._handlers(fresh=fresh),
            custom_scores=as_list(self.custom_scores),
        )

    @contextmanager
    def _keeping_params(self) -> Iterator[None]:
        """Undo what handlers do to the parameters, which `fit` must leave as they were."""
        given = self.get_params(deep=False)
        try:
            yield
        finally:
            for name in self.get_params(deep=False).keys() - given.keys():
                delattr(self, name)
            vars(self).update(given)

    def _settings(self) -> dict[str, Any]:
        """All parameters by their present names."""
        params = self.get_params(deep=False)
        if "eval_size" in params:
            params["train_split"] = params.pop("eval_size")
        return params

    def _blueprint(self, params: Mapping[str, Any], shapes: Mapping[Any, Any]) -> Blueprint:
        return blueprint(params, self._own(), next(iter(shapes.values()), None))

    def _check_keywords(self, params: dict[str, Any], names: Iterable[str]) -> None:
        check_names(params, self._own(), set(names) - {"eval_size"})

    def _handlers(self, *, fresh: bool) -> Handlers:
        lists = {name: as_list(getattr(self, name)) for name in HANDLERS}
        if fresh:
            for handler in (handler for list_ in lists.values() for handler in list_):
                if isinstance(handler, Handler):
                    handler.reset()
        self._remember_as_given()
        if fresh or not hasattr(self, "_printers"):
            self._printers = {
                "on_epoch_finished": PrintLog(),
                "on_training_started": PrintLayerInfo(),
            }
        for name, printer in self._printers.items():
            if self.verbose and not any(isinstance(h, type(printer)) for h in lists[name]):
                lists[name].insert(0, printer)
        return Handlers(**lists)

    def initialize(self) -> Self:
        """Build the network and draw its weights, without data.

        Needs ``input_shape`` and the output's number of units. A net that is initialised or
        fitted stays as it is.

        Returns
        -------
        self
        """
        if hasattr(self, "_model"):
            return self
        params = self._settings()
        faults = check_settings(params)
        with faults.collect():
            made = self._blueprint(params, {})
            network = made.network({}, None, regression=self.regression)
        faults.raise_any()
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        self._model = Model(network, int(seed)).initialize()
        self._targets = None
        self.train_history_ = []
        if not self.regression:
            self.classes_ = self._answers().classes
        return self

    def _answers(self) -> Targets:
        check_is_fitted(self)
        if self._targets is not None:
            return self._targets
        network = self._model.network
        shape = network.node(network.output).output_shape
        return from_output(shape, regression=self.regression)

    def _output(self, X: Any, to: str | None = None) -> np.ndarray:
        check_is_fitted(self)
        network = self._model.network
        reset = not hasattr(self, "n_features_in_")
        probe = copy.copy(self) if reset else self
        rows = check_rows(probe, X, reset=reset, check=self.check_input)
        iterator = as_test_iterator(self.batch_iterator_test)
        rows = rows.arrange(network.inputs, changed=changes(iterator))
        programs = programs_for(PredictPlan(network, self.test_augment))
        return predict(programs, self._model, rows, iterator, as_numbers(network.runtime()), to)

    def predict(self, X: Any) -> np.ndarray:
        """Predict labels, indicators or numbers.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Rows as in `fit`.

        Returns
        -------
        array of shape (n,) or (n, outputs)
            Labels of the type that y had, or numbers in the shape that y had.
        """
        return self._answers().decode(self._output(X))

    @available_if(_classifies)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities; for classifiers.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Rows as in `fit`.

        Returns
        -------
        float32 array of shape (n, n_classes)
            Columns in the order of `classes_`.
        """
        return self._answers().probabilities(self._output(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Compute the accuracy, or for regression the coefficient of determination.

        Parameters
        ----------
        X, y
            Rows as in `fit`, and their true targets.
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        float
        """
        from sklearn.metrics import accuracy_score, r2_score

        metric = r2_score if self.regression else accuracy_score
        return float(metric(y, self.predict(X), sample_weight=sample_weight))

    def get_output(self, layer: str | int | FittedLayer, X: Any) -> np.ndarray:
        """Compute what a layer puts out.

        Parameters
        ----------
        layer : str, int or FittedLayer
            Name or index of the layer, or an entry of `layers_`.
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Rows as in `fit`.

        Returns
        -------
        float32 array of shape (n, ...)
            In the layer's public shape, channels first.
        """
        check_is_fitted(self)
        if isinstance(layer, int):
            layer = self.layers_[layer]
        name = layer.name if isinstance(layer, FittedLayer) else layer
        return self._output(X, self._model.network.node(name).name)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.non_deterministic = False
        if self.regression:
            tags.estimator_type = "regressor"
            tags.regressor_tags = RegressorTags()
        else:
            tags.estimator_type = "classifier"
            tags.classifier_tags = ClassifierTags(multi_label=True)
        return tags
