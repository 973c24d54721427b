"""Scores of forecasts, by target and further columns."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from skmtl.panels import Columns, as_names
from skmtl.timeseries._metrics import (
    METRICS,
    QUANTILE_METRICS,
    Groups,
    coverage,
    have_pairs,
    intervals,
    quantile_columns,
    scaled_errors,
    series_codes,
)
from skmtl.timeseries._rows import FIXED


def forecast_table(
    table: pd.DataFrame,
    by: Columns = None,
    *,
    baseline: Hashable | None = "seasonal_naive",
    level: float = 0.95,
) -> pd.DataFrame:
    """Score a table of forecasts, by target.

    Parameters
    ----------
    table : DataFrame
        The result of `backtest`, or a part of it.
    by : label or sequence of labels, default=None
        Columns to group by besides the target, such as "step", "cutoff" or an id.
    baseline : label, default="seasonal_naive"
        The column with the forecast to compare with; None for no comparison.
    level : float, default=0.95
        Confidence level of the interval of the skill.

    Returns
    -------
    DataFrame
        Indexed by target, or by target and `by`. Its columns:

        - ``wape``: sum of absolute errors divided by the sum of absolute values;
        - ``mae``, ``rmse``: mean absolute and root mean squared error;
        - ``mase``, ``rmsse``: the mean over series of the mean absolute error divided by the
          ``mase_scale`` of the first cutoff, and of the root mean squared error divided by the
          ``rmsse_scale``. Series whose scale is zero or unknown are left out, and counted in
          ``no_scale`` and ``no_rmsse_scale``;
        - ``smape``: mean of 200 times the absolute error divided by the sum of the absolute
          values, in percent, where that sum is not zero;
        - ``bias``: sum of errors, forecast minus truth, divided by the sum of absolute values;
        - ``pinball``, ``wis`` (the weighted interval score) and coverages such as
          ``coverage_80``, if there are quantiles; those of the target, and ``wis`` if they are in
          pairs around the median;
        - ``skill``: one minus the sum of absolute errors divided by that of the baseline, on rows
          that have both, with the limits ``skill_low`` and ``skill_high`` of an interval over
          series (NaN for a single series);
        - ``n``: number of scored rows; ``n_series``: number of series among them.

    Raises
    ------
    ValueError
        If the table lacks a column, or a forecast is missing.

    Notes
    -----
    MASE is minimised by forecasts of the median, which is 0 for most intermittent series: also
    look at ``rmsse`` and ``bias`` for them.

    The interval of the skill is that of a ratio of sums over series, by linearisation: it shows
    how much the skill would vary with other series of the same kind.

    References
    ----------
    R. Hyndman, A. Koehler, "Another look at measures of forecast accuracy", International Journal
    of Forecasting 22 (2006), 679-688 (MASE). J. Bracher et al., "Evaluating epidemic forecasts in
    an interval format", PLOS Computational Biology 17 (2021), e1008618 (WIS).

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.timeseries import forecast_table
    >>> table = pd.DataFrame({
    ...     "shop": ["A", "A", "B", "B"], "target": "sales", "truth": [1.0, 2, 3, 4],
    ...     "forecast": [1.0, 3, 3, 5], "seasonal_naive": [2.0, 4, 4, 5],
    ...     "mase_scale": [1.0, 1, 0, 0], "rmsse_scale": 1.0,
    ... })
    >>> forecast_table(table)[["wape", "mase", "no_scale", "skill"]].round(3).values.tolist()
    [[0.2, 0.5, 1.0, 0.6]]
    """
    names = ["target", *as_names(by)]
    _check(table, names, baseline)
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} must lie between 0 and 1.")
    grouped = table.groupby(names, sort=True, dropna=False, observed=True)
    codes = grouped.ngroup().to_numpy()
    groups = Groups(codes, series_codes(table, id_columns(table)))
    scores: dict[str, Any] = {name: score(table, groups) for name, score in METRICS.items()}
    if quantile_columns(table):
        for name, score in QUANTILE_METRICS.items():
            if name != "wis" or (intervals(table) and have_pairs(table).any()):
                scores[name] = score(table, groups)
        for share, ends in intervals(table).items():
            scores[f"coverage_{100 * share:g}"] = coverage(table, groups, ends)
    if baseline is not None:
        scores |= _skill(table, groups, baseline, level)
    for name, power in (("no_scale", 1), ("no_rmsse_scale", 2)):
        undefined = np.isnan(scaled_errors(table, groups, power))
        scores[name] = np.bincount(groups.group_of_pair[undefined], minlength=groups.n_groups)
    scores["n"] = np.bincount(codes, minlength=groups.n_groups)
    scores["n_series"] = np.bincount(groups.group_of_pair, minlength=groups.n_groups)
    index = grouped.size().index
    return pd.DataFrame(scores, index=index)


def id_columns(table: pd.DataFrame) -> list[Hashable]:
    """Return the columns of a table of forecasts that identify its series."""
    others = {*FIXED, *quantile_columns(table).values()}
    return [name for name in table.columns if name not in others]


def _skill(
    table: pd.DataFrame, groups: Groups, baseline: Hashable, level: float
) -> dict[str, np.ndarray]:
    """Return the skill against a baseline, and its interval over series."""
    error = (table["forecast"] - table["truth"]).abs().to_numpy()
    other = (table[baseline] - table["truth"]).abs().to_numpy()
    both = np.isfinite(other)
    ours = groups.by_series(np.where(both, error, 0.0))
    theirs = groups.by_series(np.where(both, other, 0.0))
    group, n_groups = groups.group_of_pair, groups.n_groups
    total = np.bincount(group, theirs, minlength=n_groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(total > 0, np.bincount(group, ours, minlength=n_groups) / total, np.nan)
        rest = ours - ratio[group] * theirs
        n = np.bincount(group, minlength=n_groups)
        variance = np.bincount(group, rest**2, minlength=n_groups) * n / (n - 1)
        half = student.ppf((1 + level) / 2, np.maximum(n - 1, 1)) * np.sqrt(variance) / total
    half = np.where(n > 1, half, np.nan)
    return {"skill": 1 - ratio, "skill_low": 1 - ratio - half, "skill_high": 1 - ratio + half}


def _check(table: pd.DataFrame, names: list[Hashable], baseline: Hashable | None) -> None:
    wanted = [*names, "truth", "forecast", "mase_scale", "rmsse_scale"]
    wanted += [] if baseline is None else [baseline]
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise ValueError(
            f"The table of forecasts has no columns {missing}; it has {table.columns.tolist()}."
        )
    without = int(table["forecast"].isna().sum())
    if without:
        raise ValueError(
            f"{without} of {len(table)} rows have no forecast. Forecast them too, or remove them "
            "and report that."
        )
