"""The training examples of the model inside a forecaster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from skmtl.panels import Moments
from skmtl.timeseries._numbers import as_numbers
from skmtl.timeseries._weights import Weighting, Weights

if TYPE_CHECKING:
    from skmtl.timeseries._preparation import Prepared

NO_PAST = (
    "No series has two rows within the horizon, so there is no past to learn from. Check that "
    "`id` names the series, not the rows, and that `freq` is their step."
)

# Share of the examples whose series has no row up to the origin.
_MOST_WITHOUT_PAST = 0.1


@dataclass(frozen=True)
class ExampleSettings:
    """How examples are drawn from a panel.

    Attributes
    ----------
    weighting : {"equal", "root", "scale"}
    clip : float
        Limit at which standardised labels with an anchor are clipped, in units of their scale.
    most : int
        Number of examples.
    """

    weighting: Weighting
    clip: float
    most: int


@dataclass(frozen=True)
class Examples:
    """Rows for the inner model.

    Attributes
    ----------
    X, y : DataFrame of shape (n, n_features) and (n, n_tasks)
    weight : Weights
    groups : ndarray of int64, shape (n,)
        Examples with the same group are held out together.
    """

    X: pd.DataFrame
    y: pd.DataFrame
    weight: Weights
    groups: np.ndarray

    def complete(self) -> Examples:
        """Return the examples without missing labels.

        Raises
        ------
        ValueError
            If there are none.
        """
        kept = self.y.notna().all(axis=1).to_numpy()
        if kept.all():
            return self
        if not kept.any():
            raise ValueError(
                "Every example lacks a label, but estimators of other packages can only learn "
                "from examples with all labels. Use an estimator of skmtl."
            )
        return Examples(self.X[kept], self.y[kept], self.weight.take(kept), self.groups[kept])


def labelled_places(
    prepared: Prepared, sample_weight: np.ndarray | None, end: int | None
) -> np.ndarray:
    """Return which rows of a panel have a label to learn from, by position.

    Parameters
    ----------
    prepared : Prepared
    sample_weight : ndarray of float64, shape (n_rows,), or None
    end : int or None
        The last time to learn from, by the clock.
    """
    is_example = prepared.labels.notna().any(axis=1).to_numpy()
    if sample_weight is not None:
        is_example = is_example & (sample_weight > 0)
    is_example = is_example[prepared.order]
    return is_example if end is None else is_example & (prepared.history.panel.clock <= end)


def some(places: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Return a random sample of some positions, with a maximum size."""
    return places if len(places) <= most else rng.choice(places, most, replace=False)


def most_without_past(n_with_past: int, most: int) -> int:
    """Return the maximum number of examples from series without a row up to the origin.

    Parameters
    ----------
    n_with_past : int
        Number of examples from other series.
    most : int
        Total number of examples.
    """
    return int(_MOST_WITHOUT_PAST * min(most, n_with_past)) + 1


def standard_labels(
    prepared: Prepared,
    rows: np.ndarray,
    moments: Moments,
    levels: np.ndarray,
    scales: np.ndarray,
    clip: float,
) -> pd.DataFrame:
    """Return standardised labels of rows of X relative to their origins, and derived labels.

    Parameters
    ----------
    prepared : Prepared
    rows : ndarray of int64, shape (n,)
    moments : Moments of shape (n,)
    levels, scales : ndarray of float64, shape (n, n_columns)
        Levels and scales of the lagged columns at the moments.
    clip : float
    """
    recipe, history = prepared.recipe, prepared.history
    anchors = recipe.anchors(history, moments, levels)
    y = prepared.labels.iloc[rows].reset_index(drop=True)
    y = pd.concat([y, recipe.derived_labels(history, moments, y)], axis=1)
    for task, name in recipe.in_units.items():
        number = recipe.targets.numbers.index(name)
        place = recipe.places[number]
        standard = (as_numbers(y[task]) - anchors[:, number]) / scales[:, place]
        is_free = recipe.plan.columns[place].units.anchor == "none"
        y[task] = standard if is_free else np.clip(standard, -clip, clip)
    return y
