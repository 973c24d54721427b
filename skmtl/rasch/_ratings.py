"""Ratings as arrays, and the layout of the parameter vector."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import helmert
from scipy.sparse import csr_array


@dataclass(frozen=True)
class Ratings:
    """Observed labels of all questions in long format, with features, raters and items.

    Attributes
    ----------
    features : float64 ndarray of shape (n_rows, n_features)
        Centred features.
    rater : int ndarray of shape (n_rows,)
    item : int ndarray of shape (n_rows,), or None
        Item of each row; None if the measure depends only on the features.
    row, question, level : int ndarray of shape (n_labels,)
        Row, question and level of each label. Levels count from 0.
    weight : float64 ndarray of shape (n_labels,)
    n_levels : int ndarray of shape (n_questions,)
    n_raters, n_items : int
        `n_items` is 1 if `item` is None.
    """

    features: np.ndarray
    rater: np.ndarray
    item: np.ndarray | None
    row: np.ndarray
    question: np.ndarray
    level: np.ndarray
    weight: np.ndarray
    n_levels: np.ndarray
    n_raters: int
    n_items: int

    @cached_property
    def contrasts(self) -> np.ndarray:
        """Orthonormal columns (n_raters, n_raters - 1), each of which sums to zero."""
        return helmert(self.n_raters).T

    @cached_property
    def design(self) -> np.ndarray:
        """Design matrix (n_rows, n_features + n_raters - 1): features and minus the contrasts."""
        return np.hstack([self.features, -self.contrasts[self.rater]])

    @cached_property
    def item_of_row(self) -> np.ndarray:
        """Index of the item of each row; 0 without items."""
        return np.zeros(len(self.rater), dtype=np.int64) if self.item is None else self.item

    @cached_property
    def item_of_label(self) -> np.ndarray:
        return self.item_of_row[self.row]

    @cached_property
    def rows_to_items(self) -> csr_array:
        """Matrix that sums values of rows by item, (n_items, n_rows)."""
        return _sums(self.item_of_row, self.n_items)

    @cached_property
    def labels_to_items(self) -> csr_array:
        """Matrix that sums values of labels by item, (n_items, n_labels)."""
        return _sums(self.item_of_label, self.n_items)

    @cached_property
    def first_threshold(self) -> np.ndarray:
        """Position of the first threshold of each question, followed by the total number."""
        return np.concatenate([[0], np.cumsum(self.n_levels - 1)])

    @property
    def n_thresholds(self) -> int:
        return int(self.first_threshold[-1])

    @cached_property
    def upper(self) -> np.ndarray:
        """Position of the threshold above each label; `n_thresholds` above the highest level."""
        is_highest = self.level == self.n_levels[self.question] - 1
        return np.where(is_highest, self.n_thresholds, self._above)

    @cached_property
    def lower(self) -> np.ndarray:
        """Position of the threshold below each label; `n_thresholds` + 1 below the lowest."""
        return np.where(self.level == 0, self.n_thresholds + 1, self._above - 1)

    @property
    def _above(self) -> np.ndarray:
        return self.first_threshold[self.question] + self.level

    @property
    def coef(self) -> slice:
        """Positions of the coefficients of the features in the parameter vector."""
        return slice(0, self.features.shape[1])

    @property
    def contrast(self) -> slice:
        """Positions of the contrasts of the raters' severities."""
        return slice(self.coef.stop, self.coef.stop + self.n_raters - 1)

    @property
    def spread(self) -> slice:
        """Position of the standard deviation of the items; empty without items."""
        return slice(self.contrast.stop, self.contrast.stop + (self.item is not None))

    @property
    def thresholds(self) -> slice:
        return slice(self.spread.stop, self.spread.stop + self.n_thresholds)


def _sums(places: np.ndarray, n_places: int) -> csr_array:
    columns = np.arange(len(places))
    return csr_array((np.ones(len(places)), (places, columns)), shape=(n_places, len(places)))
