"""Maximum of the penalised marginal likelihood, and prior variances of the penalties."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh
from scipy.special import logit
from sklearn.exceptions import ConvergenceWarning

from skmtl.rasch._likelihood import Likelihood, Nodes
from skmtl.rasch._ratings import Ratings

_MOST_STEPS, _MOST_ROUNDS = 100, 100
# Predicted relative improvement of the next step, below which the search ends.
_CLOSE = 1e-10
# Lower bound of curvatures, relative to those of the complete data.
_FLATTEST = 0.01
# Change of the prior standard deviations at which they have converged, relative and in logits. The
# latter is needed because a variance of zero is only approached.
_SETTLED, _NO_MATTER = 5e-4, 5e-4
_WEAKEST, _STRONGEST = 1e-8, 1e8


@dataclass(frozen=True)
class RaschOptions:
    """Shrinkage of coefficients and severities.

    Attributes
    ----------
    coef_penalty, severity_penalty : float or None
        One over the prior variance: half of it times the sum of squares is subtracted from the
        log-likelihood. None estimates the variance.
    """

    coef_penalty: float | None
    severity_penalty: float | None


@dataclass(frozen=True)
class RaschSolution:
    """Estimates with their covariance.

    Attributes
    ----------
    ratings : Ratings
    parameters : ndarray of shape (n_parameters,)
    covariance : ndarray of shape (n_parameters, n_parameters)
        Inverse of the observed information of the penalised marginal likelihood.
    likelihood : Likelihood
        Likelihood at these parameters.
    coef_penalty, severity_penalty : float
        The penalties of the options, or their estimates.
    """

    ratings: Ratings
    parameters: np.ndarray
    covariance: np.ndarray
    likelihood: Likelihood
    coef_penalty: float
    severity_penalty: float

    @property
    def coef(self) -> np.ndarray:
        return self.parameters[self.ratings.coef]

    @property
    def severity(self) -> np.ndarray:
        """Severity of each rater; they sum to zero."""
        return self.ratings.contrasts @ self.parameters[self.ratings.contrast]

    @property
    def severity_error(self) -> np.ndarray:
        """Standard error of each severity."""
        part = self.covariance[self.ratings.contrast, self.ratings.contrast]
        contrasts = self.ratings.contrasts
        return np.sqrt(np.einsum("rc,cd,rd->r", contrasts, part, contrasts))

    @property
    def item_scale(self) -> float:
        """Standard deviation of the item effects, beyond the features; 0 without items."""
        return float(np.abs(self.parameters[self.ratings.spread]).sum())

    @property
    def item_effects(self) -> tuple[np.ndarray, np.ndarray]:
        """Effect of each item beyond its features, given its ratings, and its standard error."""
        mean, error = self.likelihood.posterior_moments()
        sign = np.sign(self.parameters[self.ratings.spread].sum())
        return sign * self.item_scale * mean, self.item_scale * error

    @property
    def thresholds(self) -> list[np.ndarray]:
        """Thresholds of each question."""
        return np.split(
            self.parameters[self.ratings.thresholds], self.ratings.first_threshold[1:-1]
        )

    @property
    def threshold_errors(self) -> list[np.ndarray]:
        """Standard errors of the thresholds of each question."""
        variance = np.diag(self.covariance)[self.ratings.thresholds]
        return np.split(np.sqrt(variance), self.ratings.first_threshold[1:-1])

    @property
    def difficulty(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean of the thresholds of each question, and its standard error."""
        n_steps = self.ratings.n_levels - 1
        mean = np.repeat(np.eye(len(n_steps)) / n_steps[:, None], n_steps, axis=1)
        steps = self.ratings.thresholds
        variance = np.einsum("qs,st,qt->q", mean, self.covariance[steps, steps], mean)
        return mean @ self.parameters[steps], np.sqrt(variance)


def maximise(ratings: Ratings, options: RaschOptions) -> RaschSolution:
    """Estimate all parameters.

    Newton's method on the marginal likelihood finds the parameters for given penalties. It
    alternates with MacKay's fixed-point iteration, which estimates the prior variances that define
    the penalties.

    Warns
    -----
    ConvergenceWarning
        If the search does not converge within the maximum number of steps.
    """
    parameters, nodes = _start(ratings), Nodes.first(ratings)
    coef_penalty = 1.0 if options.coef_penalty is None else options.coef_penalty
    severity_penalty = 1.0 if options.severity_penalty is None else options.severity_penalty
    for _ in range(_MOST_ROUNDS):
        penalty = np.zeros(len(parameters))
        penalty[ratings.coef], penalty[ratings.contrast] = coef_penalty, severity_penalty
        parameters, nodes = _newton(ratings, nodes, parameters, penalty)
        solution = _solution(ratings, nodes, parameters, coef_penalty, severity_penalty)
        before = np.array([coef_penalty, severity_penalty])
        if options.coef_penalty is None:
            coef_penalty = _next(coef_penalty, solution, ratings.coef)
        if options.severity_penalty is None:
            severity_penalty = _next(severity_penalty, solution, ratings.contrast)
        scales = _scales(np.array([coef_penalty, severity_penalty]))
        if np.allclose(scales, _scales(before), rtol=_SETTLED, atol=_NO_MATTER):
            return solution
    _warn_of_convergence()
    return solution


