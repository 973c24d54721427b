r"""Long data: coefficients shared by all ids, plus deviations of each id.

The coefficients of id g are :math:`w_0 + v_g` and its constant is :math:`b + u_g`. Common
coefficients, deviations and shifts of the constants are penalised, each with a separate strength;
b is not. This is the regularised multi-task learning of Evgeniou and Pontil, or a mixed model
whose random effects are the deviations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from skmtl.linear._descent import Descent, Line
from skmtl.linear._problem import LabelledRows, LinearTarget
from skmtl.linear._space import directions
from skmtl.linear._spectrum import Spectrum

# Strengths to try for shifts and deviations. The losses have curvatures of about 1 per row, so 10
# means that an id with ten rows is half way between its separate fit and the common function.
SHIFTS = (1.0, 10.0, 100.0)
DEVIATIONS = (3e3, 3e2, 3e1, 3.0)


@dataclass(frozen=True)
class Strengths:
    """Strengths of the penalties of long data.

    Attributes
    ----------
    common, shift : float
    deviation : float
        Infinite if all ids have the same coefficients.
    """

    common: float
    shift: float
    deviation: float = np.inf

    @property
    def alpha(self) -> float:
        """Strength of the penalty on the coefficients of an id, common part plus deviation."""
        if np.isinf(self.deviation):
            return self.common
        total = self.common + self.deviation
        return self.common * self.deviation / total if total > 0 else 0.0

    @property
    def similarity(self) -> float:
        """Share of the common part in the prior variance of the coefficients.

        NaN without any penalty.
        """
        if np.isinf(self.deviation):
            return 1.0
        total = self.common + self.deviation
        return self.deviation / total if total > 0 else np.nan


class GroupedRows:
    """Common columns, an indicator column for each id, and optionally the columns by id.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_axes)
    group : int ndarray of shape (n_rows,)
    n_groups : int
    with_slopes : bool
    """

    def __init__(
        self, matrix: np.ndarray, group: np.ndarray, n_groups: int, *, with_slopes: bool
    ) -> None:
        n_rows, n_axes = matrix.shape
        self._matrix = matrix
        ones, offsets = np.ones(n_rows), np.arange(n_rows + 1)
        self._by_id = [csr_array((ones, group, offsets), shape=(n_rows, n_groups))]
        if with_slopes:
            columns = (group[:, None] * n_axes + np.arange(n_axes)).ravel()
            slopes = (matrix.ravel(), columns, offsets * n_axes)
            self._by_id.append(csr_array(slopes, shape=(n_rows, n_groups * n_axes)))
        widths = [n_axes, *(part.shape[1] for part in self._by_id)]
        self._ends = np.cumsum(widths)
        self.n_columns = int(self._ends[-1])

    def __len__(self) -> int:
        return len(self._matrix)

    def parts(self, coef: np.ndarray) -> list[np.ndarray]:
        """Split coefficients into common ones, those of the indicators and, if any, the slopes."""
        return np.split(coef, self._ends[:-1])

    def dot(self, coef: np.ndarray) -> np.ndarray:
        common, *by_id_parts = self.parts(coef)
        total = self._matrix @ common
        for part, by_id in zip(self._by_id, by_id_parts, strict=True):
            total += part @ by_id
        return total

    def transposed_dot(self, values: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [self._matrix.T @ values, *(part.T @ values for part in self._by_id)]
        )

    def squares(self, weight: np.ndarray) -> np.ndarray:
        common = weight @ self._matrix**2
        return np.concatenate([common, *(part.power(2).T @ weight for part in self._by_id)])


class GroupedTarget:
    """One target of long data, learnt from some rows.

    Parameters
    ----------
    rows : LabelledRows
    target : int
    """

    def __init__(self, rows: LabelledRows, target: int) -> None:
        assert rows.group is not None
        labels = rows.observed(target)
        design = rows.design.take(labels.rows)
        self._spectrum = Spectrum.of(design, labels.weight)
        self._coordinates = self._spectrum.coordinates(design)
        self._group, self._n_groups = rows.group[labels.rows], rows.n_groups
        self._labels = labels.renumbered()
        self._space = directions(labels.head)
        self._descents: dict[bool, tuple[GroupedRows, Descent]] = {}

    @property
    def start(self) -> np.ndarray:
        """Return the raw scores of the best constant."""
        return self._labels.constant()

    def _descent(self, with_slopes: bool) -> tuple[GroupedRows, Descent]:
        if with_slopes not in self._descents:
            rows = GroupedRows(
                self._coordinates, self._group, self._n_groups, with_slopes=with_slopes
            )
            self._descents[with_slopes] = rows, Descent(rows, [self._labels])
        return self._descents[with_slopes]

    def line(
        self, strengths: Strengths, start: Line | None = None, tolerance: float | None = None
    ) -> Line:
        """Find the minimum, starting from that of other strengths."""
        rows, descent = self._descent(np.isfinite(strengths.deviation))
        n_axes = len(self._spectrum.values)
        penalty = np.full(rows.n_columns, strengths.deviation)
        penalty[:n_axes] = strengths.common
        penalty[n_axes : n_axes + self._n_groups] = strengths.shift
        if start is not None and len(start.coef) < rows.n_columns:
            missing = rows.n_columns - len(start.coef)
            start = Line(start.constant, np.pad(start.coef, ((0, missing), (0, 0))))
        options = {} if tolerance is None else {"tolerance": tolerance}
        return descent.line(penalty, self._space, start, **options)

    def function(self, strengths: Strengths, line: Line) -> LinearTarget:
        """Convert a minimum to the function that a model stores."""
        rows, _ = self._descent(np.isfinite(strengths.deviation))
        common, shifts, *slopes_along_axes = rows.parts(line.coef)
        axes, mean = self._spectrum.axes, self._spectrum.mean
        coef, slopes = axes @ common, None
        if slopes_along_axes:
            by_id = slopes_along_axes[0].reshape(self._n_groups, len(common), -1)
            slopes = np.einsum("pa,gam->gpm", axes, by_id)
            shifts = shifts - np.einsum("p,gpm->gm", mean, slopes)
            slopes = np.concatenate([slopes, np.zeros((1, *coef.shape))])
        constant = line.constant - (mean @ coef) @ self._space
        return LinearTarget(
            constant,
            coef,
            self._space,
            strengths.alpha,
            np.concatenate([shifts, np.zeros((1, shifts.shape[1]))]),
            slopes,
            strengths.similarity,
        )
