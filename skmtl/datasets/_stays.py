"""Stays in intensive care: irregular events, and outcomes whose chances are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, overload

import numpy as np
import pandas as pd
from scipy.signal import lfilter
from scipy.special import expit

from skmtl.datasets._checks import RandomState, check_sizes, generator

_INERTIA = 0.95  # of the severity, from one hour to the next
_STAY_MISSING = 0.1
# Level at severity 0, change per unit of severity, noise, and log of the events per hour.
_VARIABLES = {
    "heart rate": (80.0, 9.0, 10.0, 0.0),
    "blood pressure": (120.0, -10.0, 14.0, 0.0),
    "lactate": (1.5, 0.5, 0.3, -1.8),
}
_DRUG = "vasopressor"


@dataclass(frozen=True, eq=False, repr=False)
class StaysTruth:
    """What `make_stays` planted: a column for each hour.

    Attributes
    ----------
    severity : DataFrame of shape (n_stays, n_hours)
        How ill a patient is from this hour to the next; it is not measured.
    hazard : DataFrame of shape (n_stays, n_hours)
        Rate of shocks per hour. Given the severity, a shock from hour a to hour b has the
        probability ``1 - exp(-sum of the hazards from a to b)``.
    """

    severity: pd.DataFrame
    hazard: pd.DataFrame


@overload
def make_stays(
    n_stays: int = ...,
    n_hours: int = ...,
    *,
    random_state: RandomState = ...,
    return_truth: Literal[False] = False,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]: ...


@overload
def make_stays(
    n_stays: int = ...,
    n_hours: int = ...,
    *,
    random_state: RandomState = ...,
    return_truth: Literal[True],
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, StaysTruth]: ...


def make_stays(
    n_stays: int = 500,
    n_hours: int = 48,
    *,
    random_state: RandomState = None,
    return_truth: bool = False,
) -> (
    tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
    | tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, StaysTruth]
):
    r"""Generate stays in intensive care, with irregular events and several outcomes.

    The severity of a patient is not measured. It wanders around a level that depends on age and
    admission,

    .. math::

        s_h = m + 0.95\,(s_{h-1} - m) + 0.32\,\varepsilon_h,
        \qquad m = 0.02\,(\text{age} - 60) + 0.5\,(\text{emergency} - 0.5) + 0.5\,\varepsilon,

    and moves what is measured: heart rate and lactate rise with it, and blood pressure falls. The
    worse a patient is, the more often something is measured, and drugs are given above a severity
    of 1.5. A shock has the rate :math:`e^{-6.5 + 1.6 s_h}` per hour. It ends the record, as does
    the end of the stay, whichever comes first. With the mean severity :math:`\bar s`, the log-odds
    of death are :math:`-2.5 + 1.2 \bar s`, and 1.5 more after a shock, and the log of the days is
    :math:`1.3 + 0.5 \bar s + 0.5\,\varepsilon`.

    Parameters
    ----------
    n_stays : int, default=500
    n_hours : int, default=48
        Length of the record.
    random_state : int, RandomState or None, default=None
    return_truth : bool, default=False
        Whether to also return severities and hazards.

    Returns
    -------
    events : DataFrame of shape (n_events, 4)
        "stay", "time" in hours since admission, "variable" and "value". The variables are "heart
        rate", "blood pressure" and "lactate"; the event "vasopressor" has no value.
    stays : DataFrame of shape (n_stays, 2)
        "age" and "emergency" (0 or 1), by stay.
    outcomes : DataFrame of shape (n_stays, 4)
        "shock_event" (1.0 or 0.0) and "shock_time", the hour at which the record ends; "death" in
        the same stay; "days", the length of the stay, missing for a tenth of the stays.
    truth : StaysTruth
        With ``return_truth=True``.

    Raises
    ------
    ValueError
        If a size is not a positive integer.

    Examples
    --------
    >>> from skmtl.datasets import make_stays
    >>> from skmtl.histories import Histories
    >>> events, stays, outcomes = make_stays(100, random_state=0)
    >>> stays["vitals"] = Histories.from_events(
    ...     events, stays.index, id="stay", variable="variable", value="value",
    ...     end=outcomes["shock_time"],
    ... )
    >>> outcomes.columns.tolist()
    ['shock_event', 'shock_time', 'death', 'days']
    """
    check_sizes(n_stays=n_stays, n_hours=n_hours)
    rng = generator(random_state)
    stays = pd.DataFrame(
        {"age": rng.uniform(25, 90, n_stays).round(), "emergency": rng.binomial(1, 0.5, n_stays)},
        index=pd.RangeIndex(n_stays, name="stay"),
    )
    severity = _severity(stays, n_hours, rng)
    hazard = np.exp(-6.5 + 1.6 * severity)
    shock = _first_times(hazard, rng)
    mean = severity.mean(axis=1)
    days = np.exp(1.3 + 0.5 * mean + 0.5 * rng.standard_normal(n_stays))
    end = np.minimum(np.minimum(shock, 24 * days), n_hours)
    happened = shock <= end
    death = rng.random_sample(n_stays) < expit(-2.5 + 1.2 * mean + 1.5 * happened)
    unknown = rng.random_sample(n_stays) < _STAY_MISSING
    outcomes = pd.DataFrame(
        {
            "shock_event": happened.astype(np.float64),
            "shock_time": end,
            "death": death,
            "days": np.where(unknown, np.nan, days),
        },
        index=stays.index,
    )
    events = _events(severity, end, rng)
    if not return_truth:
        return events, stays, outcomes
    return events, stays, outcomes, StaysTruth(*map(pd.DataFrame, (severity, hazard)))


def _severity(stays: pd.DataFrame, n_hours: int, rng: np.random.RandomState) -> np.ndarray:
    noise = rng.standard_normal((len(stays), n_hours))
    noise[:, 0] /= np.sqrt(1 - _INERTIA**2)  # as spread in the first hour as in any other
    age, emergency = (stays[name].to_numpy(dtype=np.float64) for name in ("age", "emergency"))
    level = 0.02 * (age - 60) + 0.5 * (emergency - 0.5) + 0.5 * rng.standard_normal(len(stays))
    return level[:, None] + 0.32 * lfilter([1.0], [1.0, -_INERTIA], noise, axis=1)


def _first_times(hazard: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Times of the first events of these hourly rates; infinite where there is none."""
    total = np.pad(hazard.cumsum(axis=1), ((0, 0), (1, 0)))
    wanted = rng.standard_exponential(len(hazard))
    hour = (total[:, 1:] < wanted[:, None]).sum(axis=1)
    inside = np.minimum(hour, hazard.shape[1] - 1)
    rows = np.arange(len(hazard))
    time = inside + (wanted - total[rows, inside]) / hazard[rows, inside]
    return np.where(hour < hazard.shape[1], time, np.inf)


def _events(severity: np.ndarray, end: np.ndarray, rng: np.random.RandomState) -> pd.DataFrame:
    """What is measured and given up to the end of each record, in order."""
    parts = []
    for name, (level, change, noise, log_rate) in _VARIABLES.items():
        stay, hour, time = _moments(np.exp(log_rate + 0.3 * severity), rng)
        value = level + change * severity[stay, hour] + noise * rng.standard_normal(len(stay))
        parts.append(pd.DataFrame({"stay": stay, "time": time, "variable": name, "value": value}))
    stay, _, time = _moments(0.2 * (severity > 1.5), rng)
    parts.append(pd.DataFrame({"stay": stay, "time": time, "variable": _DRUG, "value": np.nan}))
    events = pd.concat(parts, ignore_index=True)
    events = events[events["time"] < end[events["stay"]]]
    return events.sort_values(["stay", "time"]).reset_index(drop=True).round({"value": 1})


def _moments(
    rate: np.ndarray, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stay, hour and time of events with these hourly rates."""
    counts = rng.poisson(rate)
    stay, hour = (np.repeat(places.ravel(), counts.ravel()) for places in np.indices(rate.shape))
    return stay, hour, hour + rng.random_sample(len(hour))
