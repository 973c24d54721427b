"""The Kaplan-Meier estimate as a table with limits, and whether groups differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, norm

from skmtl.survival._inputs import read_labels
from skmtl.tasks import EventTimes, risk_table, weight_from


def kaplan_meier_table(
    y: Any, times: ArrayLike | None = None, *, confidence: float = 0.95
) -> pd.DataFrame:
    r"""Tabulate the Kaplan-Meier estimate with confidence limits and numbers at risk.

    With Greenwood's variance
    :math:`V = \sum_{t_j \le t} d_j / (n_j (n_j - d_j))` of :math:`\log \hat S`, the limits are
    :math:`\hat S^{\exp(\pm z \sqrt{V} / \log \hat S)}`: those of :math:`\log(-\log \hat S)`, which
    lie between 0 and 1.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        As in `kaplan_meier`.
    times : array-like of shape (n_times,), default=None
        Increasing times, such as those below a plot. None means all times of events.
    confidence : float, default=0.95
        Confidence level of the intervals at each time, in (0, 1).

    Returns
    -------
    DataFrame of shape (n_times, 6)
        Indexed by ``time``: ``at_risk``, the number of rows observed until just before; ``events``
        and ``censored`` since the previous row, including this time; ``survival``, and its limits
        ``low`` and ``high``, which are NaN if survival is 0 or 1.

    Raises
    ------
    ValueError
        If the times are not increasing or the confidence is out of range.

    See Also
    --------
    kaplan_meier : The estimate as a function, also with weights.
    log_rank_test : Test whether groups differ.

    References
    ----------
    M. Greenwood, "The Natural Duration of Cancer", Reports on Public Health 33 (1926).

    J. D. Kalbfleisch, R. L. Prentice, "The Statistical Analysis of Failure Time Data", 2nd ed.
    (2002), section 1.4 (the limits).

    Examples
    --------
    >>> from skmtl.survival import kaplan_meier_table
    >>> y = {"event": [1, 0, 1, 1], "duration": [1, 2, 3, 4]}
    >>> print(kaplan_meier_table(y, [2, 3]).round(2))
          at_risk  events  censored  survival   low  high
    time
    2.0         3       1         1      0.75  0.13  0.96
    3.0         2       1         0      0.38  0.01  0.81
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence!r}.")
    labels, _ = read_labels(y)
    risks = risk_table(labels)
    at = risks.time if times is None else np.asarray(times, dtype=np.float64)
    if at.ndim != 1 or np.isnan(at).any() or (np.diff(at) <= 0).any():
        raise ValueError("times must be a sequence of increasing numbers.")
    n, d = risks.at_risk, risks.failed
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(d / (n * (n - d)))
        spread = norm.ppf((1 + confidence) / 2) * np.sqrt(variance)
        survival = np.cumprod(risks.conditional_survival)
        low, high = (survival ** np.exp(sign * spread / np.log(survival)) for sign in (-1, 1))
    place = np.searchsorted(risks.time, at, side="right")
    by_time = {"survival": (1.0, survival), "low": (np.nan, low), "high": (np.nan, high)}
    happened = labels.event > 0
    return pd.DataFrame(
        {
            "at_risk": _at_risk(labels, at),
            "events": _since_last(labels.time[happened], at),
            "censored": _since_last(labels.time[~happened], at),
        }
        | {name: np.append(start, values)[place] for name, (start, values) in by_time.items()},
        index=pd.Index(at, name="time"),
    )


@dataclass(frozen=True, eq=False)
class LogRankTest:
    """Result of `log_rank_test`.

    Attributes
    ----------
    statistic : float
        Chi-squared statistic.
    degrees_of_freedom : int
        Number of groups minus one, or fewer if a group was never at risk.
    p_value : float
        Small if the hazards of the groups differ.
    groups : DataFrame of shape (n_groups, 3)
        For each group: ``rows``, ``events``, and the number of events ``expected`` if all hazards
        were the same.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float
    groups: pd.DataFrame


def log_rank_test(y: Any, groups: ArrayLike) -> LogRankTest:
    r"""Test whether the hazards of groups are the same.

    At each event time, the events of a group are compared with its share of the rows at risk.
    The differences are summed over time, and :math:`(O - E)^\top V^+ (O - E)` is compared with
    the chi-squared distribution, with the variances :math:`V` of the hypergeometric distribution.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        As in `kaplan_meier`.
    groups : array-like of shape (n_samples,)
        The group of each row, such as a column of X. Rows without a label are left out.

    Returns
    -------
    LogRankTest

    Raises
    ------
    ValueError
        If a group is missing, or if there is only one group.

    See Also
    --------
    SurvivalCurvesDisplay : Curves of groups.

    References
    ----------
    N. Mantel, "Evaluation of Survival Data and Two New Rank Order Statistics Arising in Its
    Consideration", Cancer Chemotherapy Reports 50 (1966), 163-170.

    Examples
    --------
    >>> from skmtl.survival import log_rank_test
    >>> y = {"event": [1, 1, 0, 1, 1, 1], "duration": [5, 8, 9, 1, 2, 3]}
    >>> test = log_rank_test(y, ["drug"] * 3 + ["placebo"] * 3)
    >>> round(test.p_value, 3)
    0.025
    """
    labels, rows = read_labels(y)
    labels_of_groups = pd.Series(np.asarray(groups)) if np.ndim(groups) else None
    if labels_of_groups is None or len(labels_of_groups) != len(rows):
        raise ValueError(f"groups must hold the group of each of the {len(rows)} rows of y.")
    codes, names = pd.factorize(labels_of_groups[rows], sort=True)
    if (codes < 0).any():
        raise ValueError("groups has missing values. Name these rows, or leave them out.")
    if len(names) < 2:
        raise ValueError(
            f"groups has one group only, {names[0]!r}, so there is nothing to compare."
        )
    risks = risk_table(labels)
    by_group = [labels[codes == code] for code in range(len(names))]
    at_risk = np.column_stack([_at_risk(part, risks.time) for part in by_group])
    events = np.array([(part.event > 0).sum() for part in by_group])
    share = at_risk / risks.at_risk[:, None]
    n, d = risks.at_risk, risks.failed
    expected = d @ share
    spread = d * (n - d) / np.maximum(n - 1, 1)
    variance = np.diag(spread @ share) - share.T @ (spread[:, None] * share)
    difference = events - expected
    statistic = float(difference @ np.linalg.pinv(variance, hermitian=True) @ difference)
    freedom = int(np.linalg.matrix_rank(variance, hermitian=True))
    counts = {"rows": np.bincount(codes), "events": events, "expected": expected}
    return LogRankTest(
        statistic,
        freedom,
        float(chi2.sf(statistic, freedom)),
        pd.DataFrame(counts, index=pd.Index(names, name="group")),
    )


def _at_risk(labels: EventTimes, times: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number of rows that entered before each time and neither failed nor were censored before."""
    ones = np.ones(len(labels))
    late = labels.entry > 0  # others were observed from the start
    watched = weight_from(labels.time, ones, times)
    return (watched - weight_from(labels.entry[late], ones[late], times)).astype(np.int64)


def _since_last(values: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number of values after the previous time, up to and including each time."""
    return np.diff(np.searchsorted(np.sort(values), times, side="right"), prepend=0)
