"""Counts of finished parts and their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from skmtl.scoring._storage import Manifest
from skmtl.tables import CellCounts, sum_of_counts


class Tally:
    """Counts every part once, even if it was scored several times.

    Parameters
    ----------
    finished : mapping of str to mapping of int to Manifest
        The parts of each file that an earlier run has finished.

    Attributes
    ----------
    n_parts, n_parts_before : int
        Numbers of all parts, and of those of an earlier run.
    n_rows, n_refused : int
        Numbers of rows read, and of those that could not be scored.
    cells : list of (str, int, int), or None
        Counts of the current part, as in `Manifest`.
    """

    def __init__(self, finished: Mapping[str, Mapping[int, Manifest]]) -> None:
        self._before = {name: dict(parts) for name, parts in finished.items()}
        parts = [part for by_number in self._before.values() for part in by_number.values()]
        self.n_parts = self.n_parts_before = len(parts)
        self.n_rows = sum(part.n_rows for part in parts)
        self.n_refused = sum(part.n_refused for part in parts)
        self._part: CellCounts | None = None
        self._parts: CellCounts | None = None  # total of this run

    def before(self, name: str) -> dict[int, Manifest]:
        """Return the parts of a file from earlier runs that still count."""
        return dict(self._before.get(name, {}))

    def begin(self, name: str, number: int) -> None:
        """Start a part, which counts as scored in this run from now on."""
        self._part = None
        before = self._before.get(name, {}).pop(number, None)
        if before is None:
            self.n_parts += 1
        else:
            self.n_parts_before -= 1
            self.n_rows -= before.n_rows
            self.n_refused -= before.n_refused

    def add(self, n_rows: int, n_refused: int, counts: CellCounts | None) -> None:
        """Count rows of the current part."""
        self.n_rows += n_rows
        self.n_refused += n_refused
        self._part = sum_of_counts([self._part, counts])
        self._parts = sum_of_counts([self._parts, counts])

    @property
    def cells(self) -> Sequence[tuple[str, int, int]] | None:
        part = self._part
        if part is None:
            return None
        names = [str(name) for name in part.columns]
        return list(zip(names, part.missing.tolist(), part.unknown.tolist(), strict=True))

    @property
    def counts(self) -> CellCounts | None:
        """Return counts of missing and unknown cells of all scored rows that were counted."""
        before = [part for parts in self._before.values() for part in parts.values()]
        return sum_of_counts([*map(_counts_of, before), self._parts])


def _counts_of(part: Manifest) -> CellCounts | None:
    if part.cells is None:
        return None
    names, missing, unknown = zip(*part.cells, strict=True) if part.cells else ((), (), ())
    n_scored = part.n_rows - part.n_refused
    return CellCounts(list(names), n_scored, np.array(missing), np.array(unknown))
