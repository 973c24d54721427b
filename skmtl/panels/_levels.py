"""The level and the scale of a series at an origin, from its past alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from skmtl._storable import storable
from skmtl.panels._naive import last_values, seasonal_naive
from skmtl.panels._panel import Panel
from skmtl.panels._summaries import Means, window_summaries

Anchor = Literal["last", "season", "mean", "none"]
"""What is subtracted from a target: a value of the past of its origin, or nothing."""

ANCHORS: tuple[Anchor, ...] = ("last", "season", "mean", "none")
_FEWEST_PAIRS = 3
_LEAST_SHARE = 1e-3
_LEAST_SHARE_OF_SIZES = 0.1  # what has been zero so far need not stay so
_ROUNDING = 1e-9
_EVER = 2**40  # steps


@storable
@dataclass(frozen=True)
class TargetUnits:
    """How a target is anchored and scaled.

    Attributes
    ----------
    anchor : {"last", "season", "mean", "none"}
    scaled : bool
        Whether the target is divided by its scale.
    season : int
        Steps of a season, for the anchor and the scale.
    width : int
        Steps of the window whose mean is the level.
    level, scale : float
        Of a series without a past: median of the panel, and median of its scales.
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
        """Level and scale of a column of a panel at origins, float64 of shape (n,) each."""
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
        # A constant series has no scale of its own, and rounding is not variation.
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
        """What is subtracted from the target at some times, float64 of shape (n,)."""
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
    """The mean size of what a target without anchor is, or of its changes, up to each origin.

    Changes are those from one step to the next; with the anchor "season" from one season to the
    next, where three of these are known. NaN where nothing is.
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
    """Means of all values of a series up to each origin; NaN of fewer than so many."""
    (past,) = window_summaries(panel, values, codes, origins, [_EVER], Means)
    return np.where(past.count >= fewest, past.mean, np.nan)
