"""The level and the scale of a series at an origin, only from its past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from skmtl._storable import storable
from skmtl.panels._naive import last_values, seasonal_naive
from skmtl.panels._panel import Panel
from skmtl.panels._summaries import Means, window_summaries

Anchor = Literal["last", "season", "mean", "none"]
"""Number to subtract from a target: a value of the past of its origin, or nothing."""

ANCHORS: tuple[Anchor, ...] = ("last", "season", "mean", "none")
_FEWEST_PAIRS = 3
_LEAST_SHARE = 1e-3
_LEAST_SHARE_OF_SIZES = 0.1  # larger, since a series of zeros may not stay at zero
_ROUNDING = 1e-9
_EVER = 2**40  # steps


@storable
@dataclass(frozen=True)
class TargetUnits:
    """The anchor and the scale of a target.

    Attributes
    ----------
    anchor : {"last", "season", "mean", "none"}
    scaled : bool
        Whether the target is divided by its scale.
    season : int
        Number of steps of a season, for the anchor and the scale.
    width : int
        Number of steps of the window whose mean is the level.
    level, scale : float
        Level and scale of a series without a past: the median of the panel, and the median of its
        scales.
    """

    anchor: Anchor
    scaled: bool
    season: int
    width: int
    level: float = 0.0
    scale: float = 1.0

    def at(
        self, panel: Panel, column: int, codes: np.ndarray, origins: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return level and scale of a column of a panel at origins, (n,) each."""
        if not self.scaled:
            return np.zeros(len(codes)), np.ones(len(codes))
        scale = past_scales(panel, column, codes, origins, self.season, self.anchor)
        if self.anchor == "none":
            level = np.zeros(len(codes))
        else:
            (recent,) = window_summaries(
                panel, panel.values[:, column], codes, origins, [self.width], Means
            )
            last, _ = last_values(panel, column, codes, origins)
            level = np.where(recent.count > 0, recent.mean, last)
        # The scale has a lower bound, for constant series and for rounding errors.
        share = _LEAST_SHARE_OF_SIZES if self.anchor == "none" else _LEAST_SHARE
        least = np.maximum(share * self.scale, _ROUNDING * np.abs(level))
        scale = np.where(np.isnan(scale), self.scale, np.fmax(scale, least))
        if self.anchor != "none":
            level = np.where(np.isnan(level), self.level, level)
        return level, scale

    def anchors(
        self,
        panel: Panel,
        column: int,
        codes: np.ndarray,
        origins: np.ndarray,
        clock: np.ndarray,
        level: np.ndarray,
    ) -> np.ndarray:
        """Return the numbers to subtract from the target at some times, (n,)."""
        if self.anchor in ("none", "mean") or not self.scaled:
            return level
        if self.anchor == "last":
            values, _ = last_values(panel, column, codes, origins)
        else:
            values = seasonal_naive(panel, column, codes, clock, origins, self.season)
        return np.where(np.isnan(values), level, values)


def past_scales(
    panel: Panel,
    column: int,
    codes: np.ndarray,
    origins: np.ndarray,
    season: int,
    anchor: Anchor,
) -> np.ndarray:
    """Return the mean absolute change up to each origin, or the mean absolute value.

    The latter is for targets without an anchor. Changes are from one step to the next, or, with
    the anchor "season" and at least three known pairs, from one season to the next. NaN if no
    value is known.
    """
    if not len(panel.codes):
        return np.full(len(codes), np.nan)
    values = panel.values[:, column]
    if anchor == "none":
        return _past_means(panel, np.abs(values), codes, origins, 1)
    scales = np.full(len(codes), np.nan)
    for lag in dict.fromkeys((season if anchor == "season" else 1, 1)):
        changes = np.abs(values - panel.take(panel.at(panel.codes, panel.clock - lag), column))
        fewest = 1 if lag == 1 else _FEWEST_PAIRS
        means = _past_means(panel, changes, codes, origins, fewest)
        scales = np.where(np.isnan(scales), means, scales)
    return scales


def _past_means(
    panel: Panel, values: np.ndarray, codes: np.ndarray, origins: np.ndarray, fewest: int
) -> np.ndarray:
    """Return means of all values of a series up to each origin; NaN for less than `fewest`."""
    (past,) = window_summaries(panel, values, codes, origins, [_EVER], Means)
    return np.where(past.count >= fewest, past.mean, np.nan)
