"""How many networks are averaged."""

from __future__ import annotations

from typing import Literal


def n_networks(n_bags: int | Literal["auto"], n_rows: int) -> int:
    """Networks for a table of so many rows.

    Where rows are few, which of them stop the training is chance: several networks average it
    out, and together learn from every row.
    """
    if n_bags != "auto":
        return int(n_bags)
    return 4 if n_rows <= 5_000 else 2 if n_rows <= 20_000 else 1
