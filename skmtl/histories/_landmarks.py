"""Landmarks: times of predictions, with a row for each that only uses its past."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from skmtl._foreign_frames import as_pandas
from skmtl.histories._array import Histories, HistoriesDtype
from skmtl.histories._clock import as_dates, as_numbers, positive_length
from skmtl.histories._columns import as_histories, holds_histories
from skmtl.histories._summary import LearntSummary, Period
from skmtl.tables import as_frame
from skmtl.tasks import EventTimes, EventTimesDtype, event_times, label_frame

LANDMARK = "landmark"


def landmarks(
    X: Any,
    Y: Any = None,
    *,
    at: Any,
    horizon: float | Sequence[float] | None = None,
    window: float | None = None,
    entry: bool = False,
    entity: str | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return rows of X at given times, with their past and the labels from then on.

    For example, one row of X with a history up to the end of a stay becomes a row for each hour at
    which a warning may be issued. The history of the new row ends at that time. There is no row
    for times after the known end of the history, after the event or its censoring, or before the
    row was observed.

    Parameters
    ----------
    X : table of shape (n_samples, n_columns)
        With one or more columns of `Histories`. All other columns are repeated unchanged, so they
        must be known from the beginning.
    Y : labels of n_samples rows, default=None
        Labels as for survival estimators (a structured array, a frame with "event" and "time", or
        with pairs "x_event" and "x_time"), or a table with columns of these types:

        - `skmtl.tasks.EventTimes` on the clock of the histories. The label is the time from the
          landmark or, with a `horizon`, whether the event happens within it (or the number of the
          event, 0 for none, if it may have several causes). The latter is missing if the row was
          censored before the end of the horizon.
        - `Histories` of labels that change over time, with a `horizon`. The label is the last
          value after the landmark and up to the horizon, with a target for each variable.
        - Anything else is the label of the row.
    at : sequence of times, or Series
        Landmarks, the same for all rows. Or a Series whose values are landmarks, and whose index
        holds labels of X's index, which may be repeated.
    horizon : float or sequence of float, default=None
        Time between the landmark and the end of what labels describe, in the unit of the
        histories. With several horizons there are several targets, named "target 10", "target 30".
    window : float, default=None
        Length of the history of a row; None for all of its past.
    entry : bool, default=False
        Without `horizon`: whether times are measured as in Y, with each row observed from its
        landmark on (left truncation), instead of from the landmark.
    entity : str, default=None
        Name of a column to add, with the label of the row in X. Use it as `group_column` of
        estimators, which hold out whole entities with ``validation="group"``.

    Returns
    -------
    X_landmarks : DataFrame of shape (n, n_columns + 1)
        With a column "landmark" if times are numbers. The index has the label of the row and the
        landmark. All splits should keep an entity together:
        ``groups=X_landmarks.index.get_level_values(0)``.
    Y_landmarks : DataFrame of shape (n, n_tasks), or None

    Warns
    -----
    UserWarning
        If only rows with the event have a label at some landmarks, because all others were
        censored before the horizon ends, as at the end of a study.

    Raises
    ------
    ValueError
        If X has no histories, if labels do not match, or if no rows are left.

    References
    ----------
    H. van Houwelingen, Dynamic prediction by landmarking in event history analysis, Scandinavian
    Journal of Statistics 34, 2007.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.histories import Histories, landmarks
    >>> from skmtl.tasks import EventTimes
    >>> X = pd.DataFrame({"pump": Histories.from_list([[1.0, 2.0, 3.0, 4.0], [5.0, 5.0]])})
    >>> Y = pd.DataFrame({"fails": EventTimes([1, 0], [4.0, 2.0])})
    >>> X_at, Y_at = landmarks(X, Y, at=[1, 3], horizon=2)
    >>> X_at
                                   pump  landmark
      landmark
    0 1.0       2 events of 1, 0 to 1       1.0
      3.0       4 events of 1, 0 to 3       3.0
    1 1.0       2 events of 1, 0 to 1       1.0
    >>> Y_at["fails"].tolist()
    [False, True, <NA>]
    """
    several: Any = horizon if types.is_list_like(horizon) else [horizon]
    horizons = None if horizon is None else [positive_length(one, "horizon") for one in several]
    window = None if window is None else positive_length(window, "window")
    if entity == LANDMARK:
        raise ValueError(f"entity={entity!r} is the name of the times: choose another one.")
    if entry and horizons is not None:
        raise ValueError(
            "entry keeps times to events, of which a horizon makes classes: pass one of the two."
        )
    frame = as_frame(X)
    columns = _columns_of_histories(frame)
    clock = next(iter(columns.values())).dtype.clock
    labels = None if Y is None else _label_columns(Y, frame.index)
    moments = _moments(at, frame.index, columns)
    for histories in columns.values():
        end = histories.parts.rows["end"][moments.row]
        moments = moments.only(~(end < moments.time))
    if labels is not None:
        moments = moments.only(_at_risk(labels, moments, clock))
    if not len(moments.row):
        raise ValueError(
            "No row is left: all landmarks are after the end of the histories, or the events."
        )
    rows = frame.iloc[moments.row].copy()
    for name, histories in columns.items():
        rows[name] = histories[moments.row]._cut(moments.time, window)
    added: dict[str, Any] = {} if clock else {LANDMARK: moments.time}
    if entity is not None:
        added[entity] = frame.index[moments.row]
    for name, values in added.items():
        if name in frame.columns:
            raise ValueError(f"X already has a column {name!r}. Rename it.")
        rows[name] = values
    times = as_dates(moments.time, clock) if clock else moments.time
    index = pd.MultiIndex.from_arrays(
        [frame.index[moments.row], times], names=[frame.index.name, LANDMARK]
    )
    rows.index = index
    if labels is None:
        return rows, None
    targets: dict[Hashable, Any] = {}
    for name in labels:
        targets |= _targets(name, labels[name], moments, horizons, entry, clock)
    return rows, pd.DataFrame({name: pd.Series(v, index=index) for name, v in targets.items()})


