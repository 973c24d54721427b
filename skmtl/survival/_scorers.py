"""Scorers of survival models for GridSearchCV and cross_validate."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from skmtl._unwrap import innermost_reading
from skmtl.survival._auc import cumulative_dynamic_auc
from skmtl.survival._brier import integrated_brier_score
from skmtl.survival._concordance import concordance, concordance_ipcw, concordance_td
from skmtl.tasks import EventTimes, event_times
from skmtl.tasks._survival_labels import check_causes

_Array = NDArray[np.floating]
# The scorer's own grid: times up to this quantile of the events of the scored rows. Later ones
# rest on few rows, which weigh a lot.
_N_TIMES, _LAST_QUANTILE = 50, 0.9


def survival_scorer(
    metric: str = "neg_integrated_brier_score",
    *,
    times: ArrayLike | None = None,
    event: Hashable | None = None,
    cause: int | None = None,
) -> SurvivalScorer:
    """Make a scorer of survival models; higher is better.

    Parameters
    ----------
    metric : str, default="neg_integrated_brier_score"
        That, or "concordance", "concordance_ipcw", "concordance_td" or "auc" (its mean over
        time).
    times : array-like of shape (n_times,), default=None
        Times for the metrics that look at curves. They must lie within the follow-up of the
        training rows and of the scored rows, of every fold. None takes 50 times between the
        first event and the 90 % quantile of the events of the scored rows, as far as the
        training rows were followed.
    event : label, default=None
        Which of several events; None takes the mean over all.
    cause : int, default=None
        Which of several causes; None takes the mean over all.

    Returns
    -------
    callable
        ``scorer(estimator, X, y) -> float``.

    Raises
    ------
    ValueError
        If the metric is unknown. The scorer raises where `times` lie past a follow-up, and for
        events and causes that the model was not fitted on.

    Notes
    -----
    Takes the estimators of skmtl, also inside Pipeline and searches, and scikit-survival's, of
    one event. The censoring is estimated from the scored rows.

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
    """What :func:`survival_scorer` makes."""

    def __init__(
        self, metric: str, times: ArrayLike | None, event: Hashable | None, cause: int | None
    ) -> None:
        if metric not in _METRICS:
            raise ValueError(f"Unknown metric {metric!r}; choose from {sorted(_METRICS)}.")
        self.metric = metric
        self.times = times
        self.event = event
        self.cause = cause

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        """Score a fitted estimator on X and y; missing labels are left out."""
        model, X = innermost_reading(estimator, X)
        labels = _labels_by_event(model, y)
        if self.event is not None and self.event not in labels:
            raise ValueError(f"There is no event {self.event!r}; there are {list(labels)}.")
        chosen = list(labels) if self.event is None else [self.event]
        several = len(getattr(model, "event_names_", labels)) > 1
        scores = [
            _METRICS[self.metric](part)
            for name in chosen
            for part in self._parts(model, X, labels[name], name, several)
        ]
        return float(np.mean(scores))

    def _parts(
        self, model: Any, X: Any, labels: EventTimes, event: Hashable, several: bool
    ) -> list[_Scored]:
        """The event's causes, each with its predictions."""
        rows = np.flatnonzero(~labels.isna())
        seen = labels[rows]
        grid = _grid(self.times, seen, _follow_up(model, event if several else None))
        if not hasattr(model, "read_events"):
            survival = np.stack([curve(grid) for curve in model.predict_survival_function(X)])
            return [_Scored(seen, grid, 1 - survival[rows], None)]
        found = model.predict_cumulative_incidence(X, grid)
        by_cause = found[event] if several else found
        check_causes(seen, len(by_cause), event)
        if self.cause is not None and self.cause not in by_cause:
            raise ValueError(f"There is no cause {self.cause!r}; there are {list(by_cause)}.")
        if len(by_cause) == 1:
            return [_Scored(seen, grid, by_cause[1][rows], None)]
        causes = list(by_cause) if self.cause is None else [self.cause]
        return [_Scored(seen, grid, by_cause[cause][rows], cause) for cause in causes]

    def __repr__(self) -> str:
        return f"survival_scorer({self.metric!r})"


class _Scored:
    """One risk of the scored rows: labels, times, and incidences at them."""

    def __init__(
        self, labels: EventTimes, times: _Array, incidence: _Array, cause: int | None
    ) -> None:
        self.labels = labels
        self.times = times
        self.incidence = incidence
        self.cause = cause

    @property
    def risk(self) -> _Array:
        """Mean incidence over the times."""
        return self.incidence.mean(axis=1)

    def brier(self) -> float:
        """Integrated Brier score, of survival or of the cause's incidence."""
        curves = 1 - self.incidence if self.cause is None else self.incidence
        return integrated_brier_score(self.labels, curves, self.times, cause=self.cause)


_METRICS: dict[str, Callable[[_Scored], float]] = {
    "neg_integrated_brier_score": lambda part: -part.brier(),
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


def _labels_by_event(model: Any, y: Any) -> dict[Hashable, EventTimes]:
    if hasattr(model, "read_events"):
        frame: pd.DataFrame = model.read_events(y)
        return {name: frame[name].array for name in frame.columns}
    return {"event": event_times(y)}


def _follow_up(model: Any, event: Hashable | None) -> float:
    """Up to when the model knows its curves."""
    known = model.follow_up_ if hasattr(model, "follow_up_") else model.unique_times_[-1]
    return float(known if event is None else known[event])


def _grid(times: ArrayLike | None, labels: EventTimes, follow_up: float) -> _Array:
    """The given times, checked, or some that both follow-ups reach."""
    if times is not None:
        grid = np.asarray(times, dtype=np.float64)
        if grid.max() > follow_up:
            raise ValueError(
                f"times reach {grid.max():g}, but the training rows of this fold were followed "
                f"up to {follow_up:g} only. Give the scorer earlier times, or none: it then "
                "chooses its own in each fold."
            )
        return grid
    at = labels.time[labels.event > 0]
    if not len(at):
        raise ValueError("The scored rows have no event, so there is nothing to score.")
    # Strictly below the follow-up of the scored rows, as the metrics want it.
    end = min(np.quantile(at, _LAST_QUANTILE), follow_up, np.nextafter(labels.time.max(), 0))
    start = min(at.min(), end)
    return np.unique(np.linspace(start, end, _N_TIMES)) if start < end else np.array([end])
