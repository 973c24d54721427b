"""Convert y to labels with one column per task, and raw scores to predictions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from skmtl.reading._text_labels import warn_of_numbers_in_labels
from skmtl.tasks import (
    Curves,
    Kind,
    TaskSet,
    TasksLike,
    as_kind,
    join_label_columns,
    label_frame,
    labels_of_tasks,
    unfitted,
)


@dataclass(frozen=True)
class ScoredLabels:
    """Labels with one column for each prediction, and their kinds.

    Attributes
    ----------
    Y : DataFrame of shape (n_samples, n_predictions)
    kinds : dict of column to Kind
        Fitted kinds if the model has them.
    """

    Y: pd.DataFrame
    kinds: dict[Hashable, Kind]


class Targets(ABC):
    """How an estimator interprets y.

    `read_first` and `fit` are used in `fit`. The other methods receive the fitted tasks.
    """

    @abstractmethod
    def read_first(self, y: Any) -> tuple[Targets, pd.DataFrame]:
        """Read y before there are tasks.

        Returns
        -------
        targets : Targets
            The targets, with the names of the events if all of y is events.
        labels : DataFrame of shape (n_samples, n_tasks)
            Labels with one column per task in y.
        """

    @property
    def output_names(self) -> list[Hashable] | None:
        """Names of the events if all of y is events; None if the tasks are the outputs."""
        return None

    def check_comparable(self, y: Any) -> None:
        """Raise a ValueError if a target consists of several predictions."""
        return

    @abstractmethod
    def fit(
        self, Y: pd.DataFrame, weight: np.ndarray | None, group: np.ndarray | None, n_groups: int
    ) -> TaskSet:
        """Learn the classes or units of all tasks."""

    @abstractmethod
    def read(self, y: Any, tasks: TaskSet) -> pd.DataFrame:
        """Return labels with one column for each fitted task in y."""

    def read_wider(self, y: Any, tasks: TaskSet) -> pd.DataFrame:
        """Return labels of fitted tasks, followed by those of tasks that are not fitted yet.

        By default, new tasks are not allowed.
        """
        labels = self.read(y, tasks)
        tasks.check_names(list(labels.columns))
        return labels

    def fit_wider(
        self,
        Y: pd.DataFrame,
        tasks: TaskSet,
        weight: np.ndarray | None,
        group: np.ndarray | None,
        n_groups: int,
    ) -> TaskSet:
        """Learn the classes or units of tasks that are not fitted yet.

        Parameters are those of `fit`; Y is the result of `read_wider`.
        """
        return tasks

    @abstractmethod
    def scored(self, y: Any, tasks: TaskSet) -> ScoredLabels:
        """Return the labels to compare predictions with."""

    @abstractmethod
    def event_names(self, tasks: TaskSet) -> list[Hashable]:
        """Return the names of the times to events."""

    @abstractmethod
    def events(self, y: Any, tasks: TaskSet) -> pd.DataFrame:
        """Return the times to events in y, one column of `EventTimes` per event."""

    @abstractmethod
    def curves(self, scores: np.ndarray, tasks: TaskSet) -> dict[Hashable, Curves]:
        """Return the curves of each event for raw scores (n_samples, n_scores)."""

    @abstractmethod
    def predictions(
        self, scores: np.ndarray, group: np.ndarray | None, tasks: TaskSet
    ) -> Mapping[Hashable, np.ndarray]:
        """Return predictions (n_samples,) by name, in the user's units."""


