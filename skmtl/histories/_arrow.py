"""Histories in Arrow and Parquet.

A history is a struct of lists, which all readers of Parquet support: times, names of variables,
and values, and the time up to which the history is known. If times were dates, a field says how
they are counted. Lists of structs, and times that are dates, are read as well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmtl._extras import needed
from skmtl.histories._clock import common_clock, read_parts
from skmtl.histories._history import check_events
from skmtl.histories._parts import MISSING, Parts, ranges
from skmtl.histories._store import EventStore, positions

_FIELDS = ("time", "variable", "value")


def arrow_type(clock: str) -> Any:
    """Return the type of a column of histories in Arrow."""
    with needed("pyarrow", "parquet", "Writing histories"):
        import pyarrow as pa
    fields = [
        ("time", pa.list_(pa.float64())),
        ("variable", pa.list_(pa.string())),
        ("value", pa.list_(pa.float64())),
        ("end", pa.float64()),
    ]
    return pa.struct([*fields, ("clock", pa.string())] if clock else fields)


def to_arrow(parts: Parts, kind: Any) -> Any:
    """Convert a column of histories to an Arrow array."""
    import pyarrow as pa

    rows = parts.rows
    lengths = rows["stop"] - rows["start"]
    flat = parts.store.take(positions(rows["start"], lengths))
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), type=pa.int32())
    names = pa.DictionaryArray.from_arrays(
        pa.array(flat.code.astype(np.int32)), pa.array(list(flat.variables), type=pa.string())
    ).cast(pa.string())
    value = pa.array(flat.value.astype(np.float64), from_pandas=True)
    columns = {
        name: pa.ListArray.from_arrays(offsets, one)
        for name, one in zip(_FIELDS, (pa.array(flat.time), names, value), strict=True)
    }
    columns["end"] = pa.array(rows["end"], from_pandas=True)
    if parts.clock:
        columns["clock"] = pa.repeat(parts.clock, len(rows))
    missing = pa.array(rows["start"] < 0)
    return pa.StructArray.from_arrays(list(columns.values()), list(columns), mask=missing).cast(
        kind
    )


def from_arrow(array: Any, clock: str) -> Parts:
    """Convert an Arrow array, possibly chunked, to a column of histories.

    Parameters
    ----------
    array : pyarrow Array or ChunkedArray
        Structs of lists, or lists of structs.
    clock : str
        How times are counted, if the array does not say so.

    Raises
    ------
    ValueError
        If a history has events without a time or a variable, or infinite numbers, or its parts
        differ in length.
    """
    import pyarrow as pa

    whole = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    events = _Lists.of_lists(whole) if pa.types.is_struct(whole.type) else _Lists.of_structs(whole)
    (time, end), read = read_parts(events.time.to_pandas(), events.end.to_pandas())
    names = events.variable.cast(pa.string()).dictionary_encode()
    value = events.value.cast(pa.float64()).to_numpy(zero_copy_only=False)
    if names.null_count or not np.isfinite(time).all() or np.isinf(value).any():
        check_events(time, events.variable.to_pylist(), value)
    code = np.asarray(names.indices).astype(np.int64)
    store = EventStore(time, code, value, names.dictionary.to_pylist())
    rows = ranges(events.lengths, end)
    rows[np.asarray(whole.is_null())] = MISSING
    return Parts(
        _in_order(store, events.lengths), rows, common_clock([read, clock, *events.clocks])
    )


class _Lists(NamedTuple):
    """The flat parts of histories, one history after another.

    Attributes
    ----------
    lengths : ndarray of int64, shape (n_rows,)
    time, variable, value : pyarrow Array of length n_events
    end : pyarrow Array of length n_rows
    clocks : list of str
        All that occur.
    """

    lengths: NDArray[np.int64]
    time: Any
    variable: Any
    value: Any
    end: Any
    clocks: list[str]

    @classmethod
    def of_lists(cls, array: Any) -> _Lists:
        """Those of structs of lists."""
        fields = dict(zip([one.name for one in array.type], array.flatten(), strict=True))
        lengths = {name: _lengths(fields[name]) for name in _FIELDS}
        if any((lengths[name] != lengths["time"]).any() for name in _FIELDS):
            raise ValueError("A history has not as many times as variables and values.")
        time, variable, value = (fields[name].flatten() for name in _FIELDS)
        end = fields["end"] if "end" in fields else _nothing(len(array))
        clocks = fields["clock"].drop_null().unique().to_pylist() if "clock" in fields else []
        return cls(lengths["time"], time, variable, value, end, clocks)

    @classmethod
    def of_structs(cls, array: Any) -> _Lists:
        """Those of lists of structs."""
        events = array.flatten()
        fields = dict(zip([one.name for one in events.type], events.flatten(), strict=True))
        time, variable, value = (fields[name] for name in _FIELDS)
        return cls(_lengths(array), time, variable, value, _nothing(len(array)), [])


def _lengths(lists: Any) -> NDArray[np.int64]:
    lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return lengths.astype(np.int64)


def _nothing(n: int) -> Any:
    import pyarrow as pa

    return pa.nulls(n, pa.float64())


def _in_order(store: EventStore, lengths: NDArray[np.int64]) -> EventStore:
    """Sort the events of each history by time, since other programs may write any order."""
    row = np.repeat(np.arange(len(lengths)), lengths)
    if not ((np.diff(store.time) < 0) & (np.diff(row) == 0)).any():
        return store
    return store.take(np.lexsort((store.time, row)))
