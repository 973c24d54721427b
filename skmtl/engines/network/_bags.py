"""The number of networks to average."""

from __future__ import annotations

from typing import Literal


def n_networks(n_bags: int | Literal["auto"], n_rows: int) -> int:
    """Return the number of networks for a table of this many rows.

    For small tables, early stopping depends on the random choice of held-out rows: several
    networks average this out, and together they learn from every row.
    """
    if n_bags != "auto":
        return int(n_bags)
    return 4 if n_rows <= 5_000 else 2 if n_rows <= 20_000 else 1
