import gc
import threading
from collections import Counter

import jax
import jax.monitoring
import jax.numpy as jnp
import numpy as np
import pytest
from jaxlib.mlir.ir import Context

from skconv.training import compiled_function
from skconv.training.compiled_function import (
    OPERATION_BYTES,
    PROGRAM_BYTES,
    CompiledFunction,
    forget_traces,
)

events = Counter()
jax.monitoring.register_event_duration_secs_listener(
    lambda event, duration, **kwargs: events.update([event.rpartition("/")[-1]])
)
STEPS = ["jaxpr_trace_duration", "jaxpr_to_mlir_module_duration", "backend_compile_duration"]


def compiled(function):
    traces = []

    def traced(*args):
        traces.append(args)
        return function(*args)

    return CompiledFunction(jax.jit(traced)), traces


def steps_of(function, *args):
    before = events.copy()
    function(*args)
    return [events[step] - before[step] for step in STEPS]


def size(operations):
    return PROGRAM_BYTES + OPERATION_BYTES * operations


def test_the_size_grows_with_programs_and_their_operations():
    add, _ = compiled(lambda x: x * 2 + 1)
    assert add.nbytes == 0
    for _ in range(3):
        assert add(np.ones(3, np.float32)).tolist() == [3, 3, 3]
        assert add.nbytes == size(2)
    add(np.ones(4, np.float32))
    assert add.nbytes == 2 * size(2)
    add(np.ones(3, np.float32))
    assert add.nbytes == 2 * size(2)


def test_operations_in_loops_and_branches_count():
    loop, _ = compiled(lambda x: jax.lax.fori_loop(0, 3, lambda i, x: x * x + x, x))
    loop(np.float32(1))
    assert loop.nbytes == size(4)  # the loop, its counter, and two in it
    branches = [lambda x: x + x, lambda x: x * x * x]
    choose, _ = compiled(lambda i, x: jax.lax.switch(i, branches, x))
    choose(np.int32(0), np.float32(1))
    assert size(4) <= choose.nbytes <= size(6)


def test_what_fails_has_no_size():
    fails, _ = compiled(lambda x: x.no_such_attribute)
    with pytest.raises(AttributeError, match="no_such_attribute"):
        fails(np.ones(3, np.float32))
    assert fails.nbytes == 0


def test_each_step_is_taken_once_and_the_text_is_forgotten():
    function, traces = compiled(lambda x: jnp.tanh(x * 5))
    gc.collect()
    x, contexts = np.ones(7, np.float32), Context._get_live_count()
    assert steps_of(function, x) == [1, 1, 1]
    assert Context._get_live_count() <= contexts  # others' may be collected meanwhile
    assert steps_of(function, x) == [0, 0, 0]
    assert steps_of(function, jax.device_put(x, jax.devices()[0]))[1:] == [1, 1]
    assert Context._get_live_count() <= contexts
    assert function.nbytes == 2 * size(2)  # JAX compiles again for arrays bound to a device
    for forget in (lambda: None, forget_traces):
        forget()
        for same in (x, jax.device_put(x), jax.device_put(x, jax.devices()[0])):
            assert steps_of(function, same)[1:] == [0, 0]
    assert len(traces) == 1
    assert function.nbytes == 2 * size(2)


def test_a_program_that_threads_wait_for_counts_once():
    function, traces = compiled(lambda x: jnp.sin(x) * 3)
    x, together = np.ones(9, np.float32), threading.Barrier(4)

    def call():
        together.wait()
        function(x)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert function.nbytes <= len(traces) * size(2)
    assert function.nbytes >= size(2)


def test_memory_of_a_long_compilation_is_returned_before_the_program_runs(monkeypatch):
    order = []
    monkeypatch.setattr(compiled_function, "trim", lambda: order.append("returned"))
    monkeypatch.setattr(compiled_function, "LONG_COMPILATION", 0)
    add, _ = compiled(lambda x: (jax.debug.callback(lambda: order.append("run")), x + 1)[1])
    for _ in range(2):
        add(np.ones(3, np.float32))
        jax.effects_barrier()
    assert order == ["returned", "run", "run"]


def test_other_and_short_compilations_return_no_memory(monkeypatch):
    monkeypatch.setattr(compiled_function, "trim", lambda: pytest.fail("returned"))
    monkeypatch.setattr(compiled_function, "LONG_COMPILATION", 600)
    compiled(lambda x: x + 2)[0](np.ones(3, np.float32))
    monkeypatch.setattr(compiled_function, "LONG_COMPILATION", 0)
    jax.jit(lambda x: x + 3)(np.ones(3, np.float32))


def test_no_garbage_is_collected_while_the_first_program_is_lowered():
    chosen = []

    def traced(x):
        chosen.append(gc.isenabled())
        return x + 1

    add = CompiledFunction(jax.jit(traced), newer=jax.jit(traced))
    steps = steps_of(add, np.ones(3, np.float32))
    assert chosen == [False]
    assert steps == [1, 1, 1]
    assert gc.isenabled()
