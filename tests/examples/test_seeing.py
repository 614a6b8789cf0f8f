import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_maps_point_at_the_digit(tmp_path, capsys):
    main = runpy.run_path(EXAMPLES / "seeing.py")["main"]
    picture = tmp_path / "picture.png"
    shares = main(epochs=4, rows=1500, cases=40, path=picture)
    assert shares["Grad-CAM"] >= 0.9
    assert shares["occlusion"] >= 0.9
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert (
        f"Grad-CAM lies on the digit in {shares['Grad-CAM']:.0%} of 40 cases"
        in capsys.readouterr().out
    )
