r"""The group lasso, which selects features for all targets together.

The penalty is :math:`\alpha \sum_j \|W_j\|_2`, over the rows of the coefficients W, which have a
column for each target: a feature has coefficients for all targets or for none. The objective is
minimised by FISTA: each gradient step of the losses is followed by the proximal step of the
penalty, which shortens all rows by the same amount. Labels may be missing, and any kind with one
raw score will do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skmtl.linear._descent import Line, ObservedLabels
from skmtl.linear._design import Design

_MOST_STEPS = 2000
# The descent ends when no coefficient changes by more than this in a step.
EXACT_CHANGE, ROUGH_CHANGE = 1e-7, 1e-4
_GROWTH = 1.5


class GroupLasso:
    """Solutions for some rows and any strength.

    Parameters
    ----------
    design : Design
    observed : sequence of ObservedLabels
        Labels of targets with one raw score each; their rows are positions in the design.
    """

    def __init__(self, design: Design, observed: Sequence[ObservedLabels]) -> None:
        weight = np.zeros(len(design))
        for labels in observed:
            weight[labels.rows] += labels.weight
        self._design, self._observed = design, observed
        self._losses = [labels.loss() for labels in observed]
        self.start = np.concatenate([labels.constant() for labels in observed])
        self._mean = design.transposed_dot(weight[:, None])[:, 0] / weight.sum()
        # Scale the column of ones so that constants take steps of the same size as coefficients.
        self._of_constant = np.sqrt(design.n_columns)

    def line(self, alpha: float, start: Line | None = None, change: float = EXACT_CHANGE) -> Line:
        """Find the minimum, starting from another solution; constants are those at the centre."""
        shape = (1 + self._design.n_columns, len(self._observed))
        at = np.zeros(shape)
        at[0] = self.start / self._of_constant
        if start is not None:
            at[0], at[1:] = start.constant / self._of_constant, start.coef
        ahead, momentum, curvature = at, 1.0, self._first_curvature()
        for _ in range(_MOST_STEPS):
            value, gradient = self._total(ahead)
            while True:
                following = _shortened(ahead - gradient / curvature, alpha / curvature)
                step = following - ahead
                bound = value + (gradient * step).sum() + curvature / 2 * (step**2).sum()
                if self._total(following)[0] <= bound + 1e-10 * abs(bound):
                    break
                curvature *= _GROWTH
            moved = following - at
            if (step * moved).sum() < 0:  # momentum leads uphill: start over
                momentum = 1.0
            larger = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            ahead = following + (momentum - 1) / larger * moved
            at, momentum = following, larger
            if np.abs(moved).max() < change:
                break
        return Line(at[0] * self._of_constant, at[1:])

    def scores(self, line: Line, design: Design) -> np.ndarray:
        """Return raw scores (n_rows, n_targets) of some rows."""
        return line.constant - self._mean @ line.coef + design.dot(line.coef)

    def uncentred(self, line: Line) -> np.ndarray:
        """Return the constants (n_targets,) at the point where all columns are 0."""
        return line.constant - self._mean @ line.coef

    def _total(self, at: np.ndarray) -> tuple[float, np.ndarray]:
        coef = at[1:]
        scores = self._design.dot(coef) + at[0] * self._of_constant - self._mean @ coef
        total, by_score = 0.0, np.zeros_like(scores)
        for place, (labels, losses) in enumerate(zip(self._observed, self._losses, strict=True)):
            part = slice(place, place + 1)
            loss, by_score[labels.rows, part] = losses(scores[labels.rows, part])
            total += loss
        sums = by_score.sum(axis=0)
        by_coef = self._design.transposed_dot(by_score) - np.outer(self._mean, sums)
        return total, np.vstack([sums * self._of_constant, by_coef])

    def _first_curvature(self) -> float:
        """Return the curvature if all columns were alike; the descent increases it if needed."""
        by_target = [
            labels.curvature(constant[None])[0]
            for labels, constant in zip(self._observed, self.start, strict=True)
        ]
        return float(max(by_target))


def _shortened(values: np.ndarray, by: float) -> np.ndarray:
    """Shorten all rows except the first by the same length; shorter rows become 0."""
    length = np.linalg.norm(values[1:], axis=1, keepdims=True)
    factor = np.maximum(1 - by / np.maximum(length, 1e-300), 0.0)
    return np.vstack([values[:1], values[1:] * factor])
