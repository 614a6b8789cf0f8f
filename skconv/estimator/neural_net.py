"""The estimator: scikit-learn's contract, nolearn's names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import ClassifierTags, RegressorTags, Tags, check_random_state

from ..augment.pipeline import AugmentParameters, as_parameters
from ..data.dataset import FEATURES, FitArguments
from ..data.iterators import (
    BatchIterator,
    TrainSplit,
    as_split,
    as_test_iterator,
    as_train_iterator,
)
from ..data.output_targets import regression_by_output
from ..network.model import Model
from ..objectives import objective as default_objective
from ..training.events import EVENTS
from ..training.loop import TrainingLoop
from ..training.prepared_fit import PreparedFit
from ..updates.rules import nesterov_momentum
from ..utils.checks import as_list
from ..utils.memo import Memo
from ..visualize.html import HtmlMixin
from .blueprint import make_blueprint
from .callbacks import CallbackTasks, HandlingMixin
from .deferred import DeferredFit, defer
from .history_export import HistoryMixin
from .keyword_params import KeywordEstimator
from .prediction import PredictionMixin
from .prepare import Continuation, prepare
from .routing import check_names
from .validation import check_settings
from .weights import WeightsMixin

__all__ = ["NeuralNet"]


class TagsMixin:
    """The tags of a net: a regressor where all its outputs are numbers, else a classifier."""

    regression: Any
    outputs: Any

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.non_deterministic = False
        if all(regression_by_output(self.regression, self.outputs)):
            tags.estimator_type = "regressor"
            tags.regressor_tags = RegressorTags()
        else:
            tags.estimator_type = "classifier"
            tags.classifier_tags = ClassifierTags(multi_label=True)
        return tags


class NeuralNet(
    PredictionMixin,
    WeightsMixin,
    HistoryMixin,
    HtmlMixin,
    HandlingMixin,
    CallbackSupportMixin,
    TagsMixin,
    KeywordEstimator,
):
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
    objective_loss_function : callable, or dict of callable by output, optional
        ``(predictions, targets) -> losses``; cross-entropy for classes and labels, squared error
        for numbers. Its further keywords follow ``objective_`` as well, as in
        ``objective_label_smoothing=0.1``.
    batch_iterator_train, batch_iterator_test : int or BatchIterator
        Batch size, or an iterator. A number shuffles the rows in training.
    regression : bool, or a dict or list of bool by output
        Whether y holds numbers.
    outputs : str or list of str, optional
        Names of the output layers; by default the last layer. With several of them y is a dict of
        targets, a tuple in their order, or an array with a column for each; each has labels,
        indicators or numbers of its own, and predictions are tuples in their order.
    aux_outputs : dict of str to float, optional
        Auxiliary output layers with their weights in the training loss, as in GoogLeNet (Szegedy
        et al. 2014). They learn the target of the first output, and are there for training alone:
        neither predictions nor the validation loss know of them.
    output_weights : dict of str to float, optional
        Weights of the outputs in the loss, one where nothing is said. The weights of outputs can
        change without a new compile.
    max_epochs : int
        Passes over the data.
    train_split : float, TrainSplit, splitter, callable or None
        Rows that `fit` sets aside for validation: a fraction, any scikit-learn splitter (of which
        the first split is taken), or nolearn's
        ``(X, y, net) -> X_train, X_valid, y_train, y_valid``. ``eval_size`` is an older name. Of
        several outputs the first decides how classes are kept in proportion.
    custom_scores : list of (str, callable), optional
        ``(y_true, y_output) -> float`` in NumPy, on all validation rows after each epoch. Classes
        are counted from zero.
    scores_train, scores_valid : list of (str, callable), optional
        ``(predictions, targets) -> scalar or rows`` in JAX, compiled into the steps. In training
        the predictions are those of the training step, with dropout. Here as in `custom_scores`
        predictions and targets are tuples where there are several outputs.
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
        1 prints the layers, a bar and a row for each epoch; 2 and 3 tell more of the layers.
    random_state : int, RandomState or None
        Only source of randomness: weights, order of rows, dropout, augmentation.
    warm_start : bool
        Whether `fit` goes on from the weights and the optimizer's state that are there.
    class_weight : dict, 'balanced' or None
        Weights of the classes in the training loss, where there is one output.
    augment : transform, callable, or list of them or of (str, transform), optional
        Transforms of `skconv.augment`, or functions ``(key, Xb, yb) -> (Xb, yb)`` that JAX can
        trace, on float32 batches of the public shape, compiled into the training step in their
        order. Their fields follow ``augment_`` and the transform's name, or its place where it has
        none: ``augment_affine_rotation=20`` of ``augment=[('affine', RandomAffine())]``, with
        ``augment__affine__rotation`` as scikit-learn's name of the field itself. Strengths can
        change without a new compile. Labels become rows of probabilities before a transform that
        mixes them.
    test_augment : TestTime or callable, optional
        `skconv.augment.TestTime`, or ``(forward, key, Xb) -> output``, compiled into `predict`,
        `predict_proba` and `score`; scores during training are without it.
    **kwargs
        Prefixed keywords of layers, update and objective.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        Labels, in the order of the columns of `predict_proba`; for classifiers. A list of such
        arrays where there are several outputs, with None for one that answers with numbers.
    layers_ : Layers
        The layers by name, index or slice, with their shapes and parameters.
    train_history_ : list of dict
        A row for each epoch: ``epoch, train_loss, train_loss_best, valid_loss, valid_loss_best,
        valid_accuracy, dur`` (seconds) and the scores. Where there are several outputs, also
        ``valid_loss_<output>`` and, but for numbers, ``valid_accuracy_<output>``, of which
        `valid_accuracy` is the mean; `valid_loss` is the weighted sum, with the penalties.
        `history_` is the same as a pandas DataFrame.
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
        "augment": AugmentParameters,
        "test_augment": as_parameters,
    }
    _copied_together = ("layers", *EVENTS)
    _stateful = EVENTS

    def __init__(
        self,
        layers: Any = None,
        *,
        update: Any = nesterov_momentum,
        objective: Any = default_objective,
        objective_loss_function: Any = None,
        batch_iterator_train: int | BatchIterator = 128,
        batch_iterator_test: int | BatchIterator = 128,
        regression: Any = False,
        outputs: Any = None,
        aux_outputs: Mapping[str, float] | None = None,
        output_weights: Mapping[str, float] | None = None,
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
        self.outputs = outputs
        self.aux_outputs = aux_outputs
        self.output_weights = output_weights
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
            Labels of any type, indicators of several labels, or numbers; for several outputs as
            `outputs` says.
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
        continues = hasattr(self, "_model") and (self.warm_start or self._model.loaded)
        valid = None if X_val is None and y_val is None else (X_val, y_val)
        arguments = FitArguments(X, y, sample_weight, valid)
        epochs = self.max_epochs if epochs is None else epochs
        return self._fit(arguments, epochs, continues=continues, runs_callbacks=True)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train on for one epoch, on all rows given.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array-like of shape (n_classes,), optional
            All labels that may come; needed in the first call where y lacks some. A dict or
            tuple of such arrays where there are several outputs.

        Returns
        -------
        self
        """
        arguments = FitArguments(X, y, sample_weight, classes=classes, whole=True)
        return self._fit(arguments, 1, continues=hasattr(self, "_model"))

    @with_callbacks
    def _fit(
        self,
        arguments: FitArguments,
        epochs: int,
        *,
        continues: bool,
        runs_callbacks: bool = False,
    ) -> Self:
        if defer(DeferredFit(self, arguments, epochs, continues)):
            return self
        with self._training(arguments, continues=continues) as loop:
            tasks = None
            if runs_callbacks and hasattr(self, "_skl_callbacks"):
                tasks = CallbackTasks(self, epochs, arguments)
                loop.handlers.add(tasks, each_epoch=not tasks.only_count)
            loop.run(epochs)
            if tasks is not None:
                tasks.end(self)
        return self

    @contextmanager
    def _training(
        self, arguments: FitArguments, *, continues: bool, memo: Memo | None = None
    ) -> Iterator[TrainingLoop]:
        """Prepare a training, and adopt its results; if it fails at once, restore the net.

        Searches and ensembles start trainings here, as `fit` does.

        Parameters
        ----------
        arguments : FitArguments
        continues : bool
            Whether to continue from the current weights.
        memo : Memo, optional
            Results that fits on the same data share.

        Yields
        ------
        TrainingLoop
        """
        continuation = Continuation(self._model, self._outputs) if continues else None
        prepared = prepare(self, arguments, continuation, memo or Memo())
        before = dict(vars(self))
        self._adopt(prepared, fresh=not continues)
        loop = TrainingLoop(
            net=self,
            fit=prepared,
            history=self.train_history_,
            handlers=self._handlers(fresh=not continues),
            custom_scores=as_list(self.custom_scores),
            memo=memo,
        )
        try:
            with self._restoring_params():
                yield loop
        except Exception:
            if not loop.epochs:
                vars(self).clear()
                vars(self).update(before)
            raise
        self._model.loaded = False

    def _adopt(self, prepared: PreparedFit, *, fresh: bool) -> None:
        """Take over the model, the targets and the features of a prepared fit."""
        for name in FEATURES:
            vars(self).pop(name, None)
        vars(self).update(prepared.features)
        vars(self).pop("classes_", None)
        classes = prepared.outputs.classes
        if classes is not None:
            self.classes_ = classes
        self._model, self._outputs = prepared.model, prepared.outputs
        self.train_history_ = [] if fresh else list(self.train_history_)
        self._remember_as_given()

    @contextmanager
    def _restoring_params(self) -> Iterator[None]:
        """Restore the parameters on leaving, which handlers may have changed."""
        given = self.get_params(deep=False)
        try:
            yield
        finally:
            for name in self.get_params(deep=False).keys() - given.keys():
                delattr(self, name)
            vars(self).update(given)

    def _settings(self) -> dict[str, Any]:
        """Return all parameters by their current names."""
        params = self.get_params(deep=False)
        if "eval_size" in params:
            params["train_split"] = params.pop("eval_size")
        return params

    def _check_keywords(self, params: dict[str, Any], names: Iterable[str]) -> None:
        check_names(params, self._own(), set(names) - {"eval_size"})

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
        problems = check_settings(params)
        with problems.collect():
            network = make_blueprint(params, self._own(), None).network({}, None)
        problems.raise_any()
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        self._model = Model(network, int(seed)).initialize()
        self._outputs = None
        self.train_history_ = []
        classes = self._fitted().outputs.classes
        if classes is not None:
            self.classes_ = classes
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model")
