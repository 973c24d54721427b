"""The posterior of a long history, by filters along its events."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skmtl.histories._observed import ObservedValues
from skmtl.histories._process_kernel import ProcessKernel


@dataclass(frozen=True)
class MarkovProcess:
    """The posterior of `ProcessKernel` in time and memory that are linear in the events.

    With an Ornstein-Uhlenbeck kernel, the past and the future of a time are independent given the
    values of all variables at that time. A Kalman filter from the first event on therefore knows
    all about the past of a time, and a filter from the last event backwards all about its future.
    Their product is the exact posterior, so inducing points, which approximate it, are not needed.

    Parameters
    ----------
    kernel : ProcessKernel

    Notes
    -----
    The filters compute with independent values g of unit variance, where f = R g and R R' is the
    covariance of the variables, which may be singular. Over a gap d with a = exp(-d / length),

        m <- a m,  P <- a^2 P + (1 - a^2) I

    and a value y of variable v with the noise s updates, with h the row v of R,

        k = P h / (h' P h + s),  m <- m + k (y - h' m),  P <- P - k h' P.

    References
    ----------
    J. Hartikainen, S. Särkkä, Kalman filtering and smoothing solutions to temporal Gaussian
    process regression models, MLSP 2010.
    """

    kernel: ProcessKernel

    @cached_property
    def root(self) -> NDArray[np.float64]:
        """The matrix R, (n_variables, n_variables)."""
        variances, axes = np.linalg.eigh(self.kernel.covariance)
        return axes * np.sqrt(np.maximum(variances, 0.0))

    def posterior(
        self, seen: ObservedValues, times: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return posterior means and standard deviations without noise, (n_times, n_variables)."""
        past, future = self._filtered(seen, times), self._filtered_backwards(seen, times)
        past_precision, future_precision = np.linalg.inv(past[1]), np.linalg.inv(future[1])
        # Both filters start from the prior, whose precision is the identity.
        covariance = np.linalg.inv(past_precision + future_precision - np.eye(len(self.root)))
        pull = past_precision @ past[0][..., None] + future_precision @ future[0][..., None]
        mean = (covariance @ pull)[..., 0] @ self.root.T
        variance = ((self.root @ covariance) * self.root).sum(axis=-1)
        return mean, np.sqrt(np.maximum(variance, 0.0))

    def draw(
        self, seen: ObservedValues, times: NDArray[np.float64], random: np.random.RandomState
    ) -> NDArray[np.float64]:
        """Draw from the joint posterior of all values, (n_times, n_variables).

        A draw from the prior, with noisy observations of its own, is corrected by the posterior
        mean of the difference of the observations (Matheron's rule).
        """
        prior = self._draw_prior(np.concatenate([seen.time, times]), random)
        at_events, at_times = prior[: len(seen.time)], prior[len(seen.time) :]
        sd = np.sqrt(self.kernel.noise[seen.variable])
        noisy = at_events[np.arange(len(sd)), seen.variable] + sd * random.normal(size=len(sd))
        mean, _ = self.posterior(seen._replace(value=seen.value - noisy), times)
        return at_times + mean

    def _draw_prior(
        self, times: NDArray[np.float64], random: np.random.RandomState
    ) -> NDArray[np.float64]:
        """Draw from the prior at some times, (n_times, n_variables)."""
        order = np.argsort(times, kind="stable")
        decay = np.exp(-np.diff(times[order], prepend=-np.inf) / self.kernel.length)
        news = np.sqrt(1 - decay**2)[:, None] * random.normal(size=(len(times), len(self.root)))
        state = np.zeros(len(self.root))
        drawn = np.empty_like(news)
        for place, kept, new in zip(order, decay, news, strict=True):
            state = kept * state + new
            drawn[place] = state
        return drawn @ self.root.T

    def _filtered_backwards(
        self, seen: ObservedValues, times: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and covariance of g at each time, given the later events only."""
        later = seen.time > times.min()
        backwards = ObservedValues(*(part[later][::-1] for part in seen))
        return self._filtered(backwards._replace(time=-backwards.time), -times, "left")

    def _filtered(
        self,
        seen: ObservedValues,
        times: NDArray[np.float64],
        side: Literal["left", "right"] = "right",
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean (n_times, n_variables) and covariance of g at each time, given its past.

        Events at the time itself belong to its past if `side` is "right".
        """
        n = len(self.root)
        means, covariances = np.empty((len(times), n)), np.empty((len(times), n, n))
        mean, covariance, now, done = np.zeros(n), np.eye(n), -np.inf, 0
        noise = self.kernel.noise[seen.variable]
        until = np.searchsorted(seen.time, times, side)
        for place in np.argsort(times, kind="stable"):
            for event in range(done, until[place]):
                mean, covariance = self._after(mean, covariance, seen.time[event] - now)
                row = self.root[seen.variable[event]]
                across = covariance @ row
                gain = across / (row @ across + noise[event])
                mean = mean + gain * (seen.value[event] - row @ mean)
                covariance = covariance - np.outer(gain, across)
                now = seen.time[event]
            done = max(done, until[place])
            means[place], covariances[place] = self._after(mean, covariance, times[place] - now)
        return means, covariances

    def _after(
        self, mean: NDArray[np.float64], covariance: NDArray[np.float64], gap: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and covariance after some time."""
        if gap == 0:
            return mean, covariance
        lost = -np.expm1(-2 * gap / self.kernel.length)
        return np.sqrt(1 - lost) * mean, (1 - lost) * covariance + lost * np.eye(len(mean))
