"""One example for each row and step; the step is a feature."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.answers import Answers
from skmtl.panels import History, Moments, Panel
from skmtl.timeseries._examples import (
    NO_PAST,
    Examples,
    ExampleSettings,
    labelled_places,
    most_without_past,
    some,
    standard_labels,
)
from skmtl.timeseries._known_ahead import KnownAhead
from skmtl.timeseries._layout import Question, StepLayout
from skmtl.timeseries._weights import Weights, weights_of_scales

if TYPE_CHECKING:
    from skmtl.timeseries._preparation import Prepared
    from skmtl.timeseries._recipe import Recipe


@storable
class StepFeature(StepLayout):
    """An example is a row to forecast, with the number of steps from the origin as a feature.

    All steps share one model, and known covariates are only those of the row.
    """

    def tasks_of(self, name: Hashable, horizon: int) -> list[Hashable]:
        return [name]

    def examples(
        self,
        prepared: Prepared,
        sample_weight: np.ndarray | None,
        settings: ExampleSettings,
        rng: np.random.Generator,
        end: int | None,
    ) -> Examples:
        panel, recipe = prepared.history.panel, prepared.recipe
        places = np.flatnonzero(labelled_places(prepared, sample_weight, end))
        first = panel.clock[panel.starts(panel.codes)]
        drawn, moments = _draw_moments(panel, places, first, recipe.horizon, settings.most, rng)
        places = places[drawn]
        if not (moments.origins >= first[places]).any():
            raise ValueError(NO_PAST)
        rows = prepared.order[places]
        table = recipe.features(prepared.history, moments, prepared.frame.iloc[rows])
        y = standard_labels(prepared, rows, moments, table.levels, table.scales, settings.clip)
        weight = Weights.of_scales(
            weights_of_scales(prepared, table.scales, settings.weighting),
            np.ones(len(rows)) if sample_weight is None else sample_weight[rows],
            recipe.has_units(y),
        )
        return Examples(table.features, y, weight, rows)

    def question(
        self,
        recipe: Recipe,
        history: History,
        moments: Moments,
        rows: pd.DataFrame,
        known: KnownAhead,
    ) -> Question:
        table = recipe.features(history, moments, rows)
        places = np.arange(len(moments))
        return Question(table.features, moments, places, table.levels, table.scales)

    def answers(
        self,
        within: Answers,
        classes: Mapping[Hashable, np.ndarray],
        places: np.ndarray,
        steps: np.ndarray,
        recipe: Recipe,
    ) -> Answers:
        return within


def _draw_moments(
    panel: Panel,
    places: np.ndarray,
    first: np.ndarray,
    horizon: int,
    most: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, Moments]:
    """Choose the training rows at some positions, and their origins.

    These are all pairs of a row and a step, or a sample of them. Few pairs without a past are
    kept.
    """
    n_pairs = len(places) * horizon
    n_drawn = min(n_pairs, 2 * most)
    pairs = np.arange(n_pairs) if n_drawn == n_pairs else rng.choice(n_pairs, n_drawn, False)
    rows, steps = pairs // horizon, pairs % horizon + 1
    clock = panel.clock[places[rows]]
    has_past = clock - steps >= first[places[rows]]
    with_past, without = np.flatnonzero(has_past), np.flatnonzero(~has_past)
    n_without = min(len(without), most_without_past(len(with_past), most))
    kept = (some(with_past, most - n_without, rng), some(without, n_without, rng))
    chosen = np.sort(np.concatenate(kept))
    origins = clock[chosen] - steps[chosen]
    return rows[chosen], Moments(panel.codes[places[rows[chosen]]], clock[chosen], origins)
