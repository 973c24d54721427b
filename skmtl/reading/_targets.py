"""From the user's y to labels with one column per task, and from raw scores to predictions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skmtl.tasks import (
    Curves,
    Kind,
    TaskSet,
    TasksLike,
    join_label_columns,
    label_frame,
    labels_of_tasks,
)


@dataclass(frozen=True)
class ScoredLabels:
    """Labels with one column for each prediction, and what kind each of them is.

    Attributes
    ----------
    Y : DataFrame of shape (n_samples, n_predictions)
    kinds : dict of column to Kind
        Fitted ones where the model has them.
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
            The same, knowing the names of the events where all of y is events.
        labels : DataFrame of shape (n_samples, n_tasks)
            One column per task, whatever tasks y holds.
        """

    @property
    def output_names(self) -> list[Hashable] | None:
        """Names of the events where all of y is events; else None: the tasks are the outputs."""
        return None

    def check_comparable(self, y: Any) -> None:
        """Raise ValueError where a target is several predictions."""
        return

    @abstractmethod
    def fit(
        self, Y: pd.DataFrame, weight: np.ndarray | None, group: np.ndarray | None, n_groups: int
    ) -> TaskSet:
        """Learn the classes or the units of all tasks."""

    @abstractmethod
    def read(self, y: Any, tasks: TaskSet) -> pd.DataFrame:
        """Labels with one column for each of the fitted tasks that y holds."""

    @abstractmethod
    def scored(self, y: Any, tasks: TaskSet) -> ScoredLabels:
        """Labels by which predictions are scored."""

    @abstractmethod
    def event_names(self, tasks: TaskSet) -> list[Hashable]:
        """Names of the times to events."""

    @abstractmethod
    def events(self, y: Any, tasks: TaskSet) -> pd.DataFrame:
        """The times to events that y holds, one column of `EventTimes` per event."""

    @abstractmethod
    def curves(self, scores: np.ndarray, tasks: TaskSet) -> dict[Hashable, Curves]:
        """Curves of each event, from raw scores (n_samples, n_scores)."""

    @abstractmethod
    def predictions(
        self, scores: np.ndarray, group: np.ndarray | None, tasks: TaskSet
    ) -> Mapping[Hashable, np.ndarray]:
        """Predictions (n_samples,) by name, in the user's units."""


@dataclass(frozen=True)
class ColumnTargets(Targets):
    """A column of y is a target, or several columns that a kind joins.

    Attributes
    ----------
    tasks : mapping of column to kind, kind, or None
        What the user says of the targets.
    infer : callable
        From labels to the kind that they are where the user says nothing.
    classes_only : bool or None
        Whether all targets must have classes (True) or none may (False).
    owner : str
        The estimator's class, for error messages.
    """

    tasks: TasksLike
    infer: Callable[[pd.Series], Kind]
    classes_only: bool | None
    owner: str

    def read_first(self, y: Any) -> tuple[ColumnTargets, pd.DataFrame]:
        return self, label_frame(join_label_columns(y, self.tasks))

    def fit(
        self, Y: pd.DataFrame, weight: np.ndarray | None, group: np.ndarray | None, n_groups: int
    ) -> TaskSet:
        tasks = TaskSet.fit(
            Y, infer=self.infer, tasks=self.tasks, weight=weight, group=group, n_groups=n_groups
        )
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
        return EachWhenAsked(
            tasks.names, lambda name: heads[name].predict(scores[:, parts[name]], group=group)
        )


class EachWhenAsked(Mapping[Hashable, np.ndarray]):
    """A mapping whose values are computed when they are first asked for."""

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
    """Curves of each task that has them, from raw scores (n_samples, n_scores)."""
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
    """Answers to a question about the curves of each event, some rows at a time.

    So memory does not grow with rows times bins.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_scores)
    curves : callable
        From raw scores to the curves of each event.
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
