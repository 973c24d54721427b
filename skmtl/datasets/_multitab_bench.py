"""MultiTab-Bench: tasks with planted correlation, polynomial degree and noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
from numpy.polynomial.hermite_e import poly2herme
from numpy.typing import ArrayLike, NDArray

from skmtl.datasets._checks import RandomState, check_sizes, generator, is_noise, is_size, per_task

_KINDS = ("regression", "binary")
# Eigenvalues of a correlation matrix that are negative only due to rounding count as zero.
_EIGENVALUE_TOLERANCE = 1e-8

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)  # the repr of nine data frames would not be helpful
class MultiTabBenchTruth:
    """What `make_multitab_bench` planted in a table.

    Attributes
    ----------
    weights : DataFrame of shape (n_tasks, n_features)
        Unit weight vector of each task.
    weight_correlation : DataFrame of shape (n_tasks, n_tasks)
        Gram matrix of the weight vectors: the parameter `correlation`.
    signal_correlation : DataFrame of shape (n_tasks, n_tasks)
        Correlation of the noise-free signals in the population, exact for every degree.
    label_correlation : DataFrame of shape (n_tasks, n_tasks)
        The same for the labels with noise (for a binary task before thresholding).
    signals : DataFrame of shape (n_samples, n_tasks)
        Noise-free signal of each row, with mean 0 and variance 1 in the population.
    location, scale : Series of shape (n_tasks,)
        ``location + scale * signal`` is the sum of powers in the paper's own units.
    noise : Series of shape (n_tasks,)
        Standard deviation of the noise, in standard deviations of the signal. No model reaches
        an R2 above ``1 / (1 + noise ** 2)`` in the population.
    threshold : Series of shape (n_tasks,)
        Value above which a binary label is True; NaN for regression tasks.
    """

    weights: pd.DataFrame
    weight_correlation: pd.DataFrame
    signal_correlation: pd.DataFrame
    label_correlation: pd.DataFrame
    signals: pd.DataFrame
    location: pd.Series
    scale: pd.Series
    noise: pd.Series
    threshold: pd.Series


@overload
def make_multitab_bench(
    n_samples: int = ...,
    n_features: int = ...,
    n_tasks: int = ...,
    *,
    correlation: float | ArrayLike = ...,
    degree: int | Sequence[int] = ...,
    noise: float | Sequence[float] = ...,
    kind: str | Sequence[str] = ...,
    random_state: RandomState = ...,
    return_truth: Literal[False] = False,
) -> tuple[pd.DataFrame, pd.DataFrame]: ...


@overload
def make_multitab_bench(
    n_samples: int = ...,
    n_features: int = ...,
    n_tasks: int = ...,
    *,
    correlation: float | ArrayLike = ...,
    degree: int | Sequence[int] = ...,
    noise: float | Sequence[float] = ...,
    kind: str | Sequence[str] = ...,
    random_state: RandomState = ...,
    return_truth: Literal[True],
) -> tuple[pd.DataFrame, pd.DataFrame, MultiTabBenchTruth]: ...


def make_multitab_bench(
    n_samples: int = 1000,
    n_features: int = 32,
    n_tasks: int = 7,
    *,
    correlation: float | ArrayLike = 0.4,
    degree: int | Sequence[int] = 2,
    noise: float | Sequence[float] = 0.01,
    kind: str | Sequence[str] = "regression",
    random_state: RandomState = None,
    return_truth: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame] | tuple[pd.DataFrame, pd.DataFrame, MultiTabBenchTruth]:
    r"""Generate a table whose tasks have a known correlation, difficulty and noise.

    The features are independent standard normal. Task :math:`t` depends on the row through the
    projection on a unit vector, :math:`z_t = w_t^\top x`, and its signal is the sum of powers
    :math:`z_t + z_t^2 + \ldots + z_t^d`, shifted and scaled to mean 0 and variance 1. The vectors
    have the requested Gram matrix, :math:`W W^\top = P`, so that :math:`\operatorname{corr}(z_s,
    z_t) = P_{st}`.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    n_features : int, default=32
        Number of features (32 in the paper). At least the rank of the correlation matrix.
    n_tasks : int, default=7
        Number of tasks (7 in the paper).
    correlation : float or array-like of shape (n_tasks, n_tasks), default=0.4
        Correlation of the weight vectors: one number for every pair of tasks, or the whole
        matrix (symmetric, ones on the diagonal, positive semidefinite). 0.4 as in the paper.
    degree : int or sequence of n_tasks int, default=2
        Degree of each task's polynomial. 1 is a linear task. The tails of the labels become
        heavier with the degree: for degree 6, one row in a thousand has 60 % of the variance.
    noise : float or sequence of n_tasks float, default=0.01
        Standard deviation of the Gaussian noise, in standard deviations of the signal.
    kind : {"regression", "binary"} or sequence of them, default="regression"
        A binary label is True where the noisy value is above the median of its task, so that
        both classes are equally frequent whatever the degree.
    random_state : int, RandomState instance or None, default=None
        Seed. None takes fresh entropy from the system; the global random state is never used.
    return_truth : bool, default=False
        Also return the truth behind the table.

    Returns
    -------
    X : DataFrame of shape (n_samples, n_features)
        Features ``x_0``, ``x_1``, ...
    Y : DataFrame of shape (n_samples, n_tasks)
        Labels ``task_0``, ``task_1``, ..., float64 for regression and bool for binary tasks.
    truth : MultiTabBenchTruth
        If `return_truth`.

    Raises
    ------
    ValueError
        If the correlation is impossible or needs more features, if a number or a kind is invalid,
        or if a sequence does not have one entry per task.

    Notes
    -----
    This differs from the published generator where that is silently wrong or hard to interpret:

    - The published generator silently replaces an impossible correlation, such as -0.5 between all
      pairs of four tasks, and returns vectors of rounding errors if there are more tasks than
      features. Here both raise an error.
    - In the published generator the variance of a label grows with its degree (1 for degree 1, 144
      for degree 4) while the noise is absolute, so that hard tasks are also nearly free of noise.
      Here every signal has variance 1, and `noise` has the same meaning for each task.
    - The planted correlation is only that of the labels if tasks are linear. `signal_correlation`
      is the correlation for any degree: in normalised Hermite polynomials a signal is
      :math:`\sum_n a_n h_n(z)`, and :math:`\mathrm{E}[h_m(z_s) h_n(z_t)] = P_{st}^n` if
      :math:`m = n`, else 0.
    - Each task depends on a single direction of the features, whatever its degree.

    References
    ----------
    D. Sinodinos, J. Y. Wei, N. Armanfard, "MultiTab: A Scalable Foundation for Multitask
    Learning on Tabular Data", AAAI 2026, arXiv:2511.09970 (section MultiTab-Bench).

    Examples
    --------
    >>> from skmtl.datasets import make_multitab_bench
    >>> X, Y = make_multitab_bench(n_samples=500, n_tasks=3, degree=[1, 2, 3], random_state=0)
    >>> X.shape, Y.shape
    ((500, 32), (500, 3))

    The labels of tasks of different degree correlate less than their weight vectors:

    >>> _, _, truth = make_multitab_bench(
    ...     n_tasks=3, correlation=0.8, degree=[1, 2, 3], random_state=0, return_truth=True
    ... )
    >>> truth.signal_correlation.round(2)
            task_0  task_1  task_2
    task_0    1.00    0.46    0.65
    task_1    0.46    1.00    0.53
    task_2    0.65    0.53    1.00
    """
    check_sizes(n_samples=n_samples, n_features=n_features, n_tasks=n_tasks)
    gram = _gram_matrix(correlation, n_tasks)
    degrees = per_task("degree", degree, n_tasks, is_size, "an integer from 1")
    deviations = per_task("noise", noise, n_tasks, is_noise, "a finite number from 0")
    kinds = per_task("kind", kind, n_tasks, _KINDS.__contains__, f"one of {_KINDS}")
    rng = generator(random_state)

    weights = _weight_vectors(gram, n_features, rng)
    features = rng.standard_normal((n_samples, n_features))
    hermite = np.stack([_hermite_coefficients(d, max(degrees)) for d in degrees])
    location, scale = hermite[:, 0], np.sqrt((hermite[:, 1:] ** 2).sum(axis=1))
    signals = (_sums_of_powers(features @ weights.T, degrees) - location) / scale
    values = signals + rng.standard_normal(signals.shape) * np.asarray(deviations)

    tasks = [f"task_{t}" for t in range(n_tasks)]
    threshold = pd.Series(np.median(values, axis=0), index=tasks).where(np.equal(kinds, "binary"))
    X = pd.DataFrame(features, columns=[f"x_{j}" for j in range(n_features)])
    Y = _labels(pd.DataFrame(values, columns=tasks), threshold)
    if not return_truth:
        return X, Y
    planted, of_signals, of_labels = _correlations(gram, hermite, deviations, tasks)
    truth = MultiTabBenchTruth(
        weights=pd.DataFrame(weights, index=tasks, columns=X.columns),
        weight_correlation=planted,
        signal_correlation=of_signals,
        label_correlation=of_labels,
        signals=pd.DataFrame(signals, columns=tasks),
        location=pd.Series(location, index=tasks),
        scale=pd.Series(scale, index=tasks),
        noise=pd.Series(deviations, index=tasks, dtype=float),
        threshold=threshold,
    )
    return X, Y, truth


def _gram_matrix(correlation: Any, n_tasks: int) -> _Array:
    """Return the requested Gram matrix of the weight vectors, or raise an error if impossible."""
    gram = np.array(correlation, dtype=np.float64)
    if gram.ndim == 0:
        least = -1.0 if n_tasks == 1 else -1.0 / (n_tasks - 1)
        if not least - _EIGENVALUE_TOLERANCE <= gram <= 1.0:
            raise ValueError(
                f"correlation={correlation!r} cannot hold between all pairs of {n_tasks} tasks; "
                f"pass a number from {least:.4g} to 1."
            )
        return np.where(np.eye(n_tasks, dtype=bool), 1.0, gram)
    if gram.shape != (n_tasks, n_tasks):
        raise ValueError(
            f"correlation has the shape {gram.shape}; pass a number or a matrix of shape "
            f"({n_tasks}, {n_tasks}), since n_tasks={n_tasks}."
        )
    if not (
        np.isfinite(gram).all() and np.allclose(gram, gram.T) and np.allclose(gram.diagonal(), 1)
    ):
        raise ValueError(
            f"correlation must be finite and symmetric with ones on its diagonal, got\n{gram}"
        )
    smallest = np.linalg.eigvalsh(gram)[0]
    if smallest < -_EIGENVALUE_TOLERANCE:
        raise ValueError(
            f"correlation must be positive semidefinite: no vectors have these correlations "
            f"(smallest eigenvalue {smallest:.4g})."
        )
    return gram


def _weight_vectors(gram: _Array, n_features: int, rng: np.random.RandomState) -> _Array:
    """Draw vectors with the given Gram matrix in a uniformly random orientation."""
    eigenvalues, eigenvectors = np.linalg.eigh(gram)
    positive = eigenvalues > _EIGENVALUE_TOLERANCE
    rank = int(positive.sum())
    if rank > n_features:
        raise ValueError(
            f"the correlation of the {len(gram)} tasks has rank {rank}: it needs "
            f"n_features >= {rank}, got {n_features}."
        )
    orthonormal, triangular = np.linalg.qr(rng.standard_normal((n_features, rank)))
    orthonormal = orthonormal * np.sign(triangular.diagonal())  # else not uniform
    return (eigenvectors[:, positive] * np.sqrt(eigenvalues[positive])) @ orthonormal.T


def _sums_of_powers(projections: _Array, degrees: Sequence[int]) -> _Array:
    """Column t: z + z ** 2 + ... + z ** degrees[t], by Horner's rule."""
    columns = []
    for z, degree in zip(projections.T, degrees, strict=True):
        total = np.zeros_like(z)
        for _ in range(degree):
            total = (total + 1.0) * z
        columns.append(total)
    return np.stack(columns, axis=1)


