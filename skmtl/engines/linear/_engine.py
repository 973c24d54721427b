"""Penalised linear models as an engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from skmtl.engines import Engine, FitProgress, Problem
from skmtl.engines.linear._fitted import FittedLinear
from skmtl.linear import Design, LabelledRows, LossCurves, SeparateRidge
from skmtl.reading import RowsToScore, stacked
from skmtl.tables import DesignEncoder
from skmtl.tasks import TaskSet

# Rows that are encoded and scored at a time, so that scoring holds no copy of X.
SCORING_ROWS = 2**17
# Strengths by row, in half decades: from nothing learnt to next to nothing penalised.
_FACTORS = np.logspace(2, -8, 21)


@dataclass(frozen=True)
class LinearEngine(Engine):
    """Learns linear functions, by closed forms where there are any.

    Attributes
    ----------
    penalty : {"auto", "ridge"}
    alpha : float or "auto"
    owner : str
        The estimator's class, for error messages.
    """

    penalty: str
    alpha: float | Literal["auto"]
    owner: str

    encodes_by_training_rows: ClassVar[bool] = True

    def make_encoder(self) -> DesignEncoder:
        return DesignEncoder()

    def check_tasks(self, tasks: TaskSet) -> None:
        for name, head in tasks.by_name.items():
            if head.learns_from_scores:
                raise ValueError(
                    f"Task {name!r} has kind {head.name!r}, whose loss compares rows with each "
                    f"other, which {self.owner} cannot learn. Use kind 'survival', or MultiTab."
                )

    def n_bags(self, n_rows: int) -> int:
        return 5 if n_rows <= 50_000 else 2 if n_rows <= 200_000 else 1

    def fit(
        self,
        problem: Problem,
        random_state: np.random.RandomState,
        progress: FitProgress,
        previous: Any = None,
    ) -> FittedLinear:
        rows, splits = _rows_and_splits(problem)
        learnt = rows.take(np.arange(len(problem.rows)))
        curves = LossCurves(self._factors(learnt), problem.task_weight)
        alphas = self._alphas(curves.factors, learnt)
        progress.start(len(splits) + 1)
        if len(alphas) > 1:
            whole = SeparateRidge(rows)
            for number, split in enumerate(splits):
                progress.begin()
                whole.judge_split(curves, alphas, split)
                if self._tell(progress, number, curves):
                    break
        progress.begin()
        chosen = curves.best()
        targets = SeparateRidge(learnt).fit(alphas[chosen, np.arange(len(chosen))])
        self._tell(progress, len(splits), curves)
        share = _row_weight(problem)
        mean = learnt.design.transposed_dot(share[:, None])[:, 0]
        return FittedLinear(targets, "ridge", [], mean)

    def _factors(self, rows: LabelledRows) -> np.ndarray:
        return _FACTORS if self.alpha == "auto" else np.ones(1)

    def _alphas(self, factors: np.ndarray, rows: LabelledRows) -> np.ndarray:
        """Strengths of each target, (n_alphas, n_targets), from strong to weak."""
        if self.alpha == "auto":
            return factors[:, None] * rows.total_weight()
        return np.full((1, len(rows.tasks)), float(self.alpha))

    @staticmethod
    def _tell(progress: FitProgress, number: int, curves: LossCurves) -> bool:
        score = curves.score()
        report = {
            "bag": number,
            "epoch": number,
            "loss": score,
            "validation_loss": score,
            "objective": score,
            "improved": True,
        }
        return progress.end(report)

    def raw_scores(self, fitted: FittedLinear, rows: RowsToScore, tasks: TaskSet) -> np.ndarray:
        scores = np.empty((len(rows), tasks.n_scores))
        for positions, matrix, group in rows.chunks(SCORING_ROWS):
            for target, part in zip(fitted.targets, tasks.score_slices, strict=True):
                scores[positions, part] = target.scores(matrix, group)
        return scores


def _rows_and_splits(problem: Problem) -> tuple[LabelledRows, list]:
    """All rows, those of an eval_set last, and what is learnt and held out in each split."""
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


def _row_weight(problem: Problem) -> np.ndarray:
    """Share of each row in the mean of the design."""
    weight = problem.rows.sample_weight
    weight = np.ones(len(problem.rows)) if weight is None else weight
    return weight / weight.sum()
