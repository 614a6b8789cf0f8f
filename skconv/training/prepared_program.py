"""The program that predicts with the weights of a model, and all that it takes besides rows."""

from __future__ import annotations

from typing import Any, NamedTuple
from weakref import ref

import numpy as np
from jax.sharding import Mesh

from ..augment.tunable import float32_values, without_values
from ..network.model import Model
from ..ops.mesh import put_weights
from ..ops.platform import device
from .device_values import runtime_for
from .plan import PredictPlan
from .programs import PredictPrograms, note_use, predict_programs_for


class PreparedProgram(NamedTuple):
    """A program, and the arguments that it takes besides rows.

    Parameters
    ----------
    programs : PredictPrograms
    weights : (dict of dict of array, dict of dict of array)
        Parameters and state, on the devices.
    values : tuple
        Runtime values of the layers and of `test_augment`, and the seed.
    """

    programs: PredictPrograms
    weights: tuple[Any, Any]
    values: tuple[Any, ...]


ASKED = "asked"
"""Key of whether a program has been asked for a single call."""


def prepare_program(
    model: Model, test_augment: Any, mesh: Mesh | None, *, single: bool = False
) -> PreparedProgram:
    """Return the program that predicts with the weights of a model.

    It is kept in what the model has prepared, as finding it takes as long as a small net for one
    row: 30 of 210 us (AMD EPYC, two cores). There it lives as long as the cache of programs holds
    it.

    Parameters
    ----------
    model : Model
    test_augment : callable or None
        With one, nothing is kept, as it may change.
    mesh : Mesh or None
        The devices that share the rows of each batch; None for the default device.
    single : bool
        Whether the program is called once. Then weights on the host are copied to the device from
        the second time on: most nets of a search predict once. For one of 13-20-3 units, copying
        takes 83 us, a call 95, and a call with weights on the host 102 (AMD EPYC, two cores).
    """
    key = prepare_program, device(), mesh
    kept = None if test_augment is not None or model.prepared is None else model.prepared
    reference, *others = (kept or {}).get(key, (None,))
    programs = reference and reference()
    if programs is not None:
        note_use(programs)
        return PreparedProgram(programs, *others)
    if single and kept is not None and model.on_host and not kept.get(ASKED):
        kept[ASKED], kept = True, None
    else:
        model.place()
    prepared = PreparedProgram(
        predict_programs_for(PredictPlan(model.network, without_values(test_augment), mesh)),
        put_weights(model.weights, mesh),
        (runtime_for(model.network, mesh), float32_values(test_augment), np.uint32(model.seed)),
    )
    if kept is not None:
        kept[key] = ref(prepared.programs), *prepared[1:]
    return prepared