def _columns_of_histories(frame: pd.DataFrame) -> dict[Hashable, Histories]:
    """Return all columns of histories, after checking that they have the same clock."""
    columns = {name: as_histories(frame[name]) for name in frame if holds_histories(frame[name])}
    if not columns:
        raise ValueError(
            f"X has no column of histories; its columns are {frame.columns.tolist()}."
        )
    clocks = {histories.dtype.clock for histories in columns.values()}
    if len(clocks) > 1:
        raise ValueError(
            f"The columns {list(columns)} of X have different clocks: {sorted(clocks)}."
        )
    return columns


class _Moments(NamedTuple):
    """Positions of rows and a time for each."""

    row: NDArray[np.int64]
    time: NDArray[np.float64]

    def only(self, where: NDArray[np.bool_]) -> _Moments:
        return _Moments(self.row[where], self.time[where])


def _moments(at: Any, index: pd.Index, columns: dict[Hashable, Histories]) -> _Moments:
    clock = next(iter(columns.values())).dtype.clock
    first = min((one.first for one in columns.values() if one.n_events.any()), default=np.nan)
    if isinstance(at, pd.Series):
        if not index.is_unique:
            raise ValueError("at is a Series, so the index of X must be unique.")
        row = index.get_indexer(at.index)
        if (row < 0).any():
            strange = at.index[row < 0].tolist()[0]
            raise ValueError(f"at has the row {strange!r}, which is not in X.")
        time = as_numbers(at, clock, len(at), first)
    else:
        several = list(at) if types.is_list_like(at) else [at]
        one = as_numbers(several, clock, len(several), first)
        row, time = np.repeat(np.arange(len(index)), len(one)), np.tile(one, len(index))
    if not np.isfinite(time).all():
        raise ValueError("at holds missing or infinite times.")
    return _Moments(row, time)


def _label_columns(Y: Any, index: pd.Index) -> pd.DataFrame:
    """Return a column for each target: event times, histories or plain labels."""
    Y = as_pandas(Y, "Y")
    if isinstance(Y, pd.Series) and holds_histories(Y):
        Y = Y.to_frame("y" if Y.name is None else Y.name)
    names = set(getattr(Y, "columns", ()))
    is_structured = getattr(getattr(Y, "dtype", None), "names", None) is not None
    if is_structured or ("event" in names and names & {"time", "duration"}):
        table = pd.DataFrame({"event": event_times(Y)})
    else:
        table = _checked_labels(Y).reset_index(drop=True)
        for name in [one for one in table if f"{one}".endswith("_event")]:
            table = _paired(table, str(name).removesuffix("_event"))
    if len(table) != len(index):
        raise ValueError(f"X has {len(index)} rows, but Y has {len(table)}.")
    order = Y.index if isinstance(Y, pd.DataFrame | pd.Series) else index
    if not order.equals(index) and order.isin(index).all():
        raise ValueError(
            "Y has the same row labels as X, but in a different order. Pass Y.loc[X.index], or "
            "Y.set_axis(X.index) if its rows are in the order of X."
        )
    return table


def _checked_labels(Y: Any) -> pd.DataFrame:
    """Return the columns of Y in their order, after checking all but histories."""
    if not isinstance(Y, pd.DataFrame):
        return label_frame(Y)
    changing = [name for name, column in Y.items() if holds_histories(column)]
    plain = Y.drop(columns=changing)
    if plain.shape[1] or not changing:
        label_frame(plain)
    return Y


def _paired(table: pd.DataFrame, event: str) -> pd.DataFrame:
    """Replace the columns of one event by a column of event times."""
    columns = {
        part: f"{event}_{part}"
        for part in ("event", "time", "entry")
        if f"{event}_{part}" in table.columns
    }
    if "time" not in columns:
        return table
    times = event_times({part: table[name] for part, name in columns.items()}, event)
    return table.drop(columns=list(columns.values())).assign(**{event: times})


