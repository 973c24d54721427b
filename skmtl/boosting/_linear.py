r"""A linear function of the features for each task, before the trees.

The following trees learn the residuals of the line. With many features a line overfits, and its
residuals on its own training rows are too small to learn from. Each training row therefore has the
leave-one-out score of the line. Let :math:`g_i` and :math:`h_i` be gradient and Hessian of its
weighted loss, and :math:`q_i = x_i^\top (X^\top H X + \alpha P)^{-1} x_i`. The score is then
:math:`s_i + g_i q_i / (1 - h_i q_i)`, which is exact for squared losses (Allen's PRESS) and
approximate for others (Rad and Maleki 2020). The strength :math:`\alpha` of the penalty, which may
be infinite, is chosen for each task by the loss of these scores; held-out rows are not used for
it.

References
----------
D. M. Allen, "The Relationship between Variable Selection and Data Augmentation and a Method for
Prediction", Technometrics 16 (1974), 125-127.

K. R. Rad, A. Maleki, "A scalable estimate of the out-of-sample prediction error via approximate
leave-one-out cross-validation", Journal of the Royal Statistical Society B 82 (2020), 965-996.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, solve_triangular

from skmtl._storable import storable
from skmtl.boosting._block import in_equal_parts
from skmtl.boosting._columns import LinearColumns
from skmtl.boosting._options import BoostingOptions, Features
from skmtl.boosting._pool import Fold
from skmtl.boosting._rounds import Course, Grower

# Strengths per row, from strong to weak.
_FACTORS = np.logspace(1, -7, 17)
# Newton steps at each strength, starting at the solution for the previous one.
_STEPS = 2
# With more columns than this, lines are restricted to the principal axes.
MOST_AXES = 300
# Limit of the leverage: with leverage 1, the leave-one-out score would be undefined.
_LARGEST_LEVERAGE = 1 - 1e-3


@storable
class LinearFunctions:
    """Fitted linear functions of all tasks.

    Parameters
    ----------
    columns : LinearColumns
    constant : ndarray of shape (n_own, n_trees)
        n_own is 1 in long data, whose tasks share the line, and otherwise the number of tasks.
    coef : ndarray of shape (n_own, n_columns, n_trees)
    gains : ndarray of shape (n_features,)
        Explained variance of each feature, in the unit of LightGBM's gains.
    """

    def __init__(
        self, columns: LinearColumns, constant: np.ndarray, coef: np.ndarray, gains: np.ndarray
    ) -> None:
        self.columns, self.constant, self.coef, self.gains = columns, constant, coef, gains
        self.n_rounds = int(bool(coef.any()))

    def scores(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int, start: int, stop: int
    ) -> np.ndarray:
        if start >= self.n_rounds:
            return np.zeros((len(matrix), *self.constant.shape))
        # Column by column, because the rounding of matrix products depends on the number of rows.
        scores = np.tile(self.constant, (len(matrix), 1, 1))
        design = self.columns.design(matrix)
        for column, coef in zip(design.T, self.coef.swapaxes(0, 1), strict=True):
            scores += column[:, None, None] * coef
        return scores

    def contributions(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> np.ndarray:
        parts = np.einsum("ij,kjl->iklj", self.columns.design(matrix), self.coef)
        values = self.columns.by_feature(parts, matrix.shape[1])
        task = np.zeros_like(values[..., :1])
        base = np.broadcast_to(self.constant[..., None], task.shape)
        return np.concatenate([values, task, base], axis=-1)

    def importances(self, n_features: int) -> np.ndarray:
        return np.append(self.gains, 0.0)

    def importances_by_task(self, n_features: int, n_tasks: int) -> np.ndarray:
        if len(self.coef) < n_tasks:  # one line for all ids
            return in_equal_parts(self.gains, n_tasks)
        squares = self.columns.by_feature((self.coef**2).sum(axis=2), n_features)
        total = squares.sum(axis=0)
        return self.gains * np.divide(squares, total, np.zeros_like(squares), where=total > 0)


class LinearGrower(Grower):
    """Fits the lines of all tasks in a single round."""

    def __init__(self, fold: Fold, features: Features, options: BoostingOptions) -> None:
        self._fold, pool = fold, fold.pool
        matrix = features.matrix
        self._columns = LinearColumns.of_rows(
            matrix[fold.learnt_rows], features.numeric, features.categorical
        )
        design = self._columns.design(matrix)
        self._axes = _main_axes(design[fold.learnt_rows])
        ones = np.ones((len(matrix), 1))
        self._rows = np.hstack([design @ self._axes, ones])
        self._penalised = np.append(np.ones(self._axes.shape[1]), 0.0)
        everything = [np.arange(len(fold.learnt))]
        entries = everything if pool.is_long else pool.entries_of_tasks()
        self._parts = _parts(fold, entries, self._rows)
        self._n_features = matrix.shape[1]
        self._coef = np.zeros((len(self._parts), self._rows.shape[1], pool.n_trees))
        self._added = np.zeros_like(fold.coordinates)

    def scores(self) -> np.ndarray:
        return self._added

    def grow(self, gradient: np.ndarray, hessian: np.ndarray) -> None:
        """Fit the lines with the best strength of each task."""
        best = self._left_out_losses(self._added)
        start, added = self._coef, self._added
        for plain, left_out, coef in self._path():
            losses = self._left_out_losses(left_out)
            start, added = start.copy(), added.copy()
            for number in np.flatnonzero(losses < best):
                part = self._parts[number]
                start[number] = coef[number]
                added[part.entries] = plain[part.entries]
                added[part.learnt] = left_out[part.learnt]
            best = np.minimum(losses, best)
        self._coef, self._added = start, added

    def _left_out_losses(self, added: np.ndarray) -> np.ndarray:
        """Return the weighted loss of the training entries of each part."""
        with np.errstate(over="ignore", invalid="ignore"):
            losses = self._fold.losses(added)
        return np.nan_to_num(
            [part.weight @ losses[part.learnt] for part in self._parts], nan=np.inf
        )

    def _path(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield scores and leave-one-out scores of all entries, and coefficients, by strength."""
        fold = self._fold
        coef, plain = np.zeros_like(self._coef), np.zeros_like(fold.coordinates)
        for factor in _FACTORS:
            for _ in range(_STEPS):
                with np.errstate(over="ignore", invalid="ignore"):
                    gradient, hessian = fold.derivatives(plain)
                coef = self._stepped(factor, coef, gradient, hessian)
                plain = self._scores(coef)
            with np.errstate(over="ignore", invalid="ignore"):
                gradient, hessian = fold.derivatives(plain)
            if not (np.isfinite(gradient).all() and np.isfinite(hessian).all()):
                return  # a step was far too long, and weaker strengths would continue from there
            left_out = plain.copy()
            for part in self._parts:
                left_out[part.learnt] += part.left_out(factor, self._penalised, gradient, hessian)
            yield plain, left_out, coef

    def _stepped(
        self, factor: float, coef: np.ndarray, gradient: np.ndarray, hessian: np.ndarray
    ) -> np.ndarray:
        steps = zip(self._parts, coef, strict=True)
        return np.stack(
            [part.step(factor, self._penalised, at, gradient, hessian) for part, at in steps]
        )

    def _scores(self, coef: np.ndarray) -> np.ndarray:
        scores = np.zeros_like(self._fold.coordinates)
        for part, of_part in zip(self._parts, coef, strict=True):
            scores[part.entries] = part.design.rows @ of_part
        return scores

    def finish(self, course: Course) -> tuple[LinearFunctions, np.ndarray]:
        coef = self._coef if course.best else np.zeros_like(self._coef)
        lines = np.einsum("jr,krl->kjl", self._axes, coef[:, :-1], optimize=True)
        block = LinearFunctions(self._columns, coef[:, -1], lines, self._gains(lines))
        return block, course.best_scores

    def _gains(self, lines: np.ndarray) -> np.ndarray:
        """Return the variance of each feature's contribution, weighted by training weights."""
        weights = np.array([part.weight.sum() for part in self._parts])
        is_number = np.isnan(self._columns.code)
        variance = np.where(is_number, 1.0, self._columns.centre * (1 - self._columns.centre))
        explained = (weights[:, None, None] * lines**2).sum(axis=(0, 2)) * variance
        return self._columns.by_feature(explained, self._n_features)


