"""Load thousands of damaged and malicious files of whole nets."""

import io
import json
import tempfile
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import skconv
from skconv.handlers import EarlyStopping
from skconv.layers import DenseLayer, InputLayer

from .figures import figure
from .fuzz import ANY, FuzzFigures, X, make_net, odd_header, odd_json, y
from .memory import forget_peak, peak_mb


@dataclass
class NetFileFigures(FuzzFigures):
    """What came of loading damaged files of nets."""

    unusable: int = figure("loaded nets with other errors than ValueError", at_most=0)
    planted: int = figure("files that name what runs code", at_least=1)
    code_run: int = figure("files whose code ran", at_most=0)


def net_files(count, seed):
    """Load damaged files of nets, and predict with those that are loaded all the same."""
    rng, figures = np.random.default_rng(seed), NetFileFigures()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path, marker = Path(folder) / "damaged.skconv", Path(folder) / "marker"
        whole = [_written(net, path) for net in _nets()]
        forget_peak()
        baseline = peak_mb()
        for _ in range(count):
            content = whole[rng.integers(len(whole))]
            change = CHANGES[rng.integers(len(CHANGES))]
            content = change(rng, content, str(marker))
            figures.planted += str(marker).encode() in content
            path.write_bytes(content)
            _load(path, figures)
            if marker.exists():
                figures.code_run += 1
                figures.note(f"code ran: {content[:200]!r}")
                marker.unlink()
        figures.peak_mb = peak_mb() - baseline
    return figures


def _nets():
    """Return a fitted net, and one of layers that were given layers, with large arrays."""
    yield make_net(on_epoch_finished=EarlyStopping(verbose=0)).fit(X, np.array(["a", "b"])[y])
    hidden = DenseLayer(InputLayer((None, 20)), 20, W=np.eye(20))
    layer = DenseLayer(DenseLayer(hidden, 20, W=hidden.W.T), 1, name="last")
    net = skconv.NeuralNet(layer, regression=True, normalize_y=True, random_state=0)
    yield net.set_params(max_epochs=1, update="adam").fit(X, X[:, 0])


def _written(net, path):
    skconv.save(net, path)
    return path.read_bytes()


def _load(path, figures):
    figures.files += 1
    try:
        net = skconv.load(path)
    except (ValueError, OSError) as error:
        figures.longest_message = max(figures.longest_message, len(str(error)))
        if str(path) in str(error):
            figures.refused += 1
            return
        figures.other_errors += 1
        figures.note(f"{type(error).__name__}: {str(error)[:200]}")
    except Exception as error:
        figures.other_errors += 1
        figures.note(f"{type(error).__name__}: {str(error)[:200]}")
    else:
        figures.loaded += 1
        try:
            net.predict(X)
        except (ValueError, AttributeError):
            pass
        except Exception as error:
            figures.unusable += 1
            figures.note(f"predict: {type(error).__name__}: {str(error)[:200]}")


def _members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as members:
        return [(name, members.read(name)) for name in members.namelist()]