def _at_risk(labels: pd.DataFrame, moments: _Moments, clock: str) -> NDArray[np.bool_]:
    """Return where any event may still happen, or the times of all events are missing."""
    known = np.zeros(len(moments.row), dtype=bool)
    awaited = known.copy()
    for name in labels:
        if isinstance(labels[name].dtype, EventTimesDtype):
            if clock:
                raise ValueError(
                    f"Target {name!r} has times to events, which are numbers, but the histories "
                    "have dates and times. Count both from the same moment of each row, such as "
                    "hours since admission."
                )
            times = labels[name].array[moments.row]
            known |= ~times.isna()
            awaited |= _awaited(times, moments.time)
    return awaited | ~known


def _awaited(times: EventTimes, landmark: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (times.time > landmark) & (times.entry <= landmark)


def _targets(
    name: Hashable,
    labels: pd.Series,
    moments: _Moments,
    horizons: Sequence[float] | None,
    entry: bool,
    clock: str,
) -> dict[Hashable, Any]:
    """Return the targets for one column of labels."""
    if holds_histories(labels):
        if horizons is None:
            raise ValueError(
                f"Target {name!r} changes over time, so landmarks needs a horizon, which limits "
                "the values that become labels."
            )
        histories = as_histories(labels, "Y")
        _check_changing(name, histories, clock)
        return _coming_values(name, histories[moments.row], moments, horizons)
    if not isinstance(labels.dtype, EventTimesDtype):
        return {name: labels.iloc[moments.row].array}
    times = labels.array[moments.row]
    if horizons is None:
        return {name: _from_landmark(times, moments.time, entry)}
    several = labels.array.n_causes > 1
    within = {horizon: _within(times, moments.time, horizon, several) for horizon in horizons}
    for horizon, target in within.items():
        _warn_where_only_events_are_known(name, target, moments.time, horizon)
    return {_named(name, horizon, horizons): target for horizon, target in within.items()}


def _named(name: Hashable, horizon: float, horizons: Sequence[float]) -> Hashable:
    return name if len(horizons) == 1 else f"{name} {horizon:g}"


def _from_landmark(times: EventTimes, landmark: NDArray[np.float64], entry: bool) -> EventTimes:
    time = np.where(_awaited(times, landmark), times.time, np.nan)
    return (
        EventTimes(times.event, time, landmark, times.dtype.causes)
        if entry
        else EventTimes(times.event, time - landmark, causes=times.dtype.causes)
    )


def _within(
    times: EventTimes, landmark: NDArray[np.float64], horizon: float, several: bool
) -> Any:
    """Return whether the event happens within the horizon, or which one (0 for none)."""
    happens = (times.event > 0) & (times.time <= landmark + horizon)
    unknown = ~_awaited(times, landmark) | (~happens & (times.time < landmark + horizon))
    if not several:
        return pd.arrays.BooleanArray(happens, unknown)
    causes = pd.array(np.where(happens, times.event, 0), dtype="Int64")
    causes[unknown] = pd.NA
    return pd.Categorical(causes)


def _warn_where_only_events_are_known(
    name: Hashable, target: Any, landmark: NDArray[np.float64], horizon: float
) -> None:
    """Warn about landmarks where all rows without the event were censored too early."""
    unknown = np.asarray(pd.isna(target))
    happens = np.zeros(len(unknown), dtype=bool)
    happens[~unknown] = np.asarray(target[~unknown] != 0, dtype=bool)
    kinds = {"unknown": unknown, "happens": happens, "not": ~unknown & ~happens}
    seen = pd.DataFrame(kinds).groupby(landmark).any()
    one_sided = seen.index[seen["unknown"] & seen["happens"] & ~seen["not"]]
    if len(one_sided):
        warnings.warn(
            f"Target {name!r}: at landmarks from {one_sided.min():g} to {one_sided.max():g} only "
            "rows with the event have a label, because all others were censored before the "
            f"horizon of {horizon:g} ended. A model would learn that the event always happens "
            "there. Remove these landmarks from `at`.",
            stacklevel=4,
        )


def _check_changing(name: Hashable, labels: Histories, clock: str) -> None:
    """Refuse labels that change in time on another clock than X, or without values."""
    if labels.dtype.clock != clock and labels.n_events.any():
        raise ValueError(
            f"Target {name!r} counts its times in another way than the histories of X: it has the "
            f"dtype {labels.dtype}, and they {HistoriesDtype(clock)}."
        )
    store = labels.parts.compact().store
    valued = set(store.code[~np.isnan(store.value)].tolist())
    codes = sorted({store.variables[code] for code in set(store.code.tolist()) - valued})
    if codes:
        raise ValueError(
            f"Target {name!r} has events without values, such as {codes[0]!r}, of which there is "
            "no last value. Give each a number, or use skmtl.tasks.EventTimes for when it happens."
        )


def _coming_values(
    name: Hashable, labels: Histories, moments: _Moments, horizons: Sequence[float]
) -> dict[Hashable, Any]:
    variables = labels.variables
    last = LearntSummary(variables, [], [], [Period(None, ("last",), ())])
    targets: dict[Hashable, Any] = {}
    for horizon in horizons:
        values = last.table(labels._cut(moments.time + horizon, horizon))
        for variable, column in zip(variables, values[:, -len(variables) :].T, strict=True):
            target = name if len(variables) == 1 else f"{name} {variable}"
            targets[_named(target, horizon, horizons)] = column
    return targets
