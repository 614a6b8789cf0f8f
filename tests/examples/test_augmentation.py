import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_digits_are_drawn(tmp_path, capsys):
    main = runpy.run_path(EXAMPLES / "augmentation.py")["main"]
    picture = tmp_path / "picture.png"
    main(draws=1, path=picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out == f"Picture: {picture}\n"
