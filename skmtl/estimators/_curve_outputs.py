"""Curves of the tasks that are times to events, alone or beside others."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any, ClassVar, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmtl.estimators._common import MultiTaskEstimator
from skmtl.survival import StepFunction
from skmtl.tasks import Curves

# Rows whose curves are drawn at once, so that memory does not grow with rows times bins.
_BLOCK = 16_384

Answer = TypeVar("Answer")
Times = ArrayLike | Mapping[Hashable, ArrayLike] | None


def _has_events(estimator: CurveOutputs) -> bool:
    """Whether there are curves, which of mixed tasks only `fit` can tell."""
    if estimator._always_events or estimator.event_names_:
        return True
    raise AttributeError(f"No task of this {type(estimator).__name__} is a time to an event.")


_with_events: Any = available_if(_has_events)


class CurveOutputs(MultiTaskEstimator):
    """What is predicted of times to events, from the raw scores."""

    event_names_: list[Hashable]
    _always_events: ClassVar[bool] = False
    """Whether all tasks are times to events, whatever `fit` sees."""

    def _answers(
        self, X: Any, questions: Mapping[Hashable, Callable[[Curves], Answer]]
    ) -> dict[Hashable, Answer]:
        """Answers to a question about the curves of each event."""
        return self._from_scores(self._raw_scores(X)[0], questions)

    def _from_scores(
        self, scores: np.ndarray, questions: Mapping[Hashable, Callable[[Curves], Answer]]
    ) -> dict[Hashable, Answer]:
        """The same from raw scores (n_samples, n_scores), some rows at a time."""
        parts: dict[Hashable, list[Any]] = {name: [] for name in questions}
        for start in range(0, max(len(scores), 1), _BLOCK):
            curves = self._curves(scores[start : start + _BLOCK])
            for name, question in questions.items():
                parts[name].append(question(curves[name]))
        return {name: np.concatenate(found) for name, found in parts.items()}  # type: ignore[misc]

    def _curves(self, scores: np.ndarray) -> dict[Hashable, Curves]:
        """Curves of each task that has them."""
        tasks = self.task_set_
        return {
            name: head.curves(scores[:, part])
            for name, head, part in zip(tasks.names, tasks.heads, tasks.score_slices, strict=True)
            if head.has_curves
        }

    def _one(self, answers: dict[Hashable, Answer]) -> Answer | dict[Hashable, Answer]:
        """The answer itself where there is one event."""
        return next(iter(answers.values())) if len(self.event_names_) == 1 else answers

    @_with_events
    def predict_survival_function(
        self, X: Any, times: Times = None, *, return_array: bool = False
    ) -> Any:
        """Probability that no event has happened yet.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        times : array-like of shape (n_times,), or mapping of event to one, default=None
            Any times from 0 to `follow_up_`. Between cuts the curve is interpolated. A mapping
            asks about its events only, each at times of its own.
        return_array : bool, default=False
            Without `times`: an array at `unique_times_` instead of step functions.

        Returns
        -------
        ndarray of shape (n_samples, n_times), or (n_samples,) of StepFunction
            Step functions are exact at the cuts and constant between them; beyond `follow_up_`
            they raise. With several events a dict of them.

        Raises
        ------
        ValueError
            If a time lies beyond `follow_up_`, or a mapping names an unknown event.
        """
        return self._draw(X, times, Curves.survival, 1.0, return_array)

    @_with_events
    def predict_cumulative_hazard_function(
        self, X: Any, times: Times = None, *, return_array: bool = False
    ) -> Any:
        """Cumulative hazard: minus the logarithm of the survival function.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        times : array-like of shape (n_times,), or mapping of event to one, default=None
        return_array : bool, default=False
            All as in `predict_survival_function`.

        Returns
        -------
        ndarray of shape (n_samples, n_times), or (n_samples,) of StepFunction
            With several events a dict of them.
        """
        return self._draw(X, times, Curves.cumulative_hazard, 0.0, return_array)

    @_with_events
    def predict_cumulative_incidence(self, X: Any, times: Times = None) -> Any:
        """Probability that each cause has brought about the event by a time.

        Incidences of all causes and the survival function sum to one.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        times : array-like of shape (n_times,), or mapping of event to one, default=None
            As in `predict_survival_function`; None is `unique_times_`.

        Returns
        -------
        dict of cause to ndarray of shape (n_samples, n_times)
            With several events a dict of such dicts.
        """
        found = self._at_times(X, times, Curves.incidence)
        return self._one(
            {
                name: {k + 1: values[:, :, k] for k in range(values.shape[2])}
                for name, values in found.items()
            }
        )

    @_with_events
    def predict_median_time(self, X: Any) -> Any:
        """Time by which survival has fallen to one half.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            Infinity where the curve stays above one half. With several events a dict of them.
        """
        check_is_fitted(self)
        median = partial(Curves.quantile, level=0.5)
        return self._one(self._answers(X, dict.fromkeys(self.event_names_, median)))

    @_with_events
    def predict_rmst(self, X: Any, horizon: float | Mapping[Hashable, float] | None = None) -> Any:
        """Restricted mean survival time: the expected part of the time to `horizon` without event.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
        horizon : float, or mapping of event to one, default=None
            Up to `follow_up_`. None is the last cut, of each event. A mapping asks about its
            events only.

        Returns
        -------
        ndarray of shape (n_samples,)
            In the unit of the times. With several events a dict of them.

        Raises
        ------
        ValueError
            As in `predict_survival_function`.
        """
        ends = self._read_asked(horizon, Curves.read_horizon, lambda curves: curves.edges[-1])
        areas = {name: partial(Curves.restricted_mean, horizon=end) for name, end in ends.items()}
        return self._one(self._answers(X, areas))

    @property
    def unique_times_(self) -> Any:
        """Cuts of the time grid; with several events a dict of them."""
        check_is_fitted(self)
        _has_events(self)
        return self._one({name: each.edges[1:] for name, each in self._shapes().items()})

    @property
    def follow_up_(self) -> Any:
        """Time up to which curves are known; with several events a dict of them."""
        check_is_fitted(self)
        _has_events(self)
        return self._one({name: each.horizon for name, each in self._shapes().items()})

    def _shapes(self) -> dict[Hashable, Curves]:
        """Curves of no row in particular, for their times."""
        return self._curves(np.zeros((1, self.task_set_.n_scores)))

    def _read_asked(
        self,
        given: Any,
        read: Callable[[Curves, Any, str], Answer],
        default: Callable[[Curves], Answer],
    ) -> dict[Hashable, Answer]:
        """Times by event: of those that a mapping names, or the same ones for all."""
        check_is_fitted(self)
        shapes = self._shapes()
        by_event = given if isinstance(given, Mapping) else dict.fromkeys(shapes, given)
        unknown = [name for name in by_event if name not in shapes]
        if unknown or not by_event:
            raise ValueError(
                f"Times were given for the events {list(by_event)}; there are {list(shapes)}."
            )
        return {
            name: default(shapes[name])
            if at is None
            else read(shapes[name], at, f" of event {name!r}" if len(shapes) > 1 else "")
            for name, at in by_event.items()
        }

    def _at_times(
        self, X: Any, times: Times, question: Callable[..., np.ndarray]
    ) -> dict[Hashable, np.ndarray]:
        grids = self._read_asked(times, Curves.read_times, lambda curves: curves.edges[1:])
        return self._answers(
            X, {name: partial(question, times=grid) for name, grid in grids.items()}
        )

    def _draw(
        self,
        X: Any,
        times: Times,
        question: Callable[..., np.ndarray],
        start: float,
        return_array: bool,
    ) -> Any:
        values = self._at_times(X, times, question)
        if times is not None or return_array:
            return self._one(values)
        functions = {}
        for name, shape in self._shapes().items():
            functions[name] = np.empty(len(values[name]), dtype=object)
            functions[name][:] = [
                StepFunction(shape.edges[1:], row, start, shape.horizon) for row in values[name]
            ]
        return self._one(functions)


class EventTaskOutputs(CurveOutputs):
    """The same of the events among mixed tasks."""

    @property
    def event_names_(self) -> list[Hashable]:  # type: ignore[override]
        """Names of the tasks that are times to events."""
        check_is_fitted(self)
        tasks = zip(self.task_set_.names, self.task_set_.heads, strict=True)
        return [name for name, head in tasks if head.has_curves]

    @_with_events
    def read_events(self, y: Any) -> pd.DataFrame:
        """The labels of the times to events that y holds.

        Parameters
        ----------
        y : DataFrame
            As in `fit`; other tasks may be left out.

        Returns
        -------
        DataFrame of shape (n_samples, n_events)
            `skmtl.tasks.EventTimes`.
        """
        labels = self._read_labels(y)
        return labels[[name for name in self.event_names_ if name in labels]]
