"""Read and check labels, risks, curves, times and weights."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmtl.tasks import EventTimes, event_times

_Array = NDArray[np.floating]


def read_labels(y: Any, cause: Hashable | None = None) -> tuple[EventTimes, NDArray[np.bool_]]:
    """Return observed labels, with several causes if `cause` is set, and a mask of their rows."""
    labels = event_times(y, task="y", causes=cause is not None)
    rows = ~labels.isna()
    if not rows.any():
        raise ValueError("y has no observed label, so there is nothing to measure.")
    return labels[rows], rows


def read_weight(sample_weight: ArrayLike | None, n_samples: int) -> _Array:
    """Check weights of shape (n_samples,); None means ones.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None
    n_samples : int

    Raises
    ------
    ValueError
        If there is not one finite, nonnegative weight for each row.
    """
    if sample_weight is None:
        return np.ones(n_samples)
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must have the shape ({n_samples},), one weight per row, got "
            f"{weight.shape}."
        )
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("sample_weight must be finite and not negative.")
    return weight


def read_by_row(values: ArrayLike, rows: NDArray[np.bool_], name: str = "risk") -> _Array:
    """Return one number for each row with an observed label."""
    read = np.asarray(values, dtype=np.float64)
    if read.shape != rows.shape:
        raise ValueError(
            f"{name} must have the shape {rows.shape}, one number per row of y, got {read.shape}."
        )
    return _refuse_nan(read, name)[rows]


def read_by_time(values: ArrayLike, rows: NDArray[np.bool_], times: _Array, name: str) -> _Array:
    """Return values of shape (n_samples, n_times) of the rows with a label."""
    read = np.asarray(values, dtype=np.float64)
    expected = (len(rows), len(times))
    if read.shape != expected:
        raise ValueError(
            f"{name} must have the shape {expected}, one row per row of y and a column per time, "
            f"got {read.shape}."
        )
    return _refuse_nan(read, name)[rows]


def read_curves(curves: ArrayLike, rows: NDArray[np.bool_], times: _Array, name: str) -> _Array:
    """Return probabilities of shape (n_samples, n_times) of the rows with a label."""
    return check_probabilities(read_by_time(curves, rows, times, name), name)


def check_probabilities(values: _Array, name: str) -> _Array:
    """Return the values; raise a ValueError if they are not in [0, 1]."""
    if values.size and (values.min() < -1e-9 or values.max() > 1 + 1e-9):
        raise ValueError(
            f"{name} must hold probabilities from 0 to 1, got values from {values.min():g} to "
            f"{values.max():g}."
        )
    return values


def read_times(times: ArrayLike, labels: EventTimes) -> _Array:
    """Check that times are increasing and that some rows are followed at each of them."""
    grid = increasing_times(times)
    last = labels.time.max()
    if grid[-1] >= last:
        raise ValueError(
            f"times reach {grid[-1]:g}, but the rows of y are followed up to {last:g} only: "
            "no rows are left after that. Pass times below that."
        )
    n_left = np.searchsorted(np.sort(labels.time), grid, side="right")
    n_entered = np.searchsorted(np.sort(labels.entry), grid, side="right")
    if (n_entered == n_left).any():
        raise ValueError(
            f"No row of y is observed at {grid[n_entered == n_left][0]:g}, one of the times; the "
            f"first one enters at {labels.entry.min():g}. Pass times at which some are."
        )
    return grid


def increasing_times(times: ArrayLike) -> _Array:
    """Check times of shape (n_times,); a number is a single time."""
    try:
        grid = np.atleast_1d(np.asarray(times, dtype=np.float64))
    except (TypeError, ValueError):
        grid = np.empty(0)
    if grid.ndim != 1 or not len(grid) or not np.isfinite(grid).all() or (grid < 0).any():
        raise ValueError(f"times must be finite numbers from 0 in one dimension, got {times!r}.")
    if (np.diff(grid) <= 0).any():
        raise ValueError(f"times must be strictly increasing, got {times!r}.")
    return grid


def check_n_bins(n_bins: Any) -> None:
    if not isinstance(n_bins, int | np.integer) or n_bins < 2:
        raise ValueError(f"n_bins must be a whole number of at least 2, got {n_bins!r}.")


def failed_of(labels: EventTimes, cause: Hashable | None) -> NDArray[np.bool_]:
    """Return a mask of the rows that failed, from one cause or from any."""
    if cause is None:
        return labels.event > 0
    return labels.event == cause_number(labels, cause)


def cause_number(labels: EventTimes, cause: Hashable) -> int:
    """Return the number of a cause, from its name, or its number if causes have no names."""
    number, names = labels.dtype.number(cause), list(labels.dtype.causes)
    if number is None:
        form = f"one of {names}" if names else "the number of a cause, from 1,"
        raise ValueError(f"cause must be {form} or None, got {cause!r}.")
    return number


def check_cause(cause: Hashable | None, causes: Collection[Hashable]) -> None:
    if cause is not None and cause not in causes:
        raise ValueError(f"There is no cause {cause!r}; there are {list(causes)}.")


def _refuse_nan(values: _Array, name: str) -> _Array:
    if np.isnan(values).any():
        raise ValueError(f"{name} has {int(np.isnan(values).sum())} missing values (NaN).")
    return values
