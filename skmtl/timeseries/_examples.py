"""What the model within a forecaster learns from: origins, steps and labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from skmtl.panels import Moments, Panel
from skmtl.timeseries._numbers import as_numbers
from skmtl.timeseries._preparation import Prepared

Weighting = Literal["equal", "root", "scale"]
WEIGHT_POWERS: dict[str, float] = {"equal": 0.0, "root": 0.5, "scale": 1.0}

_MOST_WITHOUT_PAST = 0.1
"""Share of the examples whose series has no row up to the origin."""


@dataclass(frozen=True)
class Examples:
    """Rows for the model within.

    Attributes
    ----------
    X, y : DataFrame of shape (n, n_features) and (n, n_tasks)
    weight : ndarray of float64, shape (n,)
    groups : ndarray of int64, shape (n,)
        The row of each example, whose steps are to be held out together.
    """

    X: pd.DataFrame
    y: pd.DataFrame
    weight: np.ndarray
    groups: np.ndarray


def read_weight(sample_weight: Any, n_rows: int) -> np.ndarray | None:
    """Weights of the rows, float64 of shape (n_rows,).

    Raises
    ------
    ValueError
        If they are of another length, negative, missing or infinite.
    """
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_rows,):
        raise ValueError(f"sample_weight has the shape {weight.shape}, but X has {n_rows} rows.")
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError("sample_weight must be finite and not negative.")
    return weight


def draw_examples(
    prepared: Prepared,
    sample_weight: np.ndarray | None,
    weighting: Weighting,
    *,
    clip: float,
    most: int,
    rng: np.random.Generator,
    end: int | None = None,
) -> Examples:
    """The examples of a panel.

    Parameters
    ----------
    prepared : Prepared
    sample_weight : ndarray of float64, shape (n_rows,), or None
        A row of weight 0 is not an example.
    weighting : {"equal", "root", "scale"}
    clip : float
        Where standardised labels that have an anchor are cut off, in units of their scale.
    most : int
        Number of examples.
    rng : Generator
    end : int or None
        The last time to learn from, by the clock.

    Raises
    ------
    ValueError
        If no series has two rows within the horizon.
    """
    panel = prepared.history.panel
    is_example = prepared.labels.notna().any(axis=1).to_numpy()
    if sample_weight is not None:
        is_example = is_example & (sample_weight > 0)
    is_example = is_example[prepared.order]
    if end is not None:
        is_example = is_example & (panel.clock <= end)
    places = np.flatnonzero(is_example)
    first = panel.clock[panel.starts(panel.codes)]
    drawn, moments = _draw_moments(panel, places, first, prepared.recipe.horizon, most, rng)
    places = places[drawn]
    if not (moments.origins >= first[places]).any():
        raise ValueError(
            "No series has two rows within the horizon, so there is no past to learn from. Check "
            "that `id` names the series, and not the rows, and that `freq` is their step."
        )
    rows = prepared.order[places]
    given = None if sample_weight is None else sample_weight[rows]
    return _make_examples(prepared, rows, moments, clip, weighting, given)


def _draw_moments(
    panel: Panel,
    places: np.ndarray,
    first: np.ndarray,
    horizon: int,
    most: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, Moments]:
    """Which of the rows at some positions to learn from, and from which origins.

    All pairs of a row and a step, or a sample of them. Few of those are kept that have no past.
    """
    n_pairs = len(places) * horizon
    n_drawn = min(n_pairs, 2 * most)
    pairs = np.arange(n_pairs) if n_drawn == n_pairs else rng.choice(n_pairs, n_drawn, False)
    rows, steps = pairs // horizon, pairs % horizon + 1
    clock = panel.clock[places[rows]]
    has_past = clock - steps >= first[places[rows]]
    with_past, without = np.flatnonzero(has_past), np.flatnonzero(~has_past)
    n_without = min(len(without), int(_MOST_WITHOUT_PAST * min(most, len(with_past))) + 1)
    kept = (_some(with_past, most - n_without, rng), _some(without, n_without, rng))
    chosen = np.sort(np.concatenate(kept))
    origins = clock[chosen] - steps[chosen]
    return rows[chosen], Moments(panel.codes[places[rows[chosen]]], clock[chosen], origins)


def _some(places: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    return places if len(places) <= most else rng.choice(places, most, replace=False)


def _make_examples(
    prepared: Prepared,
    rows: np.ndarray,
    moments: Moments,
    clip: float,
    weighting: Weighting,
    sample_weight: np.ndarray | None,
) -> Examples:
    """Features and labels of rows of X at moments."""
    recipe, history = prepared.recipe, prepared.history
    table = recipe.features(history, moments, prepared.frame.iloc[rows])
    anchors = recipe.anchors(history, moments, table)
    y = prepared.labels.iloc[rows].reset_index(drop=True)
    followers = recipe.derived_labels(history, moments, y)
    shares = []
    for number, name in enumerate(recipe.targets.numbers):
        place = recipe.places[number]
        scale, units = table.scales[:, place], recipe.plan.columns[place].units
        standard = (as_numbers(y[name]) - anchors[:, number]) / scale
        y[name] = standard if units.anchor == "none" else np.clip(standard, -clip, clip)
        shares.append(scale / units.scale)
    weight = np.ones(len(moments))
    if shares:
        weight = np.mean(shares, axis=0) ** WEIGHT_POWERS[weighting]
    if sample_weight is not None:
        weight = weight * sample_weight
    y = pd.concat([y, followers], axis=1)
    return Examples(table.features, y, weight / weight.mean(), rows)
