"""Load thousands of damaged files of weights and checkpoints."""

import io
import json
import struct
import tempfile
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skconv import NeuralNet
from skconv.handlers import Checkpoint
from skconv.layers import BatchNormLayer, DenseLayer, InputLayer
from skconv.network.weight_files import SUFFIXES
from skconv.training.checkpoint_files import read_checkpoint, restore_model

from .figures import Figures, figure
from .memory import forget_peak, peak_mb

X, y = np.random.default_rng(0).normal(size=(40, 20)), np.arange(40) % 2


def make_net(**params):
    """Return a small net with parameters and state."""
    layers = [
        ("input", InputLayer),
        ("hidden", DenseLayer),
        ("norm", BatchNormLayer),
        ("output", DenseLayer),
    ]
    known = {"hidden_num_units": 8, "max_epochs": 1, "random_state": 0}
    return NeuralNet(layers=layers, **known, **params)


@dataclass
class FuzzFigures(Figures):
    """What came of loading damaged files."""

    files: int = figure("files")
    loaded: int = figure("loaded", at_least=1)
    refused: int = figure("refused by ValueError or OSError with the path")
    other_errors: int = figure("other errors", at_most=0)
    changed: int = figure("nets changed by a failed load", at_most=0)
    longest_message: int = figure("characters in the longest message", at_most=4000)
    peak_mb: float = figure("MB over the baseline at the peak", at_most=200)


def fuzz(count, seed):
    """Load damaged files of both formats, a fourth of them checkpoints, and count."""
    rng = np.random.default_rng(seed)
    figures = FuzzFigures()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names given twice, and of arrays that are skipped
        whole = {}
        for suffix in SUFFIXES:
            path = Path(folder) / f"whole{suffix}"
            net = make_net(on_epoch_finished=Checkpoint(path)).fit(X, y)
            whole["checkpoint", suffix] = path.read_bytes()
            net.save_params_to(path)
            whole["weights", suffix] = path.read_bytes()
        model, arrays = net._model, {p.name: p.get_value() for p in net.get_all_params()}

        def load_weights(path):
            net.load_params_from(path, strict=bool(rng.integers(2)))

        def load_checkpoint(path):
            restore_model(model, read_checkpoint(path), path)

        loads = {"weights": load_weights, "checkpoint": load_checkpoint}
        forget_peak()
        baseline = peak_mb()
        for _ in range(count):
            suffix = SUFFIXES[rng.integers(len(SUFFIXES))]
            kind = "checkpoint" if rng.random() < 0.25 else "weights"
            change = CHANGES[suffix][rng.integers(len(CHANGES[suffix]))]
            path = Path(folder) / f"damaged{suffix}"
            path.write_bytes(change(rng, whole[kind, suffix], arrays))
            load_damaged(loads[kind], model, path, figures)
        figures.peak_mb = peak_mb() - baseline
    return figures


def load_damaged(load, model, path, figures):
    """Load a file, and count what comes of it; the model is afterwards as it was."""
    figures.files += 1
    before = vars(model).copy()
    try:
        load(path)
    except (ValueError, OSError) as error:
        figures.longest_message = max(figures.longest_message, len(str(error)))
        if str(path) in str(error):
            figures.refused += 1
        else:
            _note(figures, error)
    except Exception as error:
        _note(figures, error)
    else:
        figures.loaded += 1
        vars(model).update(before)
    figures.changed += any(value is not before[name] for name, value in vars(model).items())
    vars(model).update(before)


def _note(figures, error):
    figures.other_errors += 1
    figures.note(f"{type(error).__name__}: {str(error)[:200]}")


def flip_bytes(rng, content, arrays):
    """Replace some bytes, often in the first ones or last ones, where the structure is."""
    changed = np.frombuffer(content, np.uint8).copy()
    for _ in range(rng.integers(1, 8)):
        span = len(changed) if rng.random() < 0.5 else 400
        place = int(rng.integers(span))
        changed[place if rng.random() < 0.5 else -1 - place] = rng.integers(256)
    return changed.tobytes()


def cut(rng, content, arrays):
    """Cut off the end."""
    return content[: rng.integers(len(content))]


def splice(rng, content, arrays):
    """Remove, double or insert a part."""
    first, last = sorted(rng.integers(len(content), size=2))
    part = [b"", content[first:last] * 2, rng.bytes(int(rng.integers(50)))][rng.integers(3)]
    return content[:first] + part + content[last:]


