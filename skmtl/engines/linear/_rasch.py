"""Rasch measurement as an engine: items, raters and questions on one scale."""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.engines import SCORING_ROWS, Engine, FitProgress, Problem, weights_in_rows
from skmtl.engines.linear._engine import LinearEngine, mean_row
from skmtl.engines.linear._fitted import FittedLinear
from skmtl.linear import LinearTarget
from skmtl.rasch import (
    RaschOptions,
    RaschSolution,
    Ratings,
    linked_sets,
    maximise,
    mean_squares,
)
from skmtl.reading import EncodedRows, ScorableRows
from skmtl.tables import DesignEncoder, TaskIds
from skmtl.tasks import Ordinal, TaskSet

_MOST_NAMES = 5


@storable
@dataclass(frozen=True)
class Estimates:
    """Estimates of one facet.

    Attributes
    ----------
    value, error : ndarray of shape (n_elements,)
        Estimates and their standard errors.
    n_ratings : ndarray of shape (n_elements,)
    infit, outfit : ndarray of shape (n_elements,)
    """

    value: np.ndarray
    error: np.ndarray
    n_ratings: np.ndarray
    infit: np.ndarray
    outfit: np.ndarray


@storable
@dataclass(frozen=True)
class FittedRasch(FittedLinear):
    """Fitted measures as linear functions of the features, with raters and questions.

    Attributes
    ----------
    rater_ids : list of hashable
    raters, questions : Estimates
    thresholds, threshold_errors : list of ndarray
        Thresholds of each question, and their standard errors.
    coef : ndarray of shape (n_columns,)
        Coefficients of the columns of the design matrix.
    covariance : ndarray of shape (n_columns, n_columns)
        Covariance of the coefficients.
    item_errors : ndarray of shape (n_items + 1,)
        Standard deviation of the effect of each item, given its ratings; the last entry is for
        unseen items.
    severity_scale : float
        Standard deviation of the severities in the population of raters.
    """

    rater_ids: list[Hashable]
    raters: Estimates
    questions: Estimates
    thresholds: list[np.ndarray]
    threshold_errors: list[np.ndarray]
    coef: np.ndarray
    covariance: np.ndarray
    item_errors: np.ndarray
    severity_scale: float

    def measures(self, rows: ScorableRows) -> tuple[np.ndarray, np.ndarray]:
        """Return the measure of each row's item, and its standard error."""
        measure, error = np.empty(len(rows)), np.empty(len(rows))
        shifts = self.targets[0].shifts
        for positions, matrix, group in rows.chunks(SCORING_ROWS):
            centred = np.asarray(matrix) - self.mean
            variance = np.einsum("nc,cd,nd->n", centred, self.covariance, centred)
            item = -1 if group is None else group
            measure[positions] = centred @ self.coef
            if shifts is not None:
                measure[positions] += shifts[item, 0]
            error[positions] = np.sqrt(variance + self.item_errors[item] ** 2)
        return measure, error


