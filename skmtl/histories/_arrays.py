"""Histories from arrays and lists of series."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl._foreign_frames import as_pandas
from skmtl.histories._parts import MISSING, ROW, Parts, ranges
from skmtl.histories._store import EventStore


def array_parts(
    array: Any, rate: float | None, times: Any, variables: Sequence[str] | None
) -> Parts:
    """Return the histories of `Histories.from_array`."""
    values = _floats(array)
    if values.ndim == 2:
        values = values[:, None, :]
    if values.ndim != 3:
        raise ValueError(
            f"array must have the shape (n, n_variables, length), got {np.shape(array)}."
        )
    n, n_variables, length = values.shape
    clock = _clock(length, rate, times)
    order = np.argsort(clock, kind="stable")
    seen = ~np.isnan(values).transpose(0, 2, 1)[:, order]
    row, place, variable = np.nonzero(seen)
    store = EventStore(
        clock[order][place],
        variable,
        values.transpose(0, 2, 1)[:, order][seen],
        _names(variables, n_variables),
    )
    end = clock.max() if length else np.nan
    return Parts(store, ranges(np.bincount(row, minlength=n), end), "")


def list_parts(
    series: Any, rate: float | None, times: Any, variables: Sequence[str] | None
) -> Parts:
    """Return the histories of `Histories.from_list`."""
    cells = [_matrix(one, i) for i, one in enumerate(as_pandas(series, "series"))]
    clocks = [None] * len(cells) if times is None else list(times)
    if len(clocks) != len(cells):
        raise ValueError(f"There are times for {len(clocks)} of {len(cells)} series.")
    there = [i for i, cell in enumerate(cells) if cell is not None]
    numbers = {len(cells[i]) for i in there}  # type: ignore[arg-type]
    if len(numbers) > 1:
        raise ValueError(
            f"All series must have the same variables, but their numbers of variables are "
            f"{sorted(numbers)}. Add rows of NaN for missing variables."
        )
    names = _names(variables, max(numbers, default=len(variables or ())))
    parts = [array_parts(cells[i][None], rate, clocks[i], names) for i in there]  # type: ignore
    rows = np.full(len(cells), MISSING, dtype=ROW)
    rows[there] = ranges(
        np.array([len(part.store) for part in parts], dtype=np.int64),
        [part.rows["end"][0] for part in parts],
    )
    return Parts(EventStore.joined([part.store for part in parts]), rows, "")


def _matrix(one: Any, position: int) -> NDArray[np.floating] | None:
    if one is None or one is pd.NA or (isinstance(one, float) and np.isnan(one)):
        return None
    if hasattr(one, "columns"):
        raise ValueError(
            f"Series {position} is a table, whose rows may be times or variables. Pass arrays of "
            "the shape (n_variables, length), or use from_frame for one long table."
        )
    nested = isinstance(one, np.ndarray) and one.dtype == object
    try:
        values = _floats(np.array([*one], dtype=np.float64) if nested else one)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Series {position} cannot be read as numbers (n_variables, length): {error}"
        ) from error
    if values.ndim == 1:
        values = values[None]
    if values.ndim != 2:
        raise ValueError(
            f"Series {position} must have the shape (n_variables, length), got {values.shape}."
        )
    return values


def _floats(array: Any) -> NDArray[np.floating]:
    if isinstance(array, pd.DataFrame | pd.Series):
        array = array.to_numpy(dtype=np.float64, na_value=np.nan)
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array.astype(np.float64), np.nan)
    values = np.asarray(array)
    if values.dtype == object:
        values = np.where(pd.isna(values), np.nan, values)
    if values.dtype.kind == "c":
        raise ValueError("The series are complex numbers: pass two variables.")
    if values.dtype != np.float32:
        values = values.astype(np.float64)
    if np.isinf(values).any():
        where = np.argwhere(np.isinf(values))[0].tolist()
        raise ValueError(
            f"The series are infinite at {where}. Replace infinity by NaN or by a number."
        )
    return values


def _clock(length: int, rate: float | None, times: Any) -> NDArray[np.float64]:
    if times is None:
        if rate is not None and not (isinstance(rate, Real) and 0 < rate < np.inf):
            raise ValueError(f"rate must be positive and finite, got {rate!r}.")
        return np.arange(length) / (1.0 if rate is None else rate)
    if rate is not None:
        raise ValueError("Pass either rate or times, not both.")
    clock = np.asarray(times)
    is_numbers = clock.dtype.kind in "iuf" and np.isfinite(clock).all()
    if clock.shape != (length,) or not is_numbers:
        raise ValueError(
            f"times must be {length} finite numbers, one for each value of a series, got "
            f"{times!r}. For dates and times, use from_events or from_frame."
        )
    return clock.astype(np.float64)


def _names(variables: Sequence[str] | None, n: int) -> tuple[str, ...]:
    names = tuple(map(str, range(n) if variables is None else variables))
    if len(names) != n or len(set(names)) < n:
        raise ValueError(f"variables must be {n} different names, got {variables!r}.")
    return names
