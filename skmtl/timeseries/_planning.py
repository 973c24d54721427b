"""Choose the features and units of a forecaster from its history."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from skmtl.panels import (
    ANCHORS,
    Anchor,
    CalendarFeatures,
    FeaturePlan,
    History,
    LaggedColumn,
    TargetUnits,
    past_scales,
)
from skmtl.timeseries._past import PastColumns
from skmtl.timeseries._settings import LagSettings
from skmtl.timeseries._targets import ForecastTargets

_INTERMITTENT = 0.3
"""A target with at least this share of zeros counts as intermittent."""
_LAGS_OF_COVARIATES = 3


def make_plan(
    history: History,
    targets: ForecastTargets,
    past: PastColumns,
    lags: LagSettings,
    calendar: CalendarFeatures | None,
    *,
    horizon: int,
    anchor: Any,
    scaled: bool,
) -> FeaturePlan:
    """Choose the features and the units of the targets.

    Parameters
    ----------
    history : History
        A history of the targets, followed by the past covariates.
    targets : ForecastTargets
    past : PastColumns
    lags : LagSettings
    calendar : CalendarFeatures or None
    horizon : int
    anchor : str, or mapping of target to str
    scaled : bool
        Whether numbers are divided by their scale.
    """
    _check_anchored(anchor, targets)
    columns = []
    width = max(lags.season, 4)
    for name in targets.kinds:
        is_number = not targets.kinds[name].is_classification
        for column in targets.past_names(name):
            position = history.columns.index(column)
            chosen: Any = _anchor_of(name, anchor) if is_number else "none"
            if chosen == "auto":
                can_fall = not targets.is_count(name)
                chosen = _best_anchor(history, position, lags.season, width, horizon, can_fall)
            if is_number and targets.is_count(name) and chosen != "none":
                raise ValueError(
                    f"The target {name!r} is a count, from which nothing can be subtracted. Set "
                    "its anchor to 'none' or 'auto'."
                )
            units = _learn_units(
                history, position, TargetUnits(chosen, is_number and scaled, lags.season, width)
            )
            values = history.panel.values[:, position]
            seen = values[np.isfinite(values)]
            rare = is_number and len(seen) > 0 and (seen == 0).mean() > _INTERMITTENT
            # Changes of an intermittent target would be mostly noise.
            changes = () if rare else tuple(sorted({1, *lags.windows}))
            columns.append(
                LaggedColumn(column, units, lags.seasons, bool(rare), change_windows=changes)
            )
    for column in past.labels:
        position = history.columns.index(column)
        units = _learn_units(history, position, TargetUnits("mean", False, lags.season, width))
        columns.append(LaggedColumn(column, units, most_lags=_LAGS_OF_COVARIATES))
    if calendar is not None:
        times = history.clock.local(np.unique(history.panel.clock))
        calendar = None if times is None else calendar.chosen(times)
    return FeaturePlan(lags.lags, lags.windows, tuple(columns), past.known, calendar)


def _check_anchored(anchor: Any, targets: ForecastTargets) -> None:
    """Raise an error if `anchor` names anything but targets that are numbers."""
    others = set(anchor) - set(targets.numbers) if isinstance(anchor, Mapping) else None
    if others:
        raise ValueError(
            f"`anchor` names {sorted(others, key=str)}, but the targets that are numbers are "
            f"{targets.numbers}."
        )


def _anchor_of(name: Hashable, anchor: Any) -> Any:
    chosen = anchor.get(name, "auto") if isinstance(anchor, Mapping) else anchor
    if chosen not in (*ANCHORS, "auto"):
        raise ValueError(
            f"anchor={chosen!r} of the target {name!r} must be 'auto' or one of {ANCHORS}."
        )
    return chosen


def _learn_units(history: History, position: int, units: TargetUnits) -> TargetUnits:
    """Return the units, including the level and scale of a series without a past."""
    panel = history.panel
    values = panel.values[:, position]
    seen = values[np.isfinite(values)]
    level = float(np.median(seen)) if len(seen) else 0.0
    series = np.arange(panel.n_series)
    scales = past_scales(panel, position, series, panel.ends, units.season, units.anchor)
    positive = scales[np.isfinite(scales) & (scales > 0)]
    scale = float(np.median(positive)) if len(positive) else 1.0
    return TargetUnits(units.anchor, units.scaled, units.season, units.width, level, scale)


def _best_anchor(
    history: History,
    position: int,
    season: int,
    width: int,
    horizon: int,
    can_fall: bool,
) -> Anchor:
    """Return the anchor that is closest to the last values of each series.

    A target with many zeros has no anchor, because it would be mostly noise. Neither has a target
    that cannot be negative.
    """
    panel = history.panel
    values = panel.values[:, position]
    seen = values[np.isfinite(values)]
    if not can_fall or (len(seen) and (seen == 0).mean() > _INTERMITTENT):
        return "none"
    ends = panel.known_ends([position])[panel.codes]
    recent = np.flatnonzero(
        np.isfinite(values) & (panel.clock > ends - horizon) & (panel.clock <= ends)
    )
    codes, clock = panel.codes[recent], panel.clock[recent]
    origins = ends[recent] - horizon
    errors: dict[Anchor, float] = {}
    scales = past_scales(panel, position, codes, origins, season, "last")
    candidates: list[Anchor] = ["last", "mean"] if season == 1 else ["last", "season", "mean"]
    for anchor in candidates:
        units = TargetUnits(anchor, True, season, width)
        level, _ = units.at(panel, position, codes, origins)
        forecast = units.anchors(panel, position, codes, origins, clock, level)
        known = (scales > 0) & np.isfinite(forecast)
        relative = np.abs(values[recent] - forecast)[known] / scales[known]
        if len(relative):
            errors[anchor] = float(np.mean(np.minimum(relative, 20)))
    return min(errors, key=lambda anchor: errors[anchor]) if errors else "last"
