"""Labels of survival tasks: an event and a time in one column."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray, ExtensionDtype, take

_RECORD = np.dtype([("event", np.int64), ("time", np.float64), ("entry", np.float64)])
_MISSING = np.array((0, np.nan, 0.0), dtype=_RECORD)


class EventTime(NamedTuple):
    """One label: the event, its time, and the time from which the row was observed.

    Parameters
    ----------
    event : int
        0 if the row was censored, otherwise the number of the cause.
    time : float
        Time of the event or of the censoring.
    entry : float, default=0.0
        Time from which the row was observed.
    """

    event: int
    time: float
    entry: float = 0.0


class EventTimesDtype(ExtensionDtype):
    """The dtype of `EventTimes`, so that a frame of labels keeps one column per task.

    Parameters
    ----------
    causes : sequence of str, default=()
        Names of the events 1..K; empty if they only have numbers.
    """

    name = "event_times"
    type = EventTime
    kind = "O"
    na_value = pd.NA
    _metadata = ("causes",)

    def __init__(self, causes: Sequence[str] = ()) -> None:
        self.causes = tuple(causes)

    def __repr__(self) -> str:
        return f"EventTimesDtype({list(self.causes)!r})"

    def number(self, cause: Hashable) -> int | None:
        """Return the number of a cause, from its name if it has one; None if there is none."""
        if self.causes:
            return self.causes.index(cause) + 1 if cause in self.causes else None
        if isinstance(cause, int | np.integer) and not isinstance(cause, bool):
            return int(cause) if cause >= 1 else None
        return None

    @classmethod
    def construct_array_type(cls) -> Any:
        """Return the class of the array."""
        return EventTimes


class EventTimes(ExtensionArray):
    """Events with their times, as one column of a frame; some may be missing.

    Parameters
    ----------
    event : array-like of int of shape (n_samples,)
        0 if the row was censored, otherwise the number of the cause, from 1.
    time : array-like of float of shape (n_samples,)
        Time of the event or of the censoring; NaN if the label is missing.
    entry : array-like of float of shape (n_samples,), default=None
        Time from which the row was observed (left truncation); None means 0.
    causes : sequence of str, default=()
        Names of the events 1..K, under which incidences are returned.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.tasks import EventTimes
    >>> labels = pd.Series(EventTimes([1, 0, 0], [2.0, 5.0, float("nan")]))
    >>> labels.isna().tolist()
    [False, False, True]
    >>> labels.to_numpy()["time"].tolist()
    [2.0, 5.0, nan]
    """

    def __init__(
        self, event: Any, time: Any, entry: Any = None, causes: Sequence[str] = ()
    ) -> None:
        time = np.asarray(time, dtype=np.float64)
        records = np.empty(len(time), dtype=_RECORD)
        records["event"] = event
        records["time"] = time
        records["entry"] = 0.0 if entry is None else entry
        records[np.isnan(time)] = _MISSING
        self._records = records
        self._dtype = EventTimesDtype(causes)

    @classmethod
    def _from_records(cls, records: NDArray[np.void], dtype: EventTimesDtype) -> Self:
        array = cls.__new__(cls)
        array._records = records
        array._dtype = dtype
        return array

    @property
    def event(self) -> NDArray[np.int64]:
        """The cause of each event; 0 if the row is censored or its label is missing."""
        return self._records["event"]

    @property
    def time(self) -> NDArray[np.float64]:
        """Times; NaN if the label is missing."""
        return self._records["time"]

    @property
    def entry(self) -> NDArray[np.float64]:
        """Times from which rows were observed."""
        return self._records["entry"]

    @property
    def n_causes(self) -> int:
        """The number of causes that have a name, or else the highest event."""
        return len(self.dtype.causes) or int(self.event.max(initial=0))

    def only(self, cause: Hashable) -> Self:
        """Return the labels of one cause, with other causes as censoring.

        Parameters
        ----------
        cause : int or str
            Name of the cause that becomes event 1, or its number if causes have no names.

        Returns
        -------
        EventTimes of shape (n_samples,)
        """
        records = self._records.copy()
        records["event"] = self.event == self.dtype.number(cause)
        return self._from_records(records, EventTimesDtype())

    @classmethod
    def _from_sequence(cls, scalars: Any, *, dtype: Any = None, copy: bool = False) -> Self:
        records = [_MISSING.item() if scalar is pd.NA else tuple(scalar) for scalar in scalars]
        of = dtype if isinstance(dtype, EventTimesDtype) else EventTimesDtype()
        return cls._from_records(np.array(records, dtype=_RECORD), of)

    @classmethod
    def _from_factorized(cls, values: Any, original: Any) -> Self:
        return cls._from_sequence(values, dtype=original.dtype)

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[Self]) -> Self:
        records = np.concatenate([part._records for part in to_concat])
        return cls._from_records(records, to_concat[0].dtype)

    def __getitem__(self, item: Any) -> Any:
        item = pd.api.indexers.check_array_indexer(self, item)
        chosen = self._records[item]
        if isinstance(chosen, np.ndarray):
            return self._from_records(chosen, self.dtype)
        return pd.NA if np.isnan(chosen["time"]) else EventTime(*chosen.item())

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, EventTimes):
            value = value._records
        elif value is pd.NA or value is None:
            value = _MISSING
        else:
            value = np.array(tuple(value), dtype=_RECORD)
        self._records[key] = value

    def __len__(self) -> int:
        return len(self._records)

    def __eq__(self, other: Any) -> Any:
        if not isinstance(other, EventTimes):
            return NotImplemented
        return (self._records == other._records) & ~self.isna()

    @property
    def dtype(self) -> EventTimesDtype:
        """`EventTimesDtype`."""
        return self._dtype

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self._records.nbytes

    def isna(self) -> NDArray[np.bool_]:
        """Return whether each label is missing."""
        return np.isnan(self.time)

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None) -> Self:
        """Return the labels at these positions; -1 is missing if `allow_fill` is set."""
        places = np.arange(len(self))
        chosen = np.asarray(
            take(places, np.asarray(indices), allow_fill=allow_fill, fill_value=-1)
        )
        if not len(self):
            return self._from_records(np.full(len(chosen), _MISSING), self.dtype)
        records = np.where(chosen < 0, _MISSING, self._records[chosen])
        return self._from_records(records, self.dtype)

    def copy(self) -> Self:
        """Return a copy that shares no memory."""
        return self._from_records(self._records.copy(), self.dtype)

    def to_numpy(self, dtype: Any = None, copy: bool = False, na_value: Any = None) -> Any:
        """Return a structured array of event, time and entry, as in scikit-survival."""
        if dtype is not None and np.dtype(dtype) == object:
            return np.array([*self, None], dtype=object)[:-1]
        return self._records.copy() if copy else self._records

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.to_numpy(dtype, copy=bool(copy))

    def _formatter(self, boxed: bool = False) -> Any:
        names = ("censored", *self.dtype.causes)

        def shown(label: EventTime) -> str:
            event = names[label.event] if self.dtype.causes else label.event
            return f"{label.time:g}:{event}"

        return shown
