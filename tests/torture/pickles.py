"""Load thousands of damaged and malicious weight files of nolearn, which are pickles."""

from __future__ import annotations

import os
import pickle
import pickletools
import struct
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from skconv.compat.nets import NeuralNet
from skconv.layers import BatchNormLayer, DenseLayer, InputLayer

from .figures import figure
from .fuzz import ANY, FuzzFigures, load_damaged
from .memory import forget_peak, peak_mb

Arrays = Mapping[str, list[np.ndarray]]


@dataclass
class PickleFigures(FuzzFigures):
    """What came of loading damaged pickles."""

    planted: int = figure("files that would run code", at_least=1)
    code_run: int = figure("files whose code ran", at_most=0)


def pickles(count: int, seed: int) -> PickleFigures:
    """Load damaged pickles of all protocols, and some that write a file if their code is run."""
    rng, figures = np.random.default_rng(seed), PickleFigures()
    layers = [("input", InputLayer), ("hidden", DenseLayer)]
    layers += [("norm", BatchNormLayer), ("output", DenseLayer)]
    net = NeuralNet(layers, input_shape=(None, 20), hidden_num_units=8, output_num_units=2)
    net.initialize()
    arrays = net.get_all_params_values()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of arrays that are skipped
        path, marker = Path(folder) / "damaged.params", Path(folder) / "marker"
        forget_peak()
        baseline = peak_mb()
        for _ in range(count):
            content = _write(rng, arrays)
            if rng.random() < 0.3:
                content = _plant(rng, content, marker)
                figures.planted += str(marker).encode() in content
            else:
                content = CHANGES[rng.integers(len(CHANGES))](rng, content, arrays)
            path.write_bytes(content)
            load = partial(net.load_params_from, strict=bool(rng.integers(2)))
            load_damaged(load, net._model, path, figures)
            if marker.exists():
                figures.code_run += 1
                figures.note(f"code ran: {content[:100]!r}")
                marker.unlink()
        figures.peak_mb = peak_mb() - baseline
    return figures


def _write(rng: np.random.Generator, arrays: Arrays) -> bytes:
    """Return a pickle of some protocol of arrays of some type."""
    kind = [np.float32, np.float64, ">f4", np.int64][rng.integers(4)]
    given = {name: [array.astype(kind) for array in own] for name, own in arrays.items()}
    return pickle.dumps(given, int(rng.integers(pickle.HIGHEST_PROTOCOL + 1)))