def _zipped(members, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as zipped:
        for name, data in members:
            zipped.writestr(name, data)
    return file.getvalue()


def _changed(content, name, change):
    """Return a file with another member of one name."""
    return _zipped(
        [(own, change(data) if own == name else data) for own, data in _members(content)]
    )


def odd_values(rng, content, marker):
    """Replace, remove, exchange or double some values in the JSON of a file."""
    names = ["config.json", "state.json", "history.jsonl"]
    name = names[rng.choice(3, p=[0.4, 0.5, 0.1])]

    def change(data):
        lines = [json.loads(line) for line in data.splitlines()] if name == names[2] else None
        values = json.loads(data) if lines is None else lines
        for _ in range(rng.integers(1, 4)):
            _mutate(rng, values, marker)
        if lines is None:
            return json.dumps(values)
        return "\n".join(json.dumps(row) for row in values)

    return _changed(content, name, change)


def _mutate(rng, values, marker):
    """Change a random place in a tree of lists and dicts."""
    places = list(_places(values))
    if not places:
        return
    holder, key = places[rng.integers(len(places))]
    other, other_key = places[rng.integers(len(places))]
    match rng.integers(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[f"{key}x"] = holder.pop(key)
        case 2:
            holder[key] = json.loads(json.dumps(other[other_key]))
        case 3 if isinstance(holder, list):
            holder.append(holder[key])
        case _:
            holder[key] = _junk(rng, marker)


def _places(values):
    """Yield each place of a tree, as the list or dict and the index or key."""
    pairs = values.items() if isinstance(values, dict) else enumerate(values)
    for key, own in list(pairs):
        yield values, key
        if isinstance(own, list | dict):
            yield from _places(own)


def _junk(rng, marker):
    planted = {"object": "os.system", "params": {"command": f"touch {marker}"}}
    opened = {"partial": {"function": "builtins.open"}, "args": [marker, "w"]}
    made = {"object": "SaveWeights", "params": {"path": marker, "pickle": True}}
    kinds = [
        *(None, True, -1, 0, 1e308, 2**40, 10**30, "", "x" * 300, [], {}, [[]], [None], {"a": 1}),
        *({"float": "nan"}, {"tuple": [1, 2]}, {"dict": [[1, 2]]}, {"same": "x"}, {"slice": []}),
        *({"array": [1.0, 2.0], "dtype": "float32"}, {"array": "array0", "dtype": "float64"}),
        *({"array": ["a", "b", "c"], "dtype": "<U1"}, {"array": [None], "dtype": "object"}),
        *({"array": [1], "dtype": "float64", "shape": [2**40, 0]}, {"scalar": 1, "dtype": "int8"}),
        *({"class": "DenseLayer"}, {"class": "Outputs"}, {"function": "softmax"}, planted, opened),
        *({"function": "os.system"}, {"call": "os.system", "params": {"command": marker}}, made),
        {"partial": {"class": "BatchIterator"}, "params": {"batch_size": 2**30}},
        {"object": "DenseLayer", "params": {"num_units": 2**40}},
        {"object": "Numbers", "params": {"shape": {"tuple": [2**20]}}},
        {"method": "restore", "of": {"object": "RememberBestWeights"}},
    ]
    return kinds[rng.integers(len(kinds))]


def odd_members(rng, content, marker):
    """Leave out, double, rename, exchange or compress members."""
    members = _members(content)
    i, j = (int(n) for n in rng.integers(len(members), size=2))
    method = zipfile.ZIP_STORED
    match rng.integers(6):
        case 0:
            del members[i]
        case 1:
            members.append(members[i])
        case 2:
            names = ["../../marker", marker, "x.json", "/", "a" * 5000, "config.json\n", "é"]
            members[i] = names[rng.integers(len(names))], members[i][1]
        case 3:
            one, two = members[i], members[j]
            members[i], members[j] = (one[0], two[1]), (two[0], one[1])
        case 4:
            method = [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA][rng.integers(3)]
        case 5:
            members += [(f"{n}.json", b"[]") for n in range(int(rng.integers(3000)))]
    return _zipped(members, method)


def odd_arrays(rng, content, marker):
    """Change the headers of the arrays, or the JSON of any member."""
    arrays = [name for name, _ in _members(content) if name.endswith(".safetensors")]
    name = arrays[rng.integers(len(arrays))]
    change = odd_json if rng.random() < 0.1 else odd_header
    return _changed(content, name, lambda data: change(rng, data, {"hidden.W": np.zeros(3)}))


def bomb(rng, content, marker):
    """Compress many zeros, or claim large sizes in the index of members."""
    if rng.random() < 0.5:
        return _zipped([*_members(content), ("x.json", bytes(2**24))], zipfile.ZIP_DEFLATED)
    changed = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        place = len(changed) - 1 - int(rng.integers(400))
        changed[place : place + 4] = b"\xff" * 4
    return bytes(changed)[: len(content)]


def deep(rng, content, marker):
    """Nest JSON deeply, or make it long."""
    texts = [
        b"[" * 200_000,
        b'{"a":' * 50_000,
        b"[" + b"{}," * 500_000 + b"{}]",
        b"NaN",
        b"1" * 9999,
    ]
    texts += [b'{"params":' + b"[" * 400 + b"]" * 400 + b"}", b'{"format": 1, "format": 1}']
    name = ["config.json", "state.json", "history.jsonl"][rng.integers(3)]
    text = texts[rng.integers(len(texts))]
    return _changed(content, name, lambda data: text)


def exchange_bytes(rng, content, marker):
    """Damage the bytes of a file as of any other."""
    return ANY[rng.integers(len(ANY))](rng, content, {})


CHANGES = [
    *[exchange_bytes] * 4,
    *[odd_values] * 12,
    *[odd_members] * 3,
    *[odd_arrays] * 3,
    bomb,
    deep,
]
"""Ways to damage a file of a net, as often as they are listed."""
