"""Scores of warnings that are issued repeatedly until an event."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


class AlarmRate(NamedTuple):
    """The number of alarms needed for a sensitivity; see `alarms_per_day`.

    Parameters
    ----------
    alarms_per_day : float
        Number of alarms per entity and day.
    false_alarms_per_day : float
        Number of alarms that are not followed by an event in time.
    sensitivity : float
        Share of the entities with an event that were warned in time, at least the requested one.
    threshold : float
        Scores of at least this value are alarms.
    lead_time : float
        Median time from the first alarm in time to the event.
    """

    alarms_per_day: float
    false_alarms_per_day: float
    sensitivity: float
    threshold: float
    lead_time: float


def early_warning_utility(
    onset: ArrayLike,
    alarm: ArrayLike,
    *,
    time: ArrayLike,
    entity: ArrayLike,
    early: float = 12.0,
    optimal: float = 6.0,
    late: float = 3.0,
    missed: float = -2.0,
    false_alarm: float = -0.05,
) -> float:
    """Normalised utility of warnings, as in the PhysioNet/CinC challenge of 2019.

    A row is a time at which an entity could be warned. For an entity with an event, the value of
    an alarm rises from 0 at `early` before the event to 1 at `optimal`, and falls to 0 at `late`
    after the event; without an alarm there is a cost from `optimal` on, up to `missed`. Without an
    event, every alarm costs `false_alarm`. Rows later than `late` after the event do not count.

    Parameters
    ----------
    onset : array-like of float of shape (n_rows,)
        Time of the event of the row's entity; NaN or infinite without an event. For sepsis in the
        challenge, 6 hours after the first positive label.
    alarm : array-like of bool of shape (n_rows,)
        Whether there is an alarm.
    time : array-like of float of shape (n_rows,)
        Time of the row, in the unit of `onset` and of the parameters.
    entity : array-like of shape (n_rows,)
        Entity of the row; used to check that an entity has one onset.
    early : float, default=12.0
        Time before an event at which an alarm has no value yet. The defaults of all parameters are
        those of the challenge, in hours.
    optimal : float, default=6.0
        Time before the event at which an alarm has the highest value.
    late : float, default=3.0
        Time after the event at which an alarm no longer has a value.
    missed : float, default=-2.0
        Value of a missing alarm at `late`.
    false_alarm : float, default=-0.05
        Value of an alarm without an event.

    Returns
    -------
    float
        1 for the best alarms, 0 without alarms; negative if no alarms would be better. NaN if
        alarms cannot be useful.

    Raises
    ------
    ValueError
        If lengths differ, an alarm or a time is missing, or an entity has several onsets.

    References
    ----------
    M. Reyna et al., Early prediction of sepsis from clinical data: the PhysioNet/Computing in
    Cardiology Challenge 2019, Critical Care Medicine 48, 2020.

    Examples
    --------
    >>> from skmtl.metrics import early_warning_utility
    >>> rows = {"time": [0.0, 4.0, 8.0], "entity": [1, 1, 1], "onset": [10.0] * 3}
    >>> early_warning_utility(alarm=[True, True, True], **rows)
    1.0
    >>> round(early_warning_utility(alarm=[False, False, True], **rows), 2)
    0.52
    """
    if not early > optimal > -late or not late > 0:
        raise ValueError(
            f"early={early!r} must be more than optimal={optimal!r}, and late={late!r} positive "
            "and more than -optimal: they are times before, before and after the event."
        )
    rows = _WarnedRows.read(onset, time, entity)
    alarms = _flags(alarm, len(rows.time))
    ahead = rows.time - rows.onset  # negative before the event
    has_event = ~np.isnan(rows.onset)
    warned = np.minimum((ahead + early) / (early - optimal), (late - ahead) / (late + optimal))
    # An alarm that is far too early costs as much as a false one.
    warned = np.where(ahead <= -optimal, np.maximum(warned, false_alarm), warned)
    warned = np.where(has_event, warned, false_alarm)
    silent = np.where(ahead <= -optimal, 0.0, missed * (ahead + optimal) / (late + optimal))
    silent = np.where(has_event, silent, 0.0)
    counts = ~has_event | (ahead <= late)
    useful = has_event & (ahead >= -early)
    gain = np.where(counts, warned - silent, 0.0)  # relative to no alarm
    best = gain[useful].sum()
    return float(gain[alarms].sum() / best) if best > 0 else float("nan")


def alarms_per_day(
    onset: ArrayLike,
    score: ArrayLike,
    *,
    time: ArrayLike,
    entity: ArrayLike,
    sensitivity: float = 0.8,
    within: float = 12.0,
    day: float = 24.0,
) -> AlarmRate:
    """Number of alarms needed to warn a given share of the entities with an event.

    The threshold is the highest one that reaches the sensitivity. An entity with an event is
    warned in time by an alarm between `within` before the event and the event.

    Parameters
    ----------
    onset, time, entity : array-like of shape (n_rows,)
        As in `early_warning_utility`. Rows from the event on do not count.
    score : array-like of float of shape (n_rows,)
        Higher values are more urgent.
    sensitivity : float, default=0.8
        Share of the entities that have a row in time before their event.
    within : float, default=12.0
        Maximum time between an alarm and the event for the alarm to be useful.
    day : float, default=24.0
        Length of a day in the unit of the times. The time of an entity is that between its first
        and last row, and the usual step between rows.

    Returns
    -------
    AlarmRate

    Raises
    ------
    ValueError
        If lengths differ, something is missing, or no entity can be warned in time.

    Examples
    --------
    >>> from skmtl.metrics import alarms_per_day
    >>> rows = {"time": [0.0, 12.0] * 2, "entity": [1, 1, 2, 2]}
    >>> rate = alarms_per_day([18.0, 18.0, None, None], [0.1, 0.9, 0.3, 0.2], **rows)
    >>> rate.alarms_per_day, rate.threshold, rate.lead_time
    (0.5, 0.9, 6.0)
    """
    rows = _WarnedRows.read(onset, time, entity)
    scores = np.asarray(score, dtype=np.float64)
    if scores.shape != rows.time.shape or np.isnan(scores).any():
        raise ValueError(f"score must be {len(rows.time)} numbers, none of them missing.")
    if not 0 < sensitivity <= 1:
        raise ValueError(f"sensitivity must lie above 0 and not above 1, got {sensitivity!r}.")
    if not (within > 0 and day > 0):
        raise ValueError(f"within and day must be positive, got {within!r} and {day!r}.")
    before = ~(rows.time >= rows.onset)
    table = pd.DataFrame(
        {
            "entity": rows.entity,
            "time": rows.time,
            "score": scores,
            "ahead": rows.onset - rows.time,
        }
    )[before]
    in_time = table[table["ahead"] <= within]
    highest = in_time.groupby("entity")["score"].max().sort_values(ascending=False)
    if not len(highest):
        raise ValueError(
            f"No entity has a row within {within:g} before its event, so none can be warned."
        )
    n_warned = int(np.ceil(sensitivity * len(highest) - 1e-9))
    threshold = float(highest.iloc[n_warned - 1])
    alarms = table[table["score"] >= threshold]
    helpful = alarms[alarms["ahead"] <= within]
    days = _days(table, day)
    return AlarmRate(
        len(alarms) / days,
        (len(alarms) - len(helpful)) / days,
        float((highest >= threshold).mean()),
        threshold,
        float(helpful.groupby("entity")["ahead"].max().median()),
    )


class _WarnedRows(NamedTuple):
    onset: NDArray[np.float64]
    time: NDArray[np.float64]
    entity: NDArray[np.int64]

    @classmethod
    def read(cls, onset: Any, time: Any, entity: Any) -> _WarnedRows:
        onset, time = _numbers(onset, "onset"), _numbers(time, "time")
        onset = np.where(onset == np.inf, np.nan, onset)  # never
        entities = pd.factorize(np.asarray(entity), use_na_sentinel=True)[0]
        lengths = {len(onset), len(time), len(entities)}
        if len(lengths) > 1:
            raise ValueError(f"onset, time and entity have different lengths: {sorted(lengths)}.")
        if not np.isfinite(time).all() or (entities < 0).any():
            raise ValueError("A time or an entity is missing, or a time is infinite.")
        several = pd.Series(onset).groupby(entities).nunique(dropna=False) > 1
        if several.any():
            name = np.asarray(entity)[entities == several.idxmax()][:1].tolist()[0]
            raise ValueError(
                f"The entity {name!r} has several onsets: all of its rows need the same one."
            )
        return cls(onset, time, entities)


def _numbers(times: Any, name: str) -> NDArray[np.float64]:
    column = pd.Series(times)
    if getattr(column.dtype, "kind", "O") in "mM" or isinstance(column.dtype, pd.DatetimeTZDtype):
        raise ValueError(
            f"{name} must hold numbers of one unit, such as hours since admission, but holds "
            "dates or durations."
        )
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _flags(alarm: Any, n: int) -> NDArray[np.bool_]:
    flags = np.asarray(alarm)
    if flags.dtype == object:
        flags = np.array([np.nan if pd.isna(one) else one for one in flags], dtype=np.float64)
    if flags.shape != (n,) or not np.isin(flags, [0, 1]).all():
        raise ValueError(f"alarm must be {n} values that are true or false, such as score > 0.5.")
    return flags.astype(bool)


def _days(table: pd.DataFrame, day: float) -> float:
    """Return the total time covered by all rows, in days."""
    times = table.sort_values(["entity", "time"])
    steps = times.groupby("entity")["time"].diff()
    usual = steps.median() if steps.notna().any() else 0.0
    total = steps.sum() + usual * times["entity"].nunique()
    if not total > 0:
        raise ValueError("The rows cover no time: each entity needs rows at several times.")
    return float(total / day)
