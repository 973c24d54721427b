"""Scores of a table of forecasts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

Score = Callable[[pd.DataFrame, "Groups"], np.ndarray]
_QUANTILE = re.compile(r"q(0\.\d+|\d(?:\.\d+)?e-\d+)")


class Groups:
    """Rows of a table by the group in which they are scored.

    Parameters
    ----------
    codes : ndarray of int64, shape (n_rows,)
        The group of each row.
    series : ndarray of int64, shape (n_rows,)
        The series of each row.
    """

    def __init__(self, codes: np.ndarray, series: np.ndarray) -> None:
        self.codes, self.n_groups = codes, int(codes.max(initial=-1)) + 1
        pairs = codes * (int(series.max(initial=0)) + 1) + series
        distinct, self.pair = np.unique(pairs, return_inverse=True)
        # Group of each pair of a group and a series.
        self.group_of_pair = distinct // (int(series.max(initial=0)) + 1)

    def total(self, values: np.ndarray) -> np.ndarray:
        """Return sums by group."""
        return np.bincount(self.codes, values, minlength=self.n_groups)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Return means by group over the rows with a value."""
        seen = np.isfinite(values)
        counts = np.bincount(self.codes[seen], minlength=self.n_groups)
        sums = np.bincount(self.codes[seen], values[seen], minlength=self.n_groups)
        return _ratio(sums, counts)

    def by_series(self, values: np.ndarray) -> np.ndarray:
        """Return sums by pair of a group and a series."""
        return np.bincount(self.pair, values, minlength=len(self.group_of_pair))

    def mean_of_series(self, values: np.ndarray) -> np.ndarray:
        """Return means by group over the series with a value."""
        seen = np.isfinite(values)
        counts = np.bincount(self.group_of_pair[seen], minlength=self.n_groups)
        sums = np.bincount(self.group_of_pair[seen], values[seen], minlength=self.n_groups)
        return _ratio(sums, counts)

    def first_of_series(self, values: np.ndarray) -> np.ndarray:
        """Return the value in the first row of each pair of a group and a series."""
        first = np.empty(len(self.group_of_pair), dtype=np.int64)
        first[self.pair[::-1]] = np.arange(len(self.pair))[::-1]
        return values[first]


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    empty = np.full(np.shape(numerator), np.nan)
    return np.divide(numerator, denominator, out=empty, where=np.asarray(denominator) > 0)


def _error(table: pd.DataFrame) -> np.ndarray:
    return (table["forecast"] - table["truth"]).to_numpy()


def _wape(table: pd.DataFrame, groups: Groups) -> np.ndarray:
    size = groups.total(table["truth"].abs().to_numpy())
    return _ratio(groups.total(np.abs(_error(table))), size)


def _bias(table: pd.DataFrame, groups: Groups) -> np.ndarray:
    return _ratio(groups.total(_error(table)), groups.total(table["truth"].abs().to_numpy()))


def _mae(table: pd.DataFrame, groups: Groups) -> np.ndarray:
    return groups.mean(np.abs(_error(table)))


def _rmse(table: pd.DataFrame, groups: Groups) -> np.ndarray:
    return np.sqrt(groups.mean(_error(table) ** 2))


def _smape(table: pd.DataFrame, groups: Groups) -> np.ndarray:
    size = (table["forecast"].abs() + table["truth"].abs()).to_numpy()
    return 200 * groups.mean(_ratio(np.abs(_error(table)), size))


def scaled_errors(table: pd.DataFrame, groups: Groups, power: int) -> np.ndarray:
    """Return the mean error of each series over its scale; NaN if the scale is zero or unknown."""
    name = "mase_scale" if power == 1 else "rmsse_scale"
    counts = groups.by_series(np.ones(len(table)))
    errors = (groups.by_series(np.abs(_error(table)) ** power) / counts) ** (1 / power)
    return _ratio(errors, groups.first_of_series(table[name].to_numpy()))


def _mase(table: pd.DataFrame, groups: Groups) -> np.ndarray:
    return groups.mean_of_series(scaled_errors(table, groups, 1))


