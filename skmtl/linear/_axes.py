"""Rows in the coordinates of their principal axes, which descents on all subsets share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skmtl.linear._descent import DenseRows, Line, Rows
from skmtl.linear._design import Design
from skmtl.linear._spectrum import Spectrum


@dataclass(frozen=True)
class ProductsAlongAxes:
    """A matrix on disk or with few stored cells as `Rows`, without its dense coordinates.

    Attributes
    ----------
    design : Design
    spectrum : Spectrum
    """

    design: Design
    spectrum: Spectrum

    @property
    def n_columns(self) -> int:
        return len(self.spectrum.values)

    def __len__(self) -> int:
        return len(self.design)

    def dot(self, coef: np.ndarray) -> np.ndarray:
        turned = self.spectrum.axes @ coef
        return self.design.dot(turned) - self.spectrum.mean @ turned

    def transposed_dot(self, values: np.ndarray) -> np.ndarray:
        return self.spectrum.moments(self.design, values)

    def squares(self, weight: np.ndarray) -> np.ndarray:
        # The mean squares of all rows, as they need not be exact.
        return self.spectrum.values * (weight.sum() / self.spectrum.total_weight)


class Axes:
    """The principal axes of rows, and the coordinates of rows along them.

    The axes are orthogonal, so a ridge penalty has the same value in these coordinates, and the
    solution for any subset of the rows lies in their span.

    Parameters
    ----------
    design : Design
    weight : ndarray of shape (n_rows,)
        Weights of the rows when the axes are computed; 0 for rows that are only used for
        evaluation.
    """

    def __init__(self, design: Design, weight: np.ndarray) -> None:
        self._design, self._weight = design, weight

    @cached_property
    def spectrum(self) -> Spectrum:
        weighted = np.flatnonzero(self._weight > 0)
        design = (
            self._design if len(weighted) == len(self._design) else self._design.take(weighted)
        )
        return Spectrum.of(design, self._weight[weighted])

    @cached_property
    def _coordinates(self) -> np.ndarray:
        return self.spectrum.coordinates(self._design)

    def rows(self, positions: np.ndarray) -> Rows:
        """Return the rows at some positions."""
        if self._design.is_larger_dense:
            return ProductsAlongAxes(self._design.take(positions), self.spectrum)
        return DenseRows(self._coordinates[positions])

    def uncentred(self, line: Line, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Convert a line along the axes to a constant and coefficients for rows of the design."""
        coef = self.spectrum.axes @ line.coef
        return line.constant - (self.spectrum.mean @ coef) @ directions, coef
