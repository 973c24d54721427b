"""Scaled events of histories, the input of networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self
from warnings import warn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl._storable import storable
from skmtl.histories._array import Histories
from skmtl.histories._columns import as_histories, as_learnt
from skmtl.histories._grid import usual_step
from skmtl.histories._parts import Parts, ranges
from skmtl.histories._similar_names import similar_names
from skmtl.histories._store import EventStore
from skmtl.tables import RobustScaler

_LONG = 0.95  # share of the histories that are at most as long as `EventReader.span_`


@dataclass(frozen=True)
class EventRows:
    """Events of some rows, each of which is a range of flat arrays; ranges may overlap.

    Attributes
    ----------
    time : float64 ndarray of shape (n_events,)
        Sorted within a range.
    variable : int64 ndarray of shape (n_events,)
    value : float32 ndarray of shape (n_events,)
        Scaled by variable; NaN for an event without a value.
    start, stop : int64 ndarray of shape (n_rows,)
        Range of each row.
    end : float64 ndarray of shape (n_rows,)
        Time up to which each history is known; arbitrary if there are no events.
    missing : bool ndarray of shape (n_rows,)
        Whether the history is unknown, as opposed to known to have no events.
    """

    time: NDArray[np.float64]
    variable: NDArray[np.int64]
    value: NDArray[np.float32]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    end: NDArray[np.float64]
    missing: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> EventRows:
        """Return some of the rows, sharing the events of all rows."""
        return replace(
            self,
            start=self.start[rows],
            stop=self.stop[rows],
            end=self.end[rows],
            missing=self.missing[rows],
        )


@storable
class EventReader:
    """Converts a column of histories to events with scaled values.

    Values are scaled by variable in the same way as the numbers of a table: by their quartiles,
    with smooth clipping to (-3, 3). An event counts once for each row that contains it.

    Parameters
    ----------
    by_text : bool, default=False
        Whether a variable that was not seen in `fit` is read as the one whose name is most
        similar: the cosine of their sets of three letters in a row is at least 0.6.

    Attributes
    ----------
    variables_ : list of str
        Variables in the training rows, the most frequent one first. Other variables are ignored
        later, or read by their text, with a warning.
    scaler_ : RobustScaler
    span_ : float
        Length of a long history, from its first event to its end: 95 % of the histories are at
        most as long. At least `step_`.
    step_ : float
        Usual time between an event and the next later one.
    clock_ : str
        See `HistoriesDtype`.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.histories import EventReader, Histories
    >>> column = pd.Series(Histories.from_list([[1.0, 2.0, 4.0], [5.0, 3.0]]))
    >>> reader = EventReader().fit(column)
    >>> reader.variables_, reader.step_
    (['0'], 1.0)
    >>> reader.transform(column).stop
    array([3, 5])
    """

    by_text = False  # in files of older versions

    def __init__(self, by_text: bool = False) -> None:
        self.by_text = by_text

    def fit(
        self,
        column: pd.Series,
        rows: NDArray[np.int64] | None = None,
        sample_weight: NDArray[np.float64] | None = None,
    ) -> Self:
        """Learn the variables, their scales, and the usual lengths of time.

        Parameters
        ----------
        column : Series of shape (n_samples,)
        rows : ndarray of int, default=None
            Positions of the training rows; None for all.
        sample_weight : ndarray of shape (n_samples,), default=None

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the column does not hold histories, or if none of them has events.
        """
        histories = as_histories(column)
        weight = np.ones(len(histories)) if sample_weight is None else sample_weight
        chosen = np.arange(len(histories)) if rows is None else np.asarray(rows)
        chosen = chosen[weight[chosen] > 0]
        parts = histories[chosen].parts.compact()
        store, event_weight = parts.store, _weights_of_events(parts, weight[chosen])
        counts = np.bincount(store.code, event_weight, minlength=len(store.variables))
        often = sorted(zip(-counts, store.variables, strict=True))
        self.clock_ = histories.dtype.clock
        self.variables_ = [name for n, name in often if n]
        if not self.variables_:
            raise ValueError(
                f"Column {column.name!r} has no events in the training rows. Remove the column."
            )
        filled = histories[chosen[histories.n_events[chosen] > 0]]
        first = filled.parts.store.time[filled.parts.rows["start"]]
        self.step_ = usual_step(filled)
        self.span_ = max(float(np.quantile(filled.end - first, _LONG)), self.step_)
        self.scaler_ = RobustScaler(len(self.variables_))
        for variable, events in _by_variable(self._codes(store, {})):
            values = store.value[events].astype(np.float64)[None]
            weights = None if np.ptp(event_weight) == 0 else event_weight[events]
            self.scaler_.learn(slice(variable, variable + 1), values, weights)
        return self

    def transform(self, column: pd.Series) -> EventRows:
        """Return the scaled events of the histories.

        Parameters
        ----------
        column : Series of shape (n_samples,)

        Returns
        -------
        EventRows of length n_samples

        Warns
        -----
        UserWarning
            About variables that were not seen in `fit`: which are ignored, and which are read as
            others.

        Raises
        ------
        ValueError
            If a cell is not a history, a value is infinite, the times are of another clock, or an
            event is later than the end of its history.
        """
        histories = as_histories(column)
        renamed = self._renamed(histories)
        if renamed:
            pairs = ", ".join(f"{one!r} as {other!r}" for one, other in [*renamed.items()][:10])
            warn(
                f"Column {column.name!r} has variables that were not seen in fit and are read as "
                f"those with the most similar names: {pairs}. Their units must be the same.",
                stacklevel=3,
            )
        known = [*self.variables_, *renamed]
        histories = as_learnt(column.name, histories, self.clock_, known)
        store, rows, _ = histories.parts.compact()
        code, missing = self._codes(store, renamed), rows["start"] < 0
        start, stop = (np.where(missing, 0, rows[name]) for name in ("start", "stop"))
        values = self._scaled(code, store.value, column.name)
        # Columns of files are read-only arrays, of which torch would warn.
        time = np.require(store.time, requirements="W")
        events = EventRows(time, code, values, start, stop, histories.end, missing)
        _check_order(events, column.name)
        return events

    def example(self, n_rows: int) -> Histories:
        """Return histories with one event of each variable."""
        k = len(self.variables_)
        store = EventStore(
            np.tile(np.arange(k, dtype=np.float64), n_rows),
            np.tile(np.arange(k), n_rows),
            np.ones(k * n_rows),
            self.variables_,
        )
        rows = ranges(np.full(n_rows, k, dtype=np.int64))
        return Histories._from_parts(Parts(store, rows, self.clock_))

    def _renamed(self, histories: Histories) -> dict[str, str]:
        """Return the variables that are read as others, if names are read by their text."""
        if not self.by_text:
            return {}
        return similar_names(set(histories.variables) - set(self.variables_), self.variables_)

    def _codes(self, store: EventStore, renamed: Mapping[str, str]) -> NDArray[np.int64]:
        """Return the index in `variables_` of each event's variable, -1 for other variables."""
        places = {name: i for i, name in enumerate(self.variables_)}
        places |= {name: places[known] for name, known in renamed.items()}
        return np.array([places.get(name, -1) for name in store.variables] or [-1])[store.code]

    def _scaled(
        self, code: NDArray[np.int64], value: NDArray[np.floating], name: object
    ) -> NDArray[np.float32]:
        if np.isinf(value).any():
            variable = self.variables_[code[np.isinf(value).argmax()]]
            raise ValueError(
                f"Column {name!r} has infinite values of the variable {variable!r}. Replace "
                "infinity by a number, or by NaN if the value is missing."
            )
        scaled = np.empty(len(value), dtype=np.float32)
        for variable, events in _by_variable(code):
            values = value[events].astype(np.float64)[None]
            scaled[events] = self.scaler_.apply(slice(variable, variable + 1), values)[0]
        return scaled


