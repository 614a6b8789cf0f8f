"""Where cells that readers do not see find the files of this checkout."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
