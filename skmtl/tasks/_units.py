"""Location and scale of numeric labels, by group of rows for long data."""

from __future__ import annotations

import numpy as np

# Number of rows as which the pooled variance counts in a group's variance. With fewer than ten
# rows, the variance of a group is mostly noise, and the pooled variance counts more.
_VARIANCE_PRIOR_ROWS = 10.0


def grouped_units(
    values: np.ndarray, weight: np.ndarray, group: np.ndarray | None, n_groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return centre and scale by group; the last entry is for all rows and for unseen groups.

    Group means are shrunk towards the common mean as in a random-intercept model, according to the
    ratio of the within-group and the between-group variance, estimated from the labels.

    Returns
    -------
    centre, scale : ndarray of shape (n_groups + 1,)
        The shape is (1,) for wide data (no groups).
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
    # If groups do not differ more than by chance, all have the common mean.
    spread = rows * max(between, 0.0)
    trust = np.divide(spread, spread + within, out=np.zeros(n_groups), where=spread > 0)
    centre = mean + trust * (group_mean - mean)
    squares = np.bincount(group, weight * (values - centre[group]) ** 2, n_groups)
    pooled = squares.sum() / rows.sum()
    variance = (squares + _VARIANCE_PRIOR_ROWS * pooled) / (rows + _VARIANCE_PRIOR_ROWS)
    return np.append(centre, mean), _positive_root(np.append(variance, pooled), mean)


def in_rows(weight: np.ndarray) -> np.ndarray:
    """Return weights as numbers of rows; weights below one on average are scaled to mean one."""
    return weight / min(weight.mean(), 1.0)


def take_group(values: np.ndarray, group: np.ndarray | None) -> np.ndarray:
    """Return the group's entry for each row, and the last one for unseen groups and wide data."""
    return values[-1] if group is None else values[group]


def _variance(values: np.ndarray, centre: np.ndarray | float, weight: np.ndarray) -> float:
    return float(np.average((values - centre) ** 2, weights=weight))


def _positive_root(variance: np.ndarray | float, mean: float) -> np.ndarray:
    # A target that is constant up to rounding is not divided by noise. Its unit is 1, or its own
    # size if that is below 1, so that learning other targets hardly changes it.
    variance = np.asarray(variance)
    return np.sqrt(np.where(variance > (1e-12 * mean) ** 2, variance, min(mean**2, 1.0) or 1.0))
