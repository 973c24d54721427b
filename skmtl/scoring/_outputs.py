"""The names and values of the columns that scoring writes, from one pass of the model."""

from __future__ import annotations

import numbers
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple
from warnings import warn

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmtl.answers import Answers, fitted_model, fitted_model_reading
from skmtl.tables import CellCounts
from skmtl.tasks import Curves

Times = Sequence[float] | Mapping[Hashable, Sequence[float]]

_NUMBER = np.empty(0)


class Scored(NamedTuple):
    """The predictions of a model for a table.

    Attributes
    ----------
    columns : dict of str to ndarray
        The outputs.
    counts : CellCounts or None
        Counts of missing and unknown cells; None without rows, or if they are not known.
    """

    columns: dict[str, np.ndarray]
    counts: CellCounts | None


class Outputs:
    """The predictions of a fitted model, as columns with fixed names and types.

    Parameters
    ----------
    model : fitted estimator
    times : sequence of float, mapping of event to one, or None
    proba, quantiles : bool

    Attributes
    ----------
    columns : dict of str to ndarray
        The names in order, each with an array of the type of its values: all classes of a task, or
        an empty array of numbers.
    times : dict of event to list of float
    learnt_counts : CellCounts or None
        Counts of missing and unknown cells in fit; None if they are not known.

    Raises
    ------
    TypeError
        If the model does not say what its tasks are.
    ValueError
        If a time lies beyond the follow-up, or two columns would have the same name.
    """

    def __init__(self, model: Any, *, times: Times | None, proba: bool, quantiles: bool) -> None:
        check_is_fitted(model)
        self._model = model
        fitted = fitted_model(model)
        self.learnt_counts = fitted.learnt_counts
        self._classes = fitted.classes
        self._events = {
            name: (curves.causes, curves.horizon) for name, curves in fitted.curve_shapes().items()
        }
        self._levels = fitted.levels if quantiles else {}
        self._funnels = fitted.funnels if proba else {}
        self.times = _read_times(times, self._events)
        self._proba = proba
        self._tasks = fitted.outputs
        self._predictions = {
            name: kind.prediction_names(name) for name, kind in fitted.kinds.items()
        }
        self.columns = self._name_columns()

    def _name_columns(self) -> dict[str, np.ndarray]:
        named: list[tuple[str, np.ndarray]] = []
        for task in self._tasks:
            pairs = self._event_columns(task) if task in self._events else self._task_columns(task)
            named += [(f"{_stem(task)}_{name}", like) for name, like in pairs]
        names = [name for name, _ in named]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"Two outputs of the model would both be the column {twice[0]!r}. Rename the "
                "task, or leave one out with proba=False or quantiles=False."
            )
        return dict(named)

    def _task_columns(self, task: Hashable) -> list[tuple[str, np.ndarray]]:
        classes = self._classes.get(task)
        like = _NUMBER if classes is None else classes
        names = self._predictions[task]
        several = [f"share_{_stem(name)}" for name in names]
        named = [(name, like) for name in (several if len(names) > 1 else ["prediction"])]
        if classes is not None and self._proba:
            named += [(f"proba_{_shown(label)}", _NUMBER) for label in classes]
        if task in self._funnels:
            named += [(f"step_{name}", _NUMBER) for name in self._funnels[task].names]
        return named + [(f"quantile_{x:.15g}", _NUMBER) for x in self._levels.get(task, ())]

    def _event_columns(self, event: Hashable) -> list[tuple[str, np.ndarray]]:
        times = [f"_{time:.15g}" for time in self.times.get(event, ())]
        causes, _ = self._events[event]
        several = len(causes) > 1
        parts = [f"_{cause}" for cause in causes] if several else [""]
        names = [f"risk{part}" for part in parts] + [f"survival{time}" for time in times]
        if several:
            names += [f"incidence{part}{time}" for part in parts for time in times]
        return [(name, _NUMBER) for name in names]

    def values(self, X: Any) -> Scored:
        """Return the predictions for a table in the form that the model reads."""
        if len(X) == 0:  # networks raise an error for a table without rows
            return Scored({name: like[:0] for name, like in self.columns.items()}, None)
        fitted, X_read = fitted_model_reading(self._model, X)
        answers = fitted.ask_part(X_read)
        curves = answers.curves() if self._events else {}
        columns = [
            column
            for task in self._tasks
            for column in (
                self._event_values(task, curves[task])
                if task in self._events
                else self._task_values(task, answers)
            )
        ]
        return Scored(dict(zip(self.columns, columns, strict=True)), answers.cell_counts())

    def _task_values(self, task: Hashable, answers: Answers) -> list[np.ndarray]:
        columns = [answers.predictions[name] for name in self._predictions[task]]
        if self._proba and task in self._classes:
            probabilities = answers.probabilities(task)
            columns += list(probabilities.T)
            if task in self._funnels:
                columns += list(self._funnels[task].probabilities(probabilities).T)
        if task in self._levels:
            columns += list(answers.quantiles(task).T)
        return columns

    def _event_values(self, event: Hashable, curves: Curves) -> list[np.ndarray]:
        (causes, _), times = self._events[event], self.times.get(event, [])
        columns = list(curves.risk().T) + list(curves.survival(times).T)
        if len(causes) > 1 and times:
            by_cause = curves.incidence(times)
            columns += [by_cause[:, i, k] for k in range(len(causes)) for i in range(len(times))]
        return columns


def _stem(name: Hashable) -> str:
    """Return the name of a task in column names; unnamed targets are numbered."""
    return f"target_{name}" if isinstance(name, numbers.Integral) else str(name)


def _shown(label: Any) -> str:
    return f"{label:.15g}" if isinstance(label, float) else str(label)


def renamed(times: Times | None, horizons: Times | None) -> Times | None:
    """Return the times, also those passed by the parameter's old name."""
    if horizons is None:
        return times
    if times is not None:
        raise ValueError("horizons is the old name of times: pass times only.")
    warn("horizons was renamed: pass times instead.", FutureWarning, stacklevel=3)
    return horizons


def _read_times(
    times: Times | None, events: Mapping[Hashable, tuple[tuple[Hashable, ...], float]]
) -> dict[Hashable, list[float]]:
    if times is None:
        return {}
    if not events:
        raise ValueError("times are for times to events, and the model has no such task.")
    by_event = times if isinstance(times, Mapping) else dict.fromkeys(events, times)
    unknown = [name for name in by_event if name not in events]
    if unknown:
        raise ValueError(f"times names {unknown}, but the events are {list(events)}.")
    read = {}
    for event, listed in by_event.items():
        try:
            grid = np.asarray(listed, dtype=np.float64)
        except (TypeError, ValueError):
            grid = np.empty(0)
        if grid.ndim != 1 or len(grid) == 0 or not (grid >= 0).all():
            raise ValueError(f"times must be a list of numbers from 0, got {listed!r}.")
        if len(np.unique(grid)) < len(grid):
            raise ValueError(f"times contains a time twice: {listed!r}.")
        _, end = events[event]
        if grid.max() > end:
            raise ValueError(
                f"times reach {grid.max():g}, but the curves of {event!r} are known up to "
                f"{end:g} only: the end of the follow-up in `fit`, or the last cut or horizon of "
                "the model. Pass times up to there."
            )
        read[event] = grid.tolist()
    return read