def _parts(fold: Fold, entries: Sequence[np.ndarray], rows: np.ndarray) -> list[_Part]:
    """Return the parts; parts with labels in the same rows share a design."""
    designs: dict[bytes, _Design] = {}
    every, learnt = _LastRows(rows), _LastRows(rows)
    parts = []
    for of_part in entries:
        at, weight = fold.pool.entry_rows()[of_part], fold.learnt[of_part]
        key = at.tobytes() + (weight > 0).tobytes()
        if key not in designs:
            designs[key] = _Design(every, at, learnt, at[weight > 0])
        parts.append(_Part(of_part, weight, designs[key]))
    return parts


class _Part:
    """The entries of one line."""

    def __init__(self, entries: np.ndarray, weight: np.ndarray, design: _Design) -> None:
        self.entries = entries
        self.learnt = entries[weight > 0]
        self.weight = weight[weight > 0]
        self.design = design

    def step(
        self,
        factor: float,
        penalised: np.ndarray,
        coef: np.ndarray,
        gradient: np.ndarray,
        hessian: np.ndarray,
    ) -> np.ndarray:
        """Return coefficients (n_axes + 1, n_trees) after a Newton step.

        They are unchanged if the Hessian cannot be factorised.
        """
        after = coef.copy()
        for tree in range(coef.shape[1]):
            curvature = self._curvature(factor, penalised, hessian, tree)
            if curvature is not None:
                slope = self.design.learnt.T @ (self.weight * gradient[self.learnt, tree])
                pull = factor * self.weight.sum() * penalised * coef[:, tree]
                after[:, tree] -= cho_solve((curvature.factor, True), slope + pull)
        return after

    def left_out(
        self, factor: float, penalised: np.ndarray, gradient: np.ndarray, hessian: np.ndarray
    ) -> np.ndarray:
        """Return the change of each training entry's score when the entry is left out."""
        change = np.zeros((len(self.learnt), gradient.shape[1]))
        for tree in range(gradient.shape[1]):
            curvature = self._curvature(factor, penalised, hessian, tree)
            if curvature is not None:
                reach = self.weight * curvature.reach
                leverage = np.minimum(reach * hessian[self.learnt, tree], _LARGEST_LEVERAGE)
                change[:, tree] = gradient[self.learnt, tree] * reach / (1 - leverage)
        return change

    def _curvature(
        self, factor: float, penalised: np.ndarray, hessian: np.ndarray, tree: int
    ) -> _Curvature | None:
        """Return the penalised Hessian; None if it cannot be factorised."""
        total = self.weight.sum()
        if not total:
            return None
        curve = self.weight * np.maximum(hessian[self.learnt, tree], 0.0)
        # The tiny term is for the constant, which has no penalty: all Hessians may be zero.
        return self.design.curvature(curve, total * (factor * penalised + 1e-12))


