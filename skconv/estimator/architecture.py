"""What decides the programs of a net, as far as its parameters tell without data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ..network.layer_list import LayerEntry, resolve_fields
from ..training.identity import ELSEWHERE
from ..utils.digests import digest
from ..utils.fields import field_kinds
from .blueprint import Blueprint, ConfiguredNet, make_blueprint

READ = {field.name for field in fields(Blueprint)} | {
    *("hidden_layer_sizes", "more_params", "objective_loss_function", "output_weights"),
    *("aux_outputs", "outputs"),
}
"""Parameters of a net that its blueprint holds, by its names or by others."""


def architecture(net: ConfiguredNet, shape: tuple[int, ...] | None) -> str:
    """Return a digest that is equal for nets which differ only in what compiles nothing.

    Such nets share programs if they train on the same data, handlers aside. Numbers that are passed
    to the programs do not count, nor do initial values.

    Parameters
    ----------
    net : NeuralNet
    shape : tuple of int or None
        Shape of a row, which decides on the network of ``layers=None``.
    """
    params = net._settings()
    try:
        blueprint = make_blueprint(params, net._own(), shape)
    except ValueError:  # raised again, and reported, when this net is trained
        return digest(params)
    layers = [
        (spec.name, spec.cls, spec.incomings, _structure(spec, blueprint.keywords[spec.name]))
        for spec in blueprint.specs
    ]
    update, heads = vars(blueprint.update), blueprint.heads
    losses = blueprint.loss_functions(), blueprint.objective, blueprint.objective_given.structure
    others = blueprint.regression, blueprint.transforms(), blueprint.images
    rest = {name: params[name] for name in net._own() & params.keys() - ELSEWHERE - READ}
    return digest((layers, update, heads, losses, others, rest))


def _structure(spec: LayerEntry, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a layer that are neither numbers nor initial values.

    Of a number that may be None, it is told whether it is.
    """
    names = {
        **spec.given,
        **{spec.cls.aliases.get(name, name): keywords[name] for name in keywords},
    }
    kinds = field_kinds(spec.cls)
    given = resolve_fields(spec.name, spec.cls, names)
    given = {name: value for name, value in given.items() if kinds.get(name) != "initial"}
    return {
        name: value is None if kinds.get(name) == "optional" else value
        for name, value in given.items()
        if kinds.get(name) != "runtime"
    }