@dataclass(frozen=True)
class RaschEngine(Engine):
    """Estimates measures of items, severities of raters and thresholds of questions together.

    Attributes
    ----------
    options : RaschOptions
    rater_column, item_column : hashable
        Names of columns for messages; `item_column` is None without items.
    """

    options: RaschOptions
    rater_column: Hashable
    item_column: Hashable | None

    encodes_by_training_rows: ClassVar[bool] = True
    reads_stored_tables: ClassVar[bool] = False

    def make_encoder(self) -> DesignEncoder:
        return DesignEncoder()

    def check_tasks(self, tasks: TaskSet) -> None:
        for name, head in tasks.varying.by_name.items():
            if not isinstance(head, Ordinal):
                raise ValueError(
                    f"Question {name!r} has kind {head.name!r}, but raters answer on ordered "
                    "levels. Leave it out of y, or set its kind to 'ordinal'."
                )

    def n_bags(self, n_rows: int, n_targets: int) -> int:
        return 1

    def fit(
        self,
        problem: Problem,
        random_state: np.random.RandomState,
        progress: FitProgress,
        previous: Any = None,
    ) -> FittedRasch:
        progress.start(1)
        progress.begin()
        mean = mean_row(problem)
        ids, ratings = self._ratings(problem, mean)
        solution = maximise(ratings, self.options)
        fitted = _fitted(solution, ids, mean)
        loss = -solution.likelihood.value / ratings.weight.sum()
        report = {
            "bag": 0,
            "epoch": 0,
            "loss": loss,
            "validation_loss": None,
            "objective": loss,
            "improved": True,
        }
        progress.end(report, lambda: fitted)
        return fitted

    def raw_scores(self, fitted: FittedRasch, rows: ScorableRows, tasks: TaskSet) -> np.ndarray:
        return LinearEngine.function_scores(fitted.targets, rows, tasks)

    def _ratings(self, problem: Problem, mean: np.ndarray) -> tuple[list[Hashable], Ratings]:
        """Return the ids of the raters, and the observed labels."""
        rows, heads = problem.rows, problem.tasks.heads
        weight = rows.weight.astype(np.float64)
        row, question = np.nonzero(weight > 0)
        raters = self._raters(rows)
        ids = TaskIds().fit(raters.iloc[np.unique(row)])
        if len(ids.ids_) < 2:
            raise ValueError(
                f"rater_column={self.rater_column!r} has only one rater, {ids.ids_[0]!r}, but "
                "severities are differences between raters. Use MultiTaskLinear for the labels of "
                "one rater."
            )
        level = rows.labels.target[:, [part.start for part in problem.tasks.target_slices]]
        ratings = Ratings(
            features=np.asarray(rows.features, dtype=np.float64) - mean,
            rater=np.maximum(ids.transform(raters), 0),  # any rater for rows without labels
            item=rows.group,
            row=row,
            question=question,
            level=level[row, question].astype(np.int64),
            weight=weights_in_rows(weight[row, question]),
            n_levels=np.array([len(head.classes_) for head in heads]),
            n_raters=len(ids.ids_),
            n_items=max(len(problem.task_ids), 1),
        )
        self._check_extremes(ratings, ids.ids_)
        self._check_links(ratings, ids.ids_)
        return ids.ids_, ratings

    def _raters(self, rows: EncodedRows) -> pd.Series:
        raters = rows.raters
        assert raters is not None  # the estimator has named the column
        missing = np.flatnonzero(raters.isna())
        if len(missing):
            raise ValueError(
                f"{len(missing)} rows have no rater in column {self.rater_column!r} (the first at "
                f"positions {missing[:5].tolist()} of the labelled rows). Drop these rows, or "
                "assign an id."
            )
        return raters

    def _check_extremes(self, ratings: Ratings, ids: list[Hashable]) -> None:
        """Raise for raters whose severity is infinite, if severities are not shrunk."""
        if self.options.severity_penalty != 0:
            return
        rater = ratings.rater[ratings.row]
        is_low = ratings.level == 0
        is_high = ratings.level == ratings.n_levels[ratings.question] - 1
        n_labels = np.bincount(rater, minlength=ratings.n_raters)
        for extreme in (is_low, is_high):
            only = np.flatnonzero(np.bincount(rater, extreme, ratings.n_raters) == n_labels)
            if len(only):
                raise ValueError(
                    f"Rater {ids[only[0]]!r} has given the same extreme level throughout, so its "
                    "severity is infinite without shrinkage. Leave the rater out, or set "
                    "severity_scale='auto'."
                )

    def _check_links(self, ratings: Ratings, ids: list[Hashable]) -> None:
        """Warn about sets of raters that are not linked by items, even indirectly."""
        if ratings.item is None:
            return
        used = np.unique(ratings.row)
        rater, item = ratings.rater[used], ratings.item[used]
        sets = linked_sets(rater, item, ratings.n_raters, ratings.n_items)
        if len(sets) > 1:
            shown = "; ".join(_named([ids[i] for i in raters]) for raters in sets[:_MOST_NAMES])
            more = f"; and {len(sets) - _MOST_NAMES} more" if len(sets) > _MOST_NAMES else ""
            warnings.warn(
                f"Items of {self.item_column!r} link the raters of {self.rater_column!r} only "
                f"within {len(sets)} sets: {shown}{more}. Comparing severities of different sets "
                "relies on the features, and on the assumption that the items of all sets are "
                "alike. Let raters of different sets judge some of the same items.",
                UserWarning,
                stacklevel=2,
            )


def _named(ids: list[Hashable]) -> str:
    shown = ", ".join(map(repr, ids[:_MOST_NAMES]))
    return shown if len(ids) <= _MOST_NAMES else f"{shown} and {len(ids) - _MOST_NAMES} more"


def _fitted(solution: RaschSolution, ids: list[Hashable], mean: np.ndarray) -> FittedRasch:
    ratings, squares = solution.ratings, mean_squares(solution)

    def estimates(value: np.ndarray, error: np.ndarray, place: np.ndarray) -> Estimates:
        n_ratings = np.bincount(place, minlength=len(value))
        return Estimates(value, error, n_ratings, *squares.by(place, len(value)))

    coef, shifts = solution.coef, None
    item_errors = np.zeros(1)
    if ratings.item is not None:
        effects, errors = solution.item_effects
        shifts = np.append(effects, 0.0)[:, None]
        item_errors = np.append(errors, solution.item_scale)
    targets = [
        LinearTarget(
            constant=np.append(steps[0] + mean @ coef, np.log(np.diff(steps))),
            coef=coef[:, None],
            directions=-np.eye(1, len(steps)),  # the measure lowers all thresholds
            alpha=solution.coef_penalty,
            shifts=shifts,
        )
        for steps in solution.thresholds
    ]
    return FittedRasch(
        targets=targets,
        penalty="ridge",
        tried=[],
        mean=mean,
        rater_ids=ids,
        raters=estimates(solution.severity, solution.severity_error, ratings.rater[ratings.row]),
        questions=estimates(*solution.difficulty, ratings.question),
        thresholds=solution.thresholds,
        threshold_errors=solution.threshold_errors,
        coef=coef,
        covariance=solution.covariance[ratings.coef, ratings.coef],
        item_errors=item_errors,
        severity_scale=float(solution.severity_penalty**-0.5)
        if solution.severity_penalty > 0
        else np.inf,
    )
