"""Histories in Arrow and Parquet.

A history is a struct of lists, which all readers of Parquet support: times, names of variables,
and values, and the time up to which the history is known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmtl._extras import needed
from skmtl.histories._parts import MISSING, Parts, ranges
from skmtl.histories._store import EventStore, positions

_FIELDS = ("time", "variable", "value")


def arrow_type() -> Any:
    """Return the type of a column of histories in Arrow."""
    with needed("pyarrow", "parquet", "Writing histories"):
        import pyarrow as pa
    return pa.struct(
        [
            ("time", pa.list_(pa.float64())),
            ("variable", pa.list_(pa.string())),
            ("value", pa.list_(pa.float64())),
            ("end", pa.float64()),
        ]
    )


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
    columns = [
        *(pa.ListArray.from_arrays(offsets, one) for one in (pa.array(flat.time), names, value)),
        pa.array(rows["end"], from_pandas=True),
    ]
    missing = pa.array(rows["start"] < 0)
    return pa.StructArray.from_arrays(columns, [*_FIELDS, "end"], mask=missing).cast(kind)


def from_arrow(array: Any, clock: str) -> Parts:
    """Convert an Arrow array, possibly chunked, to a column of histories."""
    import pyarrow as pa

    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    kind = arrow_type()
    whole = pa.concat_arrays([pa.array([], type=kind), *(chunk.cast(kind) for chunk in chunks)])
    missing = np.asarray(whole.is_null())
    *lists, end = whole.flatten()
    time, names, value = (one.flatten() for one in lists)
    codes = names.dictionary_encode()
    store = EventStore(
        time.to_numpy(zero_copy_only=False),
        np.asarray(codes.indices).astype(np.int64),
        value.to_numpy(zero_copy_only=False).astype(np.float64),
        codes.dictionary.to_pylist(),
    )
    lengths = lists[0].value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    lengths = lengths.astype(np.int64)
    rows = ranges(lengths, end.to_numpy(zero_copy_only=False))
    rows[missing] = MISSING
    return Parts(_in_order(store, lengths), rows, clock)


def _in_order(store: EventStore, lengths: NDArray[np.int64]) -> EventStore:
    """Sort the events of each history by time, since other programs may write any order."""
    if not np.isfinite(store.time).all():
        raise ValueError("A history has an event whose time is missing or infinite.")
    row = np.repeat(np.arange(len(lengths)), lengths)
    if not ((np.diff(store.time) < 0) & (np.diff(row) == 0)).any():
        return store
    return store.take(np.lexsort((store.time, row)))
