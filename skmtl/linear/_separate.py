"""Ridge penalties for each target by itself: held-out losses, and fits to all rows."""

from __future__ import annotations

import numpy as np

from skmtl.linear._curves import STRIDE, LossCurves
from skmtl.linear._descent import ROUGH, DenseRows, Descent, Line
from skmtl.linear._problem import LabelledRows, LinearTarget, Split, is_squared
from skmtl.linear._ridge import RidgePath
from skmtl.linear._space import directions
from skmtl.linear._spectrum import Spectrum


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
            Whether squared losses are judged as well.
        """
        training, judged = (self._rows.take(part) for part in split)
        for pool in training.squared_pools() if with_squared else ():
            path, _, _ = _closed(training, pool)
            scores = path.scores(judged.design, alphas[:, pool[0]])
            for position, i in enumerate(pool):
                labels = judged.observed(i)
                error = scores[:, labels.rows, position] - labels.target[:, 0]
                constant = path.centre[position] - labels.target[:, 0]
                curves.add(i, labels.weight, list(0.5 * error**2), 0.5 * constant**2)
        for i, head in enumerate(training.tasks.heads):
            if not is_squared(head):
                self.judge_other(curves, alphas[:, i], training, judged, i)

    @staticmethod
    def judge_other(
        curves: LossCurves,
        alphas: np.ndarray,
        training: LabelledRows,
        judged: LabelledRows,
        target: int,
    ) -> None:
        """Add the losses of a target that has no closed form."""
        labels = judged.observed(target)
        spectrum, descent = _descent(training, target)
        coordinates = spectrum.coordinates(judged.design)
        space = directions(labels.head)
        line = None
        path = curves.path(target, labels, descent.start)
        for alpha in alphas[::STRIDE]:
            penalty = np.full(len(spectrum.values), alpha)
            line = descent.line(penalty, space, line, ROUGH)
            if path.add(line.constant + (coordinates @ line.coef) @ space):
                break
        path.end()

    def fit(self, alphas: np.ndarray, targets: list[int]) -> dict[int, LinearTarget]:
        """Some targets, learnt from all rows; `alphas` (n_targets,) has the strengths of all."""
        rows = self._rows
        fitted: dict[int, LinearTarget] = {}
        for same_rows in rows.squared_pools():
            pool = [target for target in same_rows if target in targets]
            if pool:
                path, _, _ = _closed(rows, pool)
                constant, coef = path.coef(alphas[pool])
                for at, i in enumerate(pool):
                    fitted[i] = LinearTarget(
                        constant[[at]], coef[:, [at]], np.ones((1, 1)), float(alphas[i])
                    )
        for i in targets:
            if i not in fitted:
                fitted[i] = self.fit_other(i, float(alphas[i]))
        return fitted

    def fit_other(self, target: int, alpha: float) -> LinearTarget:
        """A target that has no closed form, at one strength."""
        spectrum, descent = _descent(self._rows, target)
        space = directions(self._rows.tasks.heads[target])
        line = descent.line(np.full(len(spectrum.values), alpha), space)
        return LinearTarget(*uncentred(spectrum, line, space), space, alpha)


def uncentred(spectrum: Spectrum, line: Line, space: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Constant and coefficients of a line of coordinates along the axes, for rows as they are."""
    coef = spectrum.axes @ line.coef
    return line.constant - (spectrum.mean @ coef) @ space, coef


def _closed(rows: LabelledRows, pool: list[int]) -> tuple[RidgePath, np.ndarray, np.ndarray]:
    """The closed form for a pool of squared targets, their labels and weights."""
    labelled = rows.labelled(pool[0])
    columns = [rows.tasks.target_slices[i].start for i in pool]
    target, weight = rows.target[np.ix_(labelled, columns)], rows.weight[labelled, pool[0]]
    return RidgePath(rows.design.take(labelled), target, weight), target, weight


def _descent(rows: LabelledRows, target: int) -> tuple[Spectrum, Descent]:
    labels = rows.observed(target)
    design = rows.design.take(labels.rows)
    spectrum = Spectrum.of(design, labels.weight)
    inside = labels.renumbered()
    return spectrum, Descent(DenseRows(spectrum.coordinates(design)), [inside])
