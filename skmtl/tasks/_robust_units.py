"""Location and scale of numeric labels that no outlier can move far."""

from __future__ import annotations

import numpy as np

from skmtl.tasks._units import in_rows

# The median absolute deviation of a normal distribution is this share of its standard deviation.
_MAD_OF_NORMAL = 0.6745
# The variance of a median is this many times that of a mean, for normal labels.
_MEDIAN_VARIANCE = np.pi / 2
# Rows by which the labels of all groups count in the median of one. With fewer than two a group
# of one row would be centred at that row, outlier or not. With 100 a group's median is noise of at
# most a sixteenth of a standard deviation where the groups do not differ at all.
_LEAST_PRIOR_ROWS, _MOST_PRIOR_ROWS = 2.0, 100.0
# The same for deviations, as in `grouped_units`.
_DEVIATION_PRIOR_ROWS = 10.0
# Quantiles that stand for the labels of all groups.
_N_QUANTILES = 100


def robust_units(
    values: np.ndarray, weight: np.ndarray, group: np.ndarray | None, n_groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Centre and scale by group; the last entry is for all rows and for unseen groups.

    The centre is the median. The scale is the median absolute deviation of the labels that differ
    from the centre (where most labels are equal, such as zeros, the others decide), over that of
    the standard normal distribution: of normal labels it is the standard deviation.

    A group's centre is the median of its labels and of labels of all groups, which count as
    some rows: few if the groups differ much, many if they hardly do. Its scale is drawn to the
    common one in the same way.

    Returns
    -------
    centre, scale : ndarray of shape (n_groups + 1,)
        For wide data (no groups) of shape (1,).
    """
    weight = in_rows(weight)
    median = _median(values, weight)
    smallest = 1e-12 * abs(median)
    # Constant labels have the unit that they have in `grouped_units`.
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
    """Variance of a row within its group over that of the groups' medians."""
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
    """The scale, from the size of deviations; 0 where there are none."""
    differs = deviation > smallest
    return _median(deviation[differs], weight[differs]) / _MAD_OF_NORMAL if differs.any() else 0.0


def _drawn_medians(
    values: np.ndarray, weight: np.ndarray, group: np.ndarray, n_groups: int, prior_rows: float
) -> np.ndarray:
    """Median of each group's values and of those of all groups, which count as `prior_rows`."""
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
    """Weighted median of each group, none of which is empty."""
    order = np.lexsort((values, group))
    values, cumulative = values[order], np.cumsum(weight[order])
    total = np.bincount(group, weight, n_groups)
    ends = np.cumsum(np.bincount(group, minlength=n_groups))
    starts = np.append(0, ends[:-1])
    half = np.where(starts > 0, cumulative[starts - 1], 0.0) + total / 2
    # Where one half of the weight ends between two values, the median is halfway, whatever the
    # rounding of sums.
    slack = 1e-9 * total
    low, high = (
        np.clip(np.searchsorted(cumulative, edge), starts, ends - 1)
        for edge in (half - slack, half + slack)
    )
    return (values[low] + values[high]) / 2
