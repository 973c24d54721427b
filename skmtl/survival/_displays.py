"""Pictures of survival models. Need matplotlib when they are drawn."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length

from skmtl._matplotlib import import_pyplot
from skmtl._unwrap import innermost_reading
from skmtl.survival._nonparametric import kaplan_meier
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
        labels, times = _labels_and_times(estimator, y, event)
        check_consistent_length(X, labels, groups)
        seen = ~labels.isna()
        labels, curves = labels[seen], _survival(estimator, X, times, event)[seen]
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
    """Predicted survival at one time against the Kaplan-Meier estimate of rows that are alike.

    Attributes
    ----------
    time : float
    predicted, observed : ndarray of shape (n_bins,)
        Mean predicted and observed survival of rows with alike predictions.
    """

    time: float
    predicted: _Array
    observed: _Array

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
        ax: Axes | None = None,
    ) -> Self:
        """Draw the calibration of a fitted survival estimator.

        Parameters
        ----------
        estimator : estimator with `predict_survival_function` and `read_events`
        X : table of shape (n_samples, n_features)
        y : as in `fit`
        time : float
        n_bins : int, default=10
            Bins of as many rows each.
        event : label, default=None
            Which of several events.
        ax : matplotlib Axes, default=None

        Returns
        -------
        SurvivalCalibrationDisplay
        """
        labels, _ = _labels_and_times(estimator, y, event)
        check_consistent_length(X, labels)
        rows = np.flatnonzero(~labels.isna())
        survival = _survival(estimator, X, np.array([time]), event)[rows, 0]
        bins = np.array_split(np.argsort(survival, kind="stable"), min(n_bins, len(rows)))
        predicted = np.array([survival[part].mean() for part in bins])
        observed = np.array([float(kaplan_meier(labels[rows[part]])(time)) for part in bins])
        return cls(time, predicted, observed).plot(ax)

    def _draw(self, ax: Axes) -> None:
        ax.plot([0, 1], [0, 1], color="0.7", ls="--")
        ax.plot(self.predicted, self.observed, marker="o")
        ax.set(
            xlabel=f"Predicted survival at {self.time:g}",
            ylabel="Observed (Kaplan-Meier)",
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
        X : table of shape (n_samples, n_features)
        event : label, default=None
            Which of several events.
        ax : matplotlib Axes, default=None

        Returns
        -------
        IncidenceDisplay
        """
        end = _of_event(estimator, estimator.follow_up_, event)
        times = np.linspace(0, end, _N_TIMES)
        found = estimator.predict_cumulative_incidence(X, times)
        incidence = _of_event(estimator, found, event)
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


def _survival(estimator: Any, X: Any, times: _Array, event: Hashable | None) -> _Array:
    return _of_event(estimator, estimator.predict_survival_function(X, times), event)


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
