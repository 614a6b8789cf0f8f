import re

import pytest

from benchmarks.growth import devices, fits, searches
from benchmarks.growth.__main__ import main
from benchmarks.growth.curve import Curve, Point, fastest
from benchmarks.growth.report import describe_last_step, draw, table
from benchmarks.worker import ask

SIZES = 10, 1000


def _double(n):
    return Point({"double": 2.0 * n}, {"accuracy": 0.5})


def _square(n):
    return Point({"square": n**2 / 1000}, {"memory, MB": 7.0})


def _count_devices(_):
    devices.simulate(3)
    import jax

    return lambda _: (jax.device_count(), jax.default_backend())


CURVE = Curve("many", "Many things", "things", SIZES, (_double, _square), "A note.")
POINTS = {n: Point(_double(n).seconds | _square(n).seconds, {"accuracy": 0.5}) for n in SIZES}


def test_a_table_has_a_row_for_each_size():
    lines = table(CURVE, POINTS).splitlines()
    assert re.split(r"\s{2,}", lines[0].strip()) == ["things", "double, s", "square, s", "accuracy"]
    assert lines[3].split() == ["1,000", "2000", "1000", "0.500"]


def test_the_last_step_is_described_in_factors():
    assert describe_last_step(CURVE, POINTS) == (
        "With 100 times as many things, 1,000 instead of 10, the times grow by these factors: "
        "100.0 for double, 10000.0 for square."
    )


def test_a_picture_is_the_same_each_time(tmp_path):
    texts = []
    for name in ("a.svg", "b.svg"):
        draw(CURVE, POINTS, tmp_path / name)
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]
    assert all(text in texts[0] for text in (">double<", ">square<", ">1,000<", ">things<"))


def test_a_picture_of_similar_times_has_two_ticks(tmp_path):
    points = {n: Point({"flat": 2.0 + n / 1000}, {}) for n in SIZES}
    draw(CURVE, points, tmp_path / "flat.svg")
    text = (tmp_path / "flat.svg").read_text()
    assert ">1<" in text
    assert ">10<" in text


def test_the_command_writes_a_page_with_a_picture_of_each_curve(tmp_path, capsys):
    page = tmp_path / "growth.md"
    main(["--n", "1", "--write", str(page)], [CURVE])
    text = page.read_text()
    assert "## Many\n\nMany things.\n" in text
    assert "10000.0 for square. A note.\n" in text
    (picture,) = re.findall(r"!\[.*\]\((.*)\)", text)
    assert (tmp_path / picture).read_text().startswith("<?xml")
    assert "10000.0 for square" in capsys.readouterr().out


def test_the_fastest_round_of_each_line_counts():
    rounds = [
        Point({"fit": 3.0, "predict": 1.0}, {"accuracy": 0.5}),
        Point({"fit": 2.0, "predict": 4.0}, {}),
    ]
    assert fastest(rounds) == Point({"fit": 2.0, "predict": 1.0}, {"accuracy": 0.5})


def test_devices_are_simulated():
    assert ask(_count_devices) == (3, "cpu")


def test_every_class_is_among_the_rows_of_a_fit():
    _, y = fits.draw_blobs(30 + fits.TEST_ROWS, 30)
    assert len(set(y[:30])) == 30


@pytest.mark.parametrize(("probe", "size"), [(fits.rows, 300), (searches.batched, 2)])
def test_probes_measure_seconds_and_an_accuracy(probe, size):
    point = probe(size)
    assert all(seconds > 0 for seconds in point.seconds.values())
    assert any("accuracy" in name for name in point.scores)
