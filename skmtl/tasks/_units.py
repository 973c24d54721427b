"""Location and scale of numeric labels, per group of rows where data are long."""

from __future__ import annotations

import numpy as np

# Rows by which the pooled variance counts in a group's own variance. A group of ten rows is
# half way: below that its own variance is mostly noise.
_VARIANCE_PRIOR_ROWS = 10.0


def grouped_units(
    values: np.ndarray, weight: np.ndarray, group: np.ndarray | None, n_groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Centre and scale by group; the last entry is for all rows and for unseen groups.

    Group means are shrunk towards the common mean as in a random-intercept model: by the
    within-group variance over the between-group variance, estimated from the labels.

    Returns
    -------
    centre, scale : ndarray of shape (n_groups + 1,)
        For wide data (no groups) of shape (1,).
    """
    weight = in_rows(weight)
    mean = np.average(values, weights=weight)
    if group is None:
        return np.array([mean]), np.array([_positive_root(_variance(values, mean, weight), mean)])
    rows = np.bincount(group, weight, n_groups)
    sums = np.bincount(group, weight * values, n_groups)
    seen = rows > 0
    group_mean = np.where(seen, sums / np.where(seen, rows, 1.0), mean)
    within = _variance(values, group_mean[group], weight)
    between = (
        rows * (group_mean - mean) ** 2
    ).sum() / rows.sum() - within * seen.sum() / rows.sum()
    # No spread beyond chance between the groups: every group gets the common mean.
    spread = rows * max(between, 0.0)
    trust = np.divide(spread, spread + within, out=np.zeros(n_groups), where=spread > 0)
    centre = mean + trust * (group_mean - mean)
    squares = np.bincount(group, weight * (values - centre[group]) ** 2, n_groups)
    pooled = squares.sum() / rows.sum()
    variance = (squares + _VARIANCE_PRIOR_ROWS * pooled) / (rows + _VARIANCE_PRIOR_ROWS)
    return np.append(centre, mean), _positive_root(np.append(variance, pooled), mean)


def in_rows(weight: np.ndarray) -> np.ndarray:
    """Weights as numbers of rows; those that are less than one on average have another unit."""
    return weight / min(weight.mean(), 1.0)


def take_group(values: np.ndarray, group: np.ndarray | None) -> np.ndarray:
    """The group's entry per row; index -1 (unseen) and wide data take the last one."""
    return values[-1] if group is None else values[group]


def _variance(values: np.ndarray, centre: np.ndarray | float, weight: np.ndarray) -> float:
    return float(np.average((values - centre) ** 2, weights=weight))


def _positive_root(variance: np.ndarray | float, mean: float) -> np.ndarray:
    # A constant target (up to rounding) keeps its own units instead of dividing by noise, or is
    # the unit where it is below 1: what is learnt for other targets hardly moves it then.
    variance = np.asarray(variance)
    return np.sqrt(np.where(variance > (1e-12 * mean) ** 2, variance, min(mean**2, 1.0) or 1.0))
