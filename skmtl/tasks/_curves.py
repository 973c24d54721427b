"""Survival curves and incidences from the cumulative hazards of time bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

_Array = NDArray[np.float64]
Interpolation = Literal["hazard", "density"]


@dataclass(frozen=True)
class Curves:
    r"""What is known of the time to an event, for each row.

    Attributes
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Where the first bin begins, before which nothing happens, and where each bin ends.
    hazard : ndarray of shape (n_samples, n_bins)
        Cumulative hazard of each bin, :math:`-\log(S(c_b) / S(c_{b-1}))`, of all causes.
    share : ndarray of shape (n_samples, n_bins, n_causes)
        Share of each cause in it; sums to 1.
    horizon : float
        Curves are flat from the last cut to here, and unknown beyond.
    interpolation : {"hazard", "density"}
        What is constant within a bin.
    """

    edges: _Array
    hazard: _Array
    share: _Array
    horizon: float
    interpolation: Interpolation

    def at_cuts(self) -> _Array:
        """Survival at the edges, of shape (n_samples, n_bins + 1)."""
        return np.exp(-self._hazard_at_cuts())

    def cumulative_hazard(self, times: ArrayLike) -> _Array:
        """Cumulative hazards of shape (n_samples, n_times)."""
        if self.interpolation == "hazard":
            bins, past = self.places(times)
            return self._hazard_at_cuts()[:, bins] + self.hazard[:, bins] * past
        return -np.log(self.survival(times))

    def survival(self, times: ArrayLike) -> _Array:
        """Survival of shape (n_samples, n_times)."""
        if self.interpolation == "hazard":
            return np.exp(-self.cumulative_hazard(times))
        bins, past = self.places(times)
        alive = self.at_cuts()
        return alive[:, bins] * (1 - past) + alive[:, bins + 1] * past

    def incidence(self, times: ArrayLike) -> _Array:
        """Cumulative incidences of shape (n_samples, n_times, n_causes)."""
        bins, _ = self.places(times)
        alive = self.at_cuts()
        gone = (alive[:, bins] - self.survival(times))[:, :, None] * self.share[:, bins]
        return self._incidence_at_cuts(alive)[:, bins] + gone

    def risk(self) -> _Array:
        """Mean incidence over the cuts, by cause: shape (n_samples, n_causes)."""
        return self._incidence_at_cuts(self.at_cuts())[:, 1:].mean(axis=1)

    def quantile(self, level: float) -> _Array:
        """First time at which survival is `level` or less; infinity where it never is."""
        alive = self.at_cuts()
        below = alive[:, 1:] <= level
        bins = below.argmax(axis=1)
        rows = np.arange(len(alive))
        start, end = self.edges[bins], self.edges[bins + 1]
        high, low = alive[rows, bins], alive[rows, bins + 1]
        if self.interpolation == "hazard":
            high, low, level = np.log(high), np.log(low), np.log(level)
        past = np.divide(high - level, high - low, out=np.zeros(len(rows)), where=high > low)
        time = start + np.clip(past, 0.0, 1.0) * (end - start)
        return np.where(below.any(axis=1), time, np.inf)

    def restricted_mean(self, horizon: float) -> _Array:
        """Area under the survival curve up to `horizon`, of shape (n_samples,)."""
        horizon = self.read_horizon(horizon)
        inside = self.edges[(self.edges > 0) & (self.edges < horizon)]
        edges = np.concatenate([[0.0], inside, [horizon]])
        alive = self.survival(edges)
        high, low = alive[:, :-1], alive[:, 1:]
        if self.interpolation == "hazard":
            fall = np.log(high) - np.log(np.maximum(low, 1e-300))
            # The mean of an exponential arc; of a nearly flat one the middle is exact enough.
            mean = np.divide(high - low, fall, out=(high + low) / 2, where=fall > 1e-6)
        else:
            mean = (high + low) / 2
        return mean @ np.diff(edges)

    def then(self, later: Curves) -> Curves:
        """These curves up to their last bin, and from there those of a later stretch of time."""
        edges, hazard, share = [self.edges], [self.hazard], [self.share]
        gap = later.edges[0] > self.edges[-1]
        if gap:  # between the two nothing happens
            edges.append(later.edges[:1])
            hazard.append(np.zeros_like(later.hazard[:, :1]))
            share.append(later.share[:, :1])
        return Curves(
            np.concatenate([*edges, later.edges[1:]]),
            np.hstack([*hazard, later.hazard]),
            np.concatenate([*share, later.share], axis=1),
            later.horizon,
            later.interpolation,
        )

    def places(self, times: ArrayLike) -> tuple[NDArray[np.int64], _Array]:
        """Bin of each time, and the share of the bin that is past; both of shape (n_times,)."""
        grid = self.read_times(times)
        last = len(self.edges) - 2
        bins = np.clip(np.searchsorted(self.edges, grid, side="left") - 1, 0, last)
        start, end = self.edges[bins], self.edges[bins + 1]
        return bins, np.clip((grid - start) / (end - start), 0.0, 1.0)

    def _hazard_at_cuts(self) -> _Array:
        return np.pad(np.cumsum(self.hazard, axis=1), ((0, 0), (1, 0)))

    def _incidence_at_cuts(self, alive: _Array) -> _Array:
        steps = -np.diff(alive, axis=1)[:, :, None] * self.share
        return np.pad(np.cumsum(steps, axis=1), ((0, 0), (1, 0), (0, 0)))

    def read_times(self, times: Any, of: str = "") -> _Array:
        """Times at which the curves are known; `of` says of what, for error messages."""
        grid = _numbers(times)
        if grid is None or grid.ndim != 1:
            raise ValueError(f"times{of} must be numbers from 0 in one dimension, got {times!r}.")
        if len(grid):
            self._check_known(grid.max(), f"times{of} reach")
        return grid

    def read_horizon(self, horizon: Any, of: str = "") -> float:
        """The same for a single time, the end of a stretch that begins at 0."""
        end = _numbers(horizon)
        if end is None or end.ndim != 0:
            raise ValueError(f"horizon{of} must be a number from 0, got {horizon!r}.")
        self._check_known(float(end), f"horizon{of} reaches")
        return float(end)

    def _check_known(self, last: float, what: str) -> None:
        if last > self.horizon:
            raise ValueError(
                f"{what} {last:g}, but the curves are known up to {self.horizon:g} only: to the "
                "end of the follow-up in `fit`, or to the last cut or horizon that it was given. "
                "Ask up to there."
            )


def _numbers(values: Any) -> _Array | None:
    """Numbers from 0 as an array, or None where they are none."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return array if (array >= 0).all() else None
