"""What coefficients of several targets have in common: a part of each, or a few directions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from skmtl.linear._joint import JointLines, JointTargets

# Steps from one covariance to the next; each lowers the objective.
_MOST_UPDATES = 12
# Directions smaller than this, next to the largest one, keep a penalty that is finite.
_SMALLEST = 1e-4


class Structure(ABC):
    """A penalty on the coefficients of several targets together.

    Attributes
    ----------
    name : str
    similarity : float
    """

    name: str
    similarity: float

    @abstractmethod
    def lines(
        self, targets: JointTargets, alpha: float, start: JointLines | None = None
    ) -> JointLines:
        """The solution of one strength, searched from that of another one."""


@dataclass(frozen=True)
class SharedCoefficients(Structure):
    r"""Common coefficients, and shrunken deviations of each target from them.

    :math:`w_t = w_0 + v_t`, where the share :math:`\rho`, the similarity, of the variance of a
    coefficient is that of the common part.
    """

    similarity: float
    name: str = "shared"

    def lines(
        self, targets: JointTargets, alpha: float, start: JointLines | None = None
    ) -> JointLines:
        n_targets = len(targets.targets)
        covariance = np.full((n_targets, n_targets), self.similarity)
        np.fill_diagonal(covariance, 1.0)
        return targets.solve(alpha, covariance, start)


@dataclass(frozen=True)
class LowRank(Structure):
    r"""Few directions: the penalty is the nuclear norm, the sum of the singular values of W.

    With the covariance :math:`\Omega = (W^\top W)^{1/2}` the quadratic penalty and the nuclear
    norm have the same value and slope at W, and elsewhere the quadratic one is larger, so that
    each solution with the covariance of the one before lowers the objective.
    """

    similarity: float = 0.0
    name: str = "low_rank"

    def lines(
        self, targets: JointTargets, alpha: float, start: JointLines | None = None
    ) -> JointLines:
        lines = targets.solve(alpha, np.eye(len(targets.targets)), start)
        size = np.inf
        for _ in range(_MOST_UPDATES):
            covariance, total = _root(lines.along)
            lines = targets.solve(alpha, covariance, lines)
            if abs(size - total) <= 1e-3 * total:
                break
            size = total
        return lines


def _root(along: np.ndarray) -> tuple[np.ndarray, float]:
    """The square root of the products of the targets' coefficients, and its trace."""
    squares, axes = eigh(along.T @ along)
    sizes = np.sqrt(np.maximum(squares, 0.0))
    total = float(sizes.sum())
    sizes = np.maximum(sizes, _SMALLEST * max(sizes[-1], 1e-12))
    return (axes * sizes) @ axes.T, total