@dataclass(frozen=True)
class ColumnTargets(Targets):
    """Targets that are columns of y, or several columns that a kind joins.

    Attributes
    ----------
    tasks : mapping of column to kind, kind, or None
        The kinds that the user has set.
    infer : callable
        Infers the kind of labels that the user has not set.
    classes_only : bool or None
        True if all targets must have classes, False if none may.
    owner : str
        The estimator's class, for error messages.
    """

    tasks: TasksLike
    infer: Callable[[pd.Series], Kind]
    classes_only: bool | None
    owner: str

    def read_first(self, y: Any) -> tuple[ColumnTargets, pd.DataFrame]:
        labels = label_frame(join_label_columns(y, self.tasks))
        if isinstance(self.tasks, Mapping):
            kinds = {name: as_kind(kind, name) for name, kind in self.tasks.items()}
            predicted = _prediction_names(list(labels.columns), kinds)
            if self.classes_only is False:
                self._refuse_another_order(label_frame(y), predicted)
        return self, labels

    def _refuse_another_order(self, y: pd.DataFrame, predicted: list[Hashable]) -> None:
        """Refuse labels if the columns of the predicted array would have another order than y."""
        order = [name for name in predicted if name in y.columns]
        if order != [name for name in y.columns if name in predicted]:
            raise ValueError(
                f"{self.owner} predicts an array with the columns {predicted}, but y has the "
                f"order {y.columns.tolist()}. Put its columns in the order of the predictions, or "
                "use the estimator for mixed kinds, whose predictions have names."
            )

    def fit(
        self, Y: pd.DataFrame, weight: np.ndarray | None, group: np.ndarray | None, n_groups: int
    ) -> TaskSet:
        tasks = TaskSet.fit(
            Y, infer=self.infer, tasks=self.tasks, weight=weight, group=group, n_groups=n_groups
        )
        if self.classes_only is None:
            chosen = Y.columns if isinstance(self.tasks, str | Kind) else self.tasks or ()
            warn_of_numbers_in_labels(Y[[name for name in Y.columns if name not in chosen]])
        for name, head in tasks.by_name.items():
            if self.classes_only not in (None, head.is_classification):
                raise ValueError(
                    f"Task {name!r} has kind {head.name!r}, but {self.owner} predicts "
                    f"{'classes' if self.classes_only else 'numbers'} only. Use the estimator "
                    "for mixed kinds."
                )
        return tasks

    def read(self, y: Any, tasks: TaskSet) -> pd.DataFrame:
        return labels_of_tasks(join_label_columns(y, tasks.by_name), tasks.names)

    def read_wider(self, y: Any, tasks: TaskSet) -> pd.DataFrame:
        chosen = self.tasks if isinstance(self.tasks, Mapping) else {}
        for name in tasks.names:
            kind = unfitted(tasks.by_name[name])
            if name in chosen and as_kind(chosen[name], name) != kind:
                raise ValueError(
                    f"Task {name!r} was learnt as {kind!r}, cannot continue as {chosen[name]!r}. "
                    "Set `tasks` back, or use warm_start=False to start over."
                )
        labels = label_frame(join_label_columns(y, {**chosen, **tasks.by_name}))
        new = [name for name in labels.columns if name not in tasks.names]
        if not new or len(new) == labels.shape[1]:
            return self.read(y, tasks)
        return labels[[name for name in tasks.names if name in labels.columns] + new]

    def fit_wider(
        self,
        Y: pd.DataFrame,
        tasks: TaskSet,
        weight: np.ndarray | None,
        group: np.ndarray | None,
        n_groups: int,
    ) -> TaskSet:
        new = [name not in tasks.names for name in Y.columns]
        chosen = self.tasks
        if isinstance(chosen, Mapping):
            names = set(tasks.names)
            chosen = {name: kind for name, kind in chosen.items() if name not in names}
        if weight is not None and weight.ndim == 2:
            weight = weight[:, new]
        fresh = replace(self, tasks=chosen).fit(Y.loc[:, new], weight, group, n_groups)
        heads = tasks.by_name | fresh.by_name
        wider = TaskSet({name: heads[name] for name in Y.columns})
        _prediction_names(wider.names, wider.by_name)
        return wider

    def scored(self, y: Any, tasks: TaskSet) -> ScoredLabels:
        Y, heads = self.read(y, tasks), tasks.by_name
        for name in Y.columns:
            heads[name].check_scored(Y[name])
        return ScoredLabels(Y, {name: heads[name] for name in Y.columns})

    def event_names(self, tasks: TaskSet) -> list[Hashable]:
        return [name for name, head in tasks.by_name.items() if head.has_curves]

    def events(self, y: Any, tasks: TaskSet) -> pd.DataFrame:
        labels = self.read(y, tasks)
        return labels[[name for name in self.event_names(tasks) if name in labels]]

    def curves(self, scores: np.ndarray, tasks: TaskSet) -> dict[Hashable, Curves]:
        return task_curves(scores, tasks)

    def predictions(
        self, scores: np.ndarray, group: np.ndarray | None, tasks: TaskSet
    ) -> Mapping[Hashable, np.ndarray]:
        parts = dict(zip(tasks.names, tasks.score_slices, strict=True))
        heads = tasks.by_name
        by_task = EachWhenAsked(
            tasks.names, lambda name: heads[name].predict(scores[:, parts[name]], group=group)
        )
        return by_prediction(by_task, heads)


