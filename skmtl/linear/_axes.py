"""Rows along the principal axes of all of them, which descents on any part of the rows share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skmtl.linear._descent import DenseRows, Line, Rows
from skmtl.linear._design import Design
from skmtl.linear._spectrum import Spectrum


@dataclass(frozen=True)
class StoredRowsAlongAxes:
    """Rows of a matrix on disk as `Rows`, read once for every product.

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
        # Those of all rows: they need not be exact.
        return self.spectrum.values * (weight.sum() / self.spectrum.total_weight)


class Axes:
    """The principal axes of rows, and rows along them.

    A ridge penalty is the same along the axes as along the columns, and the solution of any part
    of the rows lies in their span.

    Parameters
    ----------
    design : Design
    weight : ndarray of shape (n_rows,)
        Weights of the rows in the axes; 0 for rows that are judged alone.
    """

    def __init__(self, design: Design, weight: np.ndarray) -> None:
        self._design, self._weight = design, weight

    @cached_property
    def spectrum(self) -> Spectrum:
        used = np.flatnonzero(self._weight > 0)
        design = self._design if len(used) == len(self._design) else self._design.take(used)
        return Spectrum.of(design, self._weight[used])

    @cached_property
    def _coordinates(self) -> np.ndarray:
        return self.spectrum.coordinates(self._design)

    def rows(self, positions: np.ndarray) -> Rows:
        """The rows at some positions."""
        if isinstance(self._design.matrix, np.memmap):
            return StoredRowsAlongAxes(self._design.take(positions), self.spectrum)
        return DenseRows(self._coordinates[positions])

    def uncentred(self, line: Line, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Constant and coefficients of a line along the axes, for rows of the design."""
        coef = self.spectrum.axes @ line.coef
        return line.constant - (self.spectrum.mean @ coef) @ directions, coef
