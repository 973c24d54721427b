"""Events, causes and terms of survival estimators."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from skmtl.tasks import (
    EventTimes,
    EventTimesDtype,
    event_times,
    label_frame,
    mapping_frame,
    paired_columns,
)

# The name of a single event that y does not name.
EVENT = "event"


@dataclass(frozen=True)
class Term:
    """A period with a separate head: an event between two horizons."""

    event: Hashable
    start: float
    end: float

    @property
    def name(self) -> str:
        return f"{self.event} ({self.start:g}, {self.end:g}]"

    def cuts(self, cuts: Sequence[float]) -> list[float]:
        """Return the cuts within the term; the end of the term is always a cut."""
        return [*(cut for cut in cuts if self.start < cut < self.end), self.end]

    def labels(self, labels: EventTimes) -> EventTimes:
        """Return the labels of rows that are observed in the term; the others are missing.

        Rows enter at the start of the term and are censored at its end.
        """
        watched = labels.time > self.start
        return EventTimes(
            np.where(labels.time <= self.end, labels.event, 0),
            np.where(watched, np.minimum(labels.time, self.end), np.nan),
            np.maximum(labels.entry, self.start),
            labels.dtype.causes,
        )


def terms_of(event: Hashable, horizons: Sequence[float] | None) -> list[Term]:
    """Return the terms of an event; empty if it has a single head."""
    if horizons is None:
        return []
    return [Term(event, start, end) for start, end in pairwise([0.0, *map(float, horizons)])]


def read_events(
    y: Any,
    events: Mapping[Hashable, Sequence[Hashable]] | None,
    *,
    causes: bool = False,
    known: Mapping[Hashable, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return labels with one column of event times per event.

    Parameters
    ----------
    y : structured array, DataFrame or mapping
        One event as in `skmtl.tasks.event_times`, or a frame or mapping with several events, whose
        columns are named by `events`. By default, pairs of columns ``<name>_event`` and
        ``<name>_time`` are events, with an entry time if there is a column ``<name>_entry``. A
        frame of `skmtl.tasks.EventTimes` is returned unchanged and `events` is ignored.
    events : mapping of event to (event column, time column) or (event, time, entry), or None
    causes : bool, default=False
        Whether y is known to have competing causes.
    known : mapping of event to names of its causes, default=None
        Those that a model was fitted on.

    Raises
    ------
    ValueError
        If y has no events, or lacks those in `events`.
    """
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    if isinstance(y, pd.DataFrame) and all(isinstance(d, EventTimesDtype) for d in y.dtypes):
        return y
    if isinstance(y, Mapping):
        y = mapping_frame(y)
    index = y.index if isinstance(y, pd.DataFrame | pd.Series) else None
    if events is None:
        events = _found_pairs(y)
    if events is None:
        labels = event_times(y, EVENT, causes=causes, known=(known or {}).get(EVENT, ()))
        return pd.DataFrame({EVENT: pd.Series(labels, index=index)})
    frame = label_frame(y)
    columns = {
        name: pd.Series(
            paired_columns(frame, name, *chosen, causes=causes, known=(known or {}).get(name, ())),
            index=frame.index,
        )
        for name, chosen in events.items()
    }
    return pd.DataFrame(columns)


def _found_pairs(y: Any) -> Mapping[Hashable, Sequence[Hashable]] | None:
    names = list(y.columns) if hasattr(y, "columns") else []
    starts = [
        name.removesuffix("_event")
        for name in names
        if isinstance(name, str) and name.endswith("_event")
    ]
    pairs: dict[Hashable, Sequence[Hashable]] = {
        start: (f"{start}_event", f"{start}_time", *_present(f"{start}_entry", names))
        for start in starts
    }
    return pairs if pairs and EVENT not in names else None


def _present(name: str, names: Sequence[Hashable]) -> list[str]:
    return [name] if name in names else []


def check_events(events: Any) -> None:
    """Raise an error if `events` is not a mapping to pairs of columns."""
    if events is None:
        return
    if not isinstance(events, Mapping) or not events:
        raise ValueError(
            f"events must map each event to its columns of y, such as {{'death': ('died', "
            f"'days')}}, got {events!r}."
        )
    for name, columns in events.items():
        if not isinstance(columns, list | tuple) or len(columns) not in (2, 3):
            raise ValueError(
                f"events must name two columns of y for the event {name!r}, (event, time), or "
                f"three with the entry, got {columns!r}."
            )


def check_horizons(horizons: Any, cuts: int | str | tuple[float, ...]) -> None:
    """Refuse horizons that are not increasing positive times, and cuts beyond the last one."""
    if horizons is None:
        return
    try:
        ends = np.asarray(horizons, dtype=np.float64)
    except (TypeError, ValueError):
        ends = np.empty((0, 0))
    wrong = ends.ndim != 1 or len(ends) < 2 or not np.isfinite(ends).all()
    if wrong or (np.diff(ends, prepend=0.0) <= 0).any():
        raise ValueError(
            f"horizons must be two or more increasing positive times, such as (7, 30), got "
            f"{horizons!r}."
        )
    if isinstance(cuts, tuple) and cuts[-1] > ends[-1]:
        raise ValueError(
            f"cuts reach {cuts[-1]:g}, but everything after the last horizon, "
            f"{ends[-1]:g}, is ignored. Pass cuts up to there, or a later horizon."
        )


def check_followed(labels: EventTimes, horizons: Sequence[float] | None, event: Hashable) -> None:
    """Refuse horizons beyond the follow-up of all rows."""
    times = labels.time[~labels.isna()]
    if horizons is not None and len(times) and horizons[-1] > times.max():
        raise ValueError(
            f"Task {event!r} has a horizon at {horizons[-1]:g}, but nobody was followed beyond "
            f"{times.max():g}. Pass horizons within the follow-up."
        )
