import ast
from pathlib import Path

import pytest

import skconv

ROOT = Path(skconv.__file__).parent

FLOORS = [
    [
        "ahead",
        "batches",
        "caching",
        "changing",
        "consoles",
        "errors",
        "extras",
        "hessian_free",
        "history",
        "init",
        "keys",
        "layered",
        "nonlinearities",
        "persistence",
        "preprocessing",
        "results",
        "sampling",
        "scalars",
        "seeds",
        "shelf",
        "smoothing",
        "together",
        "windows",
        "winograd",
    ],
    ["adjusting", "blocks", "callbacks", "checks", "curve", "depthwise", "exporting", "moments"],
    [
        "heads",
        "inputs",
        "lowering",
        "objectives",
        "params",
        "updates",
        "updating",
        "layers.base",
    ],
    ["data", "layers.*", "logits", "targets", "tunable"],
    ["augment.*", "models.*", "network", "settings"],
    ["augmenting", "building", "model", "outputs", "plans", "summary"],
    ["answers", "checkpoints", "html", "layer_choice", "owners", "passes"],
    ["backward", "predict_steps", "rehearsal", "steps"],
    ["lane_steps"],
    ["programs"],
    ["placing"],
    ["handlers.*", "preparation", "training"],
    ["fitting", "gradients", "handling", "keywords", "prediction", "tags", "weights"],
    ["estimator", "lanes"],
    ["conducting"],
    ["jobs"],
    ["ensemble", "model_selection.*", "visualize.*"],
]
"""An import goes to a strictly lower floor; within a folder, to its base alone."""

PACKAGES = ("augment", "layers", "models", "handlers", "model_selection", "visualize")

FILES = sorted(path for path in ROOT.rglob("*.py") if path.name != "__init__.py")


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def floor_of(name):
    for pattern in (name, f"{name.split('.')[0]}.*"):
        for number, rooms in enumerate(FLOORS):
            if pattern in rooms:
                return number
    raise AssertionError(f"{name} has no floor")


def imports_of(path):
    """Name the modules of skconv that a file imports, wherever in the file."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = package[: len(package) - node.level + 1]
            module = (*above, *(node.module or "").split(".")) if node.module else above
            for alias in node.names:
                full = ROOT.joinpath(*module, alias.name)
                is_module = full.with_suffix(".py").exists()
                yield ".".join((*module, alias.name) if is_module else module)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names]
            assert not any(str(name).split(".")[0] == "skconv" for name in names)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_go_down(path):
    name = name_of(path)
    for imported in imports_of(path):
        if imported.split(".")[0] == name.split(".")[0] and "." in name:
            assert imported.endswith(".base")
        else:
            assert floor_of(imported) < floor_of(name), f"{name} imports {imported}"


@pytest.mark.parametrize("package", ["", *PACKAGES])
def test_packages_only_reexport(package):
    tree = ast.parse((ROOT / package / "__init__.py").read_text())
    allowed = (ast.ImportFrom, ast.Assign, ast.Expr)
    assert all(isinstance(node, allowed) for node in tree.body)
    assert ast.get_docstring(tree)


def test_only_programs_compile():
    compiling = [name_of(path) for path in FILES if "jax.jit" in path.read_text()]
    assert compiling == ["programs"]


def test_every_file_has_its_tests():
    tests = Path(__file__).parent
    wanted = {
        path.relative_to(ROOT).parent / f"test_{path.name}" for path in FILES if path.stem[0] != "_"
    }
    found = {path.relative_to(tests) for path in tests.rglob("test_*.py")}
    assert sorted(map(str, wanted - found)) == []
