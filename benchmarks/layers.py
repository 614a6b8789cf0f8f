"""Each layer compared with torch's: ``python -m benchmarks.layers``.

A step is a forward and a backward pass in training mode, to the parameters, which are updated
slightly, and to the inputs. skconv's steps run in one compiled loop, as in an epoch, on arrays in
the layout that they have in the middle of a network.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from tabulate import tabulate

from . import machine
from .case import Measure, Sample, Setting
from .layer_rows import PAIRS, Pair
from .worker import Worker, WorkerError, ask

BAR = 1.5
BATCHES = 4
"""Number of different batches; XLA would hoist computations on a constant one out of the loop."""

RATE = 1e-6
SECONDS = 0.1
"""Approximate duration of a round."""


def _rounds(make: Callable[[Pair], Callable[[int], None]]) -> Measure:
    """Measure seconds per step; the argument is the index of a pair instead of a seed."""
    ready: dict[int, tuple[Callable[[int], None], int]] = {}

    def measure(number: int) -> Sample:
        if number not in ready:
            began = time.perf_counter()
            steps = make(PAIRS[number])
            steps(1)
            first = time.perf_counter() - began
            ready[number] = steps, max(1, round(SECONDS / _seconds(steps, 2)))
            return Sample([], first)
        return Sample([_seconds(*ready[number])])

    return measure


def _seconds(steps: Callable[[int], None], count: int) -> float:
    began = time.perf_counter()
    steps(count)
    return (time.perf_counter() - began) / count


def _inputs(pair: Pair) -> list[np.ndarray]:
    """Draw batches of each input."""
    random = np.random.default_rng(0)
    shapes = [(BATCHES, *shape) for shape in pair.shapes]
    if pair.classes:
        return [random.integers(0, pair.classes, shape) for shape in shapes]
    return [random.normal(size=shape).astype(np.float32) for shape in shapes]


def ours(_: Setting | None) -> Measure:
    """Measure steps in skconv."""
    import jax
    import jax.numpy as jnp

    from skconv import layers
    from skconv.utils.fields import UNSET

    def make(pair: Pair) -> Callable[[int], None]:
        layer = pair.ours(layers)
        if getattr(layer, "nonlinearity", None) is UNSET:
            layer = dataclasses.replace(layer, nonlinearity=layer.default_nonlinearity)
        last = layer.layout == "channels_last" or (
            layer.layout == "any" and len(pair.shapes[0]) > 2
        )
        xs = [jnp.moveaxis(x, 2, -1) if last else jnp.asarray(x) for x in _inputs(pair)]
        params, state = layer.init(jax.random.key(0), *((None, *s[1:]) for s in pair.shapes))

        def outputs(params: Any, xs: Any, state: Any, key: jax.Array) -> Any:
            return layer.apply(params, state, *xs, ctx=layers.Context(True, key))

        def step(xs: Any, cotangents: jax.Array, i: jax.Array, carry: Any) -> Any:
            params, state, *_ = carry
            batch, cotangent = [x[i % BATCHES] for x in xs], cotangents[i % BATCHES]
            key = jax.random.fold_in(jax.random.key(1), i)
            if pair.classes:
                out, back, state = jax.vjp(
                    lambda params: outputs(params, batch, state, key), params, has_aux=True
                )
                (grads,), slopes = back(cotangent), []
            else:
                out, back, state = jax.vjp(
                    lambda params, batch: outputs(params, batch, state, key),
                    params,
                    batch,
                    has_aux=True,
                )
                grads, slopes = back(cotangent)
            params = jax.tree.map(lambda p, g: p - RATE * g, params, grads)
            return params, state, out, slopes

        first = [x[0] for x in xs]
        out = jax.eval_shape(lambda: outputs(params, first, state, jax.random.key(0))[0])
        cotangents = jax.random.normal(jax.random.key(2), (BATCHES, *out.shape), out.dtype)

        @jax.jit
        def loop(count: jax.Array, xs: Any, cotangents: jax.Array, carry: Any) -> Any:
            return jax.lax.fori_loop(0, count, partial(step, xs, cotangents), carry)

        slopes = [] if pair.classes else [jnp.zeros_like(x) for x in first]
        carry = params, state, jnp.zeros_like(cotangents[0]), slopes

        def steps(count: int) -> None:
            jax.block_until_ready(loop(np.int32(count), xs, cotangents, carry))

        return steps

    return _rounds(make)


def theirs(_: Setting | None) -> Measure:
    """Measure steps in torch."""
    import torch

    def make(pair: Pair) -> Callable[[int], None]:
        module = pair.theirs(torch)
        params = list(module.parameters()) if isinstance(module, torch.nn.Module) else []
        xs = [torch.from_numpy(x) for x in _inputs(pair)]
        cotangents = torch.randn(BATCHES, *module(*(x[0] for x in xs)).shape)

        def steps(count: int) -> None:
            for i in range(count):
                batch = [x[i % BATCHES] for x in xs]
                wanted = [] if pair.classes else [x.detach().requires_grad_() for x in batch]
                out = module(*(wanted or batch))
                grads = torch.autograd.grad(out, [*params, *wanted], cotangents[i % BATCHES])
                with torch.no_grad():
                    for param, grad in zip(params, grads, strict=False):
                        param.sub_(grad, alpha=RATE)

        return steps

    return _rounds(make)


def main(arguments: list[str] | None = None) -> None:
    """Compare layers with torch's modules and print a row for each."""
    parser = argparse.ArgumentParser("python -m benchmarks.layers", description=main.__doc__)
    parser.add_argument("--only", nargs="+", metavar="WORD", help="parts of layer names")
    parser.add_argument("--n", type=int, default=7, metavar="REPEATS", help="number of rounds")
    options = parser.parse_args(arguments)
    chosen = [
        number
        for number, pair in enumerate(PAIRS)
        if options.only is None or any(word in pair.name for word in options.only)
    ]
    began = time.perf_counter()
    print(tabulate(ask(machine.examine).facts), flush=True)
    print(f"\n{table(_measured(chosen, options.n))}")
    print(f"\nTotal time: {time.perf_counter() - began:.0f} s")