def _check_order(events: EventRows, name: object) -> None:
    filled = events.stop > events.start
    last = events.time[events.stop[filled] - 1]
    follows = np.ones(len(events.time), dtype=bool)
    follows[events.start[filled]] = False
    ordered = (np.diff(events.time) >= 0) | ~follows[1:]
    # Written so that NaN, for which comparisons are False, raises as well.
    ends = events.end[filled]
    if not ((last <= ends).all() and np.isfinite(ends).all() and ordered.all()):
        raise ValueError(
            f"Column {name!r} has events that are later than the end of their history, or not in "
            "order of time, or a history without a finite end. Create it with "
            "skmtl.histories.Histories.from_events, and cut it with its method until(end)."
        )


def _weights_of_events(parts: Parts, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for each event of the store, the total weight of the rows that contain it."""
    there = parts.rows["start"] >= 0
    rows, weight, n = parts.rows[there], weight[there], len(parts.store) + 1
    begin, end = (np.bincount(rows[name], weight, n) for name in ("start", "stop"))
    return np.cumsum(begin - end)[:-1]


def _by_variable(code: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each variable that occurs, with the positions of its events."""
    order = np.argsort(code, kind="stable")
    cuts = np.flatnonzero(np.diff(code[order])) + 1
    for events in np.split(order, cuts):
        if len(events):
            yield int(code[events[0]]), events
