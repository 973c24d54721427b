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
from skmtl.survival._asking import EventModel, event_model
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
        model, X = event_model(estimator, X, cls.__name__)
        event = model.chosen(event)
        labels = _labels_of(model, y, event)
        check_consistent_length(X, labels, groups)
        observed_rows = ~labels.isna()
        times = np.linspace(0, model.follow_up(event), _N_TIMES)
        labels, curves = labels[observed_rows], model.survival(X, times, event)[observed_rows]
        if groups is None:
            chosen = _thirds(-curves.mean(axis=1))
        else:
            chosen = pd.Series(np.asarray(groups)[observed_rows])
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
        model, X = event_model(estimator, X, cls.__name__)
        event = model.chosen(event)
        labels = _labels_of(model, y, event)
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
        model, X = event_model(estimator, X, cls.__name__)
        event = model.chosen(event)
        times = np.linspace(0, model.follow_up(event), _N_TIMES)
        means = {
            cause: values.mean(axis=0)
            for cause, values in model.incidence(X, times, event).items()
        }
        return cls(times, means).plot(ax)

    def _draw(self, ax: Axes) -> None:
        labels = [f"cause {cause}" for cause in self.incidence]
        ax.stackplot(self.times, *self.incidence.values(), labels=labels)
        ax.set(xlabel="Time", ylabel="Incidence", xlim=(0, self.times[-1]), ylim=(0, 1))
        ax.legend(loc="upper left")


def _thirds(risk: _Array) -> pd.Series:
    """Names of three groups of equal size, by the risk of their rows."""
    thirds = pd.qcut(pd.Series(risk).rank(method="first"), 3, labels=False)
    return pd.Series(np.array(["low risk", "middle risk", "high risk"])[thirds])


def _at_one_time(
    model: EventModel, X: Any, time: float, event: Hashable, cause: int | None
) -> _Array:
    """Predicted survival of each row, or its incidence of a cause."""
    if cause is None:
        return model.survival(X, np.array([time]), event)[:, 0]
    incidence = model.incidence(X, np.array([time]), event)
    check_cause(cause, incidence)
    return incidence[cause][:, 0]


def _observed(labels: EventTimes, time: float, cause: int | None) -> float:
    """What the labels say of the same."""
    if cause is None:
        return float(kaplan_meier(labels)(time))
    by_cause = aalen_johansen(labels)
    return float(by_cause[cause](time)) if cause in by_cause else 0.0


def _labels_of(model: EventModel, y: Any, event: Hashable) -> EventTimes:
    """Labels of the event."""
    by_event = model.labels(y)
    labels = by_event.get(event)
    if labels is None or labels.isna().all():
        raise ValueError(f"y has no observed label of {event!r}, so there is nothing to draw.")
    return labels