class Planted:
    """Is pickled as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def _plant(rng: np.random.Generator, content: bytes, marker: Path) -> bytes:
    """Return a pickle that creates a file if `pickle` loads it, in one of several ways."""
    name = str(marker).encode()
    calls = [
        Planted(open, str(marker), "w"),
        Planted(os.system, f"touch {marker}"),
        Planted(os.mkdir, str(marker)),
        Planted(eval, f"open({str(marker)!r}, 'w')"),
        Planted(exec, f"open({str(marker)!r}, 'w')"),
        Planted(np.save, str(marker), np.zeros(1)),
        Planted(Path.touch, marker),
    ]
    call = calls[rng.integers(len(calls))]
    protocol = int(rng.integers(pickle.HIGHEST_PROTOCOL + 1))
    written = pickle.dumps(call, protocol)[:-1]
    text = b"X" + struct.pack("<I", len(name)) + name
    ways = [
        lambda: written + b"0" + content,  # runs first, and is dropped
        lambda: content[:-1] + written + b"0.",
        lambda: pickle.dumps({"output": [call, np.zeros(3)]}, protocol),
        lambda: pickle.dumps({"output": call, "hidden": []}, protocol),
        lambda: b"(V" + name + b"\nVw\nibuiltins\nopen\n0" + content,
        lambda: b"(cbuiltins\nopen\n" + text + b"X\x01\x00\x00\x00wo0" + content,
        lambda: b"\x80\x02cpathlib\nPath\n" + text + b"\x85\x81}b." + content,
        lambda: (
            b"cnumpy\nmemmap\n(" + text + b"X\x05\x00\x00\x00uint8X\x02\x00\x00\x00w+K\x00K\x01tR."
        ),
        lambda: b"cnumpy._core.multiarray\n_reconstruct\ncnumpy\nmemmap\n" + text + b"\x86R.",
        lambda: b"c_codecs\nencode\n" + text + b"X\x03\x00\x00\x00hex\x86R.",
    ]
    return ways[rng.integers(len(ways))]()


def change_instructions(rng: np.random.Generator, content: bytes, arrays: Arrays) -> bytes:
    """Remove, repeat, exchange or insert whole instructions."""
    places = [place for _, _, place in pickletools.genops(content)] + [len(content)]
    parts = [content[one:two] for one, two in pairwise(places)]
    for _ in range(rng.integers(1, 4)):
        i, j = (int(n) for n in rng.integers(len(parts), size=2))
        match rng.integers(4):
            case 0:
                del parts[i]
            case 1:
                parts.insert(i, parts[j])
            case 2:
                parts[i], parts[j] = parts[j], parts[i]
            case 3:
                parts.insert(i, _instruction(rng))
    return b"".join(parts)


def _instruction(rng: np.random.Generator) -> bytes:
    """Return an instruction with an argument that is often too large."""
    codes = pickletools.opcodes
    code = codes[rng.integers(len(codes))].code.encode("latin1")
    size = int([0, 1, 255, 2**16, 2**27, 2**31 - 1][rng.integers(6)])
    forms = [b"", bytes([size % 256]), struct.pack("<I", size), struct.pack("<Q", size * 2**20)]
    forms += [b"%d\n" % size, b"-1\n", b"'text'\n", b"numpy\nndarray\n", b"os\nsystem\n"]
    return code + forms[rng.integers(len(forms))]


def claim(rng: np.random.Generator, content: bytes, arrays: Arrays) -> bytes:
    """Claim large sizes and numbers, in the way of each instruction that has some."""
    size = 2 ** int(rng.integers(20, 31))
    short, long = struct.pack("<I", size), struct.pack("<Q", size * 2**10)
    starts = [b"]r" + short, b"\x95" + long, b"\x8e" + long, b"\x96" + long, b"\x8d" + long]
    starts += [b"B" + short, b"T" + short, b"X" + short, b"\x8b" + short, b"]p%d\n" % size]
    array = b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(J" + short
    return [*starts, array + b"J" + short + b"tC\x01dtR"][rng.integers(11)] + b"0" + content


def nest(rng: np.random.Generator, content: bytes, arrays: Arrays) -> bytes:
    """Nest lists and tuples deeply, as a key or as weights, or refer to them many times over."""
    depth = int(rng.integers(100, 300_000))
    wide = b"".join(b"q%c0](" % i + b"h%c" % i * 10 + b"e" for i in range(40))
    inner = [b")" + b"\x85" * depth, b"]" * depth + b"a" * (depth - 1), b"](K\x01e" + wide]
    inner += [b"](" + b"N" * depth + b"eq\x000](" + b"h\x00" * 1000 + b"e"]
    value = inner[rng.integers(4)]
    name = b"X\x06\x00\x00\x00output"
    return b"}" + (value + name if rng.random() < 0.3 else name + value) + b"s."


def copy_often(rng: np.random.Generator, content: bytes, arrays: Arrays) -> bytes:
    """Make many values of one."""
    text = b"X" + struct.pack("<I", 2**16) + b"a" * 2**16
    name, encode = b"X\x06\x00\x00\x00latin1", b"c_codecs\nencode\n"
    calls = b"(" + b"h\x01h\x00h\x02\x86R" * int(rng.integers(1, 5000))
    return text + b"q\x000" + encode + b"q\x010" + name + b"q\x020" + calls + b"t."


CHANGES = [*ANY, *[change_instructions] * 8, *[claim] * 3, nest, copy_often]
"""Ways to damage a pickle, as often as they are listed."""
