"""One example for each origin; every target has a task for each step."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.answers import Answers
from skmtl.panels import FeatureTable, History, Moments, Panel, distinct_pairs
from skmtl.reading import EachWhenAsked
from skmtl.tasks import Curves
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


def _task(name: Hashable, step: int) -> str:
    """Return the name of a target at a step in the inner model."""
    return f"{name} step {step}"


@storable
class StepTasks(StepLayout):
    """An example is an origin, with the targets at all steps after it as tasks.

    The known covariates of each step are features of all tasks.
    """

    reads_known_ahead = True

    def tasks_of(self, name: Hashable, horizon: int) -> list[Hashable]:
        return [_task(name, step) for step in range(1, horizon + 1)]

    def examples(
        self,
        prepared: Prepared,
        sample_weight: np.ndarray | None,
        settings: ExampleSettings,
        rng: np.random.Generator,
        end: int | None,
    ) -> Examples:
        panel, recipe = prepared.history.panel, prepared.recipe
        is_label = labelled_places(prepared, sample_weight, end)
        codes, times = _draw_origins(panel, is_label, recipe.horizon, settings.most, rng)
        origins = Moments(codes, times + 1, times)
        # By origin and step: the position of the label, or -1 without a label for training.
        steps = np.arange(1, recipe.horizon + 1)
        labels = panel.at(codes[:, None], times[:, None] + steps)
        labels = np.where(is_label[labels], labels, -1)
        nearest = labels[np.arange(len(labels)), np.argmax(labels >= 0, axis=1)]
        rows = prepared.frame.iloc[prepared.order[nearest]]
        known = recipe.known_ahead(prepared.frame, prepared.history)
        series = known.series(rows)
        table = _features(recipe, prepared.history, origins, rows, known, series)
        example, step = np.nonzero(labels >= 0)
        long = standard_labels(
            prepared,
            prepared.order[labels[example, step]],
            Moments(codes[example], times[example] + step + 1, times[example]),
            table.levels[example],
            table.scales[example],
            settings.clip,
        )
        y = _side_by_side(long, example, step + 1, len(codes), recipe.horizon)
        of_labels = np.ones(len(labels))
        if sample_weight is not None:
            of_step = np.where(labels >= 0, sample_weight[prepared.order[labels]], 1.0)
            of_labels = np.tile(of_step, len(long.columns))
        weight = Weights.of_scales(
            weights_of_scales(prepared, table.scales, settings.weighting),
            of_labels,
            np.repeat(recipe.has_units(long), recipe.horizon),
        )
        # Origins within a horizon of each other have labels in common.
        _, groups = distinct_pairs(codes, times // recipe.horizon)
        return Examples(table.features, y, weight, groups)

    def question(
        self,
        recipe: Recipe,
        history: History,
        moments: Moments,
        rows: pd.DataFrame,
        known: KnownAhead,
    ) -> Question:
        series = known.series(rows)  # distinguishes ids without history, unlike the codes
        first, places = distinct_pairs(series, moments.origins)
        codes, times = moments.codes[first], moments.origins[first]
        origins = Moments(codes, times + 1, times)
        table = _features(recipe, history, origins, rows.iloc[first], known, series[first])
        levels, scales = table.levels[places], table.scales[places]
        return Question(table.features, origins, places, levels, scales)

    def answers(
        self,
        within: Answers,
        classes: Mapping[Hashable, np.ndarray],
        places: np.ndarray,
        steps: np.ndarray,
        recipe: Recipe,
    ) -> Answers:
        of_targets = {
            name: self.classes(classes, name, recipe.horizon)
            for name, kind in recipe.kinds.items()
            if kind.is_classification
        }
        return OfSteps(within, list(recipe.kinds), places, steps, classes, of_targets)


class OfSteps(Answers):
    """The answers of the tasks of steps, for each moment by its step.

    Parameters
    ----------
    within : Answers
        Answers of the tasks, by row of the features.
    names : list of hashable
        The targets.
    places, steps : ndarray of int64, shape (n,)
    classes : mapping of task to ndarray
    classes_of_targets : mapping of target to ndarray
        Union of the classes of all tasks of a target.
    """

    def __init__(
        self,
        within: Answers,
        names: list[Hashable],
        places: np.ndarray,
        steps: np.ndarray,
        classes: Mapping[Hashable, np.ndarray],
        classes_of_targets: Mapping[Hashable, np.ndarray],
    ) -> None:
        self._within, self._names = within, names
        self._classes, self._classes_of_targets = classes, classes_of_targets
        order = np.argsort(steps, kind="stable")
        self._back = np.argsort(order)
        distinct, starts = np.unique(steps[order], return_index=True)
        parts = np.split(places[order], starts[1:])
        self._parts = list(zip(distinct.tolist() or [1], parts, strict=True))

    @cached_property
    def predictions(self) -> Mapping[Hashable, np.ndarray]:
        def joined(name: Hashable) -> np.ndarray:
            return self._joined(name, lambda task: self._within.predictions[task])

        return EachWhenAsked(self._names, joined)

    def probabilities(self, name: Hashable) -> np.ndarray:
        return self._joined(name, lambda task: self._of_all_classes(task, name))

    def quantiles(self, name: Hashable) -> np.ndarray:
        return self._joined(name, self._within.quantiles)

    def _of_all_classes(self, task: Hashable, name: Hashable) -> np.ndarray:
        """Return probabilities with a column for each class of the target."""
        values, classes = self._within.probabilities(task), self._classes_of_targets[name]
        if len(classes) == values.shape[1]:
            return values
        wide = np.zeros((len(values), len(classes)))
        wide[:, np.isin(classes, self._classes[task])] = values
        return wide

    def _joined(self, name: Hashable, of_task: Callable[[Hashable], np.ndarray]) -> np.ndarray:
        values = [of_task(_task(name, step))[places] for step, places in self._parts]
        return np.concatenate(values)[self._back]

    def curves(self) -> Mapping[Hashable, Curves]:
        return {}

    def about_curves(
        self, questions: Mapping[Hashable, Callable[[Curves], np.ndarray]]
    ) -> dict[Hashable, np.ndarray]:
        return {}


def _features(
    recipe: Recipe,
    history: History,
    origins: Moments,
    rows: pd.DataFrame,
    known: KnownAhead,
    series: np.ndarray,
) -> FeatureTable:
    """Return the features of origins.

    Parameters
    ----------
    recipe : Recipe
    history : History
    origins : Moments of shape (n,)
        Moments of the first step.
    rows : DataFrame of shape (n, n_columns)
        A row of X of the series of each origin.
    known : KnownAhead
    series : ndarray of int64, shape (n,)
        Numbers of the series in `known`.
    """
    given = [rows[list(recipe.columns.static)].reset_index(drop=True)]
    for step in range(1, recipe.horizon + 1) if recipe.columns.known else ():
        columns = known.at(series, origins.origins + step)
        given.append(columns.set_axis([_task(name, step) for name in columns], axis=1))
    return recipe.plan.table_of_origins(history, origins, pd.concat(given, axis=1), recipe.horizon)


def _draw_origins(
    panel: Panel, is_label: np.ndarray, horizon: int, most: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return series and time of origins with a label within the horizon after them.

    These are all rows of a panel, or a sample of them, and some times before the first row of a
    series.
    """
    n_before = np.concatenate([[0], np.cumsum(is_label)])
    after = np.arange(1, len(panel.codes) + 1)
    ends = panel.up_to(panel.codes, panel.clock + horizon)
    places = np.flatnonzero(n_before[ends] > n_before[after])
    if not len(places):
        raise ValueError(NO_PAST)
    starts = np.unique(panel.starts(panel.codes))
    starts = np.sort(some(starts, most_without_past(len(places), most), rng))
    early = panel.clock[starts] - rng.integers(1, horizon + 1, len(starts))
    ends = panel.up_to(panel.codes[starts], early + horizon)
    followed = n_before[ends] > n_before[starts]
    starts, early = starts[followed], early[followed]
    places = np.sort(some(places, max(most - len(starts), 1), rng))
    codes = np.concatenate([panel.codes[places], panel.codes[starts]])
    return codes, np.concatenate([panel.clock[places], early])


def _side_by_side(
    long: pd.DataFrame, example: np.ndarray, step: np.ndarray, n: int, horizon: int
) -> pd.DataFrame:
    """Pivot labels by example and step to a column for each target and step."""
    of_step = [np.flatnonzero(step == number) for number in range(1, horizon + 1)]
    columns = {}
    for name in long.columns:
        labels = long[name]
        if labels.dtype.kind in "biu":  # otherwise classes would become floats
            labels = labels.astype("boolean" if labels.dtype.kind == "b" else "Int64")
        for number, places in enumerate(of_step, 1):
            part = labels.iloc[places].set_axis(example[places])
            columns[_task(name, number)] = part.reindex(range(n))
    return pd.DataFrame(columns)