class _LastRows:
    """Copies of some of the rows, of which only the last one is in memory."""

    def __init__(self, rows: np.ndarray) -> None:
        self._rows = rows
        self._at, self._taken = np.arange(0), rows[:0]

    def take(self, at: np.ndarray) -> np.ndarray:
        if at is not self._at:
            self._at, self._taken = at, self._rows[at]
        return self._taken


class _Design:
    """The rows of a part, and a cache of the last Hessian.

    With squared losses, parts with labels in the same rows have the same Hessian.
    """

    def __init__(
        self, every: _LastRows, at: np.ndarray, learnt: _LastRows, learnt_at: np.ndarray
    ) -> None:
        self._every, self._at = every, at
        self._learnt, self._learnt_at = learnt, learnt_at
        self._curve = self._diagonal = np.full(1, np.nan)  # unequal to everything
        self._products = np.empty((0, 0))
        self._last: _Curvature | None = None

    @property
    def rows(self) -> np.ndarray:
        """All rows of the part, (n_entries, n_axes + 1)."""
        return self._every.take(self._at)

    @property
    def learnt(self) -> np.ndarray:
        """The training rows, (n_learnt, n_axes + 1)."""
        return self._learnt.take(self._learnt_at)

    def curvature(self, curve: np.ndarray, diagonal: np.ndarray) -> _Curvature | None:
        """Return the products of the columns, weighted by `curve`, plus `diagonal`."""
        is_new = not np.array_equal(curve, self._curve)
        if is_new:
            self._curve = curve
            self._products = (self.learnt * curve[:, None]).T @ self.learnt
        if is_new or not np.array_equal(diagonal, self._diagonal):
            self._diagonal = diagonal
            self._last = self._factorised()
        return self._last

    def _factorised(self) -> _Curvature | None:
        matrix = self._products.copy()
        matrix[np.diag_indices_from(matrix)] += self._diagonal
        try:
            return _Curvature(np.tril(cho_factor(matrix, lower=True)[0]), self)
        except (LinAlgError, ValueError):
            return None


@dataclass(frozen=True)
class _Curvature:
    """The lower Cholesky factor of a Hessian, and its design."""

    factor: np.ndarray
    design: _Design

    @cached_property
    def reach(self) -> np.ndarray:
        """Squared length of each row in the metric of the inverse Hessian."""
        rows = self.design.learnt
        return (solve_triangular(self.factor, rows.T, lower=True) ** 2).sum(axis=0)


def _main_axes(design: np.ndarray) -> np.ndarray:
    """Return orthogonal axes (n_columns, n_axes): all of them, or those of largest variance."""
    n_rows, n_columns = design.shape
    if n_columns <= min(n_rows, MOST_AXES):
        return np.eye(n_columns)
    _, values, axes = np.linalg.svd(design, full_matrices=False)
    return axes[: min(int((values > 1e-8 * values[0]).sum()), MOST_AXES)].T
