import tomllib
from pathlib import Path

import pytest

from skconv.utils import optional as extras
from skconv.utils.optional import EXTRAS, NAMES, import_optional


def test_a_module_is_imported():
    assert import_optional("matplotlib").__name__ == "matplotlib"


def test_a_package_that_is_missing_is_told_with_its_extra(monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "nowhere", "plot")
    with pytest.raises(ImportError, match=r"nowhere, which is not installed: .*'skconv\[plot\]'"):
        import_optional("nowhere.inside")


def test_a_package_whose_module_has_another_name(monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "nowhere.lib", "plot")
    monkeypatch.setitem(extras.NAMES, "nowhere.lib", "nowhere-lib")
    message = r"this needs nowhere-lib, which is not installed: .*'skconv\[plot\]'"
    with pytest.raises(ImportError, match=message):
        import_optional("nowhere.lib.inside")


def test_a_fault_inside_of_a_package_is_told_as_it_is(monkeypatch, tmp_path):
    (tmp_path / "broken.py").write_text("import nothing_of_this_name")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="nothing_of_this_name"):
        import_optional("broken")


def test_the_extras_install_these_packages():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    known = tomllib.loads(text)["project"]["optional-dependencies"]
    for package, extra in EXTRAS.items():
        name = NAMES.get(package, package).lower()
        assert any(wanted.lower().startswith(name) for wanted in known[extra]), package
