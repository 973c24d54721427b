"""Query a fitted survival model, also inside pipelines and searches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmtl.answers import FittedModel, fitted_inside_reading, fitted_model, says_its_tasks
from skmtl.tasks import Curves, EventTimes, event_times

_Array = NDArray[np.floating]


class EventModel(ABC):
    """A fitted model of times to events.

    Attributes
    ----------
    names : list of hashable
        The events.
    """

    names: list[Hashable]

    @abstractmethod
    def labels(self, y: Any) -> dict[Hashable, EventTimes]:
        """Labels of the events in y."""

    @abstractmethod
    def follow_up(self, event: Hashable) -> float:
        """Time up to which the model's curves are known."""

    @abstractmethod
    def causes(self, event: Hashable) -> tuple[Hashable, ...]:
        """Names of the causes of an event, or their numbers from 1."""

    @abstractmethod
    def incidence(self, X: Any, times: _Array, event: Hashable) -> dict[Hashable, _Array]:
        """Incidence of each cause, (n_samples, n_times)."""

    @abstractmethod
    def survival(self, X: Any, times: _Array, event: Hashable) -> _Array:
        """Survival, (n_samples, n_times)."""

    def incidence_after(
        self, X: Any, start: float, times: _Array, event: Hashable
    ) -> dict[Hashable, _Array]:
        """Incidence of each cause given survival up to a time, 0 before."""
        if start == 0:
            return self.incidence(X, times, event)
        grid = np.union1d(times, start)
        by_cause = self.incidence(X, grid, event)
        start_index, at = np.searchsorted(grid, start), np.searchsorted(grid, times)
        gone = np.sum([values[:, start_index] for values in by_cause.values()], axis=0)
        alive = np.maximum(1 - gone, 1e-12)[:, None]
        return {
            cause: np.clip(
                (values[:, at] - values[:, start_index : start_index + 1]) / alive, 0, 1
            )
            for cause, values in by_cause.items()
        }

    def chosen(self, event: Hashable | None) -> Hashable:
        """Return the event; None means the only one."""
        if event is None and len(self.names) > 1:
            raise ValueError(f"Name the event; choose from {self.names}.")
        if event is not None and event not in self.names:
            raise ValueError(f"There is no event {event!r}; there are {self.names}.")
        return self.names[0] if event is None else event


class CurveModel(EventModel):
    """A model of skmtl."""

    def __init__(self, model: FittedModel) -> None:
        self._model = model
        self._shapes = model.curve_shapes()
        self.names = list(self._shapes)

    def labels(self, y: Any) -> dict[Hashable, EventTimes]:
        frame = self._model.read_events(y)
        return {name: frame[name].array for name in frame.columns}

    def follow_up(self, event: Hashable) -> float:
        return float(self._shapes[event].horizon)

    def causes(self, event: Hashable) -> tuple[Hashable, ...]:
        return self._shapes[event].causes

    def incidence(self, X: Any, times: _Array, event: Hashable) -> dict[Hashable, _Array]:
        return self._shapes[event].by_cause(self._ask(X, times, event, Curves.incidence))

    def survival(self, X: Any, times: _Array, event: Hashable) -> _Array:
        return self._ask(X, times, event, Curves.survival)

    def _ask(self, X: Any, times: _Array, event: Hashable, question: Any) -> _Array:
        whose = f" of event {event!r}" if len(self.names) > 1 else ""
        grid = self._shapes[event].read_times(times, whose)
        return self._model.ask(X).about_curves({event: partial(question, times=grid)})[event]


class StepModel(EventModel):
    """A scikit-survival model of one event, which predicts step functions."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator
        self.names = ["event"]

    def labels(self, y: Any) -> dict[Hashable, EventTimes]:
        return {"event": event_times(y)}

    def follow_up(self, event: Hashable) -> float:
        return float(self._estimator.unique_times_[-1])

    def causes(self, event: Hashable) -> tuple[Hashable, ...]:
        return (1,)

    def incidence(self, X: Any, times: _Array, event: Hashable) -> dict[Hashable, _Array]:
        return {1: 1 - self.survival(X, times, event)}

    def survival(self, X: Any, times: _Array, event: Hashable) -> _Array:
        curves = self._estimator.predict_survival_function(X)
        return np.stack([curve(times) for curve in curves])


def event_model(estimator: Any, X: Any, asker: str) -> tuple[EventModel, Any]:
    """The model of events inside searches and pipelines, and X as it reads it.

    Raises
    ------
    TypeError
        If the model does not predict curves; the message names the caller.
    """
    model, X_read = fitted_inside_reading(estimator, X)
    if says_its_tasks(model):
        fitted = fitted_model(model)
        if fitted.curve_shapes():
            return CurveModel(fitted), X_read
    elif hasattr(model, "predict_survival_function"):
        return StepModel(model), X_read
    raise TypeError(f"{asker} needs survival curves, which {type(model).__name__} does not have.")