def _rmsse(table: pd.DataFrame, groups: Groups) -> np.ndarray:
    return groups.mean_of_series(scaled_errors(table, groups, 2))


def quantile_columns(table: pd.DataFrame) -> dict[float, str]:
    """Return the columns of quantiles by level, in ascending order."""
    columns = {
        float(match[1]): name
        for name in table.columns
        if isinstance(name, str) and (match := _QUANTILE.fullmatch(name))
    }
    return dict(sorted(columns.items()))


def _pinball(table: pd.DataFrame, groups: Groups) -> np.ndarray:
    return groups.mean(_pinball_losses(table, _needed_quantiles(table, "pinball")))


def _pinball_losses(table: pd.DataFrame, levels: Mapping[float, str]) -> np.ndarray:
    """Return the mean loss of the quantiles that each row has, NaN for none; (n_rows,)."""
    losses = []
    for level, name in levels.items():
        error = (table["truth"] - table[name]).to_numpy()
        losses.append(np.maximum(level * error, (level - 1) * error))
    counts = np.isfinite(losses).sum(axis=0)
    return _ratio(np.nansum(losses, axis=0), counts)


def _wis(table: pd.DataFrame, groups: Groups) -> np.ndarray:
    levels = _needed_quantiles(table, "wis")
    is_paired = have_pairs(table)
    if not is_paired.any():
        raise ValueError(
            f"The weighted interval score needs levels in pairs around the median, got "
            f"{list(levels)}."
        )
    return 2 * groups.mean(np.where(is_paired, _pinball_losses(table, levels), np.nan))


def have_pairs(table: pd.DataFrame) -> np.ndarray:
    """Return whether the quantiles of each row are in pairs around the median, (n_rows,).

    Targets of one table may have different quantiles, and those of others are missing.
    """
    levels = quantile_columns(table)
    is_paired = table[list(levels.values())].notna().any(axis=1).to_numpy(copy=True)
    for level, name in levels.items():
        seen = table[name].notna().to_numpy()
        other = [columns for of, columns in levels.items() if abs(of + level - 1) < 1e-9]
        is_paired &= ~seen | table[other].notna().any(axis=1).to_numpy()
    return is_paired


def intervals(table: pd.DataFrame) -> dict[float, tuple[str, str]]:
    """Return the columns of the lower and upper limits of intervals, by nominal coverage."""
    levels = quantile_columns(table)
    return {
        round(1 - 2 * low, 10): (levels[low], levels[high])
        for low in levels
        for high in levels
        if low < 0.5 and abs(low + high - 1) < 1e-9
    }


def coverage(table: pd.DataFrame, groups: Groups, ends: tuple[str, str]) -> np.ndarray:
    """Return the fraction of the rows whose truth lies in an interval."""
    low, high = (table[name].to_numpy() for name in ends)
    truth = table["truth"].to_numpy()
    inside = np.where(np.isnan(low), np.nan, (truth >= low) & (truth <= high))
    return groups.mean(inside)


def _needed_quantiles(table: pd.DataFrame, metric: str) -> dict[float, str]:
    levels = quantile_columns(table)
    if not levels:
        raise ValueError(
            f"{metric!r} needs forecasts of quantiles. Set the kind of the target in tasks to "
            "Quantile((0.1, 0.5, 0.9)), or use conformal intervals."
        )
    return levels


METRICS: dict[str, Score] = {
    "wape": _wape,
    "mae": _mae,
    "rmse": _rmse,
    "mase": _mase,
    "rmsse": _rmsse,
    "smape": _smape,
    "bias": _bias,
}
QUANTILE_METRICS: dict[str, Score] = {"pinball": _pinball, "wis": _wis}


def series_codes(table: pd.DataFrame, ids: Sequence[Any]) -> np.ndarray:
    """Return the number of each row's series."""
    if not ids:
        return np.zeros(len(table), dtype=np.int64)
    return table.groupby(list(ids), sort=False, dropna=False).ngroup().to_numpy()