def _solution(
    ratings: Ratings,
    nodes: Nodes,
    parameters: np.ndarray,
    coef_penalty: float,
    severity_penalty: float,
) -> RaschSolution:
    likelihood = Likelihood.at(ratings, nodes, parameters)
    assert likelihood is not None  # Newton's method only returns valid parameters
    information = likelihood.information()
    for part, penalty in ((ratings.coef, coef_penalty), (ratings.contrast, severity_penalty)):
        information[part, part] += penalty * np.eye(part.stop - part.start)
    covariance = _inverse(information)
    return RaschSolution(
        ratings, parameters, covariance, likelihood, coef_penalty, severity_penalty
    )


def _start(ratings: Ratings) -> np.ndarray:
    """Return initial parameters: thresholds by the shares of levels, and item effects only."""
    parameters = np.zeros(ratings.thresholds.stop)
    parameters[ratings.spread] = 1.0
    shares = []
    for question, n_levels in enumerate(ratings.n_levels):
        chosen = ratings.question == question
        share = np.bincount(ratings.level[chosen], ratings.weight[chosen], n_levels)
        shares.append(logit(np.cumsum(share / share.sum())[:-1]))
    parameters[ratings.thresholds] = np.concatenate(shares)
    return parameters


def _newton(
    ratings: Ratings, nodes: Nodes, parameters: np.ndarray, penalty: np.ndarray
) -> tuple[np.ndarray, Nodes]:
    """Return parameters of maximum penalised likelihood, and nodes around the posteriors."""
    for _ in range(_MOST_STEPS):
        likelihood = Likelihood.at(ratings, nodes, parameters)
        assert likelihood is not None  # `_length` only accepts steps to valid parameters
        if ratings.item is not None:
            mean, spread = likelihood.posterior_moments()
            nodes = Nodes.around(mean, np.maximum(spread, 1e-3))
            likelihood = Likelihood.at(ratings, nodes, parameters)
            assert likelihood is not None
        gradient = likelihood.gradient() - penalty * parameters
        step = _step(likelihood, penalty, gradient)
        rise = float(gradient @ step)
        if rise < _CLOSE * (1 + abs(likelihood.value)):
            return parameters, nodes
        parameters = parameters + _length(likelihood, penalty, parameters, step) * step
    _warn_of_convergence()
    return parameters, nodes


def _step(likelihood: Likelihood, penalty: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Return Newton's step or, if the likelihood is not concave, a step away from the saddle.

    A standard deviation of the items near zero is a saddle point, because its sign is arbitrary.
    There the absolute values of curvatures are used, relative to those of the complete data.
    """
    complete = likelihood.complete_information() + np.diag(penalty)
    observed = complete - likelihood.lost_information()
    try:
        return cho_solve(cho_factor(observed), gradient)
    except LinAlgError:
        complete += 1e-9 * np.trace(complete) / len(complete) * np.eye(len(complete))
        curvature, axes = eigh(observed, complete)
        return axes @ (axes.T @ gradient / np.maximum(np.abs(curvature), _FLATTEST))


def _length(
    likelihood: Likelihood, penalty: np.ndarray, parameters: np.ndarray, step: np.ndarray
) -> float:
    """Return the fraction of the step that increases the penalised likelihood."""
    height = likelihood.value - penalty @ parameters**2 / 2
    length = 1.0
    while length > 1e-10:
        moved = parameters + length * step
        there = Likelihood.at(likelihood.ratings, likelihood.nodes, moved)
        if there is not None and there.value - penalty @ moved**2 / 2 >= height:
            return length
        length /= 2
    return 0.0


def _scales(penalty: np.ndarray) -> np.ndarray:
    """Return the prior standard deviations."""
    return np.maximum(penalty, _WEAKEST) ** -0.5


def _next(penalty: float, solution: RaschSolution, part: slice) -> float:
    """Return one over the estimated variance of some parameters, by their effective number."""
    values = solution.parameters[part]
    if len(values) == 0:
        return penalty
    free = len(values) - penalty * float(np.diag(solution.covariance)[part].sum())
    return float(np.clip(max(free, 1e-12) / max(values @ values, 1e-300), _WEAKEST, _STRONGEST))


def _inverse(information: np.ndarray) -> np.ndarray:
    try:
        return cho_solve(cho_factor(information), np.eye(len(information)))
    except LinAlgError:
        return np.linalg.pinv(information, hermitian=True)


def _warn_of_convergence() -> None:
    warnings.warn(
        "The severities and measures did not converge. The estimates are those of the last step.",
        ConvergenceWarning,
        stacklevel=3,
    )
