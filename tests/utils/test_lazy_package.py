import ast
import importlib
import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import skconv
from skconv import models

PACKAGES = ["augment", "handlers", "layers", "models", "utils", "visualize"]

UNUSED = [
    *("jax.experimental.pallas", "jax.extend", "matplotlib", "rich"),
    *("sklearn.callback", "sklearn.metrics", "sklearn.model_selection", "sklearn.preprocessing"),
    *("skconv.augment.geometric", "skconv.layers.recurrent", "skconv.models.vgg"),
    *("skconv.model_selection", "skconv.visualize"),
]

CODE = """
import sys
import jax, optax, sklearn.base
before = set(sys.modules)
import skconv
print(*(sys.modules.keys() - before))
skconv.layers.LSTMLayer, skconv.models.vgg
from skconv.models.densenet import densenet
import skconv.models.resnet
from skconv.models import resnet
print(densenet is skconv.models.densenet, callable(resnet), callable(skconv.models.resnet))
"""


def test_an_import_loads_little():
    command = [sys.executable, "-c", CODE]
    loaded, checks = subprocess.run(
        command, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert set(UNUSED) & set(loaded.split()) == set()
    assert checks == "True True True"


@pytest.mark.parametrize("name", PACKAGES)
def test_all_names_are_there(name):
    package = importlib.import_module(f"skconv.{name}")
    names: dict = {}
    exec(f"from skconv.{name} import *", names)
    assert names.keys() - {"__builtins__"} == set(package.__all__) <= set(dir(package))
    assert all(names[own] is getattr(package, own) for own in package.__all__)
    assert {own for own, _ in inspect.getmembers(package)} >= set(package.__all__)


@pytest.mark.parametrize("name", PACKAGES)
def test_type_checkers_know_all_names(name):
    stub = ast.parse(Path(skconv.__file__).with_name(name).joinpath("__init__.pyi").read_text())
    package = importlib.import_module(f"skconv.{name}")
    assert ast.literal_eval(stub.body[-1].value) == package.__all__


def test_unknown_names_are_reported():
    with pytest.raises(AttributeError, match=r"module 'skconv.models' has no attribute 'vggg'"):
        models.vggg  # noqa: B018
    with pytest.raises(ImportError, match="vggg"):
        from skconv.models import vggg  # noqa: F401


def test_names_of_packages_are_pickled():
    assert pickle.loads(pickle.dumps(models.vgg)) is models.vgg
