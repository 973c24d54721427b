"""Penalised linear models as an engine."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from skmtl.engines import (
    SCORING_ROWS,
    Engine,
    FitProgress,
    HeldOutMean,
    Problem,
    bags_for,
    check_exact_gradients,
)
from skmtl.engines.linear._fitted import FittedLinear
from skmtl.linear import Design, LabelledRows, LinearTarget, LongSearch, PenaltyOptions, WideSearch
from skmtl.reading import ScorableRows, stacked
from skmtl.tables import DesignEncoder
from skmtl.tasks import TaskSet

# What the targets of wide data must have for a joint penalty.
_JOINT_PENALTY_NEEDS = {
    "shared": "two targets with one raw score each, such as numbers and binary classes",
    "low_rank": "two regressions with squared loss",
    "group_lasso": "a target with one raw score, such as a number or a binary class",
}


@dataclass(frozen=True)
class LinearEngine(Engine):
    """Learns linear functions, in closed form if possible.

    Attributes
    ----------
    options : PenaltyOptions
    owner : str
        The estimator's class, for error messages.
    """

    options: PenaltyOptions
    owner: str

    encodes_by_training_rows: ClassVar[bool] = True

    def make_encoder(self) -> DesignEncoder:
        return DesignEncoder()

    def check_tasks(self, tasks: TaskSet) -> None:
        check_exact_gradients(tasks, self.owner)

    def n_bags(self, n_rows: int, n_targets: int) -> int:
        return bags_for(n_rows)

    def fit(
        self,
        problem: Problem,
        random_state: np.random.RandomState,
        progress: FitProgress,
        previous: Any = None,
    ) -> FittedLinear:
        search = self._search(problem)
        progress.start(search.most_steps + 1)
        number = 0
        for number, work in enumerate(search.work(), 1):
            progress.begin()
            work()
            if progress.end(_report(number - 1, search.score)):
                break
        progress.begin()
        targets, penalty = search.fit()
        if not problem.task_ids and penalty != self.options.penalty:
            self._warn_of_ridge(problem.tasks)
        _finish(problem, targets)
        mean = mean_row(problem)
        fitted = FittedLinear(targets, penalty, search.tried, mean)
        progress.end(_report(number, search.score), lambda: fitted)
        return fitted

    def _warn_of_ridge(self, tasks: TaskSet) -> None:
        """Warn if a joint penalty that was asked for could not be used.

        For a single target, shared coefficients and low rank are ridge penalties.
        """
        penalty = self.options.penalty
        if penalty in _JOINT_PENALTY_NEEDS and (len(tasks) > 1 or penalty == "group_lasso"):
            warnings.warn(
                f"penalty={penalty!r} of {self.owner} needs at least "
                f"{_JOINT_PENALTY_NEEDS[penalty]}, which y does not have: every target has a "
                "ridge penalty of its own. Use penalty='ridge' or 'auto'.",
                stacklevel=2,
            )

    def _search(self, problem: Problem) -> WideSearch | LongSearch:
        rows, splits = _rows_and_splits(problem)
        n_learnt = len(problem.rows)
        if problem.task_ids:
            return LongSearch(rows, n_learnt, splits, self.options)
        return WideSearch(
            rows, n_learnt, splits, self.options, problem.task_weight, by_row=problem.by_row
        )

    def held_out_scores(self, fitted: FittedLinear, problem: Problem) -> np.ndarray:
        # The model was fitted to all rows, so refit each split, with penalties that are chosen
        # within its training rows.
        mean = HeldOutMean(problem)
        for number, (training, held_out) in enumerate(problem.splits):
            if len(held_out):
                targets, _ = self._judged(_within(problem, number, training)).fit()
                rows = problem.rows.take(held_out)
                mean.add(held_out, self.function_scores(targets, rows, problem.tasks))
        return mean.scores()

    def validation_losses(self, fitted: FittedLinear) -> np.ndarray:
        # The lowest loss that was evaluated is that of the chosen strength, for each target.
        losses = np.full(len(fitted.targets), np.nan)
        for judged in fitted.tried:
            losses[judged["target"]] = np.fmin(losses[judged["target"]], judged["loss"])
        return losses

    def sizes(self, fitted: FittedLinear) -> dict[str, int]:
        return {"coefficients": sum(target.coef.size for target in fitted.targets)}

    def _judged(self, problem: Problem) -> WideSearch | LongSearch:
        """Run all the work of a search."""
        search = self._search(problem)
        for work in search.work():
            work()
        return search

    def raw_scores(self, fitted: FittedLinear, rows: ScorableRows, tasks: TaskSet) -> np.ndarray:
        return self.function_scores(fitted.targets, rows, tasks)

    @staticmethod
    def function_scores(
        targets: list[LinearTarget], rows: ScorableRows, tasks: TaskSet
    ) -> np.ndarray:
        """Return the raw scores (n_samples, n_scores) of the targets' linear functions."""
        scores = np.empty((len(rows), tasks.n_scores))
        for positions, matrix, group in rows.chunks(SCORING_ROWS):
            for block, dense in Design(matrix).blocks():
                ids = None if group is None else group[block]
                for target, part in zip(targets, tasks.score_slices, strict=True):
                    scores[positions[block], part] = target.scores(dense, ids)
        return scores