def _measured(chosen: list[int], rounds: int) -> list[tuple[Pair, list[float], list[float]]]:
    workers = Worker(ours, None), Worker(theirs, None)
    results = []
    try:
        for number in chosen:
            times: tuple[list[float], list[float]] = ([], [])
            for _ in range(rounds + 1):
                for worker, seconds in zip(workers, times, strict=True):
                    seconds += worker.measure(number).values
            results.append((PAIRS[number], *times))
    except WorkerError as error:
        raise SystemExit(f"{PAIRS[number].name} failed:\n{error}") from None
    finally:
        for worker in workers:
            worker.close()
    return results


def table(results: list[tuple[Pair, list[float], list[float]]], style: str = "simple") -> str:
    """Return a table with a row per pair: times, their ratio, and whether it meets the bar."""
    headers = ["", "input", "skconv, ms", "min to max", "torch, ms", "min to max", "n"]
    headers += ["skconv / torch", f"up to {BAR}", "why"]
    lines = []
    for pair, mine, other in results:
        ratio = statistics.median(mine) / statistics.median(other)
        shapes = " + ".join("x".join(map(str, shape)) for shape in pair.shapes)
        line = [pair.name, shapes, *_milliseconds(mine), *_milliseconds(other), len(mine)]
        met = ratio <= BAR
        lines.append([*line, f"{ratio:.2f}", "yes" if met else "no", "" if met else pair.why])
    return tabulate(lines, headers, tablefmt=style, disable_numparse=True)


def _milliseconds(seconds: list[float]) -> list[str]:
    median, least, most = (1e3 * reduce(seconds) for reduce in (statistics.median, min, max))
    return [f"{median:#.3g}", f"{least:#.3g} to {most:#.3g}"]


if __name__ == "__main__":
    main()
