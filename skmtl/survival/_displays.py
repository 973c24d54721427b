"""Pictures of survival models. Need matplotlib when they are drawn."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length

from skmtl._extras import import_pyplot
from skmtl._unwrap import innermost_reading
from skmtl.survival._inputs import check_cause, check_n_bins
from skmtl.survival._nonparametric import aalen_johansen, kaplan_meier
from skmtl.survival._steps import StepFunction
from skmtl.tasks import EventTimes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Array = NDArray[np.floating]
_N_TIMES = 200


class _Display:
    """Draws into axes of its own, or into those that are given."""

    def _draw(self, ax: Axes) -> None:
        raise NotImplementedError

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None opens a new figure.

        Returns
        -------
        self
            With the attributes `ax_` and `figure_`.
        """
        if ax is None:
            ax = import_pyplot(self).subplots()[1]
        self._draw(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self


@dataclass
class SurvivalCurvesDisplay(_Display):
    """Mean survival curves of groups of rows, beside the Kaplan-Meier estimates of the same rows.

    Attributes
    ----------
    times : ndarray of shape (n_times,)
    predicted : dict of group to ndarray of shape (n_times,)
        Mean of the predicted curves of each group.
    observed : dict of group to StepFunction
        Kaplan-Meier estimate of each group.
    """

    times: _Array
    predicted: dict[Hashable, _Array]
    observed: dict[Hashable, StepFunction]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        groups: ArrayLike | None = None,
        event: Hashable | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the curves of a fitted survival estimator.

        Parameters
        ----------
        estimator : estimator with `predict_survival_function` and `read_events`
            Alone, or inside a pipeline or a search.
        X : table of shape (n_samples, n_features)
        y : as in `fit`
        groups : array-like of shape (n_samples,), default=None
            The group of each row, such as a column of X. None makes three of equal size by the
            predicted survival. Rows whose label is missing are left out.
        event : label, default=None
            Which of several events.
        ax : matplotlib Axes, default=None

        Returns
        -------
        SurvivalCurvesDisplay
        """
        if groups is not None and np.ndim(groups) == 0:
            raise ValueError(
                f"groups must hold the group of each row, such as X['ward'], got {groups!r}."
            )
        model, X = innermost_reading(estimator, X)
        labels, times = _labels_and_times(model, y, event)
        check_consistent_length(X, labels, groups)
        seen = ~labels.isna()
        labels, curves = labels[seen], _survival(model, X, times, event)[seen]
        if groups is None:
            chosen = _thirds(-curves.mean(axis=1))
        else:
            chosen = pd.Series(np.asarray(groups)[seen])
        predicted, observed = {}, {}
        for group, rows in chosen.groupby(chosen).indices.items():
            predicted[group] = curves[rows].mean(axis=0)
            observed[group] = kaplan_meier(labels[rows])
        return cls(times, predicted, observed).plot(ax)

    def _draw(self, ax: Axes) -> None:
        for group, curve in self.predicted.items():
            (line,) = ax.plot(self.times, curve, label=str(group))
            steps = self.observed[group](self.times)
            ax.step(self.times, steps, where="post", color=line.get_color(), alpha=0.5, ls=":")
        ax.set(xlabel="Time", ylabel="Survival", ylim=(0, 1.02))
        ax.legend(title="lines: predicted, dots: observed")


@dataclass
class SurvivalCalibrationDisplay(_Display):
    """Predictions at one time against what happened to rows with alike predictions.

    Attributes
    ----------
    time : float
    predicted, observed : ndarray of shape (n_bins,)
        Mean predicted survival of rows with alike predictions, and their Kaplan-Meier estimate;
        for a cause, its incidence and their Aalen-Johansen estimate.
    cause : int, default=None
        Of several that compete.
    """

    time: float
    predicted: _Array
    observed: _Array
    cause: int | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        time: float,
        *,
        n_bins: int = 10,
        event: Hashable | None = None,
        cause: int | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the calibration of a fitted survival estimator.

        Parameters
        ----------
        estimator : estimator with `predict_survival_function` and `read_events`
            Alone, or inside a pipeline or a search.
        X : table of shape (n_samples, n_features)
        y : as in `fit`
        time : float
        n_bins : int, default=10
            Bins of as many rows each.
        event : label, default=None
            Which of several events.
        cause : int, default=None
            Of several causes that compete: draw its incidence. None draws survival.
        ax : matplotlib Axes, default=None

        Returns
        -------
        SurvivalCalibrationDisplay
        """
        check_n_bins(n_bins)
        model, X = innermost_reading(estimator, X)
        labels, _ = _labels_and_times(model, y, event)
        check_consistent_length(X, labels)
        rows = np.flatnonzero(~labels.isna())
        values = _at_one_time(model, X, time, event, cause)[rows]
        bins = np.array_split(np.argsort(values, kind="stable"), min(n_bins, len(rows)))
        predicted = np.array([values[part].mean() for part in bins])
        observed = np.array([_observed(labels[rows[part]], time, cause) for part in bins])
        return cls(time, predicted, observed, cause).plot(ax)

    def _draw(self, ax: Axes) -> None:
        ax.plot([0, 1], [0, 1], color="0.7", ls="--")
        ax.plot(self.predicted, self.observed, marker="o")
        what = "survival" if self.cause is None else f"incidence of cause {self.cause}"
        estimate = "Kaplan-Meier" if self.cause is None else "Aalen-Johansen"
        ax.set(
            xlabel=f"Predicted {what} at {self.time:g}",
            ylabel=f"Observed ({estimate})",
            xlim=(0, 1),
            ylim=(0, 1),
        )


@dataclass
class IncidenceDisplay(_Display):
    """Mean incidences of competing causes, stacked: with survival they fill the picture.

    Attributes
    ----------
    times : ndarray of shape (n_times,)
    incidence : dict of cause to ndarray of shape (n_times,)
    """

    times: _Array
    incidence: dict[int, _Array]

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, event: Hashable | None = None, ax: Axes | None = None
    ) -> Self:
        """Draw the incidences that a fitted survival estimator predicts on average.

        Parameters
        ----------
        estimator : estimator with `predict_cumulative_incidence`
            Alone, or inside a pipeline or a search.
        X : table of shape (n_samples, n_features)
        event : label, default=None
            Which of several events.
        ax : matplotlib Axes, default=None

        Returns
        -------
        IncidenceDisplay
        """
        model, X = innermost_reading(estimator, X)
        end = _of_event(model, model.follow_up_, event)
        times = np.linspace(0, end, _N_TIMES)
        incidence = _incidence(model, X, times, event)
        return cls(times, {cause: each.mean(axis=0) for cause, each in incidence.items()}).plot(ax)

    def _draw(self, ax: Axes) -> None:
        labels = [f"cause {cause}" for cause in self.incidence]
        ax.stackplot(self.times, *self.incidence.values(), labels=labels)
        ax.set(xlabel="Time", ylabel="Incidence", xlim=(0, self.times[-1]), ylim=(0, 1))
        ax.legend(loc="upper left")


