"""How many models and rows suit tables of some size, for engines that read one matrix."""

from __future__ import annotations

# Rows that are encoded and scored at a time, so that scoring holds no copy of X.
SCORING_ROWS = 2**17


def bags_for(n_rows: int) -> int:
    """Times that other rows are held out: fewer where a single part says enough."""
    return 5 if n_rows <= 50_000 else 2 if n_rows <= 200_000 else 1
