r"""Targets of wide data whose coefficients are penalised together.

The coefficients W, a column for each target, have the penalty
:math:`\frac{\alpha}{2} \operatorname{tr}(W \Omega^{-1} W^\top)`: as if the rows of W were normal,
with the covariance :math:`\Omega / \alpha` from target to target. The identity is a ridge penalty
for each target by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from skmtl.linear._axes import Axes
from skmtl.linear._descent import EXACT, Descent, Line, ObservedLabels
from skmtl.linear._problem import LabelledRows, LinearTarget, is_squared
from skmtl.linear._ridge import RidgePath

# Variances of the targets' coefficients below this share of the largest one count as this.
_LEAST_VARIANCE = 1e-10


@dataclass(frozen=True)
class JointLines:
    """Linear functions of several targets, along the axes of a spectrum.

    Attributes
    ----------
    constant : ndarray of shape (n_targets,)
        At the centre of the rows.
    along : ndarray of shape (n_axes, n_targets)
    """

    constant: np.ndarray
    along: np.ndarray


class JointTargets:
    """Targets with one raw score each, learnt from some rows with any covariance.

    Where all losses are squared and the same rows are labelled, the solution is that of separate
    ridge regressions of the targets' principal components; else it is found by a descent.

    Parameters
    ----------
    rows : LabelledRows
    learnt : int ndarray
        Positions of the rows to learn from.
    axes : Axes
        Of all rows.
    targets : list of int
    share : ndarray of shape (n_targets,)
        Weight of each target in what they have in common.
    tolerance : float
        Relative fall of the objective at which a descent ends.
    """

    def __init__(
        self,
        rows: LabelledRows,
        learnt: np.ndarray,
        axes: Axes,
        targets: list[int],
        share: np.ndarray,
        tolerance: float = EXACT,
    ) -> None:
        self.targets, self._tolerance = targets, tolerance
        self._closed: RidgePath | None = None
        labels = [rows.observed(i, among=learnt) for i in targets]
        if _is_closed(labels) and np.all(share == share[0]):
            target = np.column_stack([each.target for each in labels])
            design = rows.design.take(labels[0].rows)
            self._closed = RidgePath(design, target, labels[0].weight)
            self.spectrum, self.start = self._closed.spectrum, self._closed.centre
            return
        self.spectrum = axes.spectrum
        place = np.full(len(rows.weight), -1)
        place[learnt] = np.arange(len(learnt))
        inside = [
            each.weighted(factor, place[each.rows])
            for each, factor in zip(labels, share, strict=True)
        ]
        self._descent = Descent(axes.rows(learnt), inside)
        self.start = self._descent.start

    def solve(
        self, alpha: float, covariance: np.ndarray, start: JointLines | None = None
    ) -> JointLines:
        """The solution for a strength and a covariance, searched from another one."""
        variance, axes = eigh(covariance)
        variance = np.maximum(variance, _LEAST_VARIANCE * max(variance[-1], 1e-300))
        if self._closed is not None:
            return JointLines(self.start, self._closed.rotated(alpha / variance, axes))
        root = np.sqrt(variance)
        line = None
        if start is not None:
            line = Line(start.constant, (start.along @ axes) / root)
        penalty = np.full(len(self.spectrum.values), alpha)
        directions = root[:, None] * axes.T
        line = self._descent.line(penalty, directions, line, self._tolerance)
        return JointLines(line.constant, line.coef @ directions)

    def functions(
        self, lines: JointLines, alpha: float, similarity: float
    ) -> dict[int, LinearTarget]:
        """A solution as what a model keeps, by target."""
        coef = self.spectrum.axes @ lines.along
        constant = lines.constant - self.spectrum.mean @ coef
        return {
            target: LinearTarget(
                constant[[at]], coef[:, [at]], np.ones((1, 1)), alpha, similarity=similarity
            )
            for at, target in enumerate(self.targets)
        }


def _is_closed(labels: list[ObservedLabels]) -> bool:
    """Whether all losses are squared, of the same rows and weights."""
    first = labels[0]
    return all(
        is_squared(each.head)
        and np.array_equal(each.rows, first.rows)
        and np.array_equal(each.weight, first.weight)
        for each in labels
    )


def joint_targets(rows: LabelledRows) -> list[int]:
    """The targets that can be learnt together: those of one raw score."""
    return [i for i, head in enumerate(rows.tasks.heads) if head.n_scores == 1]


def numeric_targets(rows: LabelledRows) -> list[int]:
    """Those with squared losses."""
    return [i for i, head in enumerate(rows.tasks.heads) if is_squared(head)]
