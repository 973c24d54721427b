"""The interface of pandas extension arrays for histories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray, take

from skmtl.histories._arrow import arrow_type, to_arrow
from skmtl.histories._clock import several_clocks
from skmtl.histories._history import EventHistory
from skmtl.histories._parts import MISSING, ROW, Parts, from_scalars, joined, shifted


class HistoryArray(ExtensionArray):
    """Histories as ranges of a store that slices and copies share."""

    # The flag of read-only arrays in pandas >= 3.0.
    _readonly = False

    _parts: Parts

    @classmethod
    def _from_parts(cls, parts: Parts) -> Self:
        array = cls.__new__(cls)
        array._parts = parts
        return array

    @property
    def n_events(self) -> NDArray[np.int64]:
        """Number of events of each history; 0 if it is missing."""
        return self._rows["stop"] - self._rows["start"]

    @property
    def _rows(self) -> NDArray[np.void]:
        return self._parts.rows

    @classmethod
    def _from_sequence(cls, scalars: Any, *, dtype: Any = None, copy: bool = False) -> Self:
        clock = None if dtype is None else _clock_of(dtype)
        if isinstance(scalars, cls):
            counted = scalars if clock is None else scalars._counted_in(clock)
            return counted.copy() if copy else counted
        return cls._from_parts(from_scalars(scalars, clock))

    def _counted_in(self, clock: str) -> Self:
        """The same with another clock, which only histories without times can have."""
        if clock == self._parts.clock:
            return self
        if self.n_events.any() or not np.isnan(self._rows["end"]).all():
            raise several_clocks([clock, self._parts.clock])
        return self._from_parts(self._parts._replace(clock=clock))

    @classmethod
    def _from_factorized(cls, values: Any, original: Any) -> Self:
        return cls._from_parts(from_scalars(values, original.dtype.clock))

    def _values_for_factorize(self) -> tuple[NDArray[np.object_], Any]:
        return self.astype(object), pd.NA

    def _hash_pandas_object(self, **_: Any) -> NDArray[np.uint64]:
        return np.array([hash(cell) % 2**63 for cell in self.astype(object)], dtype=np.uint64)

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[Self]) -> Self:
        return cls._from_parts(joined([part._parts for part in to_concat]))

    def __getitem__(self, item: Any) -> Any:
        item = pd.api.indexers.check_array_indexer(self, _plain_index(item))
        chosen = self._rows[item]
        if isinstance(chosen, np.ndarray):
            result = self._from_parts(self._parts._replace(rows=chosen))
            if isinstance(item, slice):
                result._readonly = self._readonly
            return result
        return self._cell(chosen)

    def _cell(self, row: np.void) -> Any:
        if row["start"] < 0:
            return pd.NA
        store, events = self._parts.store, slice(row["start"], row["stop"])
        code, value = store.code[events], store.value[events]
        clock = self._parts.clock
        return EventHistory(store.time[events], code, value, store.variables, row["end"], clock)

    def __setitem__(self, key: Any, value: Any) -> None:
        if self._readonly:
            raise ValueError("Cannot modify read-only array")
        key = pd.api.indexers.check_array_indexer(self, key)
        is_cell = not pd.api.types.is_list_like(value)
        new = self._from_sequence([value] if is_cell else value, dtype=self.dtype)._parts.compact()
        rows = new.rows if new.store is self._parts.store else self._added(new)
        self._rows[key] = rows[0] if is_cell else rows

    def _added(self, parts: Parts) -> NDArray[np.void]:
        """Add the events of other histories to the store, and return the rows of these."""
        return shifted(parts.rows, self._parts.store.add(parts.store))

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: Any) -> Any:
        if isinstance(other, pd.Series | pd.Index | pd.DataFrame):
            return NotImplemented
        if isinstance(other, EventHistory):
            return np.array([cell == other for cell in self._cells()], dtype=bool)
        if not isinstance(other, HistoryArray) or len(other) != len(self):
            return NotImplemented
        pairs = zip(self._cells(), other._cells(), strict=True)
        return np.array([a is not pd.NA and b is not pd.NA and a == b for a, b in pairs], bool)

    def _cells(self) -> list[Any]:
        return [self._cell(row) for row in self._rows]

    @property
    def nbytes(self) -> int:
        """Bytes in memory, including all events of the flat arrays."""
        return self._rows.nbytes + self._parts.store.nbytes

    def isna(self) -> NDArray[np.bool_]:
        """Return where histories are missing; a history without events is not missing."""
        return self._rows["start"] < 0

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None) -> Self:
        """Return the histories at these positions; with `allow_fill`, -1 stands for missing."""
        places = np.arange(len(self))
        chosen = np.asarray(
            take(places, np.asarray(indices), allow_fill=allow_fill, fill_value=-1)
        )
        rows = np.full(len(chosen), MISSING, dtype=ROW)
        there = chosen >= 0
        rows[there] = self._rows[chosen[there]]
        taken = self._from_parts(self._parts._replace(rows=rows))
        if isinstance(fill_value, EventHistory) and not there.all():
            taken[~there] = fill_value
        return taken

    def copy(self) -> Self:
        """Return an independent copy, which shares the immutable events."""
        return self._from_parts(self._parts._replace(rows=self._rows.copy()))

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """Convert to another dtype: the same one, object or text."""
        if np.dtype(object) == dtype:
            return np.array([*self._cells(), None], dtype=object)[:-1]
        return super().astype(dtype, copy=copy)

    def to_numpy(self, dtype: Any = None, copy: bool = False, na_value: Any = pd.NA) -> Any:
        """Return an array of objects, with one history each."""
        cells = self.astype(object)
        cells[self.isna()] = na_value
        return cells if dtype is None else cells.astype(dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if copy is False:
            raise ValueError("An array of histories cannot be created without a copy.")
        return self.to_numpy(dtype)

    def __arrow_array__(self, type: Any = None) -> Any:
        kind = arrow_type(self._parts.clock) if type is None else type
        return to_arrow(self._parts.compact(), kind)

    def __getstate__(self) -> dict[str, Any]:
        # A pickle contains only the events of its own rows, not all events that slices share.
        return {**vars(self), "_parts": self._parts.compact()}

    def _formatter(self, boxed: bool = False) -> Any:
        return repr


def _clock_of(dtype: Any) -> str:
    return getattr(pd.api.types.pandas_dtype(dtype), "clock", "")


def _plain_index(item: Any) -> Any:
    if isinstance(item, tuple):
        rest = tuple(part for part in item if part is not Ellipsis)
        if len(rest) != 1:
            raise IndexError("Histories have one dimension.")
        return rest[0]
    if isinstance(item, str):
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or "
            "boolean arrays are valid indices"  # the words of NumPy
        )
    return slice(None) if item is Ellipsis else item
