"""Ridge penalties for each target by itself: held-out losses, and fits to all rows."""

from __future__ import annotations

import numpy as np

from skmtl.linear._curves import LossCurves
from skmtl.linear._descent import Descent, Line
from skmtl.linear._problem import LabelledRows, LinearTarget, Split, is_squared
from skmtl.linear._ridge import RidgePath
from skmtl.linear._space import directions
from skmtl.linear._spectrum import Spectrum

# A path of strengths ends after so many that have not lowered the held-out loss.
_PATIENCE = 3


class SeparateRidge:
    """Each target has coefficients of its own, and a strength of its own.

    Squared losses are solved in closed form, others by descents along the path of strengths.

    Parameters
    ----------
    rows : LabelledRows
    """

    def __init__(self, rows: LabelledRows) -> None:
        self._rows = rows

    def judge_left_out(self, curves: LossCurves, alphas: np.ndarray) -> None:
        """Add the losses of squared targets by leaving each row out."""
        rows = self._rows
        for pool in rows.squared_pools():
            labelled = rows.labelled(pool[0])
            weight, target = rows.weight[labelled, pool[0]], self._targets(rows, labelled, pool)
            path = RidgePath(rows.design.take(labelled), target, weight)
            scores = path.left_out_scores(alphas[:, pool[0]])
            share = np.minimum(weight / weight.sum(), 0.5)[:, None]
            constant = (path.centre - target) / (1 - share)
            for position, i in enumerate(pool):
                errors = scores[..., position] - target[:, position]
                curves.add(i, weight, list(0.5 * errors**2), 0.5 * constant[:, position] ** 2)

    def judge_split(self, curves: LossCurves, alphas: np.ndarray, split: Split) -> None:
        """Add the losses of all targets on the held-out rows of a split.

        Parameters
        ----------
        curves : LossCurves
        alphas : ndarray of shape (n_alphas, n_targets)
            From strong to weak.
        split : (training, held out)
        """
        training, judged = (self._rows.take(part) for part in split)
        for pool in training.squared_pools():
            self._judge_squared(curves, alphas, training, judged, pool)
        for i, head in enumerate(training.tasks.heads):
            if not is_squared(head):
                self._judge_other(curves, alphas[:, i], training, judged, i)

    def _judge_squared(
        self,
        curves: LossCurves,
        alphas: np.ndarray,
        training: LabelledRows,
        judged: LabelledRows,
        pool: list[int],
    ) -> None:
        labelled = training.labelled(pool[0])
        path = RidgePath(
            training.design.take(labelled),
            self._targets(training, labelled, pool),
            training.weight[labelled, pool[0]],
        )
        scores = path.scores(judged.design, alphas[:, pool[0]])
        for position, i in enumerate(pool):
            held_out = judged.labelled(i)
            if len(held_out):
                observed = judged.observed(i)
                losses = 0.5 * (scores[:, held_out, position] - observed.target[:, 0]) ** 2
                constant = 0.5 * (path.centre[position] - observed.target[:, 0]) ** 2
                curves.add(i, observed.weight, list(losses), constant)

    def _judge_other(
        self,
        curves: LossCurves,
        alphas: np.ndarray,
        training: LabelledRows,
        judged: LabelledRows,
        target: int,
    ) -> None:
        held_out = judged.labelled(target)
        if not len(held_out):
            return
        observed = judged.observed(target)
        spectrum, descent = _descent(training, target)
        coordinates = spectrum.coordinates(judged.design.take(held_out))
        space = directions(observed.head)

        def losses_of(line: Line) -> np.ndarray:
            scores = line.constant + (coordinates @ line.coef) @ space
            return observed.head.losses(scores, observed.target)

        losses: list[np.ndarray] = []
        sums: list[float] = []
        line = None
        for alpha in alphas:
            line = descent.line(alpha, line)
            losses.append(losses_of(line))
            sums.append(observed.weight @ losses[-1])
            if len(sums) - 1 - int(np.argmin(sums)) >= _PATIENCE:
                break
        constant = np.broadcast_to(descent.start, (len(held_out), len(descent.start)))
        at_start = observed.head.losses(np.ascontiguousarray(constant), observed.target)
        curves.add(target, observed.weight, losses, at_start)

    def fit(self, alphas: np.ndarray) -> list[LinearTarget]:
        """The targets at their strengths (n_targets,), learnt from all rows."""
        rows = self._rows
        fitted: dict[int, LinearTarget] = {}
        for pool in rows.squared_pools():
            labelled = rows.labelled(pool[0])
            target = self._targets(rows, labelled, pool)
            weight = rows.weight[labelled, pool[0]]
            path = RidgePath(rows.design.take(labelled), target, weight)
            intercept, coef = path.coef(alphas[pool])
            for position, i in enumerate(pool):
                fitted[i] = LinearTarget(
                    intercept[[position]], coef[:, [position]], np.ones((1, 1)), float(alphas[i])
                )
        for i, head in enumerate(rows.tasks.heads):
            if not is_squared(head):
                fitted[i] = self._fit_other(i, float(alphas[i]))
        return [fitted[i] for i in range(len(fitted))]

    def _fit_other(self, target: int, alpha: float) -> LinearTarget:
        spectrum, descent = _descent(self._rows, target)
        line, space = descent.line(alpha), directions(self._rows.tasks.heads[target])
        coef = spectrum.axes @ line.coef
        constant = line.constant - (spectrum.mean @ coef) @ space
        return LinearTarget(constant, coef, space, alpha)

    @staticmethod
    def _targets(rows: LabelledRows, labelled: np.ndarray, pool: list[int]) -> np.ndarray:
        columns = [rows.tasks.target_slices[i].start for i in pool]
        return rows.target[np.ix_(labelled, columns)]


def _descent(rows: LabelledRows, target: int) -> tuple[Spectrum, Descent]:
    observed = rows.observed(target)
    design = rows.design.take(rows.labelled(target))
    spectrum = Spectrum.of(design, observed.weight)
    coordinates = spectrum.coordinates(design)
    return spectrum, Descent(coordinates, observed, directions(observed.head))
