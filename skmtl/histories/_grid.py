"""Histories on a regular grid, for transformers of regular series."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmtl.histories._array import Histories
from skmtl.histories._clock import positive_length
from skmtl.histories._store import positions

# Cells in a batch of series, which take 8 MB.
_CELLS = 2**20
# Cells of one series: 80 MB, of which convolutions need about five copies.
_MOST_CELLS = 10**7


class SeriesBatch(NamedTuple):
    """Series of the same number of steps.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        Positions of the histories.
    values : ndarray of float64, shape (n, n_variables, length)
        Means of the values in each step, with linear interpolation between steps and constant
        extrapolation at both ends. NaN for a variable without any values.
    """

    rows: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """A regular grid of times, and the variables to use.

    Attributes
    ----------
    step : float
    variables : list of str
    """

    step: float
    variables: list[str]

    @classmethod
    def of(cls, histories: Histories, step: float | None) -> Grid:
        """Choose the variables with values and, by default, the usual time between two events.

        Raises
        ------
        ValueError
            If there are no values.
        """
        store = histories.parts.compact().store
        seen = ~np.isnan(store.value)
        present = np.bincount(store.code[seen], minlength=len(store.variables))
        variables = sorted(n for n, k in zip(store.variables, present, strict=True) if k)
        if not variables:
            raise ValueError("The histories have no values to convert to series.")
        length = usual_step(histories) if step is None else positive_length(step, "every")
        if length == np.inf:
            raise ValueError("every must be finite.")
        return cls(length, variables)

    def lengths(self, histories: Histories) -> NDArray[np.int64]:
        """Return the number of steps from the first event to the end; 0 without events.

        Raises
        ------
        ValueError
            If a history is so long that its series would fill the memory.
        """
        rows, store = histories.parts.rows, histories.parts.store
        filled = np.flatnonzero(histories.n_events)
        first = store.time[rows["start"][filled]]
        lengths = np.zeros(len(rows), dtype=np.int64)
        end = histories.end[filled]
        steps = self._step(np.maximum(end - first, 0.0)) + 1
        # Written so that NaN, which compares as False, is refused.
        if not (steps * len(self.variables) <= _MOST_CELLS).all():
            worst = int(np.argmax(steps))
            raise ValueError(
                f"A history from {first[worst]:g} to {end[worst]:g} has {steps[worst]:.3g} steps "
                f"of {self.step:g}, too many for the memory. If a time is wrong, correct it; else "
                "cut histories, with Histories.until(end, window=...), or choose longer steps "
                "(every)."
            )
        lengths[filled] = steps.astype(np.int64)
        return lengths

    def batches(self, histories: Histories) -> Iterator[SeriesBatch]:
        """Yield the series of all histories with events, in batches of equal length."""
        lengths = self.lengths(histories)
        for length in np.unique(lengths[lengths > 0]).tolist():
            rows = np.flatnonzero(lengths == length)
            size = max(_CELLS // (length * len(self.variables)), 1)
            for start in range(0, len(rows), size):
                some = rows[start : start + size]
                yield SeriesBatch(some, self._values(histories[some], length))

    def table(
        self, histories: Histories, features: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """Compute features of every variable, (n, n_variables * n_features); NaN without events.

        Parameters
        ----------
        histories : Histories
        features : callable
            Maps series (n, n_variables, length) of any length to (n, n_variables, n_features).
        """
        n_features = features(np.zeros((1, len(self.variables), 1))).shape[-1]
        table = np.full((len(histories), len(self.variables), n_features), np.nan)
        for batch in self.batches(histories):
            table[batch.rows] = features(batch.values)
        return table.reshape(len(histories), len(self.variables) * n_features)

    def _step(self, time: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the nearest step, the later one of two, so that steps are equally long."""
        return np.floor(time / self.step + 0.5)

    def _values(self, histories: Histories, length: int) -> NDArray[np.float64]:
        rows, store = histories.parts.rows, histories.parts.store
        n_events, n, k = histories.n_events, len(histories), len(self.variables)
        where = positions(rows["start"], n_events)
        row = np.repeat(np.arange(n), n_events)
        known = {name: i for i, name in enumerate(self.variables)}
        places = np.array([known.get(name, -1) for name in store.variables], dtype=np.int64)
        variable, value = places[store.code[where]], store.value[where].astype(np.float64)
        late = store.time[where] - store.time[rows["start"]][row]
        step = np.minimum(self._step(late).astype(np.int64), length - 1)
        used = (variable >= 0) & ~np.isnan(value)
        cell = ((row * k + variable) * length + step)[used]
        count = np.bincount(cell, minlength=n * k * length)
        total = np.bincount(cell, value[used], minlength=n * k * length)
        means = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
        return filled_up(means.reshape(n, k, length))


def usual_step(histories: Histories) -> float:
    """Return the median time between successive events at different times; 1 if there are none."""
    store, rows = histories.parts.store, histories.parts.rows
    n_events = histories.n_events
    times = store.time[positions(rows["start"], n_events)]
    row = np.repeat(np.arange(len(rows)), n_events)
    steps = np.diff(times)[np.diff(row) == 0]
    steps = steps[steps > 0]
    return float(np.median(steps)) if len(steps) else 1.0


def filled_up(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill gaps in series by linear interpolation, and both ends by the nearest value."""
    seen = ~np.isnan(values)
    if seen.all():
        return values
    length = values.shape[-1]
    place = np.arange(length)
    before = np.maximum.accumulate(np.where(seen, place, -1), axis=-1)
    after = np.minimum.accumulate(np.where(seen, place, length)[..., ::-1], axis=-1)[..., ::-1]
    lower = np.where(before < 0, after, before)
    upper = np.where(after == length, before, after)
    some = seen.any(axis=-1, keepdims=True)
    low = np.take_along_axis(values, np.where(some, lower, 0), axis=-1)
    high = np.take_along_axis(values, np.where(some, upper, 0), axis=-1)
    gap = np.maximum(upper - lower, 1)
    return np.where(lower == upper, low, low + (high - low) * (place - lower) / gap)


def grid_names(variables: Sequence[str], features: Sequence[str]) -> list[str]:
    """Return the names of features by variable."""
    return [f"{variable} {feature}" for variable in variables for feature in features]
