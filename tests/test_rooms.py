"""The rooms of the package, which of them may import which, and what each file must have.

A room is a package or a module directly in ``skconv/``.
"""

import ast
from pathlib import Path

import pytest

import skconv
from skconv.ops.platform import KERNELS

ROOT = Path(skconv.__file__).parent

ROOMS = [
    ["compat"],
    ["ensemble"],
    ["model_selection"],
    ["estimator"],
    ["config"],
    ["handlers"],
    ["export", "visualize"],
    ["training"],
    ["models"],
    ["data", "datasets", "network", "regularization"],
    ["targets"],
    ["augment", "layers", "updates", "objectives", "preprocessing"],
    ["init", "nonlinearities"],
    ["ops", "utils"],
    ["errors"],
]
"""Rooms from top to bottom. A room imports rooms of lower rows only, none of its own row."""

NEVER = [
    ("data", "network"),
    ("network", "data"),
    ("network", "targets"),
    ("models", "targets"),
    ("augment", "layers"),
    ("training", "handlers"),
    ("visualize", "estimator"),
    *(("ops", room) for row in ROOMS for room in row if room != "ops"),
]
"""Pairs of rooms of which the first must not import the second, even from a lower row."""

VOCABULARIES = {
    "augment": {"base", "ranges", "tunable"},
    "layers": {
        *("base", "connections", "instance_values", "known_shapes", "lasagne_way"),
        *("sequences", "shapes", "specs", "subgraph"),
        *("held_module", "equinox_module", "linen_module", "nnx_module", "module_factory"),
    },
    "models": {
        *("base", "default", "inverted", "pretrained"),
        *(
            f"{path.parent.name}.{path.stem}"
            for folder in ("caffe", "onnx", "torch")
            for path in (ROOT / "models" / folder).glob("*.py")
        ),
    },
    "handlers": {"base", "hyperparams", "monitor", "terminal"},
}
"""Public rooms, and the only files of their own that their files may import."""

COMBINING = {
    "layers.shortcuts",
    *(f"models.{name}" for name in ("architectures", "finetune", "load", "torch.names")),
}
"""Files of functions that combine what the other files of their room hold."""

DOOR = {"_fitted", "_training"}
"""Private methods of a net that other rooms may call, to predict and to train."""

GUESTS = ("ensemble", "export", "handlers", "model_selection", "visualize")
"""Rooms that use nets, and only through the door."""

FILES = sorted(path for path in ROOT.rglob("*.py") if path.name != "__init__.py")
PACKAGES = sorted(path.parent.relative_to(ROOT) for path in ROOT.rglob("__init__.py"))


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def room_of(name):
    return name.partition(".")[0]


def row_of(room):
    (row,) = [number for number, rooms in enumerate(ROOMS) if room in rooms]
    return row


def imports_of(path):
    """Yield the modules of skconv that a file imports, also those imported within functions."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = package[: len(package) - node.level + 1]
            module = (*above, *(node.module or "").split(".")) if node.module else above
            for alias in node.names:
                full = ROOT.joinpath(*module, alias.name)
                is_module = full.with_suffix(".py").exists() or full.is_dir()
                yield ".".join((*module, alias.name) if is_module else module)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names]
            assert not any(str(name).split(".")[0] == "skconv" for name in names)


def test_every_file_is_in_a_room():
    assert {room_of(name_of(path)) for path in FILES} == {room for row in ROOMS for room in row}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_go_down(path):
    name = name_of(path)
    room = room_of(name)
    for imported in imports_of(path):
        other = room_of(imported)
        assert (room, other) not in NEVER, f"{name} imports {imported}"
        if other != room:
            assert row_of(other) > row_of(room), f"{name} imports {imported}"
        elif room in VOCABULARIES and name not in COMBINING:
            assert imported.partition(".")[2] in VOCABULARIES[room], f"{name} imports {imported}"


@pytest.mark.parametrize("room", sorted({room for row in ROOMS for room in row}))
def test_imports_within_a_room_are_acyclic(room):
    files = [path for path in FILES if room_of(name_of(path)) == room]
    left = {name_of(path): set(imports_of(path)) for path in files}
    while left:
        free = [name for name, imported in left.items() if not imported & left.keys() - {name}]
        assert free, f"these import each other: {', '.join(left)}"
        left = {name: imported for name, imported in left.items() if name not in free}


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_packages_only_reexport(package):
    tree = ast.parse((ROOT / package / "__init__.py").read_text())
    allowed = (ast.ImportFrom, ast.Assign, ast.Expr)
    blocks = [node.body if isinstance(node, ast.With) else [node] for node in tree.body]
    assert all(isinstance(node, allowed) for block in blocks for node in block)
    assert ast.get_docstring(tree)


def private_attributes(tree):
    """Yield the names of private attributes that are read from or set on other objects."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            owner = node.value
            if isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name):
                owner = owner.func
            own = isinstance(owner, ast.Name) and owner.id in ("self", "cls", "super")
            if not own and not node.attr.startswith("__"):
                yield node.attr


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if room_of(name_of(path)) in GUESTS and path.stem != "sklearn_hooks"],
    ids=name_of,
)
def test_nets_are_used_through_one_door(path):
    """NamedTuple has a public method `_replace`; sklearn_hooks lists names of scikit-learn."""
    found = set(private_attributes(ast.parse(path.read_text()))) - {"_replace"}
    assert found <= DOOR, f"{name_of(path)} uses {sorted(found - DOOR)} of other objects"


def test_the_door_is_found():
    tree = ast.parse(
        "self._a; cls._b; super()._c; x.__d__; net._e; self.net._f; self._g._h; f()._i"
    )
    assert sorted(private_attributes(tree)) == ["_e", "_f", "_h", "_i"]


def test_few_files_lie_outside_the_rooms():
    assert len(list(ROOT.glob("*.py"))) <= 7


def test_only_programs_compile():
    compiling = [name_of(path) for path in FILES if "jax.jit" in path.read_text()]
    assert compiling == ["training.programs"]


def test_every_file_has_its_tests():
    """Files of kernels share one test, tests/ops/test_platform.py."""
    tests = Path(__file__).parent
    kernels = {kernel.__module__ for row in KERNELS.values() for kernel in row.values()}
    wanted = {
        path.relative_to(ROOT).parent / f"test_{path.name}"
        for path in FILES
        if path.stem[0] != "_" and f"skconv.{name_of(path)}" not in kernels
    }
    found = {path.relative_to(tests) for path in tests.rglob("test_*.py")}
    assert sorted(map(str, wanted - found)) == []
