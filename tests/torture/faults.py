"""Plant small faults one at a time, and count those that the tests notice.

Each ``faults/ROOM.toml`` lists faults of a room: ``name`` says what is wrong then; in ``file``,
``find`` is replaced by ``replace``; ``tests`` are the files or ids of tests that ought to fail, of
which ``k`` selects some. ``python -m tests.torture.faults lanes steps`` plants those of some rooms,
``-k order seed`` those whose name has one of these texts.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import cache_from_source
from pathlib import Path

import numpy as np

from .figures import Figures, figure

ROOT = Path(__file__).parents[2]

FOLDER = Path(__file__).parent / "faults"

SECONDS = 600
"""After this time a run of tests is ended, and the fault counts as caught."""


@dataclass(frozen=True)
class Fault:
    """A small change that some tests ought to notice.

    Parameters
    ----------
    room, name : str
    file : str
        Path of the file to change, from the root of the project.
    find, replace : str
        Text that occurs once in the file, and what stands there instead.
    tests : tuple of str
        Files or ids of tests.
    k : str
        Expression that selects some of them; all by default.
    """

    room: str
    name: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]
    k: str = ""

    def __str__(self) -> str:
        return f"{self.room}: {self.name}"

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the entry itself."""
        path = ROOT / self.file
        count = path.read_text().count(self.find) if path.exists() else 0
        if count != 1:
            yield f"{self}: find must occur once in {self.file}, but occurs {count} times"
        if self.find == self.replace:
            yield f"{self}: replace must differ from find"
        for test in self.tests:
            if not (ROOT / test.partition("::")[0]).is_file():
                yield f"{self}: tests must be files, or ids in files, got {test}"

    @contextmanager
    def planted(self, root: Path) -> Iterator[None]:
        """Have the fault in the copy of the project at `root` for a while."""
        path = root / self.file
        whole = path.read_text()
        # a compiled file is told from its source by size and second of writing only
        compiled = Path(cache_from_source(str(path)))
        try:
            path.write_text(whole.replace(self.find, self.replace))
            compiled.unlink(missing_ok=True)
            yield
        finally:
            path.write_text(whole)
            compiled.unlink(missing_ok=True)


def rooms() -> list[str]:
    """Return the names of the lists of faults."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_faults(room: str) -> list[Fault]:
    """Return the faults of a room."""
    entries = tomllib.loads((FOLDER / f"{room}.toml").read_text())["fault"]
    return [Fault(room, **{**entry, "tests": tuple(entry["tests"])}) for entry in entries]


def check(faults: Sequence[Fault]) -> None:
    """Raise `ValueError` if entries cannot be planted, or share a name."""
    problems = [problem for fault in faults for problem in fault.problems()]
    names = [str(fault) for fault in faults]
    problems += [f"{name}: the name is given twice" for name in set(names) if names.count(name) > 1]
    if problems:
        raise ValueError("\n".join(problems))


@dataclass
class FaultFigures(Figures):
    """How many faults of each room were caught."""

    planted: int = figure("faults")
    caught_percent: float = figure("% of them caught", at_least=95)
    least_percent: float = figure("% in the room with the fewest", at_least=90)
    caught: dict[str, list[bool]] = field(default_factory=dict)

    def add(self, fault: Fault, caught: bool) -> None:
        """Count a fault, and keep it as an example if it survived."""
        self.caught.setdefault(fault.room, []).append(caught)
        if not caught:
            self.examples.append(f"survived: {fault}")
        shares = [100 * sum(room) / len(room) for room in self.caught.values()]
        every = [one for room in self.caught.values() for one in room]
        self.planted, self.least_percent = len(every), min(shares)
        self.caught_percent = 100 * sum(every) / len(every)

    def __str__(self) -> str:
        rows = [f"{room} {_share(caught)}" for room, caught in self.caught.items()]
        return f"{super().__str__()}; {', '.join(rows)}"


def _share(caught: Sequence[bool]) -> str:
    return f"{sum(caught)} of {len(caught)} ({sum(caught) / max(len(caught), 1):.0%})"


def faults(count: int, seed: int) -> FaultFigures:
    """Plant faults of all rooms, or as many as `count` if there are more, drawn by `seed`."""
    known = [fault for room in rooms() for fault in read_faults(room)]
    drawn = np.sort(np.random.default_rng(seed).permutation(len(known))[:count])
    return plant([known[i] for i in drawn])


def plant(chosen: Sequence[Fault]) -> FaultFigures:
    """Plant faults in a copy of the working tree, one at a time, and run their tests.

    Raises
    ------
    ValueError
        If an entry cannot be planted, names no tests, or names tests that fail without it.
    """
    check(chosen)
    figures = FaultFigures()
    failed: dict[str, Fault] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".*", "_build"))
        for fault in chosen:
            with fault.planted(root):
                caught, test = _run(root, fault.tests, fault.k)
            if caught is None:
                raise ValueError(f"{fault}: tests must select tests, got {test}")
            figures.add(fault, caught)
            if "::" in test:
                failed.setdefault(test, fault)
            print("caught  " if caught else "SURVIVED", fault, "|", test, flush=True)
        if failed and _run(root, tuple(failed))[0]:
            wrong = [str(fault) for test, fault in failed.items() if _run(root, (test,))[0]]
            raise ValueError(f"these tests fail without the fault, too: {', '.join(wrong)}")
    return figures


def _run(root: Path, tests: Sequence[str], k: str = "") -> tuple[bool | None, str]:
    """Return whether some tests fail, None if there are none, and the first that failed."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    path = {"PYTHONPATH": str(root)}
    try:
        run = subprocess.run(
            [*command, *(["-k", k] if k else [])],
            cwd=root,
            env={**os.environ, **path},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return True, f"no end after {SECONDS} s"
    lines = run.stdout.splitlines()
    first = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
    said = first[0].partition(" ")[2].partition(" - ")[0] if first else " ".join(lines[-1:])
    return {0: False, 1: True, 2: True, 3: True}.get(run.returncode), said or run.stderr[-300:]


def main() -> None:
    """Plant the faults that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.faults", description=__doc__)
    parser.add_argument("rooms", nargs="*", help=f"all of {', '.join(rooms())} by default")
    parser.add_argument(
        "-k", nargs="+", default=[""], help="only faults with such a text in their name"
    )
    arguments = parser.parse_args()
    known = [fault for room in arguments.rooms or rooms() for fault in read_faults(room)]
    figures = plant([one for one in known if any(text in one.name for text in arguments.k)])
    print(f"faults: {figures}")
    for example in figures.examples:
        print(f"  {example}")


if __name__ == "__main__":
    main()
