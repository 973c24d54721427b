"""Default numbers of bags and rows, for engines that read one matrix."""

from __future__ import annotations

# Rows to encode and score at a time, so that scoring does not need a copy of X.
SCORING_ROWS = 2**17


def bags_for(n_rows: int) -> int:
    """Return the number of bags; large tables need fewer, since one held-out part suffices."""
    return 5 if n_rows <= 50_000 else 2 if n_rows <= 200_000 else 1
