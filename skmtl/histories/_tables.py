"""Histories from long tables with a row for each event, or a column for each variable."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from skmtl._foreign_frames import as_pandas
from skmtl._suggestions import did_you_mean
from skmtl.histories._clock import holds_durations, read_times
from skmtl.histories._parts import ROW, Parts, ranges
from skmtl.histories._store import EventStore


class _TableEvents(NamedTuple):
    """Events of a long table: the row of each event, its variable and its value."""

    place: NDArray[np.int64]
    code: NDArray[np.int64]
    value: NDArray[np.floating]
    variables: list[str]

    @classmethod
    def of_column(
        cls, column: pd.Series, code: NDArray[np.int64], variables: list[str]
    ) -> _TableEvents:
        """Return the events of a column of values, with texts converted to variables."""
        place = np.arange(len(column))
        if types.is_complex_dtype(column.dtype):
            raise ValueError(f"Column {column.name!r} holds complex numbers: pass two variables.")
        if types.is_numeric_dtype(column.dtype):
            dtype = np.float32 if column.dtype == np.float32 else np.float64
            return cls(place, code, column.to_numpy(dtype=dtype, na_value=np.nan), variables)
        is_text = np.array([isinstance(cell, str) for cell in column], dtype=bool)
        numbers = pd.to_numeric(column.astype(object).mask(is_text), errors="coerce")
        value = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
        strange = np.isnan(value) & ~is_text & column.notna().to_numpy()
        if strange.any():
            cell = column[strange].iloc[0]
            raise ValueError(
                f"Column {column.name!r} must hold numbers or texts, but holds {cell!r} "
                f"({type(cell).__name__})."
            )
        texts, words = pd.factorize(column[is_text].astype(object))
        _check_words(words.tolist(), column.name)
        pairs, which = np.unique(code[is_text] * max(len(words), 1) + texts, return_inverse=True)
        code = code.copy()
        code[is_text] = len(variables) + which
        named = [f"{variables[p // len(words)]}={words[p % len(words)]}" for p in pairs]
        return cls(place, code, value, [*variables, *named])


def _check_words(words: Sequence[str], name: object) -> None:
    """Refuse numbers that are all written as texts, and warn of some."""
    numbers = [word for word in words if pd.notna(pd.to_numeric(word, errors="coerce"))]
    if not numbers:
        return
    message = f"Column {name!r} holds numbers as texts, such as {numbers[0]!r}"
    if len(numbers) == len(words):
        raise ValueError(f"{message}. Convert them with pd.to_numeric(column).")
    warnings.warn(
        f"{message}, among other texts. Each of these numbers becomes a code without a value. "
        "Convert them with pd.to_numeric(column, errors='coerce').fillna(column).",
        stacklevel=6,
    )


def event_parts(
    events: Any,
    index: Any,
    id: str,
    time: str,
    variable: str | None,
    value: str | None,
    unit: str,
) -> tuple[Parts, str | None]:
    """Return the histories of `Histories.from_events`, and the unit of durations if any."""
    frame = _frame(events, "events", [id, time, variable, value])
    if variable is None:
        code, names = np.zeros(len(frame), dtype=np.int64), [value or "event"]
    else:
        code, names = _names(frame[variable])
    values = pd.Series(np.full(len(frame), np.nan)) if value is None else frame[value]
    read = _TableEvents.of_column(values, code, names)
    return _parts(frame, index, id, time, unit, read)


def frame_parts(
    frame: Any, index: Any, id: str, time: str, variables: Sequence[str] | None, unit: str
) -> tuple[Parts, str | None]:
    """Return the histories of `Histories.from_frame`, and the unit of durations if any."""
    table = _frame(frame, "frame", [id, time, *(variables or ())])
    if variables is None:
        variables = [name for name in table.columns if name not in (id, time)]
    called = [str(name) for name in variables]
    if len(set(called)) < len(called):
        twice = next(name for name in called if called.count(name) > 1)
        raise ValueError(f"Two columns are called {twice!r} as variables: rename one of them.")
    parts: list[_TableEvents] = []
    names: list[str] = []
    for name in variables:
        there = np.flatnonzero(table[name].notna())
        column = table[name].iloc[there]
        read = _TableEvents.of_column(column, np.zeros(len(there), dtype=np.int64), [str(name)])
        parts.append(_TableEvents(there, read.code + len(names), read.value, []))
        names += read.variables
    if not parts:
        raise ValueError("frame has no columns of variables.")
    place, code, value = (np.concatenate(arrays) for arrays in list(zip(*parts, strict=True))[:3])
    return _parts(table, index, id, time, unit, _TableEvents(place, code, value, names))


def _frame(table: Any, what: str, columns: Sequence[str | None]) -> pd.DataFrame:
    frame = as_pandas(table, what)
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"{what} must be a table, got a {type(table).__name__}.")
    for name in columns:
        if name is not None and name not in frame.columns:
            raise ValueError(
                f"{what} has no column {name!r}; its columns are {frame.columns.tolist()[:20]}."
                f"{did_you_mean(name, frame.columns)} Pass the names of your columns as id=, "
                "time=, variable= and value=."
            )
        if name is not None and isinstance(frame[name], pd.DataFrame):
            raise ValueError(f"{what} has several columns {name!r}: rename or drop them.")
    return frame.reset_index(drop=True)


def _names(column: pd.Series) -> tuple[NDArray[np.int64], list[str]]:
    """Return the codes of the variables of a column, and their names as text."""
    code, found = pd.factorize(column)
    if (code < 0).any():
        raise ValueError(
            f"Column {column.name!r} of events, with the names of the variables, is missing in "
            f"{sum(code < 0)} rows, the first of which is row {int(np.argmax(code < 0))}."
        )
    texts, names = pd.factorize(np.array([*map(_named, found), None], dtype=object)[:-1])
    return texts[code], list(names)


def _named(code: object) -> str:
    """The name of a variable: a whole number has one name, however the column is stored."""
    is_whole = isinstance(code, float | np.floating) and float(code).is_integer()
    return str(int(code)) if is_whole else str(code)  # type: ignore[call-overload]


def _parts(
    frame: pd.DataFrame, index: Any, id: str, time: str, unit: str, events: _TableEvents
) -> tuple[Parts, str | None]:
    missing = frame[id].isna()
    if missing.any():
        raise ValueError(
            f"The id in column {id!r} is missing in {missing.sum()} rows, the first of which is "
            f"row {missing.argmax()}."
        )
    ids = pd.Index(index)
    several = ids.dropna().unique()
    owner = several.get_indexer(frame[id])
    if len(frame) and len(several) and (owner < 0).all():
        raise ValueError(
            f"None of the ids of column {id!r} is in the index: the column has ids like "
            f"{_shown(frame[id], 0)}, and the index has ids like {several.tolist()[0]!r}."
        )
    times, clock = read_times(frame[time], unit, f"Column {time!r}")
    _check_times(frame, times, id, time)
    owner, times = owner[events.place], times[events.place]
    _check_values(events, frame[id])
    order = _order(owner, times)
    # A text may have made a name that is another variable's: both are one.
    place, names = pd.factorize(np.array([*events.variables, None], dtype=object)[:-1])
    code = events.code[order]
    code = code if len(names) == len(place) else place[code]
    store = EventStore(times[order], code, events.value[order], list(names))
    lengths = np.bincount(owner[order], minlength=len(several))
    rows = np.append(ranges(lengths), np.array([(-1, -1, np.nan)], dtype=ROW))
    parts = Parts(store, rows[several.get_indexer(ids)], clock)
    return parts, unit if holds_durations(frame[time]) else None


def _shown(ids: pd.Series, row: int) -> str:
    """Return the repr of an id as a Python object, without numpy's type."""
    return repr(ids.iloc[[row]].tolist()[0])


