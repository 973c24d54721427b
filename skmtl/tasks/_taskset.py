"""All tasks of one model."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.tasks._constant import ConstantTarget, fit_head
from skmtl.tasks._kind import Kind
from skmtl.tasks._registry import TasksLike, chosen_kinds

# With fewer held-out rows, the residuals of the training rows are more accurate.
_ENOUGH_HELD_OUT = 50


@dataclass(frozen=True)
class Labels:
    """Encoded labels of all tasks.

    Attributes
    ----------
    target : float64 ndarray of shape (n_samples, target_width)
        The concatenated targets of the tasks; 0 if the label is missing.
    mask : bool ndarray of shape (n_samples, n_tasks)
        Whether each label is observed.
    weight : float64 ndarray of shape (n_samples, n_tasks), or None
        Class weights of labels, in addition to row weights; None if all are 1.
    """

    target: np.ndarray
    mask: np.ndarray
    weight: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> Labels:
        """Return the labels of some rows."""
        weight = None if self.weight is None else self.weight[rows]
        return Labels(self.target[rows], self.mask[rows], weight)


@storable
class TaskSet:
    """The heads of a model's tasks, and the columns of their scores and targets.

    Parameters
    ----------
    heads : dict of name to fitted Kind

    Attributes
    ----------
    names : list of hashable
    heads : list of Kind
    score_slices, target_slices : list of slice
        Columns of each task in the engine's raw scores and in the encoded target.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl.tasks import TaskSet, mixed_kind
    >>> Y = pd.DataFrame({"delay": [1.0, np.nan, 3.0], "late": ["no", "yes", "no"]})
    >>> tasks = TaskSet.fit(Y, infer=mixed_kind)
    >>> tasks.kinds
    {'delay': 'regression', 'late': 'binary'}
    >>> tasks.encode(Y).mask.tolist()
    [[True, True], [False, True], [True, True]]
    """

    def __init__(self, heads: dict[Hashable, Kind]) -> None:
        self.names = list(heads)
        self.heads = list(heads.values())
        self.score_slices = _slices([head.n_scores for head in self.heads])
        self.target_slices = _slices([head.target_width for head in self.heads])

    @classmethod
    def fit(
        cls,
        Y: pd.DataFrame,
        *,
        infer: Callable[[pd.Series], Kind],
        tasks: TasksLike = None,
        weight: np.ndarray | None = None,
        group: np.ndarray | None = None,
        n_groups: int = 0,
    ) -> TaskSet:
        """Learn each column's classes or units.

        Parameters
        ----------
        Y : DataFrame of shape (n_samples, n_tasks)
            From `label_frame`.
        infer : callable
            Chooses the kind of a column that `tasks` does not name.
        tasks : str, Kind, or mapping of column to str or Kind, optional
            The kinds that the user specified.
        weight : ndarray of shape (n_samples,) or (n_samples, n_tasks), optional
        group : int ndarray of shape (n_samples,), optional
            The task of each row of long data, an index below `n_groups`.
        """
        of_task = None if weight is None else _by_task(weight, Y.shape[1])
        fixed = chosen_kinds(tasks, list(Y.columns))
        heads: dict[Hashable, Kind] = {}
        for i, name in enumerate(Y.columns):
            kind = fixed[name] if name in fixed else infer(Y[name])
            heads[name] = fit_head(
                kind,
                Y[name],
                task=name,
                weight=None if of_task is None else of_task[i],
                group=group,
                n_groups=n_groups,
            )
        return cls(heads)

    def __len__(self) -> int:
        return len(self.heads)

    @property
    def n_scores(self) -> int:
        return sum(head.n_scores for head in self.heads)

    @property
    def constant(self) -> dict[Hashable, ConstantTarget]:
        """The heads of targets with one observed value, which engines do not learn."""
        return {n: head for n, head in self.by_name.items() if isinstance(head, ConstantTarget)}

    @property
    def varying(self) -> TaskSet:
        """The tasks that an engine learns, with the same columns of raw scores as in all tasks."""
        constant = self.constant
        if not constant:
            return self
        return TaskSet({n: head for n, head in self.by_name.items() if n not in constant})

    @property
    def kinds(self) -> dict[Hashable, str]:
        return {name: head.name for name, head in zip(self.names, self.heads, strict=True)}

    def encode(self, Y: pd.DataFrame, *, group: np.ndarray | None = None) -> Labels:
        """Return the encoded labels of Y, whose columns must be the tasks of this set."""
        self.check_names(list(Y.columns))
        columns = [
            head.encode(Y[name], group=group)
            for name, head in zip(self.names, self.heads, strict=True)
        ]
        mask = Y[self.names].notna().to_numpy()
        weights = [
            head.label_weight(target) for head, target in zip(self.heads, columns, strict=True)
        ]
        return Labels(np.hstack([np.zeros((len(Y), 0)), *columns]), mask, _side_by_side(weights))

    @property
    def by_name(self) -> dict[Hashable, Kind]:
        """The head of each task."""
        return dict(zip(self.names, self.heads, strict=True))

    def mean_losses(self, scores: np.ndarray, labels: Labels, weight: np.ndarray) -> np.ndarray:
        """Return the weighted mean loss of each task, (n_tasks,); NaN if it has no labels.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_scores)
        labels : Labels of the same rows
        weight : ndarray of shape (n_samples, n_tasks)
            0 if the label is missing.
        """
        means = np.full(len(self.heads), np.nan)
        for i, head in enumerate(self.heads):
            rows = np.flatnonzero(weight[:, i] > 0)
            if len(rows):
                losses = head.losses(
                    scores[rows, self.score_slices[i]], labels.target[rows, self.target_slices[i]]
                )
                means[i] = np.average(losses, weights=weight[rows, i])
        return means

    def strata(self, Y: pd.DataFrame) -> pd.DataFrame:
        """Return the values by which to stratify the rows of Y, one column per task."""
        return pd.DataFrame(
            {
                i: head.strata(Y[name])
                for i, (name, head) in enumerate(zip(self.names, self.heads, strict=True))
            }
        )

    def check_names(self, names: list[Hashable]) -> None:
        """Raise ValueError unless these are the set's tasks, in order."""
        if names != self.names:
            raise ValueError(
                f"y has the targets {names}, but the model was fitted on {self.names}."
            )

    def initial_scores(self, labels: Labels, weight: np.ndarray) -> np.ndarray:
        """Return the raw scores of shape (n_scores,) of the best constant model.

        Parameters
        ----------
        labels : Labels
        weight : ndarray of shape (n_samples, n_tasks)
        """
        parts = []
        for i, head in enumerate(self.heads):
            rows = labels.mask[:, i] & (weight[:, i] > 0)
            target = labels.target[rows, self.target_slices[i]]
            parts.append(head.initial_scores(target, weight[rows, i]))
        return np.concatenate([np.zeros(0), *parts])

    @property
    def learns_from_scores(self) -> bool:
        """Whether any head needs `finish`."""
        return any(head.learns_from_scores for head in self.heads)

    def finish(self, scores: np.ndarray, labels: Labels, weight: np.ndarray) -> None:
        """Let the heads learn from the final raw scores of the training rows.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_scores)
        labels : Labels of the same rows
        weight : ndarray of shape (n_samples, n_tasks)
        """
        for i, head in enumerate(self.heads):
            if head.learns_from_scores:
                rows = labels.mask[:, i] & (weight[:, i] > 0)
                target = labels.target[rows, self.target_slices[i]]
                head.finish(scores[rows, self.score_slices[i]], target, weight[rows, i])

    @property
    def learns_residuals(self) -> bool:
        """Whether any head needs `learn_residuals`."""
        return any(head.learns_residuals for head in self.heads)

    def learn_residuals(
        self, scores: np.ndarray, labels: Labels, weight: np.ndarray, held_out: np.ndarray
    ) -> None:
        """Let the heads learn the distribution of labels around the final raw scores.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_scores)
        labels : Labels of the same rows
        weight : ndarray of shape (n_samples, n_tasks)
        held_out : bool ndarray of shape (n_samples,)
            Rows that the model was not trained on. Only these are used if there are enough.
        """
        for i, head in enumerate(self.heads):
            if head.learns_residuals:
                rows = labels.mask[:, i] & (weight[:, i] > 0)
                if (rows & held_out).sum() >= _ENOUGH_HELD_OUT:
                    rows = rows & held_out
                target = labels.target[rows, self.target_slices[i]]
                head.learn_residuals(scores[rows, self.score_slices[i]], target, weight[rows, i])

    def predict(self, scores: np.ndarray, *, group: np.ndarray | None = None) -> list[np.ndarray]:
        """Return predictions in the user's units, one array of shape (n_samples,) per task."""
        return [
            head.predict(scores[:, part], group=group)
            for head, part in zip(self.heads, self.score_slices, strict=True)
        ]

    def predict_proba(self, scores: np.ndarray) -> list[np.ndarray]:
        """Return the probabilities of the tasks with classes, in the order of the tasks."""
        return [
            head.predict_proba(scores[:, part])
            for head, part in zip(self.heads, self.score_slices, strict=True)
            if head.is_classification
        ]

    def loss_groups(self) -> list[list[int]]:
        """Return groups of tasks with the same loss function, which can share one call."""
        groups: dict[tuple, list[int]] = {}
        for i, head in enumerate(self.heads):
            groups.setdefault(head.stack_key, []).append(i)
        return list(groups.values())


def _by_task(weight: np.ndarray, n_tasks: int) -> list[np.ndarray]:
    """Return the row weights of each task."""
    if weight.ndim == 1:
        return [weight] * n_tasks
    return [np.ascontiguousarray(column) for column in weight.T]


def _side_by_side(weights: list[np.ndarray | None]) -> np.ndarray | None:
    """Stack weights by task, (n_samples, n_tasks), with ones for None; None if all are None."""
    known = [weight for weight in weights if weight is not None]
    if not known:
        return None
    ones = np.ones(len(known[0]))
    return np.column_stack([ones if weight is None else weight for weight in weights])


def _slices(widths: list[int]) -> list[slice]:
    ends = np.cumsum(widths).tolist()
    return [slice(end - width, end) for end, width in zip(ends, widths, strict=True)]