def _thirds(risk: _Array) -> pd.Series:
    """Names of three groups of equal size, by the risk of their rows."""
    thirds = pd.qcut(pd.Series(risk).rank(method="first"), 3, labels=False)
    return pd.Series(np.array(["low risk", "middle risk", "high risk"])[thirds])


def _of_event(estimator: Any, answer: Any, event: Hashable | None) -> Any:
    """The answer about one event, where the estimator has several."""
    names = estimator.event_names_
    if event is None and len(names) > 1:
        raise ValueError(f"Say which event, out of {names}.")
    if event is not None and event not in names:
        raise ValueError(f"There is no event {event!r}; there are {names}.")
    return answer[event] if len(names) > 1 else answer


def _at_one_time(
    model: Any, X: Any, time: float, event: Hashable | None, cause: int | None
) -> _Array:
    """Predicted survival of each row, or its incidence of a cause."""
    if cause is None:
        return _survival(model, X, np.array([time]), event)[:, 0]
    incidence = _incidence(model, X, np.array([time]), event)
    check_cause(cause, incidence)
    return incidence[cause][:, 0]


def _observed(labels: EventTimes, time: float, cause: int | None) -> float:
    """What the labels say of the same."""
    if cause is None:
        return float(kaplan_meier(labels)(time))
    by_cause = aalen_johansen(labels)
    return float(by_cause[cause](time)) if cause in by_cause else 0.0


def _survival(estimator: Any, X: Any, times: _Array, event: Hashable | None) -> _Array:
    found = estimator.predict_survival_function(X, _asked(times, event))
    return _of_event(estimator, found, event)


def _incidence(estimator: Any, X: Any, times: _Array, event: Hashable | None) -> dict[int, _Array]:
    found = estimator.predict_cumulative_incidence(X, _asked(times, event))
    return _of_event(estimator, found, event)


def _asked(times: _Array, event: Hashable | None) -> _Array | dict[Hashable, _Array]:
    """Times for one event alone: the others may end before them."""
    return times if event is None else {event: times}


def _labels_and_times(estimator: Any, y: Any, event: Hashable | None) -> tuple[EventTimes, _Array]:
    """Labels of the event, and times over the follow-up of the training rows."""
    end = _of_event(estimator, estimator.follow_up_, event)
    frame = estimator.read_events(y)
    labels = frame.iloc[:, 0] if event is None else frame[event]
    if labels.isna().all():
        raise ValueError(
            f"y has no observed label of {labels.name!r}, so there is nothing to draw."
        )
    return labels.array, np.linspace(0, end, _N_TIMES)
