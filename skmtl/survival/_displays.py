"""Plots of survival models. They need matplotlib."""

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
from skmtl.survival._averages import Observed, alike_groups, mean_prediction, observed_incidence
from skmtl.survival._inputs import check_cause, check_n_bins, increasing_times
from skmtl.survival._nonparametric import kaplan_meier_of
from skmtl.survival._steps import StepFunction
from skmtl.survival._watching import beginnings
from skmtl.tasks import EventTimes, numbered_causes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Array = NDArray[np.floating]
_N_TIMES = 200
_THIRDS = ["low risk", "middle risk", "high risk"]
# Minimum number of rows in a group of the calibration plot by default. With fewer rows the
# intervals are too wide to be useful: with 50 rows, the interval of a share of one half has a
# width of 0.27.
_GROUP_SIZE, _MOST_GROUPS, _LEVEL = 50, 10, 0.95


class SurvivalDisplay:
    """A display that plots into new or existing axes."""

    def _draw(self, ax: Axes) -> None:
        raise NotImplementedError

    def plot(self, ax: Axes | None = None) -> Self:
        """Plot the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None creates a new figure.

        Returns
        -------
        self
            With the attributes `ax_` and `figure_`.
        """
        if ax is None:
            ax = import_pyplot(self).subplots(layout="constrained")[1]
        self._draw(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self


@dataclass
class SurvivalCurvesDisplay(SurvivalDisplay):
    """Mean survival curves of groups of rows, with the Kaplan-Meier estimates of the same rows.

    Attributes
    ----------
    times : ndarray of shape (n_times,)
        Times up to the end of the follow-up of the model and of the rows of y.
    predicted : dict of group to ndarray of shape (n_times,)
        Mean of the predicted curves of each group. If rows enter late, they are weighted for the
        rows that were not observed, as in `brier_score`, and curves start at the first entry.
    observed : dict of group to StepFunction
        Kaplan-Meier estimate of each group.
    follow_up : dict of group to float
        End of the follow-up of each group, where its estimate ends in the plot.
    """

    times: _Array
    predicted: dict[Hashable, _Array]
    observed: dict[Hashable, StepFunction]
    follow_up: dict[Hashable, float]

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
        """Plot the curves of a fitted survival estimator.

        Parameters
        ----------
        estimator : estimator with `predict_survival_function` and `read_events`
            A fitted estimator, alone or inside a pipeline or a search.
        X : table of shape (n_samples, n_features)
        y : as in `fit`
        groups : array-like of shape (n_samples,), default=None
            The group of each row, such as a column of X. Categories keep their order, other values
            are sorted. None creates three groups of equal size by the predicted survival, from low
            to high risk. Rows whose label is missing are left out.
        event : label, default=None
            One of several events.
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
        rows = ~labels.isna()
        labels = labels[rows]
        times = np.linspace(0, min(model.follow_up(event), labels.time.max()), _N_TIMES)
        gone = model.incidence_after(X, labels.entry.min(), times, event)
        curves = 1 - np.sum([values[rows] for values in gone.values()], axis=0)
        chosen: pd.Series[Any]
        if groups is None:
            third = alike_groups(-curves.mean(axis=1), labels, len(_THIRDS))
            chosen = pd.Series(pd.Categorical(np.array(_THIRDS)[third], _THIRDS))
        else:
            chosen = pd.Series(groups).reset_index(drop=True)[rows].reset_index(drop=True)
        by_group = chosen.groupby(chosen, observed=True).indices
        return cls(
            times,
            {g: mean_prediction(curves[at], labels[at], times) for g, at in by_group.items()},
            {g: kaplan_meier_of(labels[at]) for g, at in by_group.items()},
            {g: float(labels.time[at].max()) for g, at in by_group.items()},
        ).plot(ax)

    def _draw(self, ax: Axes) -> None:
        from matplotlib.lines import Line2D

        for group, curve in self.predicted.items():
            (line,) = ax.plot(self.times, curve, label=str(group))
            steps = self.observed[group](self.times)
            steps = np.where(self.times <= self.follow_up[group], steps, np.nan)
            ax.step(self.times, steps, where="post", color=line.get_color(), ls=":")
        ax.set(xlabel="Time", ylabel="Survival", ylim=(0, 1.02))
        styles = [
            Line2D([], [], color="0.3", ls="-", label="predicted"),
            Line2D([], [], color="0.3", ls=":", label="observed (Kaplan-Meier)"),
        ]
        ax.legend(handles=[*ax.get_legend_handles_labels()[0], *styles])


@dataclass
class SurvivalCalibrationDisplay(SurvivalDisplay):
    """Predictions at one time against the outcomes of rows with similar predictions.

    Attributes
    ----------
    time : float
    predicted, observed : ndarray of shape (n_bins,)
        Mean predicted survival of rows with similar predictions, and their Kaplan-Meier estimate;
        for a cause, its incidence and their Aalen-Johansen estimate. NaN if none of the rows was
        followed up to the time.
    low, high : ndarray of shape (n_bins,)
        Limits of the 95 % confidence interval of each estimate.
    cause : int or str, default=None
        One of several competing causes.
    """

    time: float
    predicted: _Array
    observed: _Array
    low: _Array
    high: _Array
    cause: Hashable | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        time: float,
        *,
        n_bins: int | None = None,
        event: Hashable | None = None,
        cause: Hashable | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Plot the calibration of a fitted survival estimator.

        Parameters
        ----------
        estimator : estimator with `predict_survival_function` and `read_events`
            A fitted estimator, alone or inside a pipeline or a search.
        X : table of shape (n_samples, n_features)
        y : as in `fit`
        time : float
        n_bins : int, default=None
            Number of groups of equal size; rows with the same prediction stay together. None means
            ten, or fewer if they would have less than 50 rows each.
        event : label, default=None
            One of several events.
        cause : int or str, default=None
            One of several competing causes: plot its incidence. None plots survival.
        ax : matplotlib Axes, default=None

        Returns
        -------
        SurvivalCalibrationDisplay

        Raises
        ------
        ValueError
            For example if none of the rows was followed up to the time, in y or in `fit`.
        """
        if n_bins is not None:
            check_n_bins(n_bins)
        if np.ndim(time) != 0:
            raise ValueError(f"time must be a number, got {time!r}.")
        model, X = event_model(estimator, X, cls.__name__)
        event = model.chosen(event)
        labels = _labels_of(model, y, event)
        check_consistent_length(X, labels)
        rows = ~labels.isna()
        labels = labels[rows]
        at = increasing_times(time)
        if np.isnan(observed_incidence(labels, at[0], None, _LEVEL).value):
            raise ValueError(
                f"Nobody in y is followed up to the time {at[0]:g}; the last ones leave at "
                f"{labels.time.max():g}. Choose a time before that."
            )
        values = _at_one_time(model, X, at, labels.entry.min(), event, cause)[rows]
        group = alike_groups(values[:, 0], labels, n_bins or _n_groups(values[:, 0], labels))
        parts = [np.flatnonzero(group == number) for number in range(group.max() + 1)]
        predicted = [mean_prediction(values[part], labels[part], at)[0] for part in parts]
        observed = [_observed(labels[part], at[0], cause) for part in parts]
        value, low, high = np.array(observed).T
        return cls(float(at[0]), np.array(predicted), value, low, high, cause).plot(ax)

    def _draw(self, ax: Axes) -> None:
        ax.plot([0, 1], [0, 1], color="0.7", ls="--")
        width = np.maximum([self.observed - self.low, self.high - self.observed], 0)
        ax.errorbar(self.predicted, self.observed, yerr=width, marker="o", capsize=3)
        what = "survival" if self.cause is None else f"incidence of {_shown(self.cause)}"
        estimate = "Kaplan-Meier" if self.cause is None else "Aalen-Johansen"
        ax.set(
            xlabel=f"Predicted {what} at {self.time:g}",
            ylabel=f"Observed ({estimate}, {_LEVEL:.0%} intervals)",
            xlim=(0, 1),
            ylim=(0, 1),
        )


@dataclass
class IncidenceDisplay(SurvivalDisplay):
    """Mean incidences of competing causes, stacked; together with survival they sum to one.

    Attributes
    ----------
    times : ndarray of shape (n_times,)
    incidence : dict of cause to ndarray of shape (n_times,)
    """

    times: _Array
    incidence: dict[Hashable, _Array]

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, event: Hashable | None = None, ax: Axes | None = None
    ) -> Self:
        """Plot the mean predicted incidences of a fitted survival estimator.

        Parameters
        ----------
        estimator : estimator with `predict_cumulative_incidence`
            A fitted estimator, alone or inside a pipeline or a search.
        X : table of shape (n_samples, n_features)
        event : label, default=None
            One of several events.
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
        labels = [_shown(cause) for cause in self.incidence]
        ax.stackplot(self.times, *self.incidence.values(), labels=labels)
        ax.set(xlabel="Time", ylabel="Incidence", xlim=(0, self.times[-1]), ylim=(0, 1))
        ax.legend(loc="upper left")


def _n_groups(values: _Array, labels: EventTimes) -> int:
    n_subjects = beginnings(labels, (values, values)).sum()
    return int(np.clip(n_subjects // _GROUP_SIZE, 2, _MOST_GROUPS))


def _at_one_time(
    model: EventModel, X: Any, time: _Array, start: float, event: Hashable, cause: Hashable | None
) -> _Array:
    """Predicted survival of each row, or its incidence of a cause, of shape (n_samples, 1)."""
    incidence = model.incidence_after(X, start, time, event)
    check_cause(cause, incidence)
    if cause is None:
        return 1 - np.sum(list(incidence.values()), axis=0)
    return incidence[cause]


def _shown(cause: Hashable) -> str:
    return cause if isinstance(cause, str) else f"cause {cause}"


def _observed(labels: EventTimes, time: float, cause: Hashable | None) -> Observed:
    """The corresponding estimate from the labels."""
    incidence = observed_incidence(labels, time, cause, _LEVEL)
    if cause is not None:
        return incidence
    return Observed(1 - incidence.value, 1 - incidence.high, 1 - incidence.low)


def _labels_of(model: EventModel, y: Any, event: Hashable) -> EventTimes:
    """Labels of the event."""
    by_event = model.labels(y)
    labels = by_event.get(event)
    if labels is None or labels.isna().all():
        raise ValueError(f"y has no observed label of {event!r}, so there is nothing to draw.")
    return numbered_causes(labels, model.causes(event), event)
