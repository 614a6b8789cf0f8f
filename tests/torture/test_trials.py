import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_reduced_trials_keep_what_is_promised():
    """``python -m tests.torture`` runs them whole."""
    command = [sys.executable, "-m", "tests.torture", "--reduced", "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