def _hermite_coefficients(degree: int, highest: int) -> _Array:
    """Coefficients of the sum of powers in the normalised Hermite polynomials 0..highest."""
    coefficients = np.zeros(highest + 1)
    coefficients[: degree + 1] = poly2herme([0.0] + [1.0] * degree)
    return coefficients * np.sqrt([float(factorial(n)) for n in range(highest + 1)])


def _signal_correlation(hermite: _Array, gram: _Array) -> _Array:
    """Population correlation of the signals, from Mehler's formula."""
    covariance = sum(
        np.outer(hermite[:, n], hermite[:, n]) * gram**n for n in range(1, hermite.shape[1])
    )
    deviation = np.sqrt(np.diagonal(covariance))
    return covariance / np.outer(deviation, deviation)


def _correlations(
    gram: _Array, hermite: _Array, deviations: Sequence[float], tasks: list[str]
) -> list[pd.DataFrame]:
    """Return the correlations of weight vectors, of signals, and of labels with noise."""
    signals = _signal_correlation(hermite, gram)
    total = np.sqrt(1.0 + np.square(deviations))
    labels = np.where(np.eye(len(tasks), dtype=bool), 1.0, signals / np.outer(total, total))
    return [pd.DataFrame(c, index=tasks, columns=tasks) for c in (gram, signals, labels)]


def _labels(values: pd.DataFrame, threshold: pd.Series) -> pd.DataFrame:
    """Turn the values of the tasks that have a threshold into booleans."""
    binary = threshold.index[threshold.notna()]
    return values.assign(**{name: values[name] > threshold[name] for name in binary})
