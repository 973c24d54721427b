"""Survival curves and incidences from the cumulative hazards of time bins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmtl.tasks._clock import CALENDAR, Calendar, Clock, Interpolation

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    r"""Survival curves and incidences of each row.

    A clock says which share :math:`c(t)` of a bin is past at a time. Where it counts cumulative
    hazard, survival has fallen by the share :math:`(1 - e^{-a c(t)}) / (1 - e^{-a})` of what it
    falls in the bin, whose cumulative hazard is a; where it counts failures, by the share c(t).
    Several causes may have clocks of their own; then this holds for the incidence of each.

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
        What the clock counts within a bin: cumulative hazard, or failures.
    clock : Clock or Calendar, optional
        By default ordinary time.
    """

    edges: _Array
    hazard: _Array
    share: _Array
    horizon: float
    interpolation: Interpolation
    clock: Clock | Calendar = CALENDAR

    def at_cuts(self) -> _Array:
        """Survival at the edges, of shape (n_samples, n_bins + 1)."""
        return np.exp(-self._hazard_at_cuts())

    def rows(self) -> Iterator[Curves]:
        """The curves of each row by itself."""
        for row in range(len(self.hazard)):
            one = slice(row, row + 1)
            yield replace(self, hazard=self.hazard[one], share=self.share[one])

    @property
    def jumps(self) -> _Array:
        """Times (n_jumps,) between which step functions of these curves are constant."""
        return self.clock.jumps(self.edges)

    def cumulative_hazard(self, times: ArrayLike) -> _Array:
        """Cumulative hazards of shape (n_samples, n_times)."""
        bins, past = self.places(times)
        if self._adds_hazard(past):
            return self._hazard_at_cuts()[:, bins] + self.hazard[:, bins] * past[:, 0]
        return -np.log(self.survival(times))

    def survival(self, times: ArrayLike) -> _Array:
        """Survival of shape (n_samples, n_times)."""
        bins, past = self.places(times)
        if self._adds_hazard(past):
            return np.exp(-self.cumulative_hazard(times))
        alive, fallen = self.at_cuts(), self._fallen(self.hazard[:, bins], past)
        gone = _together(fallen, self.share[:, bins])
        return alive[:, bins] * (1 - gone) + alive[:, bins + 1] * gone

    def incidence(self, times: ArrayLike) -> _Array:
        """Cumulative incidences of shape (n_samples, n_times, n_causes)."""
        bins, past = self.places(times)
        alive = self.at_cuts()
        if past.shape[1] == 1:
            gone = (alive[:, bins] - self.survival(times))[:, :, None]
        else:
            fallen = self._fallen(self.hazard[:, bins], past)
            gone = (alive[:, bins] - alive[:, bins + 1])[:, :, None] * fallen
        return self._incidence_at_cuts(alive)[:, bins] + gone * self.share[:, bins]

    def within(self, bins: NDArray[np.int64], past: _Array) -> _Array:
        """Survival (n_samples,) of each row at a place of its own.

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
        """Cumulative hazard (n_samples,) of each row at a time of its own."""
        bins, past = self.places(times)
        if not self._adds_hazard(past):
            with np.errstate(divide="ignore"):  # infinite where nobody is left
                return -np.log(self.within(bins, past))
        rows = np.arange(len(bins))
        return self._hazard_at_cuts()[rows, bins] + self.hazard[rows, bins] * past[:, 0]

    def conditional_survival(self, times: ArrayLike, since: _Array) -> _Array:
        """Survival (n_samples, n_times) of rows that are alive at times of their own.

        Parameters
        ----------
        times : array of shape (n_times,)
        since : ndarray of shape (n_samples,)

        Returns
        -------
        ndarray
            1 up to `since`; NaN where survival is 0 by then.
        """
        return _since(self.cumulative_hazard(times), self.hazard_of_rows(since)[:, None])

    def conditional_incidence(self, times: ArrayLike, since: _Array) -> _Array:
        """Incidences (n_samples, n_times, n_causes) of rows without an event by times of theirs.

        Parameters
        ----------
        times : array of shape (n_times,)
        since : ndarray of shape (n_samples,)

        Returns
        -------
        ndarray
            0 up to `since`, and with `conditional_survival` 1 in sum; NaN where survival is 0 by
            then.
        """
        rows, every = np.arange(len(self.hazard)), np.arange(self.hazard.shape[1])
        start, past = self.places(since)
        # What had happened by `since` in each bin, and survival at its beginning over that then.
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
        """The same, (n_samples,), at a time of each row's own."""
        return _since(self.hazard_of_rows(times), self.hazard_of_rows(since))

    def _adds_hazard(self, past: _Array) -> bool:
        """Whether cumulative hazard goes by the clock, exact however small survival is."""
        return self.interpolation == "hazard" and past.shape[1] == 1

    def _fallen(self, hazard: _Array, past: _Array) -> _Array:
        """Share of what happens in a bin that has happened, (..., n_clocks).

        For the cumulative hazards (...) of bins of which `past` (..., n_clocks) is past.
        """
        if self.interpolation == "density":
            return past
        whole = hazard[..., None]
        fallen = np.broadcast_to(past, np.broadcast_shapes(whole.shape, past.shape)).copy()
        return np.divide(np.expm1(-whole * past), np.expm1(-whole), out=fallen, where=whole > 0)

    def risk(self) -> _Array:
        """Mean incidence over the cuts, by cause: shape (n_samples, n_causes)."""
        return self._incidence_at_cuts(self.at_cuts())[:, 1:].mean(axis=1)

    def quantile(self, level: float) -> _Array:
        """First time at which survival is `level` or less; infinity where it never is."""
        reached = level * (1 + self.clock.tolerance)
        below = self.at_cuts()[:, 1:] <= reached
        time = self.clock.first_time(self, below.argmax(axis=1), reached)
        return np.where(below.any(axis=1), time, np.inf)

    def restricted_mean(self, horizon: float) -> _Array:
        """Area under the survival curve up to `horizon`, of shape (n_samples,)."""
        return self.clock.area(self, self.read_horizon(horizon))

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
            self.clock.then(later.clock, [later.edges[0]] if gap else []),  # type: ignore[arg-type]
        )

    def places(self, times: ArrayLike) -> tuple[NDArray[np.int64], _Array]:
        """Bin of each time (n_times,), and the share of it that is past (n_times, n_clocks)."""
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
        """Times at which the curves are known; `of` says of what, for error messages."""
        grid = _numbers(times)
        if grid is None or grid.ndim != 1:
            raise ValueError(f"times{of} must be numbers from 0 in one dimension, got {times!r}.")
        if len(grid):
            self._check_known(grid.max(), f"times{of} reach")
        return grid

    def read_row_times(self, times: Any, of: str = "") -> _Array:
        """Times of the rows by themselves, (n_samples,); one time is that of all of them."""
        grid = self.read_times(np.atleast_1d(times) if np.ndim(times) == 0 else times, of)
        n_rows = len(self.hazard)
        if len(grid) not in (1, n_rows):
            raise ValueError(f"There are {len(grid)} times{of} for {n_rows} rows: give one each.")
        return np.broadcast_to(grid, n_rows)

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


def _since(hazard: _Array, before: _Array) -> _Array:
    """Survival by cumulative hazards, of those that are alive where it is `before`."""
    with np.errstate(invalid="ignore"):  # infinity less infinity
        return np.exp(-np.maximum(hazard - before, 0.0))


def _together(fallen: _Array, share: _Array) -> _Array:
    """Of what has happened of each cause, (..., n_clocks), what has of all together."""
    return fallen[..., 0] if fallen.shape[-1] == 1 else (fallen * share).sum(axis=-1)


def _numbers(values: Any) -> _Array | None:
    """Numbers from 0 as an array, or None where they are none."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return array if (array >= 0).all() else None
