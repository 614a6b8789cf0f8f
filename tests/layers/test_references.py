"""Every layer computes what its formula says, and so do its gradients."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skconv import layers, nonlinearities

from .references import REFERENCES

TESTED_ELSEWHERE = {
    "ModuleLayer": "test_module.py",
    "CustomRecurrentLayer": "test_custom_recurrent.py",
    "CyclicPoolLayer": "test_cyclic.py",
    "CyclicRollLayer": "test_cyclic.py",
    "CyclicSliceLayer": "test_cyclic.py",
    "CyclicStackLayer": "test_cyclic.py",
    "GRULayer": "test_recurrent.py",
    "InverseLayer": "test_inverse.py",
    "LSTMLayer": "test_recurrent.py",
    "MultiHeadAttentionLayer": "test_attention.py",
    "RecurrentLayer": "test_recurrent.py",
    "SqueezeExciteLayer": "test_squeeze.py",
    "TPSTransformerLayer": "test_transformer.py",
    "TransformerLayer": "test_transformer.py",
}
"""By the name of a layer, the file that compares its outputs and gradients with a formula."""

STEP = 1e-5
"""Half the step of central differences; their error is about its square."""

QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""Options of the compiler, which takes most of the time of these tests."""


def test_every_public_layer_has_a_reference(public_layers):
    assert REFERENCES.keys() | TESTED_ELSEWHERE.keys() == public_layers
    assert not REFERENCES.keys() & TESTED_ELSEWHERE.keys()
    assert all((Path(__file__).parent / file).exists() for file in TESTED_ELSEWHERE.values())


def layer_of(name, fields):
    def found(field, value):
        function = "function" in field or field.startswith("nonlinearity")
        if not function or value is None:
            return value
        return getattr(nonlinearities, value, None) or getattr(jnp, value)

    return getattr(layers, name)(**{field: found(field, value) for field, value in fields.items()})


def slope(formula, params, inputs, name, direction):
    """Central difference of the formula where one argument moves."""
    ends = []
    for step in (STEP, -STEP):
        moved = {**params, **dict(enumerate(inputs))}
        moved[name] = moved[name] + step * direction
        inputs_moved = [moved.pop(i) for i in range(len(inputs))]
        ends.append(formula(moved, *inputs_moved))
    return (ends[0] - ends[1]) / (2 * STEP)


def compare(layer, case, apply, train):
    """Hold output, new state and gradients against the formula."""
    random = train and case.probe is not None
    rng = np.random.default_rng(0)
    cotangent = rng.normal(size=case.formula(case.params, *case.inputs).shape)

    @partial(jax.jit, compiler_options=QUICK)
    def compute(params, inputs, cotangent):
        def outputs(params, inputs):
            return apply(layer, params, case.state, *inputs, train=train)

        out, back, new = jax.vjp(outputs, params, inputs, has_aux=True)
        probes = [jnp.full_like(x, case.probe) for x in inputs] if random else inputs
        return outputs(params, probes)[0], out, new, back(cotangent)

    computed = compute(case.params, case.inputs, cotangent)
    drawn, out, new, (of_params, of_inputs) = jax.tree.map(np.asarray, computed)
    formula = case.training if train and case.training else case.formula
    if random:
        case.law(drawn)
        formula = partial(formula, drawn)
    expected = formula(case.params, *case.inputs)
    np.testing.assert_allclose(out, expected, rtol=1e-10, atol=1e-10)
    renewed = case.renewed(*case.inputs) if train and case.renewed else case.state
    assert new.keys() == renewed.keys()
    for name, value in renewed.items():
        np.testing.assert_allclose(new[name], value, rtol=1e-10, atol=1e-10, err_msg=name)
    for name, gradient in [*of_params.items(), *enumerate(of_inputs)]:
        direction = rng.normal(size=gradient.shape)
        parts = cotangent * slope(formula, case.params, case.inputs, name, direction)
        found = (gradient * direction).sum()
        assert abs(found - parts.sum()) <= 1e-6 * np.abs(parts).sum() + 1e-8, name


@pytest.mark.parametrize("name", REFERENCES)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_outputs_and_gradients_are_those_of_the_formula(public_apply, name, data):
    case = REFERENCES[name](data.draw)
    layer = layer_of(name, case.fields)
    shapes = [(None, *x.shape[1:]) for x in case.inputs]
    assert {n: s.shape for n, s in layer.param_specs(*shapes).items()} == {
        n: value.shape for n, value in (case.params | case.state).items()
    }
    same = case.training is None
    with jax.enable_x64(True):
        for train in [data.draw(st.booleans())] if same else [False, True]:
            compare(layer, case, public_apply, train)
