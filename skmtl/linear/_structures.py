"""Structures that coefficients of several targets share: a common part, or few directions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.linalg import eigh

from skmtl.linear._descent import Line
from skmtl.linear._design import Design
from skmtl.linear._group_lasso import EXACT_CHANGE, ROUGH_CHANGE, GroupLasso
from skmtl.linear._joint import JointLines, JointTargets, LearntPart, functions_of
from skmtl.linear._problem import LinearTarget

# Maximum number of updates of the covariance; each lowers the objective.
_MOST_UPDATES = 12
# Lower bound of directions relative to the largest, which keeps their penalty finite.
_SMALLEST = 1e-4


class Solver(Protocol):
    """Fits several targets to some rows with a joint penalty of any strength."""

    @property
    def start(self) -> np.ndarray:
        """Return the raw scores (n_targets,) of the best constants."""

    def lines(self, alpha: float, start: Any = None) -> Any:
        """The solution of one strength, searched from that of another one."""

    def scores(self, lines: Any, design: Design) -> np.ndarray:
        """Return raw scores (n_rows, n_targets) of some rows."""

    def functions(self, lines: Any, alpha: float) -> dict[int, LinearTarget]:
        """Convert a solution to the functions that a model stores, by target."""


class Structure(ABC):
    """A joint penalty on the coefficients of several targets.

    Attributes
    ----------
    name : str
    similarity : float
    """

    name: str
    similarity: float

    @abstractmethod
    def solver(self, part: LearntPart, targets: list[int], share: np.ndarray) -> Solver:
        """Return a solver for targets in a part of the rows, with shares of the total loss."""


class QuadraticStructure(Structure):
    """A structure that is solved by one or several quadratic penalties."""

    def solver(self, part: LearntPart, targets: list[int], share: np.ndarray) -> Solver:
        return QuadraticSolver(self, JointTargets(part, targets, share))

    @abstractmethod
    def lines(
        self, targets: JointTargets, alpha: float, start: JointLines | None = None
    ) -> JointLines:
        """The solution of one strength, searched from that of another one."""


@dataclass(frozen=True)
class QuadraticSolver:
    """Solver for quadratic structures."""

    structure: QuadraticStructure
    targets: JointTargets

    @property
    def start(self) -> np.ndarray:
        return self.targets.start

    def lines(self, alpha: float, start: JointLines | None = None) -> JointLines:
        return self.structure.lines(self.targets, alpha, start)

    def scores(self, lines: JointLines, design: Design) -> np.ndarray:
        constant, coef = self.targets.uncentred(lines)
        return constant + design.dot(coef)

    def functions(self, lines: JointLines, alpha: float) -> dict[int, LinearTarget]:
        constant, coef = self.targets.uncentred(lines)
        return functions_of(self.targets.targets, constant, coef, alpha, self.structure.similarity)


@dataclass(frozen=True)
class SharedCoefficients(QuadraticStructure):
    r"""Common coefficients, and penalised deviations of each target from them.

    The coefficients are :math:`w_t = w_0 + v_t`. The similarity :math:`\rho` is the share of the
    common part in the prior variance of a coefficient.
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
class LowRank(QuadraticStructure):
    r"""Low rank: the penalty is the nuclear norm, the sum of the singular values of W.

    With the covariance :math:`\Omega = (W^\top W)^{1/2}` the quadratic penalty has the same value
    and slope at W as the nuclear norm, and it is larger elsewhere. So solving repeatedly with the
    covariance of the previous solution lowers the objective.
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


@dataclass(frozen=True)
class ChosenFeatures(Structure):
    """The group lasso: a feature has coefficients for all targets or for none."""

    similarity: float = 0.0
    name: str = "group_lasso"

    def solver(self, part: LearntPart, targets: list[int], share: np.ndarray) -> Solver:
        return GroupLassoSolver(part, targets, share)


class GroupLassoSolver:
    """Solver for the group lasso."""

    def __init__(self, part: LearntPart, targets: list[int], share: np.ndarray) -> None:
        self._targets = targets
        self._lasso = GroupLasso(part.design, part.observed(targets, share))
        self._change = ROUGH_CHANGE if part.is_rough else EXACT_CHANGE

    @property
    def start(self) -> np.ndarray:
        return self._lasso.start

    def lines(self, alpha: float, start: Line | None = None) -> Line:
        return self._lasso.line(alpha, start, self._change)

    def scores(self, lines: Line, design: Design) -> np.ndarray:
        return self._lasso.scores(lines, design)

    def functions(self, lines: Line, alpha: float) -> dict[int, LinearTarget]:
        return functions_of(self._targets, self._lasso.uncentred(lines), lines.coef, alpha, 0.0)


def _root(along: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the square root of the Gram matrix of the targets' coefficients, and its trace."""
    squares, axes = eigh(along.T @ along)
    sizes = np.sqrt(np.maximum(squares, 0.0))
    total = float(sizes.sum())
    sizes = np.maximum(sizes, _SMALLEST * max(sizes[-1], 1e-12))
    return (axes * sizes) @ axes.T, total
