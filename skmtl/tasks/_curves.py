"""Survival curves and incidences from the cumulative hazards of time bins."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmtl.tasks._clock import CALENDAR, Calendar, Clock, Interpolation

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    r"""Survival curves and incidences of each row.

    A clock measures the share :math:`c(t)` of a bin that is past at time t. If it counts
    cumulative hazard, the share :math:`(1 - e^{-a c(t)}) / (1 - e^{-a})` of the decrease of
    survival in the bin has happened by then, where a is the cumulative hazard of the bin. If it
    counts failures, this share is c(t). If each cause has its own clock, this applies to the
    incidence of each cause.

    Attributes
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Start of the first bin, before which there are no events, and the end of each bin.
    hazard : ndarray of shape (n_samples, n_bins)
        Cumulative hazard of each bin, :math:`-\log(S(c_b) / S(c_{b-1}))`, of all causes.
    share : ndarray of shape (n_samples, n_bins, n_causes)
        Share of each cause in the hazard; sums to 1.
    horizon : float
        Curves are flat from the last cut to here, and unknown beyond.
    interpolation : {"hazard", "density"}
        What the clock counts within a bin: cumulative hazard, or failures.
    clock : Clock or Calendar, optional
        By default calendar time.
    cause_names : tuple of str, optional
        Empty if the causes only have numbers.
    """

    edges: _Array
    hazard: _Array
    share: _Array
    horizon: float
    interpolation: Interpolation
    clock: Clock | Calendar = CALENDAR
    cause_names: tuple[str, ...] = ()

    @property
    def causes(self) -> tuple[Hashable, ...]:
        """Names of the causes, or their numbers from 1."""
        return self.cause_names or tuple(range(1, self.share.shape[2] + 1))

    def by_cause(self, values: NDArray[Any]) -> dict[Hashable, NDArray[Any]]:
        """Return values of shape (..., n_causes) as one array for each cause."""
        return {cause: values[..., k] for k, cause in enumerate(self.causes)}

    def at_cuts(self) -> _Array:
        """Return survival at the edges, of shape (n_samples, n_bins + 1)."""
        return np.exp(-self._hazard_at_cuts())

    def rows(self) -> Iterator[Curves]:
        """Iterate over the curves of single rows."""
        for row in range(len(self.hazard)):
            one = slice(row, row + 1)
            yield replace(self, hazard=self.hazard[one], share=self.share[one])

    @property
    def jumps(self) -> _Array:
        """Times (n_jumps,) between which step functions of these curves are constant."""
        return self.clock.jumps(self.edges)

    def cumulative_hazard(self, times: ArrayLike) -> _Array:
        """Return cumulative hazards of shape (n_samples, n_times)."""
        bins, past = self.places(times)
        if self._adds_hazard(past):
            return self._hazard_at_cuts()[:, bins] + self.hazard[:, bins] * past[:, 0]
        return -np.log(self.survival(times))

    def survival(self, times: ArrayLike) -> _Array:
        """Return survival of shape (n_samples, n_times)."""
        bins, past = self.places(times)
        if self._adds_hazard(past):
            return np.exp(-self.cumulative_hazard(times))
        alive, fallen = self.at_cuts(), self._fallen(self.hazard[:, bins], past)
        gone = _together(fallen, self.share[:, bins])
        return alive[:, bins] * (1 - gone) + alive[:, bins + 1] * gone

    def incidence(self, times: ArrayLike) -> _Array:
        """Return cumulative incidences of shape (n_samples, n_times, n_causes)."""
        bins, past = self.places(times)
        alive = self.at_cuts()
        if past.shape[1] == 1:
            gone = (alive[:, bins] - self.survival(times))[:, :, None]
        else:
            fallen = self._fallen(self.hazard[:, bins], past)
            gone = (alive[:, bins] - alive[:, bins + 1])[:, :, None] * fallen
        return self._incidence_at_cuts(alive)[:, bins] + gone * self.share[:, bins]

    def within(self, bins: NDArray[np.int64], past: _Array) -> _Array:
        """Return the survival (n_samples,) of each row at one place per row.

        Parameters
        ----------
        bins : int ndarray of shape (n_samples,)
        past : ndarray of shape (n_samples, n_clocks)
            Share of the bin that is past.
        """
        rows, alive = np.arange(len(bins)), self.at_cuts()
        fallen = self._fallen(self.hazard[rows, bins], past)
        gone = _together(fallen, self.share[rows, bins])
        return alive[rows, bins] * (1 - gone) + alive[rows, bins + 1] * gone

    def hazard_of_rows(self, times: _Array) -> _Array:
        """Return the cumulative hazard (n_samples,) of each row at one time per row."""
        bins, past = self.places(times)
        if not self._adds_hazard(past):
            with np.errstate(divide="ignore"):  # infinite if survival is 0
                return -np.log(self.within(bins, past))
        rows = np.arange(len(bins))
        return self._hazard_at_cuts()[rows, bins] + self.hazard[rows, bins] * past[:, 0]

    def conditional_survival(self, times: ArrayLike, since: _Array) -> _Array:
        """Return survival (n_samples, n_times), given no event up to one time per row.

        Parameters
        ----------
        times : array of shape (n_times,)
        since : ndarray of shape (n_samples,)

        Returns
        -------
        ndarray
            1 up to `since`; NaN if survival is 0 at `since`.
        """
        return _since(self.cumulative_hazard(times), self.hazard_of_rows(since)[:, None])

    def conditional_incidence(self, times: ArrayLike, since: _Array) -> _Array:
        """Return incidences (n_samples, n_times, n_causes), given no event up to one time per row.

        Parameters
        ----------
        times : array of shape (n_times,)
        since : ndarray of shape (n_samples,)

        Returns
        -------
        ndarray
            0 up to `since`; with `conditional_survival` they sum to 1. NaN if survival is 0 at
            `since`.
        """
        rows, every = np.arange(len(self.hazard)), np.arange(self.hazard.shape[1])
        start, past = self.places(since)
        # Share of each bin's events before `since`; then survival at the start of each bin divided
        # by survival at `since`.
        before = (every < start[:, None])[:, :, None].repeat(past.shape[1], axis=2).astype(float)
        before[rows, start] = self._fallen(self.hazard[rows, start], past)
        bins, past = self.places(times)
        fallen = np.maximum(self._fallen(self.hazard[:, bins], past) - before[:, bins], 0.0)
        with np.errstate(invalid="ignore"):  # infinity less infinity
            lead = self.hazard_of_rows(since)[:, None] - self._hazard_at_cuts()[:, :-1]
            alive = np.exp(np.where(every < start[:, None], 0.0, lead))
            falls = (alive * -np.expm1(-self.hazard))[:, :, None] * self.share
            by_cut = np.pad(np.cumsum(falls * (1 - before), axis=1), ((0, 0), (1, 0), (0, 0)))
            return by_cut[:, bins] + falls[:, bins] * fallen

    def survival_of_rows(self, times: _Array, since: _Array) -> _Array:
        """Return conditional survival (n_samples,) at one time per row."""
        return _since(self.hazard_of_rows(times), self.hazard_of_rows(since))

    def _adds_hazard(self, past: _Array) -> bool:
        """Whether cumulative hazard is linear in the clock, and so exact for tiny survival."""
        return self.interpolation == "hazard" and past.shape[1] == 1

    def _fallen(self, hazard: _Array, past: _Array) -> _Array:
        """Return the share of a bin's events that have happened, of shape (..., n_clocks).

        `hazard` (...) has the cumulative hazards of the bins, and `past` (..., n_clocks) the
        shares of the bins that are past.
        """
        if self.interpolation == "density":
            return past
        whole = hazard[..., None]
        fallen = np.broadcast_to(past, np.broadcast_shapes(whole.shape, past.shape)).copy()
        return np.divide(np.expm1(-whole * past), np.expm1(-whole), out=fallen, where=whole > 0)

    def risk(self) -> _Array:
        """Return the mean incidence over the cuts by cause, of shape (n_samples, n_causes)."""
        return self._incidence_at_cuts(self.at_cuts())[:, 1:].mean(axis=1)

    def quantile(self, level: float) -> _Array:
        """Return the first time at which survival is at most `level`; infinity if it never is."""
        reached = level * (1 + self.clock.tolerance)
        below = self.at_cuts()[:, 1:] <= reached
        time = self.clock.first_time(self, below.argmax(axis=1), reached)
        return np.where(below.any(axis=1), time, np.inf)

    def restricted_mean(self, horizon: float) -> _Array:
        """Return the area under the survival curve up to `horizon`, of shape (n_samples,)."""
        return self.clock.area(self, self.read_horizon(horizon))

    def then(self, later: Curves) -> Curves:
        """Append curves for a later period to these."""
        edges, hazard, share = [self.edges], [self.hazard], [self.share]
        gap = later.edges[0] > self.edges[-1]
        if gap:  # there are no events between the two
            edges.append(later.edges[:1])
            hazard.append(np.zeros_like(later.hazard[:, :1]))
            share.append(later.share[:, :1])
        return Curves(
            np.concatenate([*edges, later.edges[1:]]),
            np.hstack([*hazard, later.hazard]),
            np.concatenate([*share, later.share], axis=1),
            later.horizon,
            later.interpolation,
            self.clock.then(later.clock, [later.edges[0]] if gap else []),  # type: ignore[arg-type]
            self.cause_names,
        )

    def places(self, times: ArrayLike) -> tuple[NDArray[np.int64], _Array]:
        """Return the bin of each time (n_times,) and the share past (n_times, n_clocks)."""
        grid = self.read_times(times)
        last = len(self.edges) - 2
        bins = np.clip(np.searchsorted(self.edges, grid, side="left") - 1, 0, last)
        return bins, self.clock.places(self.edges, bins, grid)

    def _hazard_at_cuts(self) -> _Array:
        return np.pad(np.cumsum(self.hazard, axis=1), ((0, 0), (1, 0)))

    def _incidence_at_cuts(self, alive: _Array) -> _Array:
        steps = -np.diff(alive, axis=1)[:, :, None] * self.share
        return np.pad(np.cumsum(steps, axis=1), ((0, 0), (1, 0), (0, 0)))

    def read_times(self, times: Any, of: str = "") -> _Array:
        """Check times at which to evaluate the curves; `of` is for error messages."""
        grid = _numbers(times)
        if grid is None or grid.ndim != 1:
            raise ValueError(f"times{of} must be numbers from 0 in one dimension, got {times!r}.")
        if len(grid):
            self._check_known(grid.max(), f"times{of} reach")
        return grid

    def read_row_times(self, times: Any, of: str = "") -> _Array:
        """Check one time per row, (n_samples,); a single time is used for all rows."""
        grid = self.read_times(np.atleast_1d(times) if np.ndim(times) == 0 else times, of)
        n_rows = len(self.hazard)
        if len(grid) not in (1, n_rows):
            raise ValueError(
                f"There are {len(grid)} times{of} for {n_rows} rows. Pass one time per row."
            )
        return np.broadcast_to(grid, n_rows)

    def read_horizon(self, horizon: Any, of: str = "") -> float:
        """Check a single time, the end of a period that begins at 0."""
        end = _numbers(horizon)
        if end is None or end.ndim != 0:
            raise ValueError(f"horizon{of} must be a number from 0, got {horizon!r}.")
        self._check_known(float(end), f"horizon{of} reaches")
        return float(end)

    def _check_known(self, last: float, what: str) -> None:
        if last > self.horizon:
            raise ValueError(
                f"{what} {last:g}, but the curves are known up to {self.horizon:g} only, which is "
                "the end of the follow-up in `fit`, or the last cut or horizon that was passed to "
                "it. Use times up to there."
            )


def _since(hazard: _Array, before: _Array) -> _Array:
    """Return survival from cumulative hazards, given survival up to the hazard `before`."""
    with np.errstate(invalid="ignore"):  # infinity less infinity
        return np.exp(-np.maximum(hazard - before, 0.0))


def _together(fallen: _Array, share: _Array) -> _Array:
    """Return the share of all events that have happened, from the shares by cause."""
    return fallen[..., 0] if fallen.shape[-1] == 1 else (fallen * share).sum(axis=-1)


def _numbers(values: Any) -> _Array | None:
    """Return non-negative numbers as an array, or None for other values."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return array if (array >= 0).all() else None
