"""The data of a column of histories, and its creation from single histories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl.histories._clock import several_clocks
from skmtl.histories._history import EventHistory, plain_history
from skmtl.histories._store import EventStore, positions

ROW = np.dtype([("start", np.int64), ("stop", np.int64), ("end", np.float64)])
MISSING = np.array((-1, -1, np.nan), dtype=ROW)


class Parts(NamedTuple):
    """Histories as ranges of a store.

    Attributes
    ----------
    store : EventStore
    rows : structured ndarray of shape (n,)
        Range of the events of each history, and the time up to which it is known, NaN if
        unspecified. The range of a missing history starts at -1.
    clock : str
        See `HistoriesDtype`.
    """

    store: EventStore
    rows: NDArray[np.void]
    clock: str

    def compact(self) -> Parts:
        """Return the same histories with a store of their events only, each of them once."""
        blocks = _blocks(self.rows)
        lengths = blocks[:, 1] - blocks[:, 0]
        if lengths.sum() == len(self.store):
            return self
        shifts = blocks[:, 0] - (np.cumsum(lengths) - lengths)
        rows = self.rows.copy()
        there = rows["start"] >= 0
        block = np.searchsorted(blocks[:, 0], rows["start"][there], side="right") - 1
        rows["start"][there] -= shifts[block]
        rows["stop"][there] -= shifts[block]
        return Parts(self.store.take(positions(blocks[:, 0], lengths)), rows, self.clock)

    def of_variables(self, names: Iterable[str]) -> Parts:
        """Return the same histories with the events of some variables only."""
        store, rows, clock = self.compact()
        chosen = set(names)
        kept = np.array([name in chosen for name in store.variables], dtype=bool)[store.code]
        place = np.concatenate([[0], np.cumsum(kept)])
        rows = rows.copy()
        there = rows["start"] >= 0
        for bound in ("start", "stop"):
            rows[bound][there] = place[rows[bound][there]]
        return Parts(store.take(np.flatnonzero(kept)), rows, clock)


def ranges(lengths: NDArray[np.int64], end: Any = np.nan) -> NDArray[np.void]:
    """Return rows of histories with given lengths that are consecutive in a store."""
    rows = np.empty(len(lengths), dtype=ROW)
    rows["stop"] = np.cumsum(lengths)
    rows["start"] = rows["stop"] - lengths
    rows["end"] = end
    return rows


def _blocks(rows: NDArray[np.void]) -> NDArray[np.int64]:
    """Return the disjoint ranges of a store that hold the events of all rows, in order."""
    there = rows[rows["start"] >= 0]
    order = np.argsort(there["start"], kind="stable")
    starts, stops = there["start"][order], np.maximum.accumulate(there["stop"][order])
    if not len(starts):
        return np.empty((0, 2), dtype=np.int64)
    first = np.concatenate([[True], starts[1:] > stops[:-1]])
    last = np.concatenate([first[1:], [True]])
    return np.stack([starts[first], stops[last]], axis=1)


def joined(several: Sequence[Parts]) -> Parts:
    """Concatenate the histories of several parts with the same clock."""
    first = several[0]
    if all(parts.store is first.store for parts in several):
        return Parts(first.store, np.concatenate([parts.rows for parts in several]), first.clock)
    small = [parts.compact() for parts in several]
    shifts = np.cumsum([0, *(len(parts.store) for parts in small)])
    rows = [shifted(parts.rows, shift) for parts, shift in zip(small, shifts, strict=False)]
    store = EventStore.joined([parts.store for parts in small])
    return Parts(store, np.concatenate(rows), first.clock)


def shifted(rows: NDArray[np.void], by: int) -> NDArray[np.void]:
    """Shift the ranges of rows, for events that were appended to another store."""
    moved = rows.copy()
    there = rows["start"] >= 0
    moved["start"][there] += by
    moved["stop"][there] += by
    return moved


def from_scalars(scalars: Iterable[Any], clock: str | None) -> Parts:
    """Create a column from single histories, some of which may be missing.

    Raises
    ------
    TypeError
        If a scalar is neither a history nor missing, or if clocks differ.
    """
    cells = [_cell(scalar) for scalar in scalars]
    there = [cell for cell in cells if cell is not None]
    # The clock of a history without times is that of the others.
    clocks = {cell.clock for cell in there if cell.n_events or not np.isnan(cell.end)}
    clock = clock if clock is not None else next(iter(clocks), "")
    if clocks - {clock}:
        raise several_clocks(clocks | {clock})
    store = EventStore.joined(
        [EventStore(cell.time, cell.code, cell.value, cell.variables) for cell in there]
    )
    rows = np.full(len(cells), MISSING, dtype=ROW)
    known = np.flatnonzero([cell is not None for cell in cells])
    rows[known] = ranges(
        np.array([cell.n_events for cell in there], dtype=np.int64), [cell.end for cell in there]
    )
    return Parts(store, rows, clock)


def _cell(scalar: Any) -> EventHistory | None:
    if isinstance(scalar, EventHistory):
        return scalar
    if scalar is None or scalar is pd.NA or (isinstance(scalar, float) and np.isnan(scalar)):
        return None
    if isinstance(scalar, Mapping | list | tuple | np.ndarray):
        return plain_history(scalar)
    raise TypeError(f"A column of histories cannot hold {scalar!r}.")
