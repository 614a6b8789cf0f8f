"""A network with its weights and the state of its training."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter, is_
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import numpy as np

from ..updates.update_rule import Update
from ..utils.cache_keys import structural_key
from ..utils.forks import check_fork
from ..utils.random_keys import fold_in, make_key
from .array_checks import by_place, check_arrays
from .graph import Network, Place, Variables
from .precision import cast_floats, device_copy


class TrainState(NamedTuple):
    """The state that a training step updates.

    Parameters
    ----------
    params, state : dict of dict of array
    opt : pytree or None
        State of the update rule; None before the first step.
    statistics : tuple of pytree
        Statistics of the weights that handlers ask for; empty but inside of the programs.
    """

    params: Variables
    state: Variables
    opt: Any = None
    statistics: tuple[Any, ...] = ()


def _part(name: str) -> Any:
    """Return a property for a part of `Model.carry`."""

    def get(model: Model) -> Any:
        return getattr(model.carry, name)

    def put(model: Model, value: Any) -> None:
        model.carry = model.carry._replace(**{name: value})

    return property(get, put)


def _key(update: Update | None) -> Hashable:
    """Return a key that copies of an update share, also if its factory is a partial function."""
    return structural_key(update and vars(update))


@dataclass
class Model:
    """A network with its weights and everything else that training updates.

    Parameters
    ----------
    network : Network
    seed : int
        Seed of all randomness.
    carry : TrainState
        What training updates, replaced as a whole, so that other threads never see new weights with
        an old state. Its parts are the attributes `params`, `state` and `opt`.
    update : Update or None
        The update rule that `opt` belongs to.
    epoch, step : int
        Number of epochs and steps trained so far.
    loaded : bool
        Whether weights were loaded, from which the next fit continues.
    adapted : frozenset of (str, str)
        State that holds statistics of training data, or was loaded.
    batch : tuple of list of str and array, or None
        Names and sums of the last step's results, while handlers watch each batch.
    identity : TrainingIdentity or None
        What decides the result of the training, while one is running.
    statistics : tuple of pytree
        Statistics of the weights that handlers ask for, while a training is running.
    fixed : (dict of dict of array, dict of dict of array)
        Parameters and state of the layers that the running training leaves out of `carry`, whose
        outputs are computed once.
    opt_without : frozenset of str
        Layers that were left out when `opt` was initialized.
    prepared : dict or None
        What predictions have prepared for these weights; None while they may change.
    """

    network: Network
    seed: int
    carry: TrainState = TrainState({}, {})
    update: Update | None = None
    epoch: int = 0
    step: int = 0
    loaded: bool = False
    adapted: frozenset[Place] = frozenset()
    batch: tuple[list[str], Any] | None = None
    identity: Any = None
    statistics: tuple[Any, ...] = ()
    fixed: tuple[Variables, Variables] = ({}, {})
    opt_without: frozenset[str] = frozenset()
    prepared: dict[Hashable, Any] | None = field(default=None, repr=False, compare=False)
    _last: tuple[tuple[Any, ...], Model] | None = field(default=None, repr=False, compare=False)

    params = _part("params")
    state = _part("state")
    opt = _part("opt")

    @property
    def weights(self) -> tuple[Variables, Variables]:
        """Parameters and state of all layers, also of those that training leaves out."""
        params, state = self.fixed
        if not params and not state:
            return self.carry[:2]
        return {**params, **self.params}, {**state, **self.state}

    def leave_out(self, layers: Collection[str]) -> None:
        """Leave layers out of what training updates, until `join` is called."""
        self._keep(*self.weights, layers)

    def _keep(self, params: Variables, state: Variables, left_out: Collection[str]) -> None:
        """Replace all weights, and leave layers out of `carry`."""

        def split(tree: Variables) -> tuple[Variables, Variables]:
            parts: tuple[Variables, Variables] = {}, {}
            for layer, own in tree.items():
                parts[layer in left_out][layer] = own
            return parts

        (params, fixed), (state, fixed_state) = split(params), split(state)
        # first what is fixed, as predictions in other threads need all weights
        self.fixed = fixed, fixed_state
        self.carry = self.carry._replace(params=params, state=state)

    def join(self) -> None:
        """Put all layers back into what training updates."""
        params, state = self.weights
        self.carry = self.carry._replace(params=params, state=state)
        self.fixed = {}, {}

    @property
    def nbytes(self) -> int:
        """Size of what training updates."""
        return sum(leaf.nbytes for leaf in jax.tree.leaves(self.carry))

    def take(self, carry: TrainState) -> None:
        """Take over what a program returned."""
        self.statistics = carry.statistics
        self.carry, self._last = carry._replace(statistics=()), None

    def frozen(self) -> Model:
        """Return a copy that later training and loading leave unchanged."""
        frozen = Model.__new__(Model)
        vars(frozen).update(vars(self), prepared=None, _last=None)
        return frozen

    def for_prediction(self) -> Model:
        """Return a copy, which training and loading leave unchanged.

        It is the copy of the last call, with what is prepared there, unless anything has been
        replaced since.
        """
        last = self._last
        if last is not None and all(map(is_, _contents(self), last[0])):
            return last[1]
        frozen = self.frozen()
        contents = _contents(frozen)
        frozen.prepared = {}
        self._last = contents, frozen
        return frozen

    @property
    def on_host(self) -> bool:
        """Whether the weights are NumPy's arrays, as those of a pickle or of a search are."""
        first = next((array for own in self.params.values() for array in own.values()), None)
        return isinstance(first, np.ndarray)

    def place(self) -> None:
        """Copy weights on the host to the device, in a copy `for_prediction`.

        So they are copied once, not for each prediction; not before, since processes may be forked
        after unpickling, but not after JAX has been used.
        """
        if self.on_host:
            params, state = jax.device_put(self.carry[:2])
            self.carry = self.carry._replace(params=params, state=state)

    def initialize(self, known: Mapping[Place, Any] = MappingProxyType({})) -> Model:
        """Draw the initial weights from the seed.

        Parameters
        ----------
        known : mapping of (layer, parameter) to array
            Checked arrays, which are put in place of those that would be drawn. Other layers are
            drawn as without them.
        """
        check_fork()
        key = fold_in(make_key(self.seed), 0)
        drawn = self.network.init(key, known.keys())
        self.carry = TrainState(*cast_floats(drawn, self.network.dtype))
        if known:
            self._replace(known)
        return self

    def continues_with(self, update: Update) -> bool:
        """Return whether the state of the update rule is one of this rule."""
        return self.opt is not None and _key(self.update) == _key(update)

    def start(self, update: Update, init: Callable[[Variables], Any]) -> None:
        """Initialize the state of the update rule, unless it is in use already.

        Parameters
        ----------
        update : Update
        init : callable
            Returns the initial state of the update rule for the parameters.
        """
        left_out = frozenset().union(*self.fixed)
        if not (self.continues_with(update) and self.opt_without == left_out):
            self.opt = init(self.params)
            self.update, self.opt_without = update, left_out

    def adapt(self, name: str, statistics: Mapping[str, Any]) -> None:
        """Set state of a layer that was computed from the training data."""
        own = {key: device_copy(value, self.network.dtype) for key, value in statistics.items()}
        if own:
            self.state = {**self.state, name: {**self.state[name], **own}}
        self.adapted |= {(name, key) for key in own}

    def __getstate__(self) -> dict[str, Any]:
        carry, fixed = jax.tree.map(np.asarray, (self.carry, self.fixed))
        dropped = {"batch": None, "identity": None, "statistics": ()}
        dropped |= {"prepared": None, "_last": None}
        return {**vars(self), "carry": carry, "fixed": fixed, **dropped}

    def get(self, place: Place) -> np.ndarray:
        """Return a copy of a parameter."""
        layer, name = self.network.shared.get(place, place)
        params, state = self.weights
        value = (params if name in params.get(layer, {}) else state)[layer][name]
        return np.array(value.T if place in self.network.transposed else value)

    def load(self, values: Mapping[str, Any]) -> None:
        """Set all parameters to values as `NeuralNet.get_all_params_values` returns them."""
        self.put(self.check(by_place(values, self.network)))

    def put(self, arrays: Mapping[Place, Any]) -> None:
        """Set parameters to checked arrays."""
        check_fork()
        self._replace(arrays)
        self.loaded = True

    def _replace(self, arrays: Mapping[Place, Any]) -> None:
        """Put arrays in the places of parameters and state."""
        specs = dict(self.network.places())
        params, state = ({layer: dict(own) for layer, own in tree.items()} for tree in self.weights)
        for (layer, name), value in arrays.items():
            tree = params if specs[layer, name].trainable else state
            # arrays of JAX as they are, which fits may share; NumPy's may be changed later
            kept = isinstance(value, jax.Array) and value.dtype == self.network.dtype
            own = value if kept else device_copy(value, self.network.dtype)
            tree.setdefault(layer, {})[name] = own
        self._keep(params, state, frozenset().union(*self.fixed))
        self._last = None
        self.adapted |= arrays.keys()

    def check(self, arrays: Mapping[Place, Any], *, strict: bool = True) -> dict[Place, np.ndarray]:
        """Check arrays against the parameters of the network.

        Parameters
        ----------
        arrays : mapping of (layer, parameter) to array
            Arrays in files are read once all names, shapes and types are those of the network.
        strict : bool
            Whether all parameters, and no others, must be given.

        Returns
        -------
        dict
            The arrays that belong to the network.

        Raises
        ------
        ValueError
            With the parameters that are missing, unknown, not finite or of another shape or type;
            at most ten of each kind.
        """
        return check_arrays(arrays, self.network.parameter_shapes(), strict=strict)


_contents: Callable[[Model], tuple[Any, ...]]
_contents = attrgetter(*(own.name for own in fields(Model) if own.compare))
"""Return what a model holds, all of which is replaced rather than changed."""
