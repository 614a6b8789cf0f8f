"""The targets of one output, of any kind."""

from __future__ import annotations

from .classes import Classes
from .labels import Labels
from .numbers import Numbers

Target = Classes | Labels | Numbers
