"""The training rows of linear models, and the functions that are learnt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from skmtl._storable import storable
from skmtl.linear._descent import ObservedLabels
from skmtl.linear._design import Design
from skmtl.tasks import Kind, Regression, TaskSet

Split = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class LabelledRows:
    """Rows of a design matrix with the labels of all targets.

    Attributes
    ----------
    design : Design
    tasks : TaskSet
    target : ndarray of shape (n_rows, target_width)
    weight : float64 ndarray of shape (n_rows, n_targets)
        0 where a label is missing.
    group : int64 ndarray of shape (n_rows,), or None
        Index of the row's id in long data.
    n_groups : int
    """

    design: Design
    tasks: TaskSet
    target: np.ndarray
    weight: np.ndarray
    group: np.ndarray | None = None
    n_groups: int = 0

    def take(self, rows: np.ndarray) -> LabelledRows:
        """Return the rows at some positions."""
        return LabelledRows(
            self.design.take(rows),
            self.tasks,
            self.target[rows],
            self.weight[rows],
            None if self.group is None else self.group[rows],
            self.n_groups,
        )

    def labelled(self, target: int) -> np.ndarray:
        """Return the positions of the rows with positive weight for a target."""
        return np.flatnonzero(self.weight[:, target] > 0)

    def observed(self, target: int, among: np.ndarray | None = None) -> ObservedLabels:
        """Return the labels of a target with positive weight, in all rows or among some."""
        rows = self.labelled(target) if among is None else among[self.weight[among, target] > 0]
        encoded = self.target[rows, self.tasks.target_slices[target]]
        weight = self.weight[rows, target]
        return ObservedLabels(self.tasks.heads[target], rows, encoded, weight)

    def scores(self, function: LinearTarget) -> np.ndarray:
        """Return the raw scores (n_rows, n_scores) of a target's linear function."""
        scores = np.empty((len(self.weight), len(function.constant)))
        for part, block in self.design.blocks():
            group = None if self.group is None else self.group[part]
            scores[part] = function.scores(block, group)
        return scores

    def total_weight(self) -> np.ndarray:
        """Total weight of each target's rows."""
        return self.weight.sum(axis=0)

    def row_unit(self) -> np.ndarray:
        """Unit of the weights of each target: 1, or the mean if weights have another scale."""
        labels = np.maximum((self.weight > 0).sum(axis=0), 1)
        return np.minimum(self.total_weight() / labels, 1.0)

    def squared_pools(self) -> Iterator[list[int]]:
        """Iterate over groups of targets with squared losses and the same rows and weights."""
        pools: dict[bytes, list[int]] = {}
        for target, head in enumerate(self.tasks.heads):
            if is_squared(head):
                pools.setdefault(self.weight[:, target].tobytes(), []).append(target)
        yield from pools.values()


def is_squared(head: Kind) -> bool:
    """Whether the loss is half the squared error."""
    return isinstance(head, Regression) and head.loss_name == "squared"


@storable
@dataclass(frozen=True)
class LinearTarget:
    """The linear function of one target, or of each of its ids.

    Attributes
    ----------
    constant : ndarray of shape (n_scores,)
    coef : ndarray of shape (n_columns, n_directions)
    directions : ndarray of shape (n_directions, n_scores)
        Change of the raw scores for a step along each direction.
    alpha : float
        Strength of the penalty.
    shifts : ndarray of shape (n_groups + 1, n_directions), or None
        Added to the constant for each id of long data; 0 for unseen ids, which are the last.
    slopes : ndarray of shape (n_groups + 1, n_columns, n_directions), or None
        Added to `coef` for each id; 0 for unseen ids.
    similarity : float
        Share of the common part in the prior variance of the coefficients: 0 if targets or ids
        have separate coefficients, 1 if the coefficients are the same for all.
    """

    constant: np.ndarray
    coef: np.ndarray
    directions: np.ndarray
    alpha: float
    shifts: np.ndarray | None = None
    slopes: np.ndarray | None = None
    similarity: float = 0.0

    def scores(self, matrix: np.ndarray, group: np.ndarray | None) -> np.ndarray:
        """Return raw scores (n_rows, n_scores) for rows of the design matrix."""
        along = matrix @ self.coef
        if self.shifts is not None:
            along += self.shifts[group]
        if self.slopes is not None and group is not None:
            for number in np.unique(group):
                rows = np.flatnonzero(group == number)
                along[rows] += matrix[rows] @ self.slopes[number]
        return self.constant + along @ self.directions

    def coef_of(self, group: int | None) -> np.ndarray:
        """Return the coefficients of the raw scores, (n_columns, n_scores), of an id."""
        coef = self.coef
        if self.slopes is not None and group is not None:
            coef = coef + self.slopes[group]
        return coef @ self.directions

    def constant_of(self, group: int | None) -> np.ndarray:
        """Return the raw scores (n_scores,) of an id at the point where all columns are 0."""
        if self.shifts is None or group is None:
            return self.constant
        return self.constant + self.shifts[group] @ self.directions
