r"""Targets of wide data with a joint penalty on their coefficients.

The coefficients W, a column for each target, have the penalty :math:`\frac{\alpha}{2}
\operatorname{tr}(W \Omega^{-1} W^\top)`: a normal prior on the rows of W, with covariance
:math:`\Omega / \alpha` between targets. If :math:`\Omega` is the identity, it is a separate ridge
penalty for each target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from skmtl.linear._axes import Axes
from skmtl.linear._descent import EXACT, ROUGH, Descent, Line, ObservedLabels
from skmtl.linear._design import Design
from skmtl.linear._problem import LabelledRows, LinearTarget, is_squared
from skmtl.linear._ridge import RidgePath

# Variances of the targets' coefficients are clipped below at this share of the largest.
_LEAST_VARIANCE = 1e-10


@dataclass(frozen=True)
class JointLines:
    """Linear functions of several targets, in the coordinates of a spectrum.

    Attributes
    ----------
    constant : ndarray of shape (n_targets,)
        The values at the centre of the rows.
    along : ndarray of shape (n_axes, n_targets)
    """

    constant: np.ndarray
    along: np.ndarray


@dataclass(frozen=True)
class LearntPart:
    """A subset of the rows to learn from.

    Attributes
    ----------
    rows : LabelledRows
    positions : int ndarray
        Positions of the rows to learn from.
    axes : Axes
        Axes of all rows.
    is_rough : bool
        Whether approximate solutions suffice.
    """

    rows: LabelledRows
    positions: np.ndarray
    axes: Axes
    is_rough: bool

    @property
    def design(self) -> Design:
        return self.rows.design.take(self.positions)

    def observed(self, targets: list[int], share: np.ndarray) -> list[ObservedLabels]:
        """Return labels of some targets, at positions in the part, weighted by the share."""
        position_in_part = np.full(len(self.rows.weight), -1)
        position_in_part[self.positions] = np.arange(len(self.positions))
        labels = [self.rows.observed(i, among=self.positions) for i in targets]
        return [
            target.weighted(factor, position_in_part[target.rows])
            for target, factor in zip(labels, share, strict=True)
        ]


class JointTargets:
    """Targets with one raw score each, learnt from a part of the rows, for any covariance.

    If all losses are squared and all targets have labels in the same rows, the solution is that of
    separate ridge regressions on the targets' principal components. Otherwise it is found by a
    descent.

    Parameters
    ----------
    part : LearntPart
    targets : list of int
    share : ndarray of shape (n_targets,)
        Weight of each target in the sum of the losses.
    """

    def __init__(self, part: LearntPart, targets: list[int], share: np.ndarray) -> None:
        self.targets = targets
        self._tolerance = ROUGH if part.is_rough else EXACT
        self._closed: RidgePath | None = None
        labels = part.observed(targets, share)
        if _is_closed(labels):
            target = np.column_stack([observed.target for observed in labels])
            self._closed = RidgePath(part.design.take(labels[0].rows), target, labels[0].weight)
            self._spectrum, self.start = self._closed.spectrum, self._closed.centre
            return
        self._spectrum = part.axes.spectrum
        self._descent = Descent(part.axes.rows(part.positions), labels)
        self.start = self._descent.start

    def solve(
        self, alpha: float, covariance: np.ndarray, start: JointLines | None = None
    ) -> JointLines:
        """Return the solution for a strength and a covariance, starting from another solution."""
        variance, axes = eigh(covariance)
        variance = np.maximum(variance, _LEAST_VARIANCE * max(variance[-1], 1e-300))
        if self._closed is not None:
            return JointLines(self.start, self._closed.rotated(alpha / variance, axes))
        root = np.sqrt(variance)
        line = None
        if start is not None:
            line = Line(start.constant, (start.along @ axes) / root)
        penalty = np.full(len(self._spectrum.values), alpha)
        directions = root[:, None] * axes.T
        line = self._descent.line(penalty, directions, line, self._tolerance)
        return JointLines(line.constant, line.coef @ directions)

    def uncentred(self, lines: JointLines) -> tuple[np.ndarray, np.ndarray]:
        """Return constants and coefficients (n_columns, n_targets) for rows of the design."""
        coef = self._spectrum.axes @ lines.along
        return lines.constant - self._spectrum.mean @ coef, coef


def functions_of(
    targets: list[int], constant: np.ndarray, coef: np.ndarray, alpha: float, similarity: float
) -> dict[int, LinearTarget]:
    """Return the functions of targets with one raw score each, by target."""
    return {
        target: LinearTarget(
            constant[[at]], coef[:, [at]], np.ones((1, 1)), alpha, similarity=similarity
        )
        for at, target in enumerate(targets)
    }


def _is_closed(labels: list[ObservedLabels]) -> bool:
    """Whether all losses are squared, with the same rows and weights."""
    first = labels[0]
    return all(
        is_squared(observed.head)
        and np.array_equal(observed.rows, first.rows)
        and np.array_equal(observed.weight, first.weight)
        for observed in labels
    )


def joint_targets(rows: LabelledRows) -> list[int]:
    """Return the targets that can be learnt together: those with one raw score."""
    return [i for i, head in enumerate(rows.tasks.heads) if head.n_scores == 1]


def numeric_targets(rows: LabelledRows) -> list[int]:
    """Return the targets with squared losses."""
    return [i for i, head in enumerate(rows.tasks.heads) if is_squared(head)]
