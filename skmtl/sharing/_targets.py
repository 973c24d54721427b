"""Convert labels and predictions to numbers, to compare tasks with different units."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skmtl.metrics import ScoredTask
from skmtl.sharing._tasks import TaskTable
from skmtl.tasks import Kind, class_positions, fit_head, plain_values

# Directions with less variation than this, relative to the largest, are ignored: probabilities of
# all classes sum to one.
_NO_DIRECTION = 1e-12


@dataclass(frozen=True)
class Target:
    """The labels of one task as numbers.

    Attributes
    ----------
    name : hashable
    values : ndarray of shape (n_samples, width)
        Numbers and shares unchanged; 0 and 1 for two classes, ranks for ordered classes, an
        indicator column for each of several classes. 0 if the label is missing.
    weight : ndarray of shape (n_samples,)
        0 if the label is missing, or the row belongs to another task.
    classes : ndarray or None
        All classes in order.
    is_ordered : bool
    is_absolute : bool
        Whether errors are absolute rather than squared, as in the task's loss.
    """

    name: Hashable
    values: np.ndarray
    weight: np.ndarray
    classes: np.ndarray | None
    is_ordered: bool
    is_absolute: bool

    def numbers(self, task: ScoredTask) -> np.ndarray:
        """Return predictions for this task, or another one with these classes, as numbers."""
        if self.classes is None or task.classes is None:
            return task.predict().to_numpy(dtype=np.float64).reshape(len(task.labels), -1)
        probabilities = np.zeros((len(task.labels), len(self.classes)))
        columns = pd.Index(self.classes).get_indexer(pd.Index(task.classes))
        probabilities[:, columns] = task.predict_proba()
        return _as_numbers(probabilities, self.is_ordered)

    def relative_error(self, numbers: np.ndarray) -> float:
        """Return the mean error relative to the best constant, which has 1."""
        return float(self.error_by_row(numbers).sum())

    def error_by_row(self, numbers: np.ndarray) -> np.ndarray:
        """Return the contribution of each row to `relative_error`, (n_samples,)."""
        labels = self.values[self.weight > 0]
        if (labels == labels[:1]).all():
            # Nothing is better than the constant, so all models are equally good.
            return self.weight / self.weight.sum()
        centre = _centre(self.values, self.weight, self.is_absolute)
        worst = self._sizes(self.values - centre).sum()
        return self._sizes(self.values - numbers) / worst

    def rescaled_error(self, numbers: np.ndarray) -> float:
        """Return the relative error after fitting shift and scale of another task's predictions.

        The scale of a single number must be positive: trees and small networks cannot share much
        between tasks of opposite signs.
        """
        rows = self.weight > 0
        weight, x, y = self.weight[rows, None], numbers[rows], self.values[rows]
        x0, y0 = (np.average(values, axis=0, weights=weight[:, 0]) for values in (x, y))
        x, y = x - x0, y - y0
        gram, cross = x.T @ (weight * x), x.T @ (weight * y)
        slope = np.linalg.pinv(gram, rcond=_NO_DIRECTION, hermitian=True) @ cross
        if slope.size == 1:
            slope = np.maximum(slope, 0.0)
        return self.relative_error(y0 + (numbers - x0) @ slope)

    def _sizes(self, errors: np.ndarray) -> np.ndarray:
        """Return weighted sizes of errors (n_samples, width); 0 without a label."""
        sizes = np.abs(errors) if self.is_absolute else errors**2
        return self.weight * np.where(self.weight[:, None] > 0, sizes, 0.0).sum(axis=1)


def has_numbers(kind: Kind) -> bool:
    """Whether labels of a kind can be converted to numbers; times to events cannot."""
    return kind.is_classification or kind.has_numbers


def read_target(table: TaskTable, name: Hashable, kind: Kind, rows: np.ndarray) -> Target:
    """Return the labels of a task as numbers, with weights in some rows.

    Raises
    ------
    ValueError
        For times to events, and if no label has a positive weight.
    """
    labels = table.Y.iloc[:, 0] if table.ids is not None else table.Y[name]
    settled = kind.settled(labels)
    is_labelled = table.is_labelled[:, table.names.index(name)] & settled.notna().to_numpy()
    counts = np.isin(np.arange(len(labels)), rows)
    weight = table.weight_of(name) if table.ids is None else table.sample_weight
    weight = np.ones(len(labels)) if weight is None else weight
    weight = np.where(is_labelled & counts, weight, 0.0)
    if not weight.any():
        raise ValueError(
            f"Task {name!r} has no label of positive weight in the test rows of cv, so its models "
            "cannot be evaluated. Choose a cv whose test rows have some."
        )
    # Fit to all labels, so that classes of other ids of long data are known.
    head = fit_head(kind, labels, task=name)
    if head.is_classification:
        ordered = head.is_ordered
        codes = np.zeros(len(labels), dtype=int)
        codes[is_labelled] = class_positions(plain_values(settled[is_labelled]), head.classes_)
        values = _as_numbers(np.eye(len(head.classes_))[codes], ordered)
        return Target(name, values, weight, head.classes_, ordered, False)
    if not has_numbers(head):
        raise ValueError(
            f"Task {name!r} has kind {head.name!r}: errors of times to events cannot be compared "
            "with those of other tasks. Pass the groups yourself."
        )
    numbers = head.values(labels[is_labelled]).astype(np.float64).reshape(is_labelled.sum(), -1)
    values = np.zeros((len(labels), numbers.shape[1]))
    values[is_labelled] = numbers
    return Target(name, values, weight, None, False, head.predicts_median)


def _as_numbers(probabilities: np.ndarray, is_ordered: bool) -> np.ndarray:
    n_classes = probabilities.shape[1]
    if n_classes == 2:
        return probabilities[:, [1]]
    return probabilities @ np.arange(n_classes)[:, None] if is_ordered else probabilities


def _centre(values: np.ndarray, weight: np.ndarray, is_absolute: bool) -> np.ndarray:
    if is_absolute:
        return np.quantile(values, 0.5, axis=0, weights=weight, method="inverted_cdf")
    return np.average(values, axis=0, weights=weight)
