"""Robust location and scale of numeric labels."""

from __future__ import annotations

import numpy as np

from skmtl.tasks._units import in_rows

# Median absolute deviation of the standard normal distribution.
_MAD_OF_NORMAL = 0.6745
# Ratio of the variances of the median and the mean, for normal labels.
_MEDIAN_VARIANCE = np.pi / 2
# Limits of the number of rows as which the labels of all groups count in the median of a group.
# With fewer than two, a group of one row would be centred at that row even if it is an outlier.
# With 100, the noise of a group's median is at most a sixteenth of a standard deviation if the
# groups do not differ.
_LEAST_PRIOR_ROWS, _MOST_PRIOR_ROWS = 2.0, 100.0
# The number of rows for deviations, as in `grouped_units`.
_DEVIATION_PRIOR_ROWS = 10.0
# Number of quantiles that represent the labels of all groups.
_N_QUANTILES = 100


def robust_units(
    values: np.ndarray, weight: np.ndarray, group: np.ndarray | None, n_groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return centre and scale by group; the last entry is for all rows and for unseen groups.

    The centre is the median. The scale is the median absolute deviation of the labels that differ
    from the centre (so that it exists if most labels are equal, such as zeros), divided by that of
    the standard normal distribution: for normal labels it is the standard deviation.

    A group's centre is the median of its labels and of the labels of all groups, which count as a
    number of rows: few if the groups differ much, many if they hardly differ. Its scale is shrunk
    towards the common one in the same way.

    Returns
    -------
    centre, scale : ndarray of shape (n_groups + 1,)
        The shape is (1,) for wide data (no groups).
    """
    weight = in_rows(weight)
    median = _median(values, weight)
    smallest = 1e-12 * abs(median)
    # Constant labels have the same unit as in `grouped_units`.
    unit = min(abs(median), 1.0) or 1.0
    if group is None:
        spread = _spread(np.abs(values - median), weight, smallest)
        return np.array([median]), np.array([spread or unit])
    prior = _prior_rows(values, weight, group, n_groups, median, smallest)
    centre = _drawn_medians(values, weight, group, n_groups, prior)
    deviation = np.abs(values - centre[group])
    common = _spread(deviation, weight, smallest) or unit
    scale = np.full(n_groups, common)
    differs = deviation > smallest
    if differs.any():
        scale = _drawn_medians(
            deviation[differs], weight[differs], group[differs], n_groups, _DEVIATION_PRIOR_ROWS
        )
        scale = scale / _MAD_OF_NORMAL
    return np.append(centre, median), np.append(scale, common)


def _prior_rows(
    values: np.ndarray,
    weight: np.ndarray,
    group: np.ndarray,
    n_groups: int,
    median: float,
    smallest: float,
) -> float:
    """Return the variance of rows within groups over the variance of the groups' medians."""
    rows = np.bincount(group, weight, n_groups)
    seen, number = np.unique(group, return_inverse=True)
    medians = _medians(values, weight, number, len(seen))
    deviation = np.abs(values - medians[number])
    within = _MEDIAN_VARIANCE * _spread(deviation, weight, smallest) ** 2
    distance = np.abs(medians - median)
    # The medians of small groups may be outliers.
    limit = np.quantile(distance, 0.9, weights=rows[seen], method="inverted_cdf")
    squares = np.average(np.minimum(distance, limit) ** 2, weights=rows[seen])
    between = squares - within * len(seen) / rows.sum()
    ratio = within / between if between > 0 else np.inf
    return float(np.clip(ratio, _LEAST_PRIOR_ROWS, _MOST_PRIOR_ROWS))


def _spread(deviation: np.ndarray, weight: np.ndarray, smallest: float) -> float:
    """Return the scale from absolute deviations; 0 if all are zero."""
    differs = deviation > smallest
    return _median(deviation[differs], weight[differs]) / _MAD_OF_NORMAL if differs.any() else 0.0


def _drawn_medians(
    values: np.ndarray, weight: np.ndarray, group: np.ndarray, n_groups: int, prior_rows: float
) -> np.ndarray:
    """Return the median of each group's values and those of all groups as `prior_rows` rows."""
    levels = (np.arange(_N_QUANTILES) + 0.5) / _N_QUANTILES
    common = np.quantile(values, levels, weights=weight, method="inverted_cdf")
    share = np.full(n_groups * _N_QUANTILES, prior_rows / _N_QUANTILES)
    return _medians(
        np.concatenate([values, np.tile(common, n_groups)]),
        np.concatenate([weight, share]),
        np.concatenate([group, np.repeat(np.arange(n_groups), _N_QUANTILES)]),
        n_groups,
    )


def _median(values: np.ndarray, weight: np.ndarray) -> float:
    return float(_medians(values, weight, np.zeros(len(values), dtype=np.intp), 1)[0])


def _medians(
    values: np.ndarray, weight: np.ndarray, group: np.ndarray, n_groups: int
) -> np.ndarray:
    """Return the weighted median of each group; no group may be empty."""
    order = np.lexsort((values, group))
    values, cumulative = values[order], np.cumsum(weight[order])
    total = np.bincount(group, weight, n_groups)
    ends = np.cumsum(np.bincount(group, minlength=n_groups))
    starts = np.append(0, ends[:-1])
    half = np.where(starts > 0, cumulative[starts - 1], 0.0) + total / 2
    # If exactly half of the weight is below a gap between two values, the median is halfway. The
    # slack allows for rounding of the sums.
    slack = 1e-9 * total
    low, high = (
        np.clip(np.searchsorted(cumulative, edge), starts, ends - 1)
        for edge in (half - slack, half + slack)
    )
    return (values[low] + values[high]) / 2
