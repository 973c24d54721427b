"""A single history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any, SupportsFloat

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl.histories._clock import as_dates, common_clock, read_parts

_FIELDS = ("time", "variable", "value")


class EventHistory:
    """The events of one patient, machine or session: a cell of `Histories`.

    Parameters
    ----------
    time : ndarray of float64, shape (n_events,)
        Times of the events, in increasing order.
    code : ndarray of int, shape (n_events,)
        Positions in `variables`.
    value : ndarray of float, shape (n_events,)
        Values of the events, NaN for an event without a value.
    variables : tuple of str
        Names of variables; some may not occur.
    end : float, default=None
        Time up to which the history is known; None or NaN if unspecified.
    clock : str, default=""
        See `HistoriesDtype`.

    Examples
    --------
    >>> from skmtl.histories import Histories
    >>> Histories.from_list([[5.0, 7.0]], rate=2)[0].to_frame()
       time variable  value
    0   0.0        0    5.0
    1   0.5        0    7.0
    """

    def __init__(
        self,
        time: NDArray[np.float64],
        code: NDArray[np.integer],
        value: NDArray[np.floating],
        variables: tuple[str, ...],
        end: float | None = None,
        clock: str = "",
    ) -> None:
        self.time, self.code, self.value = time, code, value
        self.variables, self.clock = variables, clock
        self.end = np.nan if end is None else float(end)

    @property
    def n_events(self) -> int:
        """Number of events."""
        return len(self.time)

    @property
    def variable(self) -> NDArray[np.object_]:
        """Name of the variable of each event."""
        return np.array([*self.variables, ""], dtype=object)[self.code]

    def to_frame(self) -> pd.DataFrame:
        """Return the events as a table with the columns time, variable and value."""
        return pd.DataFrame({"time": self.time, "variable": self.variable, "value": self.value})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EventHistory):
            return NotImplemented
        return self._content == other._content

    def __hash__(self) -> int:
        return int.from_bytes(self._digest, "big", signed=True) >> 4

    def __repr__(self) -> str:
        if not self.n_events:
            return "no events"
        names = {self.variables[code] for code in np.unique(self.code)}
        events = "1 event" if self.n_events == 1 else f"{self.n_events} events"
        first, last = self.time[[0, -1]]
        if self.clock:
            first, last = as_dates(self.time[[0, -1]], self.clock).strftime("%Y-%m-%d %H:%M")
            return f"{events} of {len(names)}, {first} to {last}"
        return f"{events} of {len(names)}, {first:g} to {last:g}"

    @cached_property
    def _content(self) -> tuple[Any, ...]:
        numbers = np.stack([self.time, self.value.astype(np.float64)]) + 0.0  # no -0.0
        return (numbers.tobytes(), tuple(self.variable), repr(self.end), self.clock)

    @cached_property
    def _digest(self) -> bytes:
        return blake2b(repr(self._content).encode(), digest_size=8).digest()


def plain_history(cell: Mapping | Sequence | NDArray) -> EventHistory:
    """Convert the plain data structures of other libraries to a history.

    Parameters
    ----------
    cell : mapping or sequence of mappings
        Either a mapping with lists of times, variables and values, as in Parquet, or a mapping
        with a time, a variable and a value for each event. Times that are dates are counted in
        hours.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If a time or a variable is missing, a number is infinite, or the lists are not equally
        long.
    """
    if isinstance(cell, Mapping):
        table: Mapping = cell
    else:
        events = list(cell)
        if not all(isinstance(event, Mapping) and "time" in event for event in events):
            raise TypeError(f"A column of histories cannot hold {cell!r}.")
        named = {name for event in events for name in event} or set(_FIELDS)
        table = {name: [event.get(name) for event in events] for name in _FIELDS if name in named}
    lacking = [name for name in _FIELDS if table.get(name) is None]
    if lacking:
        raise TypeError(
            f"A history needs times, variables and values, but {cell!r} has no {lacking[0]}."
        )
    lists = [list(table[name]) for name in _FIELDS]
    if len(set(map(len, lists))) > 1:
        raise ValueError("A history has not as many times as variables and values.")
    (time, end), clock = read_parts(pd.Series(lists[0]), pd.Series([table.get("end")]))
    names, value = lists[1], _numbers(lists[2])
    check_events(time, names, value)
    order = np.argsort(time, kind="stable")
    code, variables = pd.factorize(np.array([*map(str, names), None], dtype=object)[:-1])
    clock = common_clock([clock, table.get("clock") or ""])
    return EventHistory(time[order], code[order], value[order], tuple(variables), end[0], clock)


def check_events(
    time: NDArray[np.float64], variable: Sequence[Any], value: NDArray[np.float64]
) -> None:
    """Check that events have times and variables, and no infinite numbers.

    Parameters
    ----------
    time, value : ndarray of shape (n_events,)
    variable : sequence of length n_events

    Raises
    ------
    ValueError
        If one has not; the message says which.
    """
    faults = {
        "without a time or with an infinite one": ~np.isfinite(time),
        "without a variable": pd.isna(pd.Series(variable, dtype=object)).to_numpy(),
        "with an infinite value": np.isinf(value),
    }
    for fault, where in faults.items():
        if where.any():
            one = int(np.argmax(where))
            raise ValueError(
                f"A history has an event {fault}: time {time[one]:g}, variable "
                f"{variable[one]!r}, value {value[one]:g}."
            )


def _numbers(values: list[Any]) -> NDArray[np.float64]:
    values = [None if one is pd.NA else one for one in values]
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.empty((0, 0))
    if numbers.ndim == 1:
        return numbers
    given = [one for one in values if one is not None]
    strange = [one for one in given if np.ndim(one) or not isinstance(one, SupportsFloat)]
    raise ValueError(
        f"A history has the value {(strange or given)[0]!r}, which is not a number. Write a text "
        "as part of the name of the variable, without a value, as from_events does."
    )
