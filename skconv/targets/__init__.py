"""Targets: their kinds, inferred from y, encoded for losses, decoded, weighted and scored."""
