"""Times to one event, competing risks or several events, with a known truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from skmtl.datasets._checks import check_sizes, per_task
from skmtl.datasets._multitab_bench import _gram_matrix, _weight_vectors
from skmtl.datasets._survival_truth import FAMILIES, SurvivalTruth

_KINDS = ("single", "competing", "several")
_RandomState = int | np.random.RandomState | None


@overload
def make_survival(
    n_samples: int = ...,
    n_features: int = ...,
    *,
    kind: str = ...,
    n_events: int | None = ...,
    family: str = ...,
    shape: float | Sequence[float] = ...,
    scale: float | Sequence[float] = ...,
    effect: float | Sequence[float] = ...,
    correlation: float | ArrayLike = ...,
    censoring: float = ...,
    missing: float = ...,
    random_state: _RandomState = ...,
    return_truth: Literal[False] = False,
) -> tuple[pd.DataFrame, pd.DataFrame]: ...


@overload
def make_survival(
    n_samples: int = ...,
    n_features: int = ...,
    *,
    kind: str = ...,
    n_events: int | None = ...,
    family: str = ...,
    shape: float | Sequence[float] = ...,
    scale: float | Sequence[float] = ...,
    effect: float | Sequence[float] = ...,
    correlation: float | ArrayLike = ...,
    censoring: float = ...,
    missing: float = ...,
    random_state: _RandomState = ...,
    return_truth: Literal[True],
) -> tuple[pd.DataFrame, pd.DataFrame, SurvivalTruth]: ...


def make_survival(
    n_samples: int = 1000,
    n_features: int = 5,
    *,
    kind: str = "single",
    n_events: int | None = None,
    family: str = "weibull",
    shape: float | Sequence[float] = 1.5,
    scale: float | Sequence[float] = 10.0,
    effect: float | Sequence[float] = 1.0,
    correlation: float | ArrayLike = 0.4,
    censoring: float = 0.3,
    missing: float = 0.0,
    random_state: _RandomState = None,
    return_truth: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame] | tuple[pd.DataFrame, pd.DataFrame, SurvivalTruth]:
    r"""Generate a table of times to events with known survival curves.

    The features are independent standard normal, and the log rate of event :math:`k` is
    :math:`\eta_k = e\,w_k^\top x` with a unit vector :math:`w_k`. The time to it has

    .. math::

        S_k(t \mid x) = \exp(-u), \quad \text{or} \quad S_k(t \mid x) = 1 / (1 + u),
        \qquad u = e^{\eta_k} (t / \text{scale}_k)^{\text{shape}_k},

    which are Weibull with proportional hazards and log-logistic with proportional odds. Times
    are independent given the features. A row leaves the study at a random, exponential time.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    n_features : int, default=5
        Number of features; at least the rank of the correlation matrix.
    kind : {"single", "competing", "several"}, default="single"
        One event; competing risks, where the first event ends the follow-up; or events that do not
        exclude each other.
    n_events : int, default=None
        Number of causes or events. None is 1 for "single" and 2 otherwise.
    family : {"weibull", "log-logistic"}, default="weibull"
        Distribution of the times.
    shape : float or sequence of n_events floats, default=1.5
        Shape of each event's distribution: a Weibull hazard rises if it is above 1.
    scale : float or sequence of n_events floats, default=10.0
        Scale of each event's times, in their unit.
    effect : float or sequence of n_events floats, default=1.0
        Standard deviation of the log rate. With 0 all rows have the same distribution.
    correlation : float or array-like of shape (n_events, n_events), default=0.4
        Correlation of the events' weight vectors, as in `make_multitab_bench`.
    censoring : float, default=0.3
        Share of the events that are censored, in [0, 1); for single or competing events the share
        of censored rows. The mean censoring time is chosen accordingly.
    missing : float, default=0.0
        Share of rows, in [0, 1), that are not followed for an event at all, drawn separately for
        each event of "several".
    random_state : int, RandomState instance or None, default=None
        Seed. None takes fresh entropy from the system; the global random state is never used.
    return_truth : bool, default=False
        Also return the truth behind the table.

    Returns
    -------
    X : DataFrame of shape (n_samples, n_features)
        Features ``x_0``, ``x_1``, ...
    y : DataFrame of shape (n_samples, 2) or (n_samples, 2 * n_events)
        ``event`` (0 for censored, otherwise the number of the cause from 1) and ``duration``. With
        "several", ``event_k_event`` (0.0 or 1.0) and ``event_k_time`` for each event, NaN if the
        row was not followed.
    truth : SurvivalTruth
        If `return_truth`. Events are called ``event_0``, ``event_1``, ...; competing causes
        1, 2, ..., as in y.

    Raises
    ------
    ValueError
        If a parameter is invalid, or if the correlation is impossible.

    Examples
    --------
    >>> from skmtl.datasets import make_survival
    >>> X, y, truth = make_survival(200, random_state=0, return_truth=True)
    >>> y.columns.tolist(), round(float((y["event"] == 0).mean()), 2)
    (['event', 'duration'], 0.3)
    >>> truth.survival_function([0.0, 5.0, 10.0]).mean(axis=0).round(2).tolist()
    [1.0, 0.67, 0.42]

    The incidences of competing causes and the survival function sum to one:

    >>> X, y, truth = make_survival(50, kind="competing", random_state=0, return_truth=True)
    >>> incidence = truth.cumulative_incidence([5.0])
    >>> float((incidence[1] + incidence[2] + truth.survival_function([5.0])).round(9).max())
    1.0
    """
    _check_words(kind=(kind, _KINDS), family=(family, FAMILIES))
    events = (1 if kind == "single" else 2) if n_events is None else n_events
    check_sizes(n_samples=n_samples, n_features=n_features, n_events=events)
    if kind == "single" and events != 1:
        raise ValueError(f"kind='single' has one event, got n_events={n_events!r}.")
    _check_shares(censoring=censoring, missing=missing)
    if missing and kind != "several":
        raise ValueError(f"missing={missing!r} is for kind='several'; kind={kind!r} has one pair.")
    names: list[Any] = [f"event_{k}" for k in range(events)]
    if kind == "competing":
        names = list(range(1, events + 1))
    # check_random_state(None) would draw from the global generator.
    rng = np.random.RandomState() if random_state is None else check_random_state(random_state)

    directions = _weight_vectors(_gram_matrix(correlation, events), n_features, rng)
    effects = np.asarray(
        per_task("effect", effect, events, _is_amount, "a number from 0", unit="event")
    )
    columns = [f"x_{j}" for j in range(n_features)]
    X = pd.DataFrame(rng.standard_normal((n_samples, n_features)), columns=columns)
    weights = pd.DataFrame(directions * effects[:, None], index=names, columns=columns)
    planted = SurvivalTruth(
        family=family,
        kind=kind,
        weights=weights,
        shape=_positive_by_event("shape", shape, names),
        scale=_positive_by_event("scale", scale, names),
        log_rate=X @ weights.T,
        event_time=pd.DataFrame(columns=names),
        censoring_time=pd.Series(dtype=np.float64),
    )
    time = pd.DataFrame(planted.draw(rng), columns=names)
    hidden = time if kind == "several" else time.min(axis=1).to_frame()
    end = pd.Series(_censoring_times(hidden.to_numpy(), censoring, rng))
    y = _pairs(time, end, missing, rng) if kind == "several" else _first(time, end)
    if not return_truth:
        return X, y
    return X, y, replace(planted, event_time=time, censoring_time=end)


def _first(time: pd.DataFrame, end: pd.Series) -> pd.DataFrame:
    """Return the first cause, 0 if none was before the end of the follow-up."""
    first = time.min(axis=1)
    cause = time.to_numpy().argmin(axis=1) + 1
    return pd.DataFrame(
        {"event": np.where(first <= end, cause, 0), "duration": np.minimum(first, end)}
    )


def _pairs(
    time: pd.DataFrame, end: pd.Series, missing: float, rng: np.random.RandomState
) -> pd.DataFrame:
    """Return an indicator and a time for each event."""
    columns = {}
    for name in time:
        followed = rng.random_sample(len(time)) >= missing
        columns[f"{name}_event"] = (time[name] <= end).astype(np.float64).where(followed)
        columns[f"{name}_time"] = time[name].clip(upper=end).where(followed)
    return pd.DataFrame(columns)


def _censoring_times(time: np.ndarray, share: float, rng: np.random.RandomState) -> np.ndarray:
    """Draw exponential times that censor the requested share of the events."""
    unit = rng.standard_exponential(len(time))
    if share == 0:
        return np.full(len(time), np.inf)
    # An event is censored if mean * unit < time, so the mean is a quantile of time / unit.
    return unit * np.quantile(time / unit[:, None], 1 - share)


def _positive_by_event(name: str, value: Any, names: list[Any]) -> pd.Series:
    def is_positive(entry: Any) -> bool:
        return _is_amount(entry) and entry > 0

    entries = per_task(name, value, len(names), is_positive, "a positive number", unit="event")
    return pd.Series(entries, index=names, dtype=np.float64)


def _is_amount(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and 0 <= float(value) < np.inf


def _check_words(**choices: tuple[str, tuple[str, ...]]) -> None:
    for name, (value, allowed) in choices.items():
        if value not in allowed:
            raise ValueError(f"{name} must be one of {allowed}, got {value!r}.")


def _check_shares(**shares: float) -> None:
    for name, share in shares.items():
        if not _is_amount(share) or share >= 1:
            raise ValueError(f"{name} must be a number in [0, 1), got {share!r}.")
