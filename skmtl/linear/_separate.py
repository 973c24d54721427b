"""Separate ridge penalties for each target: held-out losses, and fits to all rows."""

from __future__ import annotations

import numpy as np

from skmtl.linear._axes import Axes
from skmtl.linear._curves import STRIDE, LossCurves
from skmtl.linear._descent import ROUGH, Descent, ObservedLabels
from skmtl.linear._problem import LabelledRows, LinearTarget, Split, is_squared
from skmtl.linear._ridge import RidgePath
from skmtl.linear._space import directions


class SeparateRidge:
    """Fits each target separately, with its own strength.

    Squared losses are solved in closed form, other losses by descents along the path of strengths.

    Parameters
    ----------
    rows : LabelledRows
        The rows to learn from, followed by those of an eval_set.
    axes : Axes
        Axes of these rows.
    """

    def __init__(self, rows: LabelledRows, axes: Axes) -> None:
        self._rows, self._axes = rows, axes

    def judge_left_out(self, curves: LossCurves, alphas: np.ndarray, learnt: LabelledRows) -> None:
        """Add leave-one-out losses of targets with squared losses."""
        rows = learnt
        for pool in rows.squared_pools():
            path, target, weight = _closed(rows, pool)
            scores = path.left_out_scores(alphas[:, pool[0]])
            share = np.minimum(weight / weight.sum(), 0.5)[:, None]
            constant = (path.centre - target) / (1 - share)
            for position, i in enumerate(pool):
                errors = scores[..., position] - target[:, position]
                curves.add(i, weight, list(0.5 * errors**2), 0.5 * constant[:, position] ** 2)

    def judge_split(
        self, curves: LossCurves, alphas: np.ndarray, split: Split, *, with_squared: bool = True
    ) -> None:
        """Add the losses of the targets on the held-out rows of a split.

        Parameters
        ----------
        curves : LossCurves
        alphas : ndarray of shape (n_alphas, n_targets)
            From strong to weak.
        split : (training, held out)
        with_squared : bool
            Whether to evaluate squared losses as well.
        """
        if with_squared and any(map(is_squared, self._rows.tasks.heads)):
            self._judge_squared(curves, alphas, split)
        for i, head in enumerate(self._rows.tasks.heads):
            if not is_squared(head):
                self._judge_other(curves, alphas[:, i], split, i)

    def _judge_squared(self, curves: LossCurves, alphas: np.ndarray, split: Split) -> None:
        training, judged = (self._rows.take(part) for part in split)
        for pool in training.squared_pools():
            path, _, _ = _closed(training, pool)
            scores = path.scores(judged.design, alphas[:, pool[0]])
            for position, i in enumerate(pool):
                labels = judged.observed(i)
                error = scores[:, labels.rows, position] - labels.target[:, 0]
                constant = path.centre[position] - labels.target[:, 0]
                curves.add(i, labels.weight, list(0.5 * error**2), 0.5 * constant**2)

    def _judge_other(
        self, curves: LossCurves, alphas: np.ndarray, split: Split, target: int
    ) -> None:
        training, judged = (self._rows.observed(target, among=part) for part in split)
        descent, held_out = self._descent(training), self._axes.rows(judged.rows)
        space = directions(training.head)
        line = None
        path = curves.path(target, judged.renumbered(), descent.start)
        for alpha in alphas[::STRIDE]:
            line = descent.line(self._penalty(alpha), space, line, ROUGH)
            if path.add(line.constant + held_out.dot(line.coef) @ space):
                break
        path.end()

    def _descent(self, labels: ObservedLabels) -> Descent:
        return Descent(self._axes.rows(labels.rows), [labels.renumbered()])

    def _penalty(self, alpha: float) -> np.ndarray:
        return np.full(len(self._axes.spectrum.values), alpha)

    def fit(
        self, alphas: np.ndarray, targets: list[int], learnt: LabelledRows
    ) -> dict[int, LinearTarget]:
        """Fit some targets to all rows.

        Parameters
        ----------
        alphas : ndarray of shape (n_targets,)
            Strengths for all targets.
        targets : list of int
        learnt : LabelledRows
            The rows without those of an eval_set, at the same positions.
        """
        fitted: dict[int, LinearTarget] = {}
        for same_rows in learnt.squared_pools():
            pool = [target for target in same_rows if target in targets]
            if pool:
                path, _, _ = _closed(learnt, pool)
                constant, coef = path.coef(alphas[pool])
                for at, i in enumerate(pool):
                    fitted[i] = LinearTarget(
                        constant[[at]], coef[:, [at]], np.ones((1, 1)), float(alphas[i])
                    )
        for i in targets:
            if i not in fitted:
                fitted[i] = self._fit_other(learnt.observed(i), float(alphas[i]))
        return fitted

    def _fit_other(self, labels: ObservedLabels, alpha: float) -> LinearTarget:
        space = directions(labels.head)
        line = self._descent(labels).line(self._penalty(alpha), space)
        return LinearTarget(*self._axes.uncentred(line, space), space, alpha)


def _closed(rows: LabelledRows, pool: list[int]) -> tuple[RidgePath, np.ndarray, np.ndarray]:
    """Return the closed form for targets with squared losses, and their labels and weights."""
    labelled = rows.labelled(pool[0])
    columns = [rows.tasks.target_slices[i].start for i in pool]
    target, weight = rows.target[np.ix_(labelled, columns)], rows.weight[labelled, pool[0]]
    return RidgePath(rows.design.take(labelled), target, weight), target, weight
