"""The columns that scoring writes: their names, and their values from one pass of the model."""

from __future__ import annotations

import numbers
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl._unwrap import innermost
from skmtl.scoring._answers import Answers, answers, class_tasks, events_of, levels_of

Horizons = Sequence[float] | Mapping[Hashable, Sequence[float]]

_NUMBER = np.empty(0)


class Outputs:
    """What a fitted model predicts, as columns of fixed names and types.

    Parameters
    ----------
    model : fitted estimator
    horizons : sequence of float, mapping of event to one, or None
    proba, quantiles : bool

    Attributes
    ----------
    columns : dict of str to ndarray
        The names in order, each with an array of the type of its values: all classes of a task,
        or no number.
    horizons : dict of event to list of float

    Raises
    ------
    TypeError
        If the model does not say what its tasks are.
    ValueError
        If a horizon lies beyond the follow-up, or two columns would have the same name.
    """

    def __init__(
        self, model: Any, *, horizons: Horizons | None, proba: bool, quantiles: bool
    ) -> None:
        check_is_fitted(model)
        self._model = model
        inner = innermost(model)
        if not hasattr(inner, "task_names_"):
            raise TypeError(
                f"{type(inner).__name__} does not say what its tasks are: score models of skmtl, "
                "alone or as the last step of a pipeline or a search."
            )
        self._classes = class_tasks(inner)
        self._events = events_of(inner)
        self._levels = levels_of(inner) if quantiles else {}
        self.horizons = _read_horizons(horizons, self._events)
        self._proba = proba
        # The terms of an event are tasks of the network, and no outputs.
        has_terms = getattr(inner, "horizons", None) is not None
        self._tasks = list(inner.event_names_ if has_terms else inner.task_names_)
        self.columns = self._name_columns()

    def _name_columns(self) -> dict[str, np.ndarray]:
        named: list[tuple[str, np.ndarray]] = []
        for task in self._tasks:
            own = self._event_columns(task) if task in self._events else self._task_columns(task)
            named += [(f"{_stem(task)}_{name}", like) for name, like in own]
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
        named = [("prediction", _NUMBER if classes is None else classes)]
        if classes is not None and self._proba:
            named += [(f"proba_{_shown(label)}", _NUMBER) for label in classes]
        return named + [(f"quantile_{x:.15g}", _NUMBER) for x in self._levels.get(task, ())]

    def _event_columns(self, event: Hashable) -> list[tuple[str, np.ndarray]]:
        times = [f"_{time:.15g}" for time in self.horizons.get(event, ())]
        n_causes, _ = self._events[event]
        causes = [f"_{cause}" for cause in range(1, n_causes + 1)] if n_causes > 1 else [""]
        names = [f"risk{cause}" for cause in causes] + [f"survival{time}" for time in times]
        if n_causes > 1:
            names += [f"incidence{cause}{time}" for cause in causes for time in times]
        return [(name, _NUMBER) for name in names]

    def of(self, X: Any) -> dict[str, np.ndarray]:
        """The columns for a table, as the model reads it."""
        if len(X) == 0:  # networks refuse a table without rows
            return {name: like[:0] for name, like in self.columns.items()}
        found = answers(self._model, X)
        by_task = self._task_values(found) | self._event_values(found)
        values = [column for task in self._tasks for column in by_task[task]]
        return dict(zip(self.columns, values, strict=True))

    def _task_values(self, found: Answers) -> dict[Hashable, list[np.ndarray]]:
        own = [task for task in self._tasks if task not in self._events]
        predictions = found.predictions() if own else {}
        probabilities = found.probabilities() if self._proba and self._classes else {}
        quantiles = found.quantiles() if self._levels else {}
        tables = (probabilities, quantiles)
        return {
            task: [predictions[task], *(c for t in tables if task in t for c in t[task].T)]
            for task in own
        }

    def _event_values(self, found: Answers) -> dict[Hashable, list[np.ndarray]]:
        curves = found.curves() if self._events else {}
        values: dict[Hashable, list[np.ndarray]] = {}
        for event, (n_causes, _) in self._events.items():
            own, times = curves[event], self.horizons.get(event, [])
            values[event] = list(own.risk().T) + list(own.survival(times).T)
            if n_causes > 1 and times:
                by_cause = own.incidence(times)
                values[event] += [
                    by_cause[:, i, k] for k in range(n_causes) for i in range(len(times))
                ]
        return values

    def frame(self, X: Any, index: pd.Index) -> pd.DataFrame:
        """The columns for a table as a frame."""
        return pd.DataFrame(self.of(X), index=index, columns=list(self.columns))


def _stem(name: Hashable) -> str:
    """What stands for a task in the names of columns; unnamed targets are numbers."""
    return f"target_{name}" if isinstance(name, numbers.Integral) else str(name)


def _shown(label: Any) -> str:
    return f"{label:.15g}" if isinstance(label, float) else str(label)


def _read_horizons(
    horizons: Horizons | None, events: Mapping[Hashable, tuple[int, float]]
) -> dict[Hashable, list[float]]:
    if horizons is None:
        return {}
    if not events:
        raise ValueError("horizons are for times to events, and the model has no such task.")
    by_event = horizons if isinstance(horizons, Mapping) else dict.fromkeys(events, horizons)
    unknown = [name for name in by_event if name not in events]
    if unknown:
        raise ValueError(f"horizons names {unknown}, but the events are {list(events)}.")
    read = {}
    for event, times in by_event.items():
        try:
            grid = np.asarray(times, dtype=np.float64)
        except (TypeError, ValueError):
            grid = np.empty(0)
        if grid.ndim != 1 or len(grid) == 0 or not (grid >= 0).all():
            raise ValueError(f"horizons must be a list of numbers from 0, got {times!r}.")
        if len(np.unique(grid)) < len(grid):
            raise ValueError(f"horizons gives a time twice: {times!r}.")
        _, end = events[event]
        if grid.max() > end:
            raise ValueError(
                f"horizons reach {grid.max():g}, but the curves of {event!r} are known up to "
                f"{end:g} only: to the end of the follow-up in `fit`, or to the last cut or "
                "horizon that it was given. Give times up to there."
            )
        read[event] = grid.tolist()
    return read
