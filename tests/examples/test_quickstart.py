import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_one_epoch_draws_a_picture(tmp_path, capsys):
    main = runpy.run_path(EXAMPLES / "quickstart.py")["main"]
    picture = tmp_path / "picture.png"
    accuracy = main(epochs=1, path=picture)
    assert 0.2 < accuracy < 1
    assert picture.read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "# Neural Network with 1166086 learnable parameters" in printed
    assert f"Test accuracy: {accuracy:.3f}" in printed
