"""Scorers of survival models for GridSearchCV and cross_validate."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import _safe_indexing

from skmtl.survival._asking import EventModel, event_model
from skmtl.survival._auc import cumulative_dynamic_auc
from skmtl.survival._brier import brier_by_time, mean_over_time
from skmtl.survival._calibration import d_calibration
from skmtl.survival._concordance import concordance, concordance_ipcw, concordance_td
from skmtl.survival._inputs import check_cause, increasing_times, read_times
from skmtl.survival._watching import Watching
from skmtl.tasks import EventTimes, numbered_causes

_Array = NDArray[np.floating]
# The default times extend to this quantile of the events of the scored rows. Later times depend on
# few rows with large weights.
_N_TIMES, _LAST_QUANTILE = 50, 0.9
# The metric that evaluates each row at its own time, and the number of rows evaluated together.
_OWN_TIMES, _ROWS = "neg_d_calibration", 512


def survival_scorer(
    metric: str = "neg_integrated_brier_score",
    *,
    times: ArrayLike | None = None,
    event: Hashable | None = None,
    cause: Hashable | None = None,
) -> SurvivalScorer:
    """Make a scorer for survival models; higher is better.

    Parameters
    ----------
    metric : str, default="neg_integrated_brier_score"
        The default, or "concordance", "concordance_ipcw", "concordance_td", "auc" (its mean over
        time), "neg_brier_score" (the plain mean over `times`, which may be a single time), or
        "neg_d_calibration" (minus the statistic of `d_calibration`, which uses each row's own
        time).
    times : float or array-like of shape (n_times,), default=None
        Times for the metrics of curves. They must lie within the follow-up of the training rows
        and of the scored rows of every fold. None means 50 times between the first event and the
        90 % quantile of the events of the scored rows, within the follow-up of the training rows.
    event : label, default=None
        One of several events; None means the mean over all.
    cause : int or str, default=None
        Number or name of one of several causes; None means the mean over all.
        "neg_d_calibration" always refers to survival of all causes.

    Returns
    -------
    callable
        ``scorer(estimator, X, y) -> float``.

    Raises
    ------
    ValueError
        If the metric is unknown or does not match the other arguments. The scorer raises an error
        if `times` are beyond a follow-up, and for events and causes that were not part of `fit`.

    Notes
    -----
    Works with estimators of skmtl, also inside pipelines and searches, and with those of
    scikit-survival, which have one event. The censoring is estimated from the scored rows. If all
    of these enter late, curves are scored given survival up to the first entry.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skmtl import MultiTabSurvival
    >>> from skmtl.datasets import make_survival
    >>> from skmtl.survival import survival_scorer
    >>> X, y = make_survival(200, random_state=0)
    >>> model = MultiTabSurvival(n_bags=1, max_epochs=3, random_state=0)
    >>> search = GridSearchCV(model, {"cuts": [5, 10]}, scoring=survival_scorer(), cv=2)
    >>> bool(search.fit(X, y).best_score_ > -0.25)
    True
    """
    return SurvivalScorer(metric, times, event, cause)


class SurvivalScorer:
    """The scorer returned by :func:`survival_scorer`."""

    def __init__(
        self, metric: str, times: ArrayLike | None, event: Hashable | None, cause: Hashable | None
    ) -> None:
        if metric not in (*_METRICS, _OWN_TIMES):
            names = sorted([*_METRICS, _OWN_TIMES])
            raise ValueError(f"Unknown metric {metric!r}; choose from {names}.")
        if metric == _OWN_TIMES and not (times is None and cause is None):
            raise ValueError(
                f"{metric!r} uses survival at each row's own time: remove times and cause."
            )
        self.metric = metric
        self.times = None if times is None else increasing_times(times)
        self.event = event
        self.cause = cause

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        """Score a fitted estimator on X and y; missing labels are left out."""
        model, X = event_model(estimator, X, repr(self))
        labels = model.labels(y)
        if self.event is not None and self.event not in labels:
            raise ValueError(f"There is no event {self.event!r}; there are {list(labels)}.")
        chosen = list(labels) if self.event is None else [self.event]
        scores = [score for name in chosen for score in self._scores(model, X, labels[name], name)]
        return float(np.mean(scores))

    def _scores(
        self, model: EventModel, X: Any, labels: EventTimes, event: Hashable
    ) -> list[float]:
        """Return the scores of the event: one, or one for each cause."""
        if self.metric == _OWN_TIMES:
            return [-_d_calibration(model, X, labels, event)]
        return [_METRICS[self.metric](part) for part in self._parts(model, X, labels, event)]

    def _parts(
        self, model: EventModel, X: Any, labels: EventTimes, event: Hashable
    ) -> list[_Scored]:
        """Return the causes of the event with their predictions."""
        rows = np.flatnonzero(~labels.isna())
        observed = numbered_causes(labels[rows], model.causes(event), event)
        grid = _grid(self.times, observed, model.follow_up(event))
        by_cause = model.incidence(X, grid, event)
        check_cause(self.cause, by_cause)
        start = observed.entry.min()
        later = model.incidence_after(X, start, grid, event) if start > 0 else by_cause
        return [
            _Scored(
                observed, grid, by_cause[k][rows], later[k][rows], k if len(by_cause) > 1 else None
            )
            for k in by_cause
            if self.cause in (None, k)
        ]

    def __repr__(self) -> str:
        return f"survival_scorer({self.metric!r})"


@dataclass(frozen=True)
class _Scored:
    """One event or cause of the scored rows, with its predictions.

    Attributes
    ----------
    labels : EventTimes of shape (n_samples,)
    times : ndarray of shape (n_times,)
    incidence : ndarray of shape (n_samples, n_times)
    later : ndarray of shape (n_samples, n_times)
        Incidence given survival up to the first entry.
    cause : int, str or None
        None if it is the only one.
    """

    labels: EventTimes
    times: _Array
    incidence: _Array
    later: _Array
    cause: Hashable | None

    @property
    def risk(self) -> _Array:
        """Mean incidence over the times."""
        return self.incidence.mean(axis=1)

    def brier(self) -> _Array:
        """Brier score at each time, of survival or of the cause, given the first entry."""
        times = read_times(self.times, self.labels)
        curves = 1 - self.later if self.cause is None else self.later
        watching = Watching(self.labels)
        weight = np.ones(len(self.labels))
        return brier_by_time(self.labels, curves, times, watching, self.cause, weight)


_METRICS: dict[str, Callable[[_Scored], float]] = {
    "neg_integrated_brier_score": lambda part: -mean_over_time(part.brier(), part.times),
    "neg_brier_score": lambda part: -float(part.brier().mean()),
    "concordance": lambda part: concordance(part.labels, part.risk, cause=part.cause),
    "concordance_ipcw": lambda part: concordance_ipcw(
        part.labels, part.risk, cause=part.cause, tau=float(part.times[-1])
    ),
    "concordance_td": lambda part: concordance_td(
        part.labels, 1 - part.incidence, part.times, cause=part.cause
    ),
    "auc": lambda part: cumulative_dynamic_auc(
        part.labels, part.incidence, part.times, cause=part.cause
    )[1],
}


def _d_calibration(model: EventModel, X: Any, labels: EventTimes, event: Hashable) -> float:
    """Compute the statistic; rows with times beyond the curves are treated as censored."""
    end = model.follow_up(event)
    rows = np.flatnonzero(~labels.isna() & (labels.entry < end))
    if not len(rows):
        raise ValueError(f"All scored rows enter after {end:g}, up to which the curves are known.")
    observed = numbered_causes(labels[rows], model.causes(event), event)
    within = EventTimes(
        np.where(observed.time <= end, observed.event, 0),
        np.minimum(observed.time, end),
        observed.entry,
    )
    late = np.flatnonzero(within.entry > 0)
    entry = np.ones(len(rows))
    entry[late] = _at_own_times(model, _safe_indexing(X, rows[late]), within.entry[late], event)
    survival = _at_own_times(model, _safe_indexing(X, rows), within.time, event)
    return d_calibration(within, survival, survival_at_entry=entry).statistic


def _at_own_times(model: EventModel, X: Any, times: _Array, event: Hashable) -> _Array:
    """Return survival of each row at its own time, computed for a few rows at a time."""
    survival = np.empty(len(times))
    order = np.argsort(times, kind="stable")
    for start in range(0, len(times), _ROWS):
        rows = order[start : start + _ROWS]
        grid, position = np.unique(times[rows], return_inverse=True)
        by_cause = model.incidence(_safe_indexing(X, rows), grid, event)
        incidence = np.sum(list(by_cause.values()), axis=0)
        survival[rows] = np.maximum(1 - incidence[np.arange(len(rows)), position], 0)
    return survival


def _grid(times: _Array | None, labels: EventTimes, follow_up: float) -> _Array:
    """Return the checked times, or default times within both follow-ups."""
    if times is not None:
        if times[-1] > follow_up:
            raise ValueError(
                f"times reach {times[-1]:g}, but the training rows of this fold were followed "
                f"up to {follow_up:g} only. Pass earlier times, or none to choose times in each "
                "fold."
            )
        return times
    at = labels.time[labels.event > 0]
    if not len(at):
        raise ValueError("The scored rows have no event, so there is nothing to score.")
    # Strictly below the follow-up of the scored rows, as the metrics require.
    end = min(np.quantile(at, _LAST_QUANTILE), follow_up, np.nextafter(labels.time.max(), 0))
    start = min(at.min(), end)
    return np.unique(np.linspace(start, end, _N_TIMES)) if start < end else np.array([end])
