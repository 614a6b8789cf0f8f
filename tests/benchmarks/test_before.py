import subprocess
import sys

from benchmarks.before import with_earlier
from benchmarks.case import Case, Contender, Sample
from benchmarks.runner import run

CODE = "import measured; print(measured.VALUE)"


def _import(setting):
    def measure(seed):
        import measured

        child = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=True)
        return Sample([measured.VALUE], None, {"child": float(child.stdout)})

    return measure


def test_the_contender_of_a_checkout_and_its_children_import_from_there(tmp_path, monkeypatch):
    for name, value in (("now", 1.0), ("earlier", 2.0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "measured.py").write_text(f"VALUE = {value}")
    monkeypatch.syspath_prepend(str(tmp_path / "now"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "now"))
    contenders = (Contender("other", _import), Contender("skconv", _import, ours=True))
    case = with_earlier(Case("case", "Import", contenders), tmp_path / "earlier")
    rows = run(case, None, rounds=1)
    assert [row.contender.name for row in rows] == ["other", "skconv", "skconv, before"]
    assert [row.values + row.scores["child"] for row in rows] == [[1, 1], [1, 1], [2, 2]]
