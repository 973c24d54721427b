"""A fitted forecaster as a model."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any
from warnings import warn

import numpy as np
import pandas as pd

from skmtl.answers import (
    Answers,
    CellType,
    FitRecord,
    FittedModel,
    ForeignModel,
    InputColumns,
    fitted_inside,
    fitted_model,
    fitted_model_reading,
    says_its_tasks,
)
from skmtl.panels import History, Moments
from skmtl.reading import EachWhenAsked, ScoredLabels
from skmtl.tables import as_frame
from skmtl.tasks import Curves, Hurdle, Kind, is_named, labels_of_tasks
from skmtl.timeseries._conformal import ConformalQuantiles
from skmtl.timeseries._joined import Joined
from skmtl.timeseries._known_ahead import KnownAhead
from skmtl.timeseries._recipe import Recipe

_ROWS_AT_ONCE = 65_536
_REHEARSED = 3  # series


class ForecastModel(FittedModel):
    """The forecasts of rows, from the history of their series.

    Parameters
    ----------
    estimator : fitted estimator
        Trained on features and standardised labels.
    recipe : Recipe
    history : History
    conformal : ConformalQuantiles or None
    """

    task_column = None
    reads_history = True

    def __init__(
        self,
        estimator: Any,
        recipe: Recipe,
        history: History,
        conformal: ConformalQuantiles | None = None,
    ) -> None:
        self.estimator = estimator
        self.conformal = conformal
        self.recipe = recipe
        self.history = history
        self.event_names = []
        self.kinds: dict[Hashable, Kind] = self._inner_kinds()
        self.names = list(self.kinds)

    def _inner_kinds(self) -> dict[Hashable, Kind]:
        recipe = self.recipe
        if not says_its_tasks(fitted_inside(self.estimator)):
            return recipe.kinds
        within = fitted_model(self.estimator).kinds
        learnt_by = {name: hurdle.amount(name) for name, hurdle in recipe.hurdles.items()}
        return {
            name: within[self._tasks_of(learnt_by.get(name, name))[0]]
            for name in (*recipe.targets.kinds, *recipe.derived)
        }

    def _tasks_of(self, name: Hashable) -> list[Hashable]:
        return self.recipe.layout.tasks_of(name, self.recipe.horizon)

    @property
    def classes(self) -> dict[Hashable, np.ndarray]:
        within, recipe = self._within.classes, self.recipe
        return {
            name: recipe.layout.classes(within, name, recipe.horizon)
            for name in self.names
            if self._tasks_of(name)[0] in within
        }

    @property
    def record(self) -> FitRecord | None:
        return self._within.record

    @property
    def sizes(self) -> dict[str, int]:
        return self._within.sizes

    @property
    def scored_history(self) -> History:
        """The history of the targets that are scored as numbers."""
        return self.recipe.targets.scored_history(self.history)

    def schema(self) -> dict[str, Any]:
        return self.recipe.schema(self.kinds, self.classes)

    @property
    def levels(self) -> dict[Hashable, tuple[float, ...]]:
        levels = super().levels
        if self.conformal is not None:
            levels |= dict.fromkeys(self.conformal.errors, self.conformal.levels)
        return levels

    def read_labels(self, y: Any) -> pd.DataFrame:
        # Labels without names have those of the targets in fit, not of derived targets.
        names = self.names if is_named(y) else list(self.recipe.targets.kinds)
        return labels_of_tasks(y, names)

    def read_scored(self, y: Any) -> ScoredLabels:
        labels = self.read_labels(y)
        return ScoredLabels(labels, {name: self.kinds[name] for name in labels.columns})

    def read_events(self, y: Any) -> pd.DataFrame:
        return self.read_labels(y)[[]]

    def curve_shapes(self) -> dict[Hashable, Curves]:
        return {}

    def converted(self, X: Any) -> Any:
        return as_frame(X, min_rows=0)

    def ask(self, X: Any) -> Answers:
        frame = self.recipe.columns.frame_to_forecast(X)
        lost = self.recipe.lost_columns(frame)
        if lost:
            warn(
                f"The columns {lost} have no values, though they did in fit. Known covariates "
                "must have values in the rows to forecast.",
                stacklevel=4,
            )
        without = self._rows_without_the_step_before(frame)
        if without:
            warn(
                f"{without} rows are forecast without the rows one step before, whose known "
                "covariates are treated as missing. Forecast all steps of a series together.",
                stacklevel=4,
            )
        return self.ask_part(frame)

    def _rows_without_the_step_before(self, frame: pd.DataFrame) -> int:
        """Return the number of rows whose previous step is neither among the rows nor known.

        It is zero if the inner estimator does not use known covariates of other steps.
        """
        if not self.reads_rows_together:
            return 0
        moments = self.recipe.moments(self.history, frame)
        known = self.recipe.known_ahead(frame, self.history)
        before = moments.clock - 1
        is_past = (moments.steps == 1) | (self.history.panel.at(moments.codes, before) >= 0)
        return int((~known.has(known.series(frame), before) & ~is_past).sum())

    def ask_part(self, X: Any) -> Answers:
        if not len(self.history.panel.codes):
            raise ValueError(
                "This forecaster was fitted with keep_history=False. Pass the past of the series "
                "to predict(X, history=(X_past, y_past)), or append it with update."
            )
        frame = self.recipe.columns.frame_to_forecast(X)
        moments = self.recipe.moments(self.history, frame)
        known = self.recipe.known_ahead(frame, self.history)
        if len(frame) <= _ROWS_AT_ONCE:
            return self.ask_moments(moments, frame, known)
        # By series, so that each part needs the history of some of them.
        order = np.argsort(moments.codes, kind="stable")
        parts = [
            self.ask_moments(moments.take(rows), frame.iloc[rows], known)
            for rows in np.array_split(order, -(-len(frame) // _ROWS_AT_ONCE))
        ]
        return Joined(self.names, parts, np.argsort(order))

    def rehearsal_rows(self) -> pd.DataFrame:
        """Return the next rows of a few series; none without history."""
        history, columns = self.history, self.recipe.columns
        series = np.unique(history.panel.codes)[:_REHEARSED]
        rows = history.ids.frame(series)
        rows[columns.time] = history.clock.times(history.panel.ends[series] + 1)
        for name in (*columns.known, *columns.static):
            known = self.recipe.categories.get(name)
            rows[name] = np.nan if known == [] else 0.0 if known is None else known[0]
        return rows

    @property
    def reads_rows_together(self) -> bool:  # type: ignore[override]
        recipe = self.recipe
        return recipe.layout.reads_known_ahead and bool(recipe.columns.known)

    def input_columns(self, labels: Sequence[Hashable]) -> InputColumns | None:
        columns = self.recipe.columns
        values = self.recipe.categories | dict(
            zip(columns.id, self.history.ids.columns, strict=True)
        )
        cells = [_cell_type(values[name]) if name in values else "number" for name in labels]
        place = list(labels).index(columns.time)
        cells[place] = "number" if self.history.clock.counts_numbers else "unused"
        texts = [
            {value for value in values.get(name, ()) if isinstance(value, str)} for name in labels
        ]
        return InputColumns(cells, None, None, texts)

    def ask_moments(
        self, moments: Moments, rows: pd.DataFrame, known: KnownAhead
    ) -> AnswersInUnits:
        """Predict rows with given origins.

        Parameters
        ----------
        moments : Moments of shape (n,)
        rows : DataFrame of shape (n, n_columns)
        known : KnownAhead
            Known covariates at these and other times.
        """
        recipe, layout = self.recipe, self.recipe.layout
        seen = moments.codes[moments.codes >= 0]
        first, last = (int(seen.min()), int(seen.max())) if len(seen) else (0, 0)
        history, moments = self.history.part(first, last), moments.numbered_from(first)
        question = layout.question(recipe, history, moments, rows, known)
        anchors = recipe.anchors(history, moments, question.levels)
        units = {}
        for task, name in recipe.in_units.items():
            number = recipe.targets.numbers.index(name)
            units[task] = (anchors[:, number], question.scales[:, recipe.places[number]])
        model, X = self._within, question.features
        if not isinstance(model, ForeignModel):
            model, X = fitted_model_reading(self.estimator, X)
        within = layout.answers(
            model.ask_part(X), model.classes, question.places, moments.steps, recipe
        )
        errors, corrections = {}, {}
        if self.conformal is not None:
            errors = self.conformal.at(moments.steps)
            corrections = self.conformal.corrections_at(moments.steps)
        counts = {name for name in recipe.targets.numbers if recipe.targets.is_count(name)}
        answers = InUnits(within, list(recipe.kinds), units, errors, corrections, counts)
        if not recipe.hurdles:
            return answers
        happens = {
            name: layout.classes(model.classes, hurdle.occurs(name), recipe.horizon).astype(bool)
            for name, hurdle in recipe.hurdles.items()
        }
        return WithHurdles(answers, self.names, recipe.hurdles, happens)

    @property
    def _within(self) -> FittedModel:
        if says_its_tasks(fitted_inside(self.estimator)):
            return fitted_model(self.estimator)
        recipe = self.recipe
        kinds = recipe.layout.kinds(recipe.kinds, recipe.horizon)
        return ForeignModel(self.estimator, kinds, named=True)


def _cell_type(values: Sequence[Any]) -> CellType:
    """Return the type of the cells of a column, given its possible values."""
    if values and all(isinstance(value, str) for value in values):
        return "text"
    if values and all(isinstance(value, numbers.Number) for value in values):
        return "number"
    return "any"


class AnswersInUnits(Answers):
    """Answers in the units of the user.

    Attributes
    ----------
    units : dict of target to (anchors, scales)
        Units of the targets that are numbers, ndarray of shape (n,) each.
    """

    units: Mapping[Hashable, tuple[np.ndarray, np.ndarray]]

    def curves(self) -> Mapping[Hashable, Curves]:
        return {}

    def about_curves(
        self, questions: Mapping[Hashable, Callable[[Curves], np.ndarray]]
    ) -> dict[Hashable, np.ndarray]:
        return {}


class WithHurdles(AnswersInUnits):
    """Answers where some targets are the probability of any amount times the amount.

    Parameters
    ----------
    answers : AnswersInUnits
    names : list of hashable
        The targets.
    hurdles : dict of name to Hurdle
    happens : dict of name to ndarray of bool
        Whether each class means that there is any amount, in the order of the probabilities.
    """

    def __init__(
        self,
        answers: AnswersInUnits,
        names: Sequence[Hashable],
        hurdles: Mapping[Hashable, Hurdle],
        happens: Mapping[Hashable, np.ndarray],
    ) -> None:
        self._answers, self._names = answers, names
        self._hurdles, self._happens = hurdles, happens
        self.units = answers.units

    @cached_property
    def predictions(self) -> Mapping[Hashable, np.ndarray]:
        return EachWhenAsked(self._names, self._prediction)

    def _prediction(self, name: Hashable) -> np.ndarray:
        if name not in self._hurdles:
            return self._answers.predictions[name]
        hurdle = self._hurdles[name]
        chances = self._answers.probabilities(hurdle.occurs(name))
        amounts = self._answers.predictions[hurdle.amount(name)]
        return np.asarray(chances[:, self._happens[name]].sum(axis=1) * np.maximum(amounts, 0.0))

    def probabilities(self, name: Hashable) -> np.ndarray:
        return self._answers.probabilities(name)

    def quantiles(self, name: Hashable) -> np.ndarray:
        return self._answers.quantiles(name)


class InUnits(AnswersInUnits):
    """Convert answers in standardised units to the user's units.

    Parameters
    ----------
    answers : Answers
        Answers of the inner model.
    names : list of hashable
    units : dict of target to (anchors, scales)
        Units of the targets that are numbers, ndarray of shape (n,) each.
    errors : dict of target to ndarray of shape (n, n_levels)
        Quantiles of the errors in units of the scale, for targets with conformal intervals.
    corrections : dict of target to ndarray of shape (n, n_quantiles)
        What is added to learnt quantiles, in units of the scale.
    counts : collection of hashable
        Targets whose intervals cannot be negative.
    """

    def __init__(
        self,
        answers: Answers,
        names: Sequence[Hashable],
        units: Mapping[Hashable, tuple[np.ndarray, np.ndarray]],
        errors: Mapping[Hashable, np.ndarray],
        corrections: Mapping[Hashable, np.ndarray],
        counts: Collection[Hashable],
    ) -> None:
        self._answers, self._names = answers, names
        self.units, self._errors, self._corrections = units, errors, corrections
        self._counts = counts

    @cached_property
    def predictions(self) -> Mapping[Hashable, np.ndarray]:
        return EachWhenAsked(self._names, self._prediction)

    def _prediction(self, name: Hashable) -> np.ndarray:
        values = self._answers.predictions[name]
        if name not in self.units:
            return values
        anchor, scale = self.units[name]
        return anchor + scale * np.asarray(values, dtype=np.float64)

    def probabilities(self, name: Hashable) -> np.ndarray:
        return self._answers.probabilities(name)

    def quantiles(self, name: Hashable) -> np.ndarray:
        anchor, scale = self.units[name]
        if name in self._errors:
            quantiles = self.predictions[name][:, None] + scale[:, None] * self._errors[name]
            return np.maximum(quantiles, 0.0) if name in self._counts else quantiles
        quantiles = self._answers.quantiles(name)
        if name in self._corrections:
            quantiles = np.sort(quantiles + self._corrections[name], axis=1)
        return anchor[:, None] + scale[:, None] * quantiles
