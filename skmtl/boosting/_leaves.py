"""Leaf values for losses without a second derivative: quantiles of the residuals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skmtl.boosting._pool import Fold

# Returns new leaf values by tree, given the leaf of each row (n_rows, n_trees) and LightGBM's leaf
# values by tree.
Refit = Callable[[np.ndarray, Sequence[np.ndarray]], list[np.ndarray]]


@dataclass(frozen=True)
class LeafQuantiles:
    """Leaf values in pools with heads whose scores are quantiles (`Kind.score_levels`).

    The gradient of the pinball loss has the sign of a residual but not its size. As LightGBM's
    built-in objectives do, this replaces the value of a leaf by the quantile of its residuals. If
    a leaf also has entries of other heads, the value is the mean of the quantiles and of the
    Newton step of the other heads, weighted by second derivatives.

    Attributes
    ----------
    fold : Fold
    level : ndarray of shape (n_entries, n_trees)
        Quantile level of each coordinate; NaN if it is not a quantile.
    rate : float
        The learning rate.
    least : int
        Fewest training entries of a leaf. LightGBM counts held-out rows as well, so leaves may
        have fewer; their quantile may be that of outliers, and is left at 0.
    """

    fold: Fold
    level: np.ndarray
    rate: float
    least: int

    @classmethod
    def of(cls, fold: Fold, parameters: Mapping[str, Any]) -> LeafQuantiles | None:
        """Return None if no score is a quantile, or with monotonic constraints.

        LightGBM enforces constraints only on its own leaf values.
        """
        if "monotone_constraints" in parameters or not fold.pool.has_quantiles:
            return None
        level = np.full((len(fold.learnt), fold.pool.n_trees), np.nan)
        for segment in fold.pool.segments:
            if segment.head.score_levels:
                level[segment.part] = segment.head.score_levels
        rate, least = float(parameters["learning_rate"]), int(parameters["min_data_in_leaf"])
        return cls(fold, level, rate, least)

    def at(self, added: np.ndarray) -> Residuals:
        """Return the residuals after a block has added these coordinates."""
        fold, pool = self.fold, self.fold.pool
        raw = fold.coordinates + added + fold.constants[pool.task][:, : pool.n_trees]
        gradient, hessian = fold.derivatives(added)
        return Residuals(self, pool.target[:, :1] - raw, gradient, hessian)


@dataclass(frozen=True)
class Residuals:
    """Residuals and derivatives of all entries, (n_entries, n_trees), before a round."""

    quantiles: LeafQuantiles
    residual: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray

    def refit(self, entries: np.ndarray | slice, share: np.ndarray | float = 1.0) -> Refit:
        """Return a function that computes the leaf values of an ensemble.

        Parameters
        ----------
        entries : int ndarray or slice
            Entries of the ensemble's rows; ``slice(None)`` if rows have several entries.
        share : ndarray of shape (n_entries, 1) or float
            Share of the ensemble in the score of each entry.
        """
        fold = self.quantiles.fold
        weight = (fold.beside_trees[:, None] * share)[entries, 0]
        is_everything = isinstance(entries, slice) and entries == slice(None)

        def values(leaves: np.ndarray, given: Sequence[np.ndarray]) -> list[np.ndarray]:
            of_entry = fold.pool.of_rows(leaves) if is_everything else leaves
            return [
                self._of_tree(tree, of_entry[:, tree], old, entries, weight)
                for tree, old in enumerate(given)
            ]

        return values

    def _of_tree(
        self,
        tree: int,
        leaf: np.ndarray,
        given: np.ndarray,
        entries: np.ndarray | slice,
        weight: np.ndarray,
    ) -> np.ndarray:
        level = self.quantiles.level[entries, tree]
        hessian = weight * self.hessian[entries, tree]
        step = -weight * self.gradient[entries, tree]
        for tau in np.unique(level[~np.isnan(level)]):
            some = np.flatnonzero((level == tau) & (weight > 0))
            quantile = _quantiles(
                self.residual[entries, tree][some], weight[some], leaf[some], len(given), tau
            )
            quantile[_counts(leaf[some], weight[some], len(given)) < self.quantiles.least] = 0.0
            step[some] = hessian[some] * quantile[leaf[some]]
        total = np.bincount(leaf, hessian, len(given))
        sums = np.bincount(leaf, step, len(given))
        mean = np.divide(sums, total, out=np.zeros_like(sums), where=total > 0)
        return np.where(total > 0, self.quantiles.rate * mean, given)


def _counts(leaf: np.ndarray, weight: np.ndarray, n_leaves: int) -> np.ndarray:
    """Return the number of entries by leaf: the entries, or their weight if that is more."""
    mean = weight.mean() if len(weight) else 1.0
    weighted = np.bincount(leaf, weight, n_leaves) / mean
    return np.maximum(weighted, np.bincount(leaf, minlength=n_leaves))


def _quantiles(
    values: np.ndarray, weight: np.ndarray, group: np.ndarray, n_groups: int, level: float
) -> np.ndarray:
    """Return the weighted quantile of each group's values; 0 for an empty group."""
    order = np.lexsort((values, group))
    cumulative = np.cumsum(weight[order])
    ends = np.cumsum(np.bincount(group, minlength=n_groups))
    starts = np.append(0, ends[:-1])
    before = np.where(starts > 0, cumulative[starts - 1], 0.0)
    total = np.bincount(group, weight, n_groups)
    place = np.searchsorted(cumulative, before + level * total * (1 - 1e-9))
    some = ends > starts
    place = np.clip(place, starts, np.maximum(ends - 1, starts))[some]
    quantiles = np.zeros(n_groups)
    quantiles[some] = values[order][place]
    return quantiles
