"""``python -m skconv.compat script.py``."""

import sys

import pytest

from skconv.compat import uninstall
from skconv.compat.__main__ import main


def test_scripts_run_as_they_are(tmp_path, monkeypatch, capsys):
    (tmp_path / "beside.py").write_text("value = 3")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from beside import value\n"
        "from nolearn.lasagne import NeuralNet\n"
        "if __name__ == '__main__':\n"
        "    print(value, sys.argv[1:], NeuralNet.__module__)\n"
    )
    monkeypatch.setattr(sys, "argv", ["compat"])
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    try:
        main([str(script), "fit", "--fast"])
    finally:
        uninstall()
    assert capsys.readouterr().out == "3 ['fit', '--fast'] skconv.compat.nets\n"


@pytest.mark.parametrize("arguments", [[], ["-h"]])
def test_usage(arguments):
    with pytest.raises(SystemExit, match=r"usage: python -m skconv.compat script.py"):
        main(arguments)