def _within(problem: Problem, number: int, training: np.ndarray) -> Problem:
    """Return the problem of one split's training rows, with the held-out rows of the others.

    Splits that would leave a task without any training label are left out.
    """
    position = np.full(len(problem.rows), -1)
    position[training] = np.arange(len(training))
    other_splits = [split for at, split in enumerate(problem.splits) if at != number]
    parts = [[position[rows] for rows in split] for split in other_splits]
    splits = [(learnt[learnt >= 0], judged[judged >= 0]) for learnt, judged in parts]
    rows = problem.rows.take(training)
    is_label = rows.weight > 0
    has_labels = is_label.any(axis=0)
    splits = [split for split in splits if (is_label[split[0]].any(axis=0) == has_labels).all()]
    return replace(problem, rows=rows, splits=splits)


def _rows_and_splits(problem: Problem) -> tuple[LabelledRows, list]:
    """Return all rows, those of an eval_set last, and training and held-out rows by split."""
    rows, judged = problem.rows, problem.eval_rows
    matrix, target, weight, group = rows.features, rows.labels.target, rows.weight, rows.group
    splits = [split for split in problem.splits if len(split[1])]
    if judged is not None:
        splits = [(np.arange(len(rows)), len(rows) + np.arange(len(judged)))]
        matrix = stacked(matrix, judged.features)
        target = np.concatenate([target, judged.labels.target])
        weight = np.concatenate([weight, judged.weight])
        group = None if group is None else np.concatenate([group, judged.group])
    labelled = LabelledRows(
        Design(matrix),
        problem.tasks,
        target,
        weight.astype(np.float64),
        group,
        len(problem.task_ids),
    )
    return labelled, splits


def _finish(problem: Problem, targets: list[LinearTarget]) -> None:
    """Let heads learn from the scores of training rows, for example baselines."""
    rows, tasks = problem.rows, problem.tasks
    if tasks.learns_from_scores:
        scores = np.empty((len(rows), tasks.n_scores))
        for part, block in Design(rows.features).blocks():
            group = None if rows.group is None else rows.group[part]
            scores[part] = np.hstack([target.scores(block, group) for target in targets])
        tasks.finish(scores, rows.labels, rows.weight.astype(np.float64))


def mean_row(problem: Problem) -> np.ndarray:
    """Return the weighted mean of the rows of the design matrix."""
    weight = problem.rows.row_weight
    weight = np.ones(len(problem.rows)) if weight is None else weight
    design = Design(problem.rows.features)
    return design.transposed_dot(weight[:, None])[:, 0] / weight.sum()


def _report(number: int, score: float) -> dict[str, Any]:
    """Return the report of a piece of work for callbacks."""
    return {
        "bag": number,
        "epoch": number,
        "loss": score,
        "validation_loss": None if np.isnan(score) else score,
        "objective": score,
        "improved": True,
    }
