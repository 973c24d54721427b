"""Features of times to forecast, from what is known at their origins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.panels._calendar import CalendarFeatures
from skmtl.panels._history import History
from skmtl.panels._levels import TargetUnits
from skmtl.panels._naive import last_observed, last_values
from skmtl.panels._panel import Panel
from skmtl.panels._summaries import Means, Summary, window_summaries

_SEASONS_BACK = 3


@dataclass(frozen=True)
class Moments:
    """Times to forecast and their origins.

    Attributes
    ----------
    codes : ndarray of int64, shape (n,)
        Series, -1 for a series without history.
    clock, origins : ndarray of int64, shape (n,)
        Times to forecast, and times up to which the series are known.
    """

    codes: np.ndarray
    clock: np.ndarray
    origins: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def steps(self) -> np.ndarray:
        """Number of steps from each origin to the time to forecast."""
        return self.clock - self.origins

    def take(self, places: Any) -> Moments:
        """Return the moments at some positions."""
        return Moments(self.codes[places], self.clock[places], self.origins[places])

    def numbered_from(self, first: int) -> Moments:
        """Return the moments with series numbered from `first`; see `Panel.part`."""
        codes = np.where(self.codes < 0, -1, self.codes - first)
        return Moments(codes, self.clock, self.origins)

    def distinct_origins(self) -> tuple[Moments, np.ndarray]:
        """Return each pair of series and origin once, and its index for each moment."""
        first, places = distinct_pairs(self.codes, self.origins)
        return self.take(first), places


def distinct_pairs(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first row of each distinct pair, sorted by pair, and the pair of each row."""
    order = np.lexsort((other, one))
    ordered = np.column_stack([one, other])[order]
    new = np.ones(len(ordered), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.cumsum(new) - 1
    return order[new], places


@storable
@dataclass(frozen=True)
class LaggedColumn:
    """A column of a history whose past values are features.

    Attributes
    ----------
    name : str
        Prefix of the names of its features.
    units : TargetUnits
        Units of its features.
    seasons : tuple of int
        Lengths of seasons, whose last values for the time to forecast are features.
    intermittent : bool
        Whether most values are zero: adds the time since the last other value, and the mean gap.
    most_lags : int or None
        For a column that is not a target, the number of lags to use; its windows only have means.
    change_windows : tuple of int
        Windows whose mean changes since the season before are features, in steps. If there are
        any, so is the change from the last value to that of the last season for the time to
        forecast. Old files have none.
    """

    name: str
    units: TargetUnits
    seasons: tuple[int, ...] = ()
    intermittent: bool = False
    most_lags: int | None = None
    change_windows: tuple[int, ...] = ()


@storable
@dataclass(frozen=True)
class FeaturePlan:
    """The definition of the features.

    Attributes
    ----------
    lags, windows : tuple of int
        In steps of the clock; lag 1 is the origin itself.
    columns : tuple of LaggedColumn
        In the order of the history's columns; the targets come first.
    categories : mapping of str to list
        Categories of the history's columns of codes, which follow those in `columns`.
    calendar : CalendarFeatures or None
    """

    lags: tuple[int, ...]
    windows: tuple[int, ...]
    columns: tuple[LaggedColumn, ...]
    categories: Mapping[str, list[Any]]
    calendar: CalendarFeatures | None

    def table(self, history: History, moments: Moments, given: pd.DataFrame) -> FeatureTable:
        """Compute the features of some moments.

        Parameters
        ----------
        history : History
        moments : Moments
        given : DataFrame of shape (n, n_given)
            Covariates that are features without conversion: known in advance, or static.
        """
        panel = history.panel
        origins, places = moments.distinct_origins()
        features: dict[str, Any] = {"forecast step": moments.steps.astype(np.float64)}
        levels, scales = [], []
        for position, column in enumerate(self.columns):
            level, scale = column.units.at(panel, position, origins.codes, origins.origins)
            lags = self.lags[: column.most_lags]
            of_origin = self._of_origins(panel, position, column, origins, level, scale, lags)
            for name, values in of_origin:
                features[f"{column.name} {name}"] = values[places]
            levels.append(level[places])
            scales.append(scale[places])
            for name, values in _of_seasons(panel, position, column, moments):
                features[f"{column.name} {name}"] = (values - levels[-1]) / scales[-1]
            for season in column.seasons if column.change_windows else ():
                to_forecast = features[f"{column.name} season {season} back 1"]
                since_last = to_forecast - features[f"{column.name} last"]
                features[f"{column.name} season {season} since last"] = since_last
        for name, codes, known in self._last_categories(panel, origins):
            features[name] = pd.Categorical.from_codes(codes[places], pd.Index(known))
        features |= _calendar_features(self.calendar, history, moments.clock)
        return FeatureTable(
            with_given(pd.DataFrame(features), given), np.array(levels).T, np.array(scales).T
        )

    def table_of_origins(
        self, history: History, origins: Moments, given: pd.DataFrame, horizon: int
    ) -> FeatureTable:
        """Compute the features of some origins, for all steps.

        The values of the last seasons for the next times are included as lags. Calendar features
        are those of the first step, and features of holidays are included for each step.

        Parameters
        ----------
        history : History
        origins : Moments
            Moments of the first step.
        given : DataFrame of shape (n, n_given)
        horizon : int
        """
        panel = history.panel
        features: dict[str, Any] = {}
        levels, scales = [], []
        for position, column in enumerate(self.columns):
            level, scale = column.units.at(panel, position, origins.codes, origins.origins)
            lags = sorted({*self.lags[: column.most_lags], *_lags_of_seasons(column, horizon)})
            of_origin = self._of_origins(panel, position, column, origins, level, scale, lags)
            features |= {f"{column.name} {name}": values for name, values in of_origin}
            levels.append(level)
            scales.append(scale)
        for name, codes, known in self._last_categories(panel, origins):
            features[name] = pd.Categorical.from_codes(codes, pd.Index(known))
        features |= _calendar_features(self.calendar, history, origins.clock)
        holidays = None if self.calendar is None else self.calendar.holidays_alone()
        for step in range(2, horizon + 1):
            later = _calendar_features(holidays, history, origins.origins + step)
            features |= {f"{name} step {step}": values for name, values in later.items()}
        return FeatureTable(
            with_given(pd.DataFrame(features), given), np.array(levels).T, np.array(scales).T
        )

    def anchors(self, history: History, moments: Moments, levels: np.ndarray) -> np.ndarray:
        """Return the numbers to subtract from each column at some moments, (n, n_columns)."""
        return np.column_stack(
            [
                column.units.anchors(
                    history.panel,
                    position,
                    moments.codes,
                    moments.origins,
                    moments.clock,
                    levels[:, position],
                )
                for position, column in enumerate(self.columns)
            ]
        )

    def _of_origins(
        self,
        panel: Panel,
        position: int,
        column: LaggedColumn,
        origins: Moments,
        level: np.ndarray,
        scale: np.ndarray,
        lags: Sequence[int],
    ) -> Iterator[tuple[str, np.ndarray]]:
        codes, at = origins.codes, origins.origins
        back = panel.at_lags(codes, at, [lag - 1 for lag in lags])
        for lag, places in zip(lags, back, strict=True):
            yield f"lag {lag}", (panel.take(places, position) - level) / scale
        values = panel.values[:, position]
        if column.most_lags is not None:
            means = window_summaries(panel, values, codes, at, self.windows, Means)
            for window, mean in zip(self.windows, means, strict=True):
                yield f"mean {window}", (mean.average - level) / scale
        else:
            yield from self._of_windows(panel, values, origins, level, scale)
        last, places = last_values(panel, position, codes, at)
        yield "last", (last - level) / scale
        yield "age", _since(panel, places, at)
        if column.intermittent:
            yield from _of_events(panel, values, codes, at)
        for season in column.seasons if column.change_windows else ():
            before = panel.take(panel.at(panel.codes, panel.clock - season), position)
            means = window_summaries(
                panel, values - before, codes, at, column.change_windows, Means
            )
            for window, mean in zip(column.change_windows, means, strict=True):
                yield f"season {season} change {window}", mean.average / scale

    def _of_windows(
        self,
        panel: Panel,
        values: np.ndarray,
        origins: Moments,
        level: np.ndarray,
        scale: np.ndarray,
    ) -> Iterator[tuple[str, np.ndarray]]:
        summaries = window_summaries(
            panel, values, origins.codes, origins.origins, self.windows, Summary
        )
        for window, summary in zip(self.windows, summaries, strict=True):
            yield f"mean {window}", (summary.average - level) / scale
            yield f"spread {window}", summary.spread / scale
            yield f"slope {window}", summary.slope / scale
            for name, extreme in (("low", summary.low), ("high", summary.high)):
                known = np.where(summary.count > 0, extreme, np.nan)
                yield f"{name} {window}", (known - level) / scale
            if window == self.windows[-1]:
                yield f"known of {window}", summary.count

    def _last_categories(
        self, panel: Panel, origins: Moments
    ) -> Iterator[tuple[str, np.ndarray, list[Any]]]:
        """Yield name, codes and categories of the last values of categorical columns."""
        for position, (name, known) in enumerate(self.categories.items(), len(self.columns)):
            value, _ = last_values(panel, position, origins.codes, origins.origins)
            yield f"{name} last", np.where(np.isnan(value), -1, value).astype(np.int64), known


@dataclass(frozen=True)
class FeatureTable:
    """Features, and the level and scale of the lagged columns at each moment.

    Attributes
    ----------
    features : DataFrame of shape (n, n_features)
    levels, scales : ndarray of float64, shape (n, n_columns)
    """

    features: pd.DataFrame
    levels: np.ndarray
    scales: np.ndarray


def with_given(features: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """Append covariates to the features."""
    if given.shape[1] == 0:
        return features
    taken = [label for label in given.columns if str(label) in features]
    if taken:
        raise ValueError(f"Rename the columns {taken}: features have these names.")
    given = given.set_axis(given.columns.map(str), axis=1).reset_index(drop=True)
    return pd.concat([features, given], axis=1)


def _calendar_features(
    calendar: CalendarFeatures | None, history: History, clock: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the calendar features at times of the clock; empty if times are numbers."""
    if calendar is None:
        return {}
    distinct, places = np.unique(clock, return_inverse=True)
    times = history.clock.local(distinct)
    if times is None:
        return {}
    features = calendar.features(times)
    return {f"calendar {name}": features[name].to_numpy()[places] for name in features.columns}


def _lags_of_seasons(column: LaggedColumn, horizon: int) -> Iterator[int]:
    """Yield the lags of the next times in the last known seasons."""
    for season in column.seasons:
        for step in range(1, min(horizon, season) + 1):
            for back in range(_SEASONS_BACK):
                yield season - step + 1 + back * season


def _of_seasons(
    panel: Panel, position: int, column: LaggedColumn, moments: Moments
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the values for the time to forecast in the last seasons known at the origin."""
    for season in column.seasons:
        behind = moments.clock + season * ((moments.origins - moments.clock) // season)
        values = []
        for back in range(_SEASONS_BACK):
            at = panel.at(moments.codes, behind - back * season)
            values.append(panel.take(at, position))
            yield f"season {season} back {back + 1}", values[-1]
        seen = np.isfinite(values)
        total = np.where(seen, values, 0.0).sum(axis=0)
        count = seen.sum(axis=0)
        mean = np.divide(total, count, out=np.full(len(moments), np.nan), where=count > 0)
        yield f"season {season} mean", mean
        for shift in (-1, 1):
            near = behind + shift
            near = np.where(near > moments.origins, near - season, near)
            at = panel.at(moments.codes, near)
            yield f"season {season} {'before' if shift < 0 else 'after'}", panel.take(at, position)


def _of_events(
    panel: Panel, values: np.ndarray, codes: np.ndarray, origins: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the time since the last nonzero value, the mean gap between them, and their number."""
    is_event = np.where(np.isfinite(values) & (values != 0), 1.0, np.nan)[:, None]
    events = Panel(panel.codes, panel.clock, is_event, panel.n_series)
    _, places = last_values(events, 0, codes, origins)
    yield "since event", _since(panel, places, origins)
    before = np.full(len(values), -1)
    if len(values):
        before[1:] = np.where(
            panel.codes[1:] == panel.codes[:-1], last_observed(events, 0)[:-1], -1
        )
    gaps = np.where(
        (before >= 0) & np.isfinite(is_event[:, 0]), panel.clock - panel.clock[before], np.nan
    )
    (past,) = window_summaries(panel, gaps, codes, origins, [2**40], Means)
    yield "mean gap", past.average
    yield "gaps", past.count


def _since(panel: Panel, places: np.ndarray, origins: np.ndarray) -> np.ndarray:
    """Return the number of steps from rows of a panel to origins; NaN without a row."""
    if not len(panel.clock):
        return np.full(len(origins), np.nan)
    return np.where(places >= 0, origins - panel.clock[places], np.nan)