def noise(rng, content, arrays):
    """Keep the start only."""
    return content[: rng.integers(16)] + rng.bytes(int(rng.integers(2000)))


def _shape(rng):
    sizes = [0, 1, 2, 8, 20, -1, 2**20, 2**31, 2**40, 2**63, 10**30]
    return tuple(sizes[i] for i in rng.integers(len(sizes), size=rng.integers(4)))


def _name(rng, arrays):
    names = [*arrays, "x.W", "", ".", "a" * 500, "\u00e9", "hidden"]
    return names[rng.integers(len(names))]


def odd_zip(rng, content, arrays):
    """Build a zip of odd members: types, shapes, compressions, and names given twice."""
    file = io.BytesIO()
    methods = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    types = ["<f4", "<f8", "|V2", "|V1", "<c8", "|O", "<U3", ">f4", "|b1", "<M8[s]", "nonsense"]
    with zipfile.ZipFile(file, "w") as members:
        entries = [(name, None) for name in arrays if rng.random() < 0.9]
        entries += [(_name(rng, arrays), _shape(rng)) for _ in range(rng.integers(3))]
        for name, shape in entries:
            member = io.BytesIO()
            np.save(member, arrays.get(name, np.zeros(3)))
            data = member.getvalue()
            if shape is not None:
                kind = types[rng.integers(len(types))]
                text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n"
                version = int(rng.integers(1, 4))
                size = struct.pack("<H" if version == 1 else "<I", len(text))
                data = b"\x93NUMPY" + bytes([version, 0]) + size + text.encode()
                data += bytes(int(rng.integers(100)))
            info = zipfile.ZipInfo(f"{name}.npy")
            info.compress_type = methods[rng.integers(4)] if rng.random() < 0.3 else 0
            if info.filename not in members.namelist() or rng.random() < 0.5:
                members.writestr(info, data)
    return file.getvalue()


def bomb(rng, content, arrays):
    """Compress many zeros, or a header that says it is long."""
    file, size = io.BytesIO(), 2 ** int(rng.integers(20, 29))
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({size},), }}\n".encode()
    start = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text
    if rng.random() < 0.3:
        start = b"\x93NUMPY\x02\x00" + struct.pack("<I", size)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as members:
        for name in arrays:
            members.writestr(f"{name}.npy", start if name == "hidden.b" else b"")
        with members.open(f"{_name(rng, arrays)}x.npy", "w") as member:
            member.write(start)
            for _ in range(min(size, 2**24) // 2**20):
                member.write(bytes(2**20))
    return file.getvalue()


def many_names(rng, content, arrays):
    """Write thousands of arrays that no net has."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as members:
        for i in range(int(rng.integers(3000))):
            members.writestr(f"x{i}.W.npy", b"")
    return file.getvalue()


def odd_header(rng, content, arrays):
    """Change entries of the header of a .safetensors file."""
    length = int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    kinds = [
        "F32",
        "F64",
        "BF16",
        "F8_E4M3",
        "F8_E5M2",
        "F8_E8M0",
        "F4",
        "BOOL",
        "C64",
        "",
        None,
        1,
    ]
    for name in list(header):
        entry = header[name]
        match rng.integers(8):
            case 0:
                entry["dtype"] = kinds[rng.integers(len(kinds))]
            case 1:
                entry["shape"] = _shape(rng)
            case 2:
                entry["data_offsets"] = [int(n) for n in rng.integers(-4, 2000, size=2)]
            case 3:
                entry.pop(list(entry)[rng.integers(len(entry))])
            case 4:
                header[name] = [None, 1, "x", [], {}, [[]]][rng.integers(6)]
            case 5 if rng.random() < 0.3:
                header[_name(rng, arrays)] = header.pop(name)
    text = json.dumps(header).encode()
    if rng.random() < 0.2:
        text = text[:-1] + b"," + text[1:]
    return len(text).to_bytes(8, "little") + text + data


def odd_json(rng, content, arrays):
    """Write a long or deep header."""
    texts = [b"[" * 200_000, b'{"a":' * 50_000, b"1" * 100_000, b"[" + b"{}," * 500_000 + b"{}]"]
    text = texts[rng.integers(len(texts))]
    return len(text).to_bytes(8, "little") + text


ANY = [flip_bytes] * 6 + [cut] * 2 + [splice] * 2 + [noise]

CHANGES = {
    ".npz": [*ANY, *[odd_zip] * 8, many_names, bomb],
    ".safetensors": [*ANY, *[odd_header] * 10, odd_json],
}
"""Ways to damage a file of each format, as often as they are listed."""
