"""The estimator, with scikit-learn's interface and nolearn's names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, TypeAlias, TypeVar

from jax import Array
from numpy.random import RandomState
from numpy.typing import ArrayLike
from optax import GradientTransformation
from sklearn.utils import ClassifierTags, RegressorTags, Tags

from ..augment.base import TransformFunction
from ..augment.pipeline import AugmentParameters, as_parameters
from ..data.fit_arguments import FitArguments
from ..data.inputs import DataFormat, Features, Targets
from ..data.iterators import (
    BatchIterator,
    TrainSplit,
    as_split,
    as_test_iterator,
    as_train_iterator,
)
from ..handlers.base import HandlerFunction
from ..layers.base import Layer
from ..models.pretrained import Pretrained
from ..network.graph import Network
from ..network.hidden_layer import find_hidden_layer
from ..network.memory import check_weights
from ..network.recomputation import find_blocks
from ..objectives import objective as default_objective
from ..objectives.by_nonlinearity import LossFunction
from ..ops.device_choice import Devices, without_devices
from ..targets.by_output import regression_by_output
from ..training.events import EVENTS
from ..updates.update_rule import UpdateFactory
from .blueprint import make_blueprint
from .by_name import resolve_names
from .callbacks import CallbackSupport, CallbackTasks, HandlingMixin
from .configuring import ConfigMixin
from .defaults import with_defaults
from .deferred import DeferredFit, defer
from .fitting import FittingMixin
from .history_export import HistoryMixin
from .html_view import HtmlMixin
from .keyword_params import KeywordEstimator, explaining_keywords
from .overrides import check_overrides
from .prediction import PredictionMixin
from .routing import check_names
from .streams import StreamMixin
from .transformer import HiddenLayerMixin
from .validation import check_settings
from .weights import WeightsMixin

__all__ = ["NeuralNet"]

T = TypeVar("T")

PerOutput: TypeAlias = T | Mapping[str, T] | Sequence[T]
"""One value for all outputs, or one per output, by name or in order."""

Scores: TypeAlias = Sequence[tuple[str, Callable[..., Any]]]

CustomScores: TypeAlias = PerOutput[str | Sequence[str | tuple[str, Callable[..., Any] | str]]]

Handlers: TypeAlias = HandlerFunction | Sequence[HandlerFunction]

Transforms: TypeAlias = (
    TransformFunction | Sequence[TransformFunction | tuple[str, TransformFunction]]
)


class NeuralNet(
    FittingMixin,
    PredictionMixin,
    HiddenLayerMixin,
    StreamMixin,
    WeightsMixin,
    ConfigMixin,
    HistoryMixin,
    HtmlMixin,
    HandlingMixin,
    CallbackSupport,
    KeywordEstimator,
):
    """A neural network as a scikit-learn classifier or regressor.

    Keywords with a prefix set the hyperparameters of the parts of the net: ``conv1_num_filters=32``
    those of a layer named ``conv1``, ``update_learning_rate=0.1`` those of the update rule. They
    are parameters like all others, for `set_params`, grid searches and `clone`.

    Parameters
    ----------
    **Network**
    layers : list or Layer, default=None
        The network: a list of ``('name', LayerClass)``, ``(LayerClass, {...})`` or layers, each
        fed by the one before; or the last layer of a graph of instances. Keywords of a layer follow
        its name, as in ``conv1_num_filters=32``. By default a network that suits X, whose inputs
        are standardized by the mean and the standard deviation of the training samples: dense
        layers, after two convolutions for images of at least 8x8 pixels.
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Number of units of each hidden layer of the default network. `layers` set their own, as in
        ``hidden_num_units=100``.
    pretrained : Pretrained, dict, str or path, default=None
        Weights that each fit starts from, where names of layers and parameters agree: those of
        `skconv.models.load`, a dict ``{'conv1.W': array}``, or a weight file. The layers of the
        outputs are drawn at random if they have another shape, as for other classes. Unlike weights
        of `load_params_from`, clones have them too, such as those of a grid search.
    outputs : str or list of str, default=None
        Names of the output layers; by default the last layer. With several outputs, y is a dict of
        targets or a DataFrame by output, a list in the order of the outputs, or an array with a
        column per output. Each output has its own kind of target: labels, label indicators or
        numbers. `predict` returns an array with a column per output if all have one label or all
        have one number per row, and a list of arrays otherwise; `predict_proba` returns a list.
    aux_outputs : dict of str to float, default=None
        Auxiliary output layers with their weights in the training loss, as in GoogLeNet (Szegedy et
        al. 2014). They are trained on the target of the first output, and take no part in
        predictions and the validation loss.
    transform_layer : str or int, default=None
        Name or index of the layer whose output `transform` returns. By default the last hidden
        layer: the one that feeds the units of the first output, or what comes before it if that is
        dropout or noise.
    **Training**
    update : callable, str or optax.GradientTransformation, default=None
        Update rule of `skconv.updates` or optax, or its name, as in ``'adam'``; or a finished
        transformation such as ``optax.MultiSteps(optax.adam(1e-3), 4)``. By default `adam` with a
        rate of 0.003 for the default network, and `nesterov_momentum` for `layers`. Its keywords
        follow ``update_``, as in ``update_learning_rate=0.1``; every rule also takes
        ``update_clip_norm`` and ``update_clip_value``. New numbers and schedules do not compile a
        new program.
    objective : callable, default=skconv.objectives.objective
        Training objective: the mean loss of a batch plus penalties. Its keywords follow
        ``objective_``, as in ``objective_l2=1e-4``.
    objective_loss_function : callable, str, or dict of them, default=None
        Loss function ``(predictions, targets) -> losses``, or one per output. Losses of
        `skconv.objectives` may be given by name; so may ``'mse'``, ``'mae'``, ``'huber'`` and
        ``'log_loss'``. By default cross-entropy for labels and the squared error for regression.
        Its further keywords follow ``objective_``, too, as in ``objective_label_smoothing=0.1``.

        ``'poisson_deviance'`` predicts counts, ``'pinball_loss'`` quantiles, ``'gaussian_nll'`` a
        mean and a standard deviation, and ``'cox_loss'`` the risk of an event; all need
        ``regression=True``, and set the number of units of their output.

        With a custom loss or a custom `objective`, the output may have any shape. If it has as many
        values as y, they are predictions of y. Otherwise the loss gets y in its shape, as float32
        or int32, and `predict` returns the output as it is; y may then also be a structured array,
        which the loss gets as a dict of its fields. A loss with a parameter `weights` gets the
        weight of each row of the batch, which is zero for padding.

        An output layer without a nonlinearity gets the one that the loss demands: a softmax or
        sigmoid, or none for a hinge loss; one that does not suit the loss raises an error.
        Losses of optax on logits keep the softmax or sigmoid for `predict_proba`.
    output_weights : dict of str to float, default=None
        Weights of the outputs in the loss, 1.0 by default. New weights, here and in `aux_outputs`,
        do not compile a new program.
    class_weight : dict, 'balanced' or None, default=None
        Weights of the classes in the training loss, of each target of such a class; for nets with
        one output.
    max_epochs : int, default=100
        Maximum number of epochs.
    batch_iterator_train : int or BatchIterator, default=None
        Batch size in training, which shuffles the samples; or an iterator. By default 128 for
        `layers`, and about a tenth of the samples, at most 128, for the default network.
    warm_start : bool, default=False
        Whether `fit` continues from the current weights and the state of the update rule.
    on_batch_finished, on_epoch_finished : callable or list of callable, default=None
        Handlers ``(net, train_history)``, called after each batch or epoch. `StopIteration` ends
        the training. See `skconv.handlers`.
    on_training_started, on_training_finished : callable or list of callable, default=None
        Handlers called once, before the first and after the last epoch.
    **Data**
    regression : bool, or dict or list of bool, default=False
        Whether to predict numbers rather than labels; per output if there are several.
    normalize_y : bool, default=None
        Whether regression targets are standardized for training, by the mean and the standard
        deviation of the training samples. Losses and the output of the last layer are then in
        these units; predictions and scores are in the units of y. By default True for the default
        network, unless its output or loss is set to one that depends on the units of y, and False
        for `layers`.
    autoencoder : bool, default=False
        Whether the target is X even if y is given, as to a net inside a `Pipeline`, which passes
        the labels of its last step to all steps. It needs ``regression=True``.
    train_split : float, splitter, list, callable or None, default=0.2
        Validation set that `fit` splits off: a fraction of the samples, a `TrainSplit`, any
        scikit-learn splitter or list of pairs of row indices, of which the first split is used, or
        a function as in nolearn, ``(X, y, net) -> X_train, X_valid, y_train, y_valid``. A fraction
        keeps the proportions of the classes, those of the first output if there are several; rows
        with a class for each position are drawn at random.
        ``TrainSplit(0.2, shuffle=False)`` takes the last fifth, as suits series in time, where the
        first split of `TimeSeriesSplit` leaves most samples out. ``eval_size`` is an older name.
    batch_iterator_test : int or BatchIterator, default=128
        Batch size for validation and prediction, or an iterator.
    augment : callable, or list of callable or of (str, callable), default=None
        Data augmentation: transforms of `skconv.augment`, or functions
        ``(key, Xb, yb) -> (Xb, yb)`` in JAX, compiled into the training step and applied in order.
        Batches are float32, images channels first. Labels become probabilities before a transform
        that mixes targets. Fields of a transform follow ``augment_`` and its name, or its position
        if it has no name: ``augment_affine_rotation=20`` with
        ``augment=[('affine', RandomAffine())]``. ``augment__affine__rotation`` is the same field as
        a nested parameter of scikit-learn. New strengths do not compile a new program.
    test_augment : callable, default=None
        Augmentation at prediction: a `skconv.augment.TestTime`, a
        `skconv.augment.MonteCarloDropout`, which keeps dropout on, or a function
        ``(forward, key, Xb) -> output`` in JAX, compiled into `predict`, `predict_proba` and
        `score`. Scores during training do not use it.
    data_format : {'channels_first', 'channels_last'} or dict of str, default='channels_first'
        Where X has the channels of its images: ``(n, channels, height, width)`` or ``(n, height,
        width, channels)``, also for volumes and for signals of one axis, ``(n, length, channels)``;
        a dict by input, if some are not images. Tables have no channels; rows that are flattened
        images have this format, too. Channels are moved batch by batch, without a copy of X. Shapes
        of layers, augmentation and outputs remain channels first.
    ignore_label : object, default=None
        Value of the targets in y that count nothing: ``numpy.nan``, which stands for None and NA,
        too, or a label or number such as 255 or ``'-'``; a dict or list by output if there are
        several. Targets of this value are left out of losses, accuracies and `score`, of classes,
        class weights and the scales of `normalize_y`, and are never predicted. Objectives, scores,
        transforms and functions of `train_split` see NaN in their place, or -1 for classes. What
        `scores_train` and `scores_valid` return for a row or target that is ignored is left out of
        the mean, and scorers of scikit-learn get the other rows only.
    use_label_encoder : bool, default=False
        If False, the output may have more units than y has labels; integer labels from 0 are then
        indices of its units. As elsewhere in scikit-learn, `classes_` holds the labels in y alone,
        and probabilities are those among them; only `partial_fit` without `classes` takes all units
        as classes. If True, the output must have one unit for each label in y. Labels of other
        types are always encoded.
    check_input : bool, default=True
        Whether to check X for NaN and infinite values, for indices out of the range of an
        `EmbeddingLayer`, and for numbers that float32 cannot tell apart.
    **Reporting**
    verbose : int, default=0
        If 1, print the layers, a progress bar and a row for each epoch; 2 and 3 print more about
        the layers.
    custom_scores : list of (str, callable) or str, or dict of them, default=None
        Scores of the validation set, computed after each epoch on all samples at once: functions
        ``(y_true, y_output) -> float`` in NumPy, for which labels are encoded as integers from 0;
        or scorers of scikit-learn, as in ``['roc_auc', ('mcc', 'matthews_corrcoef'), ('f2',
        make_scorer(fbeta_score, beta=2))]``, which get labels, probabilities and numbers as
        `predict` and `predict_proba` return them. A dict has the scores of each output, as in
        ``{'digit': 'roc_auc_ovr', 'age': ['r2']}``, which are ``roc_auc_ovr_digit`` and ``r2_age``
        in the history; scorers need it if there are several outputs.
    scores_train, scores_valid : list of (str, callable), default=None
        Scores of the training or validation set, ``(predictions, targets) -> scalar or rows`` in
        JAX, compiled into the steps. In training, predictions are those of the training step, with
        dropout. Predictions and targets are tuples if there are several outputs; this holds for
        `custom_scores` that are not given by output, too.
    **Reproducibility, devices and memory**
    random_state : int, RandomState or None, default=None
        Seed of all random numbers: initial weights, order of the samples, dropout, augmentation.
    devices : None, 'all', int, list of jax.Device, or jax.sharding.Mesh, default=None
        The devices that share each batch, in training, prediction and whatever else the net
        computes: all, a number of them, or those given, as a list or a mesh of one axis. After
        `jax.distributed.initialize`, ``'all'`` are those of all processes, which then train the net
        together, each with its share of the rows; a number counts those of this process. By default
        one, the default device of JAX, which ``jax.default_device`` changes; if that names a single
        device, ``'all'`` means that one, too. Weights are the same on all devices, and equal those
        of one device but for rounding.
        They must be able to share a batch evenly: the batch size in training must be a multiple of
        their number, as default batch sizes are, and that at prediction is increased to one.
        Devices are found anew by each call, so a net that is loaded elsewhere runs there. A clone
        keeps a list or a mesh; a pickle holds the number of its devices, as those of another
        process are others.
    shard_params : bool, default=False
        Whether the `devices` share the weights and the state of the update rule, too, of which each
        then holds a part, for networks that are too large for one device. Weights are drawn in the
        memory of the host, and gathered layer by layer where they are used, which takes time. It
        changes nothing on a single device.
    compute_dtype : {'float32', 'bfloat16', 'float64'} or None, default=None
        Type in which the layers compute; None is float32. With ``'bfloat16'``, matrix products and
        convolutions take half the memory, and are faster on GPUs and TPUs. Weights, updates,
        losses, statistics, the last layer and the outputs remain float32. With ``'float64'``,
        everything is in float64; JAX must have it enabled, by
        ``jax.config.update('jax_enable_x64', True)``.
    accumulate_steps : int, default=1
        Number of batches of `batch_iterator_train` that give one update of the weights. It equals
        an update by a batch of as many samples, also in the history, in the memory of the smaller
        ones; for that, all but the outputs of a batch are computed twice. Only dropout and noise
        are drawn anew, and batch normalization takes the statistics of the smaller batches.
    remat : True, list of str, str or None, default=None
        Layers whose outputs are not kept for the gradients but computed again, which takes less
        memory and more time: True for most layers, in the blocks for which least is kept; or names
        of layers, starts of several names before ``'_'``, or patterns such as ``'conv*'``, each of
        which is a block.
    cache_features : bool, default=False
        Whether the outputs of the first layers that are frozen, by ``<layer>_grad_scale=0``, are
        computed once for all rows, and kept in memory as float32, so that epochs take only as long
        as the other layers do. Weights become the same but for rounding; losses in the history
        leave out penalties on frozen weights, which are constant. Rows must be the same in each
        epoch, without `augment`.
    **Keywords**
    more_params : dict, default=None
        Further prefixed keywords, which take precedence over the others.
    **kwargs
        Prefixed keywords of the layers, the update rule, the objective and the transforms.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        Labels, in the order of the columns of `predict_proba`; for classifiers only. A list of
        arrays if there are several outputs, with None for an output that predicts numbers.
    layers_ : Layers
        The layers with their shapes and weights, by name, index or slice.
    train_history_ : list of dict
        A row for each epoch: ``epoch, train_loss, train_loss_best, valid_loss, valid_loss_best,
        valid_accuracy, dur`` (seconds), and the scores. Regression has no `valid_accuracy`. Several
        outputs add ``valid_loss_<output>`` and, unless they predict numbers,
        ``valid_accuracy_<output>``; `valid_loss` is then the weighted sum plus penalties, and
        `valid_accuracy` the mean of the outputs that have one. `history_` is the same as a pandas
        DataFrame, and `report_` shows it as a page with the layers; see
        `skconv.visualize.make_report`.
    n_features_in_ : int
        Number of values in a row of X, of all inputs together.
    feature_names_in_ : array of str
        Names of the columns of X; only if X has string names. A dict of those inputs that have any,
        if there are several.

    Notes
    -----
    Images are channels first, ``(n, channels, height, width)``, unless `data_format` is
    ``'channels_last'``. Memory maps, and arrays of h5py, zarr, dask and the like, are read chunk by
    chunk, never as a whole. X may have any numeric dtype. uint8
    is transferred to the device unchanged; computations are in float32, but for `compute_dtype`.

    A class for each pixel or time step is asked for by the shape of y, and needs an output with an
    axis of classes besides: for y of shape (n, height, width) a convolution with output (n,
    classes, height, width), and for y of shape (n, time) a recurrent layer or
    ``DenseLayer(num_leading_axes=2)`` with output (n, time, classes), or a convolution with (n,
    classes, time). If both axes fit, images and signals have the classes on axis 1, sequences on
    the last. Zeros and ones of shape (n, time) are labels of rows, instead, for an output of the
    same shape. An output of one unit separates two classes. `predict` returns the shape and the
    labels of y, and `predict_proba` has the classes on axis 1; losses and scores get them on the
    last axis of predictions, as ``(predictions, targets)`` of shapes (n, ..., classes) and (n,
    ...). All positions count alike in losses, accuracies and `score`, but for `ignore_label`,
    `class_weight` and `sample_weight`; scorers of scikit-learn in `custom_scores` see positions as
    rows, as in ``'jaccard_macro'`` for the mean intersection over union. If rows differ in shape,
    all positions of all rows count alike in the history and in `score`, and functions in
    `custom_scores` get targets and outputs as arrays of objects.

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
    _portable: ClassVar[dict[str, Callable[[Any], Any]]] = {"devices": without_devices}
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": False}
    """Groups passed to a search are for its own splitter, unless the net requests them too."""

    _copied_together = ("layers", *EVENTS)
    _stateful = EVENTS

    def __init__(
        self,
        layers: Layer | Sequence[Any] | None = None,
        *,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        update: UpdateFactory | GradientTransformation | str | None = None,
        objective: Callable[..., Array] = default_objective,
        objective_loss_function: PerOutput[LossFunction | str | None] = None,
        batch_iterator_train: int | BatchIterator | None = None,
        batch_iterator_test: int | BatchIterator = 128,
        regression: PerOutput[bool] = False,
        normalize_y: bool | None = None,
        outputs: str | Sequence[str] | None = None,
        aux_outputs: Mapping[str, float] | None = None,
        output_weights: Mapping[str, float] | None = None,
        max_epochs: int = 100,
        train_split: float | TrainSplit | Any | None = 0.2,
        custom_scores: CustomScores | None = None,
        scores_train: Scores | None = None,
        scores_valid: Scores | None = None,
        use_label_encoder: bool = False,
        on_batch_finished: Handlers | None = None,
        on_epoch_finished: Handlers | None = None,
        on_training_started: Handlers | None = None,
        on_training_finished: Handlers | None = None,
        more_params: Mapping[str, Any] | None = None,
        check_input: bool = True,
        data_format: DataFormat = "channels_first",
        verbose: int = 0,
        random_state: int | RandomState | None = None,
        warm_start: bool = False,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        ignore_label: PerOutput[Any] = None,
        augment: Transforms | None = None,
        test_augment: Callable[..., Any] | None = None,
        transform_layer: str | int | None = None,
        autoencoder: bool = False,
        devices: Devices = None,
        shard_params: bool = False,
        compute_dtype: Literal["float32", "bfloat16", "float64"] | None = None,
        accumulate_steps: int = 1,
        remat: bool | str | Sequence[str] | None = None,
        pretrained: Pretrained | Mapping[str, Any] | str | os.PathLike[str] | None = None,
        cache_features: bool = False,
        **kwargs: Any,
    ) -> None:
        self.layers = layers
        self.hidden_layer_sizes = hidden_layer_sizes
        self.update = update
        self.objective = objective
        self.objective_loss_function = objective_loss_function
        self.batch_iterator_train = batch_iterator_train
        self.batch_iterator_test = batch_iterator_test
        self.regression = regression
        self.normalize_y = normalize_y
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
        self.data_format = data_format
        self.verbose = verbose
        self.random_state = random_state
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.ignore_label = ignore_label
        self.augment = augment
        self.test_augment = test_augment
        self.transform_layer = transform_layer
        self.autoencoder = autoencoder
        self.devices = devices
        self.shard_params = shard_params
        self.compute_dtype = compute_dtype
        self.accumulate_steps = accumulate_steps
        self.remat = remat
        self.pretrained = pretrained
        self.cache_features = cache_features
        self._set_keywords(kwargs)

    @explaining_keywords
    def fit(
        self,
        X: Features,
        y: Targets | None = None,
        sample_weight: ArrayLike | None = None,
        X_val: Features | None = None,
        y_val: Targets | None = None,
        epochs: int | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit the net to X and y.

        Training starts afresh, unless ``warm_start=True`` or weights have been loaded.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict or list of arrays
            Training samples of shape ``(n, features)`` or ``(n, channels, height, width)``. If the
            net has several input layers, a dict has an array for each of them, or a list has them
            in their order. Functions of scikit-learn split a dict as
            `skconv.preprocessing.SliceDict`. A list of arrays of several shapes, or an array of
            objects, if the input layer leaves sizes open, as in ``input_shape=(None, 3, None,
            None)``.
            Also a map-style dataset, such as those of torch and Hugging Face, as
            `skconv.preprocessing.read_dataset` reads them; it may hold y, too. Of a large one, rows
            are asked for when they are needed; see `skconv.preprocessing.DatasetRows`.
        y : array-like of shape (n,), (n, n_outputs) or (n, ...)
            Labels of any type, label indicators, or numbers. Labels of more axes are a class for
            each position, such as pixels; see the notes of the class. A list of arrays, or an array
            of objects, if X has rows of several shapes and y has the positions of each. See
            `outputs` for several outputs, and `ignore_label` for missing targets. Floats of shape
            ``(n, n_classes)`` whose rows sum to one are class probabilities: the net learns them,
            predicts labels, and is scored by how often its label is the most probable one. One-hot
            classes exclude each other if the output has a softmax or the loss is the categorical
            cross-entropy, and are predicted as they are given.
            If it is None with ``regression=True``, the target is X itself, as float32 and channels
            first, before any augmentation: the net is an autoencoder. For a dataset of dicts as X,
            the name of the column of targets.
        sample_weight : array-like of shape (n,) or of the shape of y, optional
            Weight of each sample in the loss, or of each target; a list of arrays if y is one. If
            there are several outputs, a dict or list by output, of such arrays, or an array with a
            column for each output. Samples that `train_split` splits off keep their weights in
            `valid_loss` and `valid_accuracy`, as in scikit-learn's early stopping; `class_weight`
            weighs the training loss alone.
        X_val, y_val : array-like, optional
            Validation set, used in place of `train_split`. An autoencoder needs only X_val.
        epochs : int, optional
            Number of epochs, used in place of `max_epochs`.
        groups : array-like of shape (n,), optional
            Group of each sample, for a `train_split` that splits by groups, such as
            `sklearn.model_selection.GroupShuffleSplit`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            With all problems of the data and the parameters. The net is not modified.

        Warns
        -----
        ConvergenceWarning
            If the loss becomes NaN or infinite. The last finite weights are kept.
        UserWarning
            After Ctrl-C. The weights learned so far are kept.
        """
        continues = hasattr(self, "_model") and (self.warm_start or self._model.loaded)
        valid = None if X_val is None and y_val is None else (X_val, y_val)
        arguments = FitArguments(X, y, sample_weight, valid, epochs=epochs, groups=groups)
        epochs = self.max_epochs if epochs is None else epochs
        return self._fit(arguments, epochs, continues=continues, runs_callbacks=True)

    @explaining_keywords
    def partial_fit(
        self,
        X: Features,
        y: Targets | None = None,
        classes: Targets | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on all samples given, continuing from the current weights.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array-like of shape (n_classes,), optional
            All labels of all calls; required in the first call if its y lacks some. A dict or list
            of arrays if there are several outputs.

        Returns
        -------
        self
        """
        arguments = FitArguments(X, y, sample_weight, classes=classes, whole=True)
        return self._fit(arguments, 1, continues=hasattr(self, "_model"))

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
        if runs_callbacks and hasattr(self, "_skl_callbacks"):
            from sklearn.callback import with_callbacks

            with_callbacks(NeuralNet._run_with_callbacks)(self, arguments, epochs, continues)
            return self
        with self._training(arguments, continues=continues) as loop:
            loop.run(epochs)
        return self

    def _run_with_callbacks(self, arguments: FitArguments, epochs: int, continues: bool) -> None:
        with self._training(arguments, continues=continues) as loop:
            tasks = CallbackTasks(self, epochs, arguments)
            loop.handlers.add(tasks, each_epoch=not tasks.only_count)
            loop.run(epochs)
            tasks.end(self)

    def _settings(self) -> dict[str, Any]:
        """Return all parameters by name, with `eval_size` as `train_split`.

        Names are replaced by what they name, and None by the default.
        """
        params = self.get_params(deep=False) | {"regression": self.regression}
        if "eval_size" in params:
            params["train_split"] = params.pop("eval_size")
        return with_defaults(resolve_names(params))

    def _check_keywords(self, params: dict[str, Any], names: Iterable[str]) -> None:
        resolved = with_defaults(resolve_names(params))
        check_names(resolved, self._own(), set(names) - {"eval_size"})

    def initialize(self) -> Self:
        """Build the network and initialize its weights without data.

        The shape of the input and the number of units of the output must be given, as in
        ``input_shape=(None, 4)`` and ``output_num_units=3`` for layers of these names. A net that
        is initialized or fitted is not modified.

        Returns
        -------
        self
        """
        if not hasattr(self, "_model"):
            self._start(self._build_network(), {})
        return self

    def _build_network(self) -> Network:
        params = self._settings()
        problems = check_settings(params)
        check_overrides(self, problems)
        with problems.collect():
            network = make_blueprint(params, self._own(), None).network({}, None)
            check_weights(network, training=False)
            find_hidden_layer(network, params["transform_layer"])
            find_blocks(network.nodes, params["remat"])
        problems.raise_any()
        return network

    def __sklearn_tags__(self) -> Tags:
        """Return the tags of a regressor if all outputs predict numbers, else of a classifier.

        If only some of several outputs predict numbers, the net is neither: scikit-learn would look
        for classes in all columns of y.
        """
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        tags.non_deterministic = False
        numbers = regression_by_output(self.regression, self.outputs)
        tags.target_tags.required = numbers != (True,)
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = len(numbers) == 1
        if all(numbers):
            tags.estimator_type = "regressor"
            tags.regressor_tags = RegressorTags()
        elif not any(numbers):
            tags.estimator_type = "classifier"
            tags.classifier_tags = ClassifierTags(multi_label=True)
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model")