def _check_times(frame: pd.DataFrame, times: NDArray[np.float64], id: str, time: str) -> None:
    strange = ~np.isfinite(times)
    if strange.any():
        row = int(strange.argmax())
        missing = "no time" if np.isnan(times[row]) else "an infinite time"
        raise ValueError(
            f"Column {time!r} has {missing} in {int(strange.sum())} rows, first for the id "
            f"{_shown(frame[id], row)}. An event without a time cannot be part of a history. Drop "
            "it, or make it a column of the table, for example a birth place."
        )


def _check_values(events: _TableEvents, ids: pd.Series) -> None:
    infinite = np.isinf(events.value)
    if infinite.any():
        first = int(infinite.argmax())
        raise ValueError(
            f"The variable {events.variables[events.code[first]]!r} is infinite in "
            f"{int(infinite.sum())} events, first for the id {_shown(ids, events.place[first])}. "
            "Replace infinity by a missing value or by a number."
        )


def _order(owner: NDArray[np.int64], times: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the positions of events sorted by history and time, without those of other ids."""
    later = np.diff(owner)
    if (
        len(owner)
        and owner[0] >= 0
        and ((later > 0) | ((later == 0) & (np.diff(times) >= 0))).all()
    ):
        return np.arange(len(owner))
    order = np.lexsort((times, owner))
    return order[np.searchsorted(owner[order], 0) :]
