"""Histories as a column of a frame."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.api.extensions import ExtensionDtype, register_extension_dtype

from skmtl._foreign_frames import as_pandas
from skmtl.histories._arrays import array_parts, list_parts
from skmtl.histories._arrow import from_arrow
from skmtl.histories._clock import as_numbers, positive_length
from skmtl.histories._extension import HistoryArray
from skmtl.histories._history import EventHistory
from skmtl.histories._parts import Parts, from_scalars
from skmtl.histories._tables import event_parts, frame_parts

_NAME = re.compile(r"histories(?:\[((?:s|min|h|D)(?:, UTC)?)\])?")


@register_extension_dtype
class HistoriesDtype(ExtensionDtype):
    """The dtype of `Histories`.

    Parameters
    ----------
    clock : str, default=""
        Unit of the times: "" for plain numbers, "h" for dates and times in hours since 1970, and
        "h, UTC" if these have a time zone; likewise "s", "min" and "D".
    """

    type = EventHistory
    kind = "O"
    na_value = pd.NA
    _metadata = ("clock",)

    def __init__(self, clock: str = "") -> None:
        self.clock = clock

    @property
    def name(self) -> str:  # type: ignore[override]
        """Name of the dtype in pandas."""
        return f"histories[{self.clock}]" if self.clock else "histories"

    def __repr__(self) -> str:
        return f"HistoriesDtype({self.clock!r})"

    @classmethod
    def construct_array_type(cls) -> Any:
        """Return the array type."""
        return Histories

    @classmethod
    def construct_from_string(cls, string: str) -> Self:
        """Return the dtype with a name.

        Raises
        ------
        TypeError
            If it is not the name of a `HistoriesDtype`.
        """
        if not isinstance(string, str):
            raise TypeError(
                f"'construct_from_string' expects a string, got {type(string)}"  # pandas' words
            )
        match = _NAME.fullmatch(string)
        if match is None:
            raise TypeError(f"Cannot construct a 'HistoriesDtype' from '{string}'")
        return cls(match[1] or "")

    def __from_arrow__(self, array: Any) -> Any:
        return Histories._from_parts(from_arrow(array, self.clock))


class Histories(HistoryArray):
    """Histories as a column of a frame: each cell holds the events of one row.

    An event is a time, a variable and a value. Events are stored in flat arrays, which slices,
    copies and landmarks share; a pickle of some rows contains only the events of these rows.

    Create histories with `from_events` (irregular events in a long table), `from_frame` (a long
    table with a column for each variable), `from_array` (series of equal length) or `from_list`
    (series of unequal length).

    Parameters
    ----------
    histories : iterable of EventHistory, or polars or pyarrow column, default=()
        Single histories, such as the cells of another column; None or NA if one is missing. A
        history may also be what Parquet and polars make of one: a mapping with lists of times,
        variables and values, and optionally an "end"; or a list with a mapping for each event.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.histories import Histories
    >>> events = pd.DataFrame({
    ...     "subject_id": [7, 7, 8], "time": [0.0, 2.5, 1.0],
    ...     "code": ["HR", "HR", "SBP"], "numeric_value": [80.0, 95.0, 120.0],
    ... })
    >>> patients = pd.DataFrame({"age": [61, 45, 70]}, index=[7, 8, 9])
    >>> patients["vitals"] = Histories.from_events(events, patients.index)
    >>> patients
       age                   vitals
    7   61  2 events of 1, 0 to 2.5
    8   45     1 event of 1, 1 to 1
    9   70                no events
    """

    def __init__(self, histories: Any = ()) -> None:
        self._parts = from_scalars(as_pandas(histories, "histories"), None)

    @classmethod
    def from_events(
        cls,
        events: Any,
        index: Any,
        *,
        id: str = "subject_id",
        time: str = "time",
        variable: str | None = "code",
        value: str | None = "numeric_value",
        end: Any = None,
        unit: str = "h",
    ) -> Self:
        """Create histories from a long table with a row for each event.

        The default names are those of the Medical Event Data Standard (MEDS).

        Parameters
        ----------
        events : table of shape (n_events, n_columns)
            In any order. Simultaneous events keep their order, and duplicates are kept.
        index : array-like of shape (n,)
            The ids, one for each row of the frame that gets the column. An id may occur several
            times; an id without events has an empty history. Events of other ids are dropped.
        id, time : str
            Columns of the id and of the time: numbers of any unit, or dates and times. Facts
            without a time, such as a birth place, belong in a column of the frame.
        variable : str, default="code"
            Column with the name of the variable that was measured, or of the event. None if all
            events are of one variable, which is then called like the column of values.
        value : str, default="numeric_value"
            Column of numbers, NaN for an event without a value, such as a diagnosis. A text in
            this column becomes an event of the variable "name=text", without a value. None if no
            event has a value.
        end : time or array-like of shape (n,), default=None
            Time up to which each history is known, such as the time of the prediction. Later
            events are dropped, and windows such as "the last 24 hours" end there. With None,
            histories end with their last event.
        unit : {"h", "s", "min", "D"}, default="h"
            Unit in which dates, times and durations are counted. Numbers are not converted. Times
            with a time zone are converted to UTC. Durations become numbers, so later times, such
            as of `until` and `landmarks`, are numbers.

        Returns
        -------
        Histories of shape (n,)

        Raises
        ------
        ValueError
            If a column is missing, the time or the variable of an event is missing, a value or a
            time is infinite, or no id has events.

        Warns
        -----
        UserWarning
            If some of the texts of `value` are numbers.
        """
        parts, unit_of_end = event_parts(events, index, id, time, variable, value, unit)
        return cls._from_parts(parts)._ended(end, index, unit_of_end)

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        index: Any,
        *,
        id: str,
        time: str,
        variables: Sequence[str] | None = None,
        end: Any = None,
        unit: str = "h",
    ) -> Self:
        """Create histories from a long table with a column for each variable.

        Parameters
        ----------
        frame : table of shape (n_times, n_columns)
            A row for each id and time. A missing cell is not an event.
        index : array-like of shape (n,)
            See `from_events`.
        id, time : str
            Columns of the id and of the time.
        variables : sequence of str, default=None
            The columns to use; None for all others. Numbers are values; a text becomes an event
            of the variable "name=text".
        end, unit
            See `from_events`.

        Returns
        -------
        Histories of shape (n,)

        Examples
        --------
        >>> import pandas as pd
        >>> from skmtl.histories import Histories
        >>> runs = pd.DataFrame({"engine": [1, 1, 2], "cycle": [1, 2, 1], "heat": [5.0, 6.0, 4.0]})
        >>> Histories.from_frame(runs, [1, 2], id="engine", time="cycle")
        <Histories>
        [2 events of 1, 1 to 2, 1 event of 1, 1 to 1]
        Length: 2, dtype: histories
        """
        parts, unit_of_end = frame_parts(frame, index, id, time, variables, unit)
        return cls._from_parts(parts)._ended(end, index, unit_of_end)

    @classmethod
    def from_array(
        cls,
        array: ArrayLike,
        *,
        rate: float | None = None,
        times: ArrayLike | None = None,
        variables: Sequence[str] | None = None,
    ) -> Self:
        """Create histories from series of equal length.

        Parameters
        ----------
        array : array-like of float of shape (n, n_variables, length)
            NaN where nothing was measured. The shape (n, length) is accepted for one variable.
        rate : float, default=1
            Number of values per unit of time: the first value is at time 0, the next at 1 / rate.
        times : array-like of shape (length,), default=None
            Times of the values, instead of `rate`.
        variables : sequence of str, default=None
            Names of the variables; None for "0", "1", ...

        Returns
        -------
        Histories of shape (n,)
            Known up to the last time, whether or not there is a value at that time.

        Examples
        --------
        >>> from skmtl.histories import Histories
        >>> Histories.from_array([[[1.0, 2.0, float("nan")]]], rate=2, variables=["flow"])
        <Histories>
        [2 events of 1, 0 to 0.5]
        Length: 1, dtype: histories
        """
        return cls._from_parts(array_parts(array, rate, times, variables))

    @classmethod
    def from_list(
        cls,
        series: Any,
        *,
        rate: float | None = None,
        times: Any = None,
        variables: Sequence[str] | None = None,
    ) -> Self:
        """Create histories from series of unequal length.

        Parameters
        ----------
        series : sequence of array-like of shape (n_variables, length), or polars column of lists
            Each series has its own length. None is a missing history; a series of shape
            (length,) has one variable.
        rate, variables
            See `from_array`.
        times : sequence of array-like of shape (length,), default=None
            The times of each series.

        Returns
        -------
        Histories of shape (n,)
        """
        return cls._from_parts(list_parts(series, rate, times, variables))

    @property
    def parts(self) -> Parts:
        """The flat arrays, for computations over all histories at once."""
        return self._parts

    @property
    def variables(self) -> list[str]:
        """Sorted names of the variables that occur."""
        store = self._parts.compact().store
        present = np.bincount(store.code, minlength=len(store.variables))
        return sorted(name for name, n in zip(store.variables, present, strict=True) if n)

    @property
    def end(self) -> NDArray[np.float64]:
        """Time up to which each history is known.

        By default it is the time of the last event; NaN for an empty history without a known end.
        """
        last = np.full(len(self), np.nan)
        filled = np.flatnonzero(self.n_events)
        last[filled] = self._parts.store.time[self._rows["stop"][filled] - 1]
        return np.where(np.isnan(self._rows["end"]), last, self._rows["end"])

    @property
    def first(self) -> float:
        """Time of the first event of all; NaN without any."""
        starts = self._rows["start"][self.n_events > 0]
        return float(self._parts.store.time[starts].min(initial=np.inf)) if len(starts) else np.nan

    def until(self, end: Any, *, window: float | None = None) -> Self:
        """Return what was known at some times, which are the events up to then.

        Parameters
        ----------
        end : time or array-like of shape (n,)
            Numbers, or dates and times if the histories have such times.
        window : float, default=None
            Length of the history to keep, in the unit of the clock: only events later than
            ``end - window``. None keeps all.

        Returns
        -------
        Histories of shape (n,)
            Views of the same events.

        Raises
        ------
        ValueError
            If a time is missing, infinite or of another clock, or `window` is not positive.
        """
        window = None if window is None else positive_length(window, "window")
        return self._cut(self._known(end), window)

    def _known(self, end: Any, unit: str | None = None) -> NDArray[np.float64]:
        """Return ends on the clock of the histories; `unit` is that of durations."""
        times = as_numbers(end, self.dtype.clock, len(self), self.first, unit)
        if not np.isfinite(times).all():
            raise ValueError(
                "end must be known for every history, but some are missing or infinite."
            )
        return times

    def _cut(self, times: NDArray[np.float64], window: float | None) -> Self:
        """As `until`, at numbers on the clock of the histories."""
        rows = self._rows.copy()
        there = np.flatnonzero(rows["start"] >= 0)
        store, starts, stops = self._parts.store, rows["start"][there], rows["stop"][there]
        rows["stop"][there] = store.up_to(starts, stops, times[there])
        if window is not None:
            rows["start"][there] = store.up_to(starts, rows["stop"][there], times[there] - window)
        rows["end"][there] = times[there]
        return self._from_parts(self._parts._replace(rows=rows))

    def _ended(self, end: Any, index: Any, unit: str | None) -> Self:
        if end is None:
            return self
        if isinstance(end, pd.Series):
            labels = index.index if isinstance(index, pd.Series) else pd.Index(index)
            is_numbered = end.index.equals(pd.RangeIndex(len(end)))
            shared = end.index.isin(labels)
            # Numbers of rows may be no labels, unless they are all of them.
            is_other = shared.all() if is_numbered else shared.any()
            if is_other and not end.index.equals(labels):
                raise ValueError(
                    "end has the labels of other rows than index, or in a different order. Pass "
                    "end.reindex(index), or end.to_numpy() if it is in the order of index."
                )
        return self._cut(self._known(end, unit), None)

    @property
    def dtype(self) -> HistoriesDtype:
        """The `HistoriesDtype` with the clock of the times."""
        return HistoriesDtype(self._parts.clock)