def _prediction_names(tasks: Sequence[Hashable], kinds: Mapping[Hashable, Kind]) -> list[Hashable]:
    """Return the names of all predictions, which must differ."""
    task_of: dict[Hashable, Hashable] = {}
    for task in tasks:
        for name in kinds[task].prediction_names(task) if task in kinds else [task]:
            if name in task_of:
                raise ValueError(
                    f"Tasks {task_of[name]!r} and {task!r} would both predict the column "
                    f"{name!r}. Copy the column of y under another name for one of them."
                )
            task_of[name] = task
    return list(task_of)


def by_prediction(
    by_task: Mapping[Hashable, np.ndarray], kinds: Mapping[Hashable, Kind]
) -> Mapping[Hashable, np.ndarray]:
    """Return predictions (n_samples,) by name; those of a task may have several columns."""
    names = {task: kind.prediction_names(task) for task, kind in kinds.items()}
    columns = {
        name: (task, column if len(of_task) > 1 else None)
        for task, of_task in names.items()
        for column, name in enumerate(of_task)
    }

    def predicted(name: Hashable) -> np.ndarray:
        task, column = columns[name]
        return by_task[task] if column is None else by_task[task][:, column]

    return EachWhenAsked(list(columns), predicted)


class EachWhenAsked(Mapping[Hashable, np.ndarray]):
    """A mapping whose values are computed on first access."""

    def __init__(
        self, names: Sequence[Hashable], compute: Callable[[Hashable], np.ndarray]
    ) -> None:
        self._names = names
        self._compute = compute
        self._values: dict[Hashable, np.ndarray] = {}

    def __getitem__(self, name: Hashable) -> np.ndarray:
        if name not in self._values:
            self._values[name] = self._compute(name)
        return self._values[name]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def task_curves(scores: np.ndarray, tasks: TaskSet) -> dict[Hashable, Curves]:
    """Return the curves of tasks that have any, for raw scores (n_samples, n_scores)."""
    return {
        name: head.curves(scores[:, part])
        for name, head, part in zip(tasks.names, tasks.heads, tasks.score_slices, strict=True)
        if head.has_curves
    }


def answers_in_blocks(
    scores: np.ndarray,
    curves: Callable[[np.ndarray], Mapping[Hashable, Curves]],
    questions: Mapping[Hashable, Callable[[Curves], np.ndarray]],
    block: int = 16_384,
) -> dict[Hashable, np.ndarray]:
    """Apply functions to the curves of events, some rows at a time.

    This way memory does not grow with the number of rows times bins.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_scores)
    curves : callable
        Computes the curves of each event from raw scores.
    questions : mapping of event to callable
    block : int
        Rows at a time.
    """
    parts: dict[Hashable, list[np.ndarray]] = {name: [] for name in questions}
    for start in range(0, max(len(scores), 1), block):
        drawn = curves(scores[start : start + block])
        for name, question in questions.items():
            parts[name].append(question(drawn[name]))
    return {name: np.concatenate(answers) for name, answers in parts.items()}
