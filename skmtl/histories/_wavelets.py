"""Energies of wavelet bands."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmtl._extras import needed
from skmtl.histories._array import Histories
from skmtl.histories._grid import Grid, grid_names
from skmtl.histories._transformer import HistoryTransformer


class WaveletFeatures(HistoryTransformer):
    """Energies of the frequency bands of series, and the coarse course of the lowest band.

    Each history is converted to a series on a grid of equal steps, with linear interpolation of
    missing values. Bands are those of a discrete wavelet transform; the energy of a band is the
    mean of its squared coefficients. Other columns of X pass through. Requires PyWavelets (extra
    ``wavelets``).

    Parameters
    ----------
    wavelet : str, default="db2"
        Name of a wavelet in PyWavelets.
    levels : int, default=3
        Number of high bands. Short series have fewer of them, and the energies of the others are
        NaN. Their lowest band is scaled as that of long series: a constant has the same course at
        every length.
    n_coefficients : int, default=4
        Number of parts of the series over which the lowest band is averaged.
    every : float, default=None
        Step of the grid in the unit of the histories. None is the median time between two events.
    columns : sequence, default=None
        The columns of histories; None for all.
    n_jobs : int, default=None
        Number of joblib processes.
    """

    def __init__(
        self,
        wavelet: str = "db2",
        *,
        levels: int = 3,
        n_coefficients: int = 4,
        every: float | None = None,
        columns: Sequence[Hashable] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.wavelet = wavelet
        self.levels = levels
        self.n_coefficients = n_coefficients
        self.every = every
        self.columns = columns
        self.n_jobs = n_jobs

    def _learn(self, histories: Histories, y: Any) -> LearntWavelets:
        with needed("pywt (PyWavelets)", "wavelets", "WaveletFeatures"):
            import pywt
        pywt.Wavelet(self.wavelet)  # raises for an unknown name
        if not (self.levels >= 1 and self.n_coefficients >= 1):
            raise ValueError("levels and n_coefficients must be at least 1.")
        grid = Grid.of(histories, self.every)
        return LearntWavelets(grid, self.wavelet, self.levels, self.n_coefficients)


@dataclass
class LearntWavelets:
    """Fitted settings of the bands of each variable.

    Attributes
    ----------
    grid : Grid
    wavelet : str
    levels, n_coefficients : int
    """

    grid: Grid
    wavelet: str
    levels: int
    n_coefficients: int

    @property
    def names(self) -> list[str]:
        """Names by variable: energies (band 1 has the highest frequencies) and the course."""
        energies = [f"energy {band}" for band in range(1, self.levels + 1)]
        courses = [f"course {i + 1}/{self.n_coefficients}" for i in range(self.n_coefficients)]
        return grid_names(self.grid.variables, [*energies, "energy low", *courses])

    def table(self, histories: Histories) -> NDArray[np.float64]:
        """Compute the features, (n, n_features)."""
        return self.grid.table(histories, self._features)

    def _features(self, series: NDArray[np.float64]) -> NDArray[np.float64]:
        import pywt

        most = min(self.levels, pywt.dwt_max_level(series.shape[-1], self.wavelet))
        low, *high = pywt.wavedec(series, self.wavelet, level=most, axis=-1)
        low = low * 2 ** ((self.levels - most) / 2)  # each level multiplies a constant by root 2
        features = np.full((*series.shape[:-1], self.levels + 1 + self.n_coefficients), np.nan)
        for band, coefficients in enumerate(reversed(high)):
            features[..., band] = (coefficients**2).mean(axis=-1)
        features[..., self.levels] = (low**2).mean(axis=-1)
        for i, part in enumerate(np.array_split(low, self.n_coefficients, axis=-1)):
            if part.shape[-1]:
                features[..., self.levels + 1 + i] = part.mean(axis=-1)
        return features
