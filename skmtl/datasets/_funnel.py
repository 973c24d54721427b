"""Steps that follow each other, with known probabilities for every row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Literal, overload

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

from skmtl.datasets._checks import RandomState, check_sizes, generator, is_noise, per_task
from skmtl.datasets._fourier import FourierFunction

_N_COSINES, _LENGTH_SCALE = 100, 2.0
# Points for integrating over the unseen cause, a standard normal number.
_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(41)


@dataclass(frozen=True, eq=False, repr=False)
class FunnelTruth:
    """What `make_funnel` planted in a table: probabilities by row and step.

    Attributes
    ----------
    reached : DataFrame of shape (n_samples, n_steps)
        P(step) among all rows, which is never higher than that of the previous step.
    given_before : DataFrame of shape (n_samples, n_steps)
        P(step | previous step), among the rows that take the previous step.
    if_all_reached : DataFrame of shape (n_samples, n_steps)
        P(step) if every row took all previous steps. Equal to `given_before` unless there is an
        unseen cause.
    """

    reached: pd.DataFrame
    given_before: pd.DataFrame
    if_all_reached: pd.DataFrame


@overload
def make_funnel(
    n_samples: int = ...,
    n_features: int = ...,
    *,
    steps: Sequence[str] = ...,
    rate: float | Sequence[float] = ...,
    relatedness: float = ...,
    strength: float | Sequence[float] = ...,
    confounding: float = ...,
    random_state: RandomState = ...,
    return_truth: Literal[False] = False,
) -> tuple[pd.DataFrame, pd.DataFrame]: ...


@overload
def make_funnel(
    n_samples: int = ...,
    n_features: int = ...,
    *,
    steps: Sequence[str] = ...,
    rate: float | Sequence[float] = ...,
    relatedness: float = ...,
    strength: float | Sequence[float] = ...,
    confounding: float = ...,
    random_state: RandomState = ...,
    return_truth: Literal[True],
) -> tuple[pd.DataFrame, pd.DataFrame, FunnelTruth]: ...


def make_funnel(
    n_samples: int = 10_000,
    n_features: int = 10,
    *,
    steps: Sequence[str] = ("click", "conversion"),
    rate: float | Sequence[float] = 0.1,
    relatedness: float = 0.5,
    strength: float | Sequence[float] = 1.5,
    confounding: float = 0.0,
    random_state: RandomState = None,
    return_truth: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame] | tuple[pd.DataFrame, pd.DataFrame, FunnelTruth]:
    r"""Generate a table of rows that take steps one after the other.

    The log-odds of step j are :math:`a_j + b_j f_j(x) + c u`. The functions :math:`f_j` are smooth
    and random, with variance 1 over the rows. The standard normal number u is drawn for each row
    and is not a feature. If c is not 0, rows that take a step differ from other rows in an
    unobserved variable, and the later steps of the other rows cannot be learnt from the table.

    Parameters
    ----------
    n_samples : int, default=10_000
    n_features : int, default=10
    steps : sequence of str, default=("click", "conversion")
        Names of the steps in order, at least two.
    rate : float or sequence of float, default=0.1
        Mean over the rows of the probability of each step if the previous steps were taken.
    relatedness : float, default=0.5
        Correlation over the rows of the functions of any two steps, from 0 to 1.
    strength : float or sequence of float, default=1.5
        :math:`b_j`.
    confounding : float, default=0.0
        c.
    random_state : int, RandomState or None, default=None
    return_truth : bool, default=False
        Whether to also return the probabilities.

    Returns
    -------
    X : DataFrame of shape (n_samples, n_features)
        Standard normal numbers ``x_0``, ``x_1``, ...
    Y : DataFrame of shape (n_samples, n_steps)
        1.0 if a step was taken, 0.0 if it was not, NaN if the previous step was not taken.
    truth : FunnelTruth
        With ``return_truth=True``.

    Examples
    --------
    >>> from skmtl.datasets import make_funnel
    >>> X, Y, truth = make_funnel(1000, rate=(0.4, 0.5), random_state=0, return_truth=True)
    >>> Y["conversion"].isna().equals(Y["click"] == 0)
    True
    >>> truth.if_all_reached.mean().round(6).to_dict()
    {'click': 0.4, 'conversion': 0.5}
    """
    check_sizes(n_samples=n_samples, n_features=n_features)
    steps = list(steps)
    n_steps = len(steps)
    if n_samples < n_steps + 2:
        raise ValueError(f"n_samples must be at least {n_steps + 2}, got {n_samples!r}.")
    if n_steps < 2 or len(set(steps)) < n_steps:
        raise ValueError(f"steps must name at least two different steps, got {steps!r}.")
    rates = per_task("rate", rate, n_steps, _is_rate, "between 0 and 1", unit="step")
    strengths = per_task("strength", strength, n_steps, is_noise, "from 0", unit="step")
    if not (isinstance(relatedness, Real) and 0 <= relatedness <= 1):
        raise ValueError(f"relatedness must lie between 0 and 1, got {relatedness!r}.")
    if not is_noise(confounding):
        raise ValueError(f"confounding must be from 0, got {confounding!r}.")
    rng = generator(random_state)
    x = rng.standard_normal((n_samples, n_features))
    common, *own = _unrelated_functions(x, n_steps + 1, rng)
    shared = np.sqrt(relatedness)
    log_odds = np.column_stack(
        [
            _at_rate(size * (shared * common + np.sqrt(1 - relatedness) * f), confounding, mean)
            for f, size, mean in zip(own, strengths, rates, strict=True)
        ]
    )
    unseen = rng.standard_normal(n_samples)
    taken = rng.random_sample((n_samples, n_steps)) < expit(
        log_odds + confounding * unseen[:, None]
    )
    reached = np.cumprod(taken, axis=1)
    values = reached.astype(np.float64)
    values[:, 1:][reached[:, :-1] == 0] = np.nan
    X = pd.DataFrame(x, columns=[f"x_{j}" for j in range(n_features)])
    Y = pd.DataFrame(values, columns=steps)
    return (X, Y, _truth(log_odds, confounding, steps)) if return_truth else (X, Y)


def _is_rate(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and 0 < float(value) < 1


def _unrelated_functions(x: np.ndarray, n: int, rng: np.random.RandomState) -> np.ndarray:
    """Return values (n, n_samples) of uncorrelated random functions of mean 0 and variance 1."""
    scale = _LENGTH_SCALE * np.sqrt(x.shape[1] / 5)
    drawn = [FourierFunction.draw(x.shape[1], _N_COSINES, scale, rng)(x) for _ in range(n)]
    values = np.column_stack(drawn)
    basis, _ = np.linalg.qr(values - values.mean(axis=0))
    return basis.T * np.sqrt(len(x))


def _at_rate(effects: np.ndarray, confounding: float, rate: float) -> np.ndarray:
    """Shift effects so that the mean probability is the rate."""

    def excess(move: float) -> float:
        return float(_without_unseen(effects[:, None] + move, confounding).mean()) - rate

    bound = 50.0 + 10 * (np.abs(effects).max() + confounding)
    return effects + brentq(excess, -bound, bound, xtol=1e-10)


def _without_unseen(log_odds: np.ndarray, confounding: float) -> np.ndarray:
    """Return the probability of taking all of k steps, averaged over the unseen cause."""
    total = np.zeros(len(log_odds))
    for point, weight in zip(_POINTS, _WEIGHTS / _WEIGHTS.sum(), strict=True):
        total += weight * expit(log_odds + confounding * point).prod(axis=1)
    return total


def _truth(log_odds: np.ndarray, confounding: float, steps: list[str]) -> FunnelTruth:
    n_steps = len(steps)
    reached = np.column_stack(
        [_without_unseen(log_odds[:, : j + 1], confounding) for j in range(n_steps)]
    )
    alone = np.column_stack(
        [_without_unseen(log_odds[:, [j]], confounding) for j in range(n_steps)]
    )
    before = np.hstack([np.ones((len(reached), 1)), reached[:, :-1]])
    frames = [pd.DataFrame(table, columns=steps) for table in (reached, reached / before, alone)]
    return FunnelTruth(*frames)
