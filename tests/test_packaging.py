import ast
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import skconv
from skconv.utils.optional import EXTRAS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RECIPE = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text())
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
IMPORTED_AS = {"scikit-learn": "sklearn"}


def name_of(requirement):
    return requirement.partition(">=")[0].strip()


def plain(requirements):
    return {requirement.replace(" ", "") for requirement in requirements}


def packages_imported_by(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition(".")[0]


def test_the_recipe_requires_what_the_project_requires():
    python = f"python{PROJECT['requires-python']}".replace(
        RECIPE["context"]["python_min"], "${{python_min}}"
    )
    assert plain(RECIPE["requirements"]["run"]) == {python, *PROJECT["dependencies"]}
    built_by = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert plain(RECIPE["requirements"]["host"]) >= plain(built_by)


def test_versions_licenses_and_authors_agree():
    assert RECIPE["context"]["version"] == CITATION["version"] == skconv.__version__
    assert RECIPE["about"]["license"] == CITATION["license"] == PROJECT["license"]
    assert RECIPE["about"]["summary"] == PROJECT["description"]
    assert CITATION["authors"] == PROJECT["authors"]
    assert PROJECT["authors"][0]["name"] in (ROOT / "LICENSE").read_text()


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_a_requirement_is_a_lower_bound_with_a_reason(requirement):
    """`.ci/run` installs exactly these versions for the tests of the oldest ones."""
    name, bound, version = requirement.partition(">=")
    assert bound
    assert version.replace(".", "").isdigit()
    assert f"| {name} {version} |" in (ROOT / "CONTRIBUTING.md").read_text()


def test_what_skconv_imports_is_required_or_an_extra():
    modules = (ROOT / "skconv").rglob("*.py")
    imported = {package for path in modules for package in packages_imported_by(path)}
    imported -= {*sys.stdlib_module_names, "skconv"}
    required = {name_of(requirement) for requirement in PROJECT["dependencies"]}
    required = {IMPORTED_AS.get(name, name) for name in required}
    assert required <= imported
    elsewhere = {"graphviz", "torch", "IPython", "dask", "distributed"}  # imported where installed
    assert imported <= required | set(EXTRAS) | elsewhere
