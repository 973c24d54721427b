"""Read event times from structured arrays, data frames and mappings."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Hashable, Mapping, Sequence, Sized
from typing import Any

import numpy as np
import pandas as pd

from skmtl.tasks._cause_names import numbered_words
from skmtl.tasks._event_times import EventTimes, EventTimesDtype
from skmtl.tasks._label_values import plain_values
from skmtl.tasks._labels import label_frame

_TIME_NAMES = ("time", "duration")
# With this many rows with causes 1 and 2, none of them censored, the column is probably a status
# with another meaning; with fewer rows it may be chance.
_MANY = 20
# More causes than any study tells apart: the column probably holds ids, counts or months.
_MOST_CAUSES = 12
_FORMS = (
    "Pass a structured array (event, time) as in scikit-survival, or a DataFrame or dict with "
    "the columns 'event' (0 censored, 1..K cause) and 'duration', and 'entry' if rows were only "
    "observed from then on"
)


def event_times(
    y: Any,
    task: Hashable = "survival",
    *,
    causes: bool = False,
    known: Sequence[str] = (),
) -> EventTimes:
    """Return one survival target, given in any form, as checked event times.

    Parameters
    ----------
    y : structured array, DataFrame, mapping, or Series of `EventTimes`
        A structured array has the event first and the time second, whatever their names, and
        optionally the entry third. Data frames and mappings have ``event``, ``duration`` (or
        ``time``) and optionally ``entry``. Events are 0 or False (censored) and 1..K for the
        causes; or text or categories: "censored", and the names of the causes.
    task : hashable, default="survival"
        Name for error messages.
    causes : bool, default=False
        Whether it is known that several causes compete.
    known : sequence of str, default=()
        Names of the causes that a model was fitted on.

    Returns
    -------
    EventTimes of shape (n_samples,)

    Raises
    ------
    ValueError
        If y has none of these forms, an event is not a non-negative integer, a time is negative or
        infinite, an event or a time is missing without the other, the columns seem to be swapped,
        or events are words and none of them is "censored".

    Warns
    -----
    UserWarning
        If there are at least 20 events and all of them are 1 or 2, as in a status in R, where 1
        means censored, or if there are more than 12 causes, unless `causes` is set.

    Examples
    --------
    >>> from skmtl.tasks import event_times
    >>> event_times({"event": [True, False], "duration": [3, 4]}).time.tolist()
    [3.0, 4.0]
    >>> event_times({"event": ["relapse", "censored", "death"], "duration": [3, 4, 5]})
    <EventTimes>
    [3:relapse, 4:censored, 5:death]
    Length: 3, dtype: event_times
    """
    values = y.array if isinstance(y, pd.Series) else y
    if isinstance(values, EventTimes):
        return values
    names = getattr(getattr(y, "dtype", None), "names", None)
    if names is not None and len(names) in (2, 3):
        frame = pd.DataFrame({name: y[name] for name in names})
        return paired_columns(frame, task, *names, causes=causes, known=known)
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    if isinstance(y, Mapping):
        y = mapping_frame(y)
    if hasattr(y, "columns"):
        return _from_named(label_frame(y), task, causes, known)
    raise ValueError(
        f"y of task {task!r} is not a survival target (got {type(y).__name__} of shape "
        f"{np.shape(y)}). {_FORMS}."
    )


def mapping_frame(y: Mapping[Hashable, Any]) -> pd.DataFrame:
    """Return the columns of a mapping, which must have the same length."""
    lengths = {name: len(column) for name, column in y.items() if isinstance(column, Sized)}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"The columns of y must have one entry per row, but have {lengths}.")
    return pd.DataFrame(dict(y))


def _from_named(
    frame: pd.DataFrame, task: Hashable, causes: bool, known: Sequence[str]
) -> EventTimes:
    if frame.shape[1] == 1 and isinstance(frame.dtypes.iloc[0], EventTimesDtype):
        return frame.iloc[:, 0].array
    time_columns = [name for name in _TIME_NAMES if name in frame.columns]
    if "event" not in frame.columns or len(time_columns) != 1:
        raise ValueError(f"y of task {task!r} has the columns {list(frame.columns)}. {_FORMS}.")
    entry = "entry" if "entry" in frame.columns else None
    columns = ("event", time_columns[0], entry)
    return paired_columns(frame, task, *columns, causes=causes, known=known)


def paired_columns(
    frame: pd.DataFrame,
    task: Hashable,
    event: Hashable,
    time: Hashable,
    entry: Hashable | None = None,
    *,
    causes: bool = False,
    known: Sequence[str] = (),
) -> EventTimes:
    """Return checked event times from the named columns of a frame.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_columns)
    task : hashable
        Name for error messages.
    event, time : hashable
        Columns of the frame.
    entry : hashable, default=None
        Column with the time from which the row was observed.
    causes : bool, default=False
        As in `event_times`.
    known : sequence of str, default=()
        Names of the causes that a model was fitted on.

    Returns
    -------
    EventTimes of shape (n_samples,)

    Raises
    ------
    ValueError
        As in `event_times`, and if a column is absent.

    Warns
    -----
    UserWarning
        As in `event_times`.
    """
    chosen = [event, time] if entry is None else [event, time, entry]
    absent = [name for name in chosen if name not in frame.columns]
    if absent:
        raise ValueError(
            f"Task {task!r} needs the columns {chosen} of y, but {absent} are not among "
            f"{list(frame.columns)}."
        )
    gone = frame[chosen].isna().to_numpy()
    half = np.flatnonzero(gone.any(axis=1) != gone.all(axis=1))
    if len(half):
        row = int(half[0])
        if not gone[row, :2].any():
            raise ValueError(
                f"Task {task!r} has no entry in row {row} (column {entry!r}). Use 0 if the row "
                "was observed from the start."
            )
        raise ValueError(
            f"Task {task!r} has an event without a time, or a time without an event, in row {row} "
            f"(columns {chosen}). Set both, or neither if the row was not followed."
        )
    seen = ~gone[:, 0]
    numbered, names = numbered_words(frame[event], task, known)
    others = [frame[name] for name in chosen[1:]]
    columns = [_filled(column, seen, task) for column in (numbered, *others)]
    _refuse_swapped(frame[time][seen], columns[0][seen], task, event)
    events = _checked_events(columns[0], seen, task, event)
    if not causes and not names:
        _warn_of_status(events[seen], task, event)
        _warn_of_many_causes(events[seen], task, event)
    return EventTimes(
        events,
        np.where(seen, _checked_times(columns[1], task, time), np.nan),
        None if entry is None else _checked_entries(columns[2], columns[1], seen, task, entry),
        names,
    )


def _filled(column: pd.Series, seen: np.ndarray, task: Hashable) -> np.ndarray:
    """Return observed values as float64, and 0 for the others."""
    values = np.zeros(len(column))
    observed = plain_values(column[seen])
    try:
        values[seen] = observed
    except (TypeError, ValueError):
        wrong = next(str(value) for value in observed if not isinstance(value, numbers.Real))
        raise ValueError(
            f"Task {task!r} has {wrong!r} in the column {column.name!r}; events are False and "
            "True, whole numbers, or words one of which is 'censored'; times are numbers."
        ) from None
    return values


def _refuse_swapped(times: pd.Series, events: np.ndarray, task: Hashable, event: Hashable) -> None:
    """Raise an error for times that look like events, because record arrays go by order."""
    observed = plain_values(times)
    is_truth = pd.api.types.infer_dtype(observed, skipna=True) == "boolean"
    if is_truth or (events.max(initial=0) > 1 and set(np.unique(observed)) == {0, 1}):
        raise ValueError(
            f"Task {task!r} takes the column {event!r} for the event and {times.name!r} for the "
            f"time, but {times.name!r} holds only {'False and True' if is_truth else '0 and 1'}: "
            "they seem to be swapped. The event comes first and the time second, as in "
            f"y[[{times.name!r}, {event!r}]]; in a frame or dict they may be called 'event' and "
            "'duration' instead."
        )


def _warn_of_status(events: np.ndarray, task: Hashable, column: Hashable) -> None:
    if len(events) >= _MANY and set(np.unique(events)) == {1, 2}:
        warnings.warn(
            f"Task {task!r} has the events 1 ({int((events == 1).sum())} rows) and 2 "
            f"({int((events == 2).sum())} rows) in the column {column!r}, and none of its "
            f"{len(events)} rows is censored, so they are treated as two competing causes. If "
            "it is a status as in R, 1 for censored and 2 for the event, pass the event as "
            f"{column} == 2. If they are two causes, use kind 'competing_risks', or pass "
            "skmtl.tasks.EventTimes(event, time).",
            UserWarning,
            stacklevel=2,
        )


def _warn_of_many_causes(events: np.ndarray, task: Hashable, column: Hashable) -> None:
    causes = np.unique(events[events > 0])
    if len(causes) > _MOST_CAUSES:
        warnings.warn(
            f"Task {task!r} has {len(causes)} events in the column {column!r}, such as "
            f"{causes[:3].tolist()}, which are taken for as many competing causes. Ids, counts "
            "and months are not events: use 0 where the row was censored and 1 where the event "
            "happened. If they are causes, say so with kind 'competing_risks', or pass "
            "skmtl.tasks.EventTimes(event, time).",
            UserWarning,
            stacklevel=2,
        )


def _checked_events(
    values: np.ndarray, seen: np.ndarray, task: Hashable, column: Hashable
) -> np.ndarray:
    if not np.isfinite(values).all() or (values < 0).any() or (values != np.round(values)).any():
        wrong = values[~np.isfinite(values) | (values < 0) | (values != np.round(values))][0]
        raise ValueError(
            f"Task {task!r} has the event {wrong:g} in the column {column!r}. Events are 0 or "
            "False if the row was censored, 1 or True if the event happened, and 1..K for "
            "competing causes."
        )
    return values.astype(np.int64)


def _checked_times(values: np.ndarray, task: Hashable, column: Hashable) -> np.ndarray:
    if np.isinf(values).any():
        raise ValueError(
            f"Task {task!r} has an infinite time in the column {column!r}. Use the time up to "
            "which the row was followed, with event 0."
        )
    if (values < 0).any():
        raise ValueError(
            f"Task {task!r} has negative times in the column {column!r} (smallest: "
            f"{values.min():g}). Times run from 0."
        )
    return values


def _checked_entries(
    values: np.ndarray, times: np.ndarray, seen: np.ndarray, task: Hashable, column: Hashable
) -> np.ndarray:
    values = _checked_times(values, task, column)
    # An entry of 0 means none, so it is also valid for time 0, as without a column of entries.
    late = seen & (values > 0) & (values >= times)
    if late.any():
        row = int(np.flatnonzero(late)[0])
        raise ValueError(
            f"Task {task!r} has an entry that is not before its time in row {row} (entry "
            f"{values[row]:g}, time {times[row]:g}). Drop rows that were never at risk."
        )
    return values
