"""Held-out predictions for any groups of tasks."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from skmtl.metrics import ScoredTask, read_model
from skmtl.sharing._runs import fit_group, kinds_of
from skmtl.sharing._splits import Split
from skmtl.sharing._targets import Target, read_target
from skmtl.sharing._tasks import TaskTable, task_column
from skmtl.tables import as_frame, task_position
from skmtl.tasks import Kind

Group = tuple[Hashable, ...]


@dataclass(frozen=True)
class _GroupAnswers:
    """Predictions of the model of a group for the test rows of a split."""

    group: Group
    rows: np.ndarray
    tasks: dict[Hashable, ScoredTask]
    kinds: dict[Hashable, Kind]


class HeldOut:
    """Fits groups of tasks on the training rows of each split and evaluates them on the others.

    Every group is only fitted once.

    Parameters
    ----------
    estimator : estimator
    table : TaskTable
    splits : list of (training, test)
        Rows that are in no test part are ignored; for rows in several, the last prediction is
        used.
    n_jobs : int or None
    """

    def __init__(
        self, estimator: Any, table: TaskTable, splits: list[Split], n_jobs: int | None
    ) -> None:
        self._estimator = estimator
        self._table = table
        self._splits = splits
        self._judged = np.unique(np.concatenate([test for _, test in splits]))
        self._parallel = Parallel(n_jobs=n_jobs)
        self._targets: dict[Hashable, Target] = {}
        self._answers: dict[Group, list[_GroupAnswers]] = {}

    def fit(self, groups: Sequence[Group]) -> None:
        """Fit the groups that have not been fitted yet."""
        new = [group for group in dict.fromkeys(groups) if group not in self._answers]
        jobs = [
            delayed(_ask)(self._estimator, self._table, split, group)
            for group in new
            for split in self._splits
        ]
        for answer in self._parallel(jobs):
            self._answers.setdefault(answer.group, []).append(answer)
            for name, kind in answer.kinds.items():
                if name not in self._targets:
                    self._targets[name] = read_target(self._table, name, kind, self._judged)

    def errors(self, groups: Sequence[Group]) -> pd.Series:
        """Return the error of each task relative to a constant, with one model per group."""
        self.fit(groups)
        of_task = {name: group for group in groups for name in group}
        errors = {
            name: self._targets[name].relative_error(self._numbers(of_task[name], name, name))
            for name in self._table.names
        }
        return pd.Series(errors)

    def errors_by_row(self, groups: Sequence[Group]) -> np.ndarray:
        """Return the contribution of each held-out row to the mean of `errors` over the tasks."""
        self.fit(groups)
        names = self._table.names
        of_task = {name: group for group in groups for name in group}
        total = sum(
            self._targets[name].error_by_row(self._numbers(of_task[name], name, name))
            for name in names
        )
        return np.asarray(total)[self._judged] / len(names)

    def cross_errors(self) -> pd.DataFrame:
        """Return errors of each task's own model (row), rescaled for each other task (column)."""
        names = self._table.names
        self.fit([(name,) for name in names])
        errors = np.zeros((len(names), len(names)))
        for i, source in enumerate(names):
            for j, name in enumerate(names):
                numbers = self._numbers((source,), source, name)
                target = self._targets[name]
                judge = target.relative_error if i == j else target.rescaled_error
                errors[i, j] = judge(numbers)
        index = pd.Index(names, tupleize_cols=False)
        return pd.DataFrame(errors, index=index, columns=index)

    def served(self, source: Hashable, target: Hashable) -> np.ndarray:
        """Return predictions of one task's model for the rows of another, (n_samples, width)."""
        self.fit([(source,), (target,)])
        return self._numbers((source,), source, target)

    def kinds(self) -> dict[Hashable, Kind]:
        """Return the kind of each task in its own model."""
        alone = {name: (name,) for name in self._table.names}
        self.fit(list(alone.values()))
        return {name: self._answers[group][0].kinds[name] for name, group in alone.items()}

    def target(self, name: Hashable) -> Target:
        """Return the labels of a task as numbers."""
        self.fit([(name,)])
        return self._targets[name]

    def _numbers(self, group: Group, asked: Hashable, judged: Hashable) -> np.ndarray:
        """Return predictions of a group's model for task `asked` and the rows of task `judged`."""
        own = self._targets[asked if self._table.ids is None else judged]
        parts = [(each.rows, own.numbers(each.tasks[asked])) for each in self._answers[group]]
        numbers = np.zeros((len(self._table.Y), parts[0][1].shape[1]))
        for rows, values in parts:
            numbers[rows] = values
        return numbers


def _ask(estimator: Any, table: TaskTable, split: Split, group: Group) -> _GroupAnswers:
    training, test = split
    model, _ = fit_group(estimator, table, training, group)
    rows = test
    if table.ids is None:
        part = table.take(rows)
        tasks = read_model(model, part.X, part.Y[list(group)])
        return _GroupAnswers(
            group, rows, _asked(tasks), kinds_of(model, table.take(rows).only(group))
        )
    if len(group) > 1:
        rows = test[table.ids.iloc[test].isin(group).to_numpy()]
    part = table.take(rows)
    # The model of an id predicts the rows of all other ids as if they had its id.
    X = part.X if len(group) > 1 else _with_id(part.X, task_column(estimator), group[0])
    (target,) = _asked(read_model(model, X, part.y)).values()
    kinds = kinds_of(model, table.take(test).only(group))
    return _GroupAnswers(group, rows, dict.fromkeys(group, target), kinds)


def _asked(tasks: dict[Hashable, ScoredTask]) -> dict[Hashable, ScoredTask]:
    """Compute the predictions, so that the model can be deleted."""
    return {name: task.answered() for name, task in tasks.items()}


def _with_id(X: Any, column: Hashable, name: Hashable) -> Any:
    """Return the rows with the id of one task."""
    frame = as_frame(X)
    position = task_position(frame, column)
    ids = pd.Series(name, index=frame.index, dtype=frame.dtypes.iloc[position])
    frame = frame.copy(deep=False)
    frame.isetitem(position, ids)
    return frame if hasattr(X, "columns") else frame.to_numpy()
