"""The kernel of a Gaussian process of several variables, and its posterior by linear algebra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize

from skmtl.histories._observed import ObservedValues

# Added to every noise, in units of the variance of a variable, so that kernels are invertible.
_LEAST_NOISE = 1e-4


@dataclass(frozen=True)
class ProcessKernel:
    """A kernel in time and variables.

    Attributes
    ----------
    length : float
        Time after which correlations fall to 1 / e.
    covariance : ndarray of float64, shape (n_variables, n_variables)
    noise : ndarray of float64, shape (n_variables,)
        Variances of the noise.
    """

    length: float
    covariance: NDArray[np.float64]
    noise: NDArray[np.float64]

    def factor(self, seen: ObservedValues) -> Any:
        """Return the Cholesky factor of the covariance of observed values."""
        gap = np.abs(seen.time[:, None] - seen.time)
        matrix = np.exp(-gap / self.length) * self.covariance[np.ix_(seen.variable, seen.variable)]
        matrix[np.diag_indices(len(matrix))] += self.noise[seen.variable]
        return cho_factor(matrix, lower=True)

    def posterior(
        self, seen: ObservedValues, times: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return posterior means and standard deviations without noise, (n_times, n_variables)."""
        n_variables = len(self.noise)
        prior = np.broadcast_to(np.diag(self.covariance), (len(times), n_variables))
        if not len(seen.time):
            return np.zeros(prior.shape), np.sqrt(prior)
        mean, half = self._given(seen, times)
        known = (half**2).sum(axis=0).reshape(prior.shape)
        return mean, np.sqrt(np.maximum(prior - known, 0.0))

    def draw(
        self, seen: ObservedValues, times: NDArray[np.float64], random: np.random.RandomState
    ) -> NDArray[np.float64]:
        """Draw from the joint posterior of all values, (n_times, n_variables)."""
        decay = np.exp(-np.abs(times[:, None] - times) / self.length)
        covariance = np.kron(decay, self.covariance)
        mean = np.zeros((len(times), len(self.noise)))
        if len(seen.time):
            mean, half = self._given(seen, times)
            covariance = covariance - half.T @ half
        # By eigenvalues, because the covariance is singular where values are known.
        variances, axes = np.linalg.eigh(covariance)
        along = np.sqrt(np.maximum(variances, 0.0)) * random.normal(size=len(variances))
        return mean + (axes @ along).reshape(mean.shape)

    def _given(
        self, seen: ObservedValues, times: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the posterior mean (n_times, n_variables) and a root of the explained covariance.

        The explained covariance, ``root.T @ root``, is subtracted from the prior covariance.
        """
        factor = self.factor(seen)
        decay = np.exp(-np.abs(times[:, None] - seen.time) / self.length)
        across = decay[:, None, :] * self.covariance[:, seen.variable]
        across = across.reshape(len(times) * len(self.noise), -1)
        mean = (across @ cho_solve(factor, seen.value)).reshape(len(times), -1)
        return mean, solve_triangular(factor[0], across.T, lower=True)


def most_likely(sample: Sequence[ObservedValues], n_variables: int, step: float) -> ProcessKernel:
    """Return the kernel with maximum marginal likelihood."""
    lower = np.tril_indices(n_variables)

    def unpack(x: NDArray[np.float64]) -> tuple[ProcessKernel, NDArray[np.float64]]:
        root = np.zeros((n_variables, n_variables))
        root[lower] = x[1 + n_variables :]
        noise = np.exp(x[1 : 1 + n_variables]) + _LEAST_NOISE
        return ProcessKernel(float(np.exp(x[0])), root @ root.T, noise), root

    def loss(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        kernel, root = unpack(x)
        total, by_length = 0.0, 0.0
        by_noise, by_covariance = np.zeros(n_variables), np.zeros((n_variables, n_variables))
        for seen in sample:
            factor = kernel.factor(seen)
            pull = cho_solve(factor, seen.value)
            total += seen.value @ pull / 2 + np.log(np.diag(factor[0])).sum()
            inverse = cho_solve(factor, np.eye(len(pull)))
            slope = (inverse - np.outer(pull, pull)) / 2  # gradient by the covariance of values
            gap = np.abs(seen.time[:, None] - seen.time) / kernel.length
            decay = np.exp(-gap)
            pairs = kernel.covariance[np.ix_(seen.variable, seen.variable)]
            by_length += (slope * pairs * decay * gap).sum()
            np.add.at(by_noise, seen.variable, np.diag(slope))
            choice = np.eye(n_variables)[seen.variable]
            by_covariance += choice.T @ (slope * decay) @ choice
        by_root = (2 * by_covariance @ root)[lower]
        noise = np.exp(x[1 : 1 + n_variables])
        n = sum(len(seen.time) for seen in sample)
        return total / n, np.concatenate([[by_length], by_noise * noise, by_root]) / n

    # Start from uncorrelated variables with little noise.
    begin = np.concatenate(
        [[np.log(4 * step)], np.full(n_variables, np.log(0.3)), 0.8 * np.eye(n_variables)[lower]]
    )
    bounds = [
        (np.log(step / 100), np.log(step * 1e4)),
        *[(-10.0, 3.0)] * n_variables,
        *[(-10.0, 10.0)] * len(lower[0]),
    ]
    options = {"maxiter": 100}
    result = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return unpack(result.x)[0]
