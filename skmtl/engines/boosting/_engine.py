"""Boosting in blocks as an engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import numpy as np
from lightgbm.basic import LightGBMError

from skmtl.boosting import Features, FittedSequence, Switch, binned, fit_pool
from skmtl.engines import SCORING_ROWS, Engine, FitProgress, HeldOutMean, Problem
from skmtl.engines.boosting._fitted import FittedBoosting, place_scores
from skmtl.engines.boosting._rmtgb_settings import RMTGBSettings
from skmtl.engines.boosting._rows import BoostingRows, weight_in_rows
from skmtl.engines.boosting._warnings import warn_of_rounds
from skmtl.reading import ScorableRows, Split
from skmtl.tables import TreeEncoder
from skmtl.tasks import TaskSet


@dataclass(frozen=True)
class BoostingEngine(Engine):
    """Grows blocks of trees on LightGBM.

    Attributes
    ----------
    settings : RMTGBSettings
    owner : str
        The estimator's class, for error messages.
    max_time : float, default=infinity
        Seconds after which no further round is grown.
    """

    settings: RMTGBSettings
    owner: str
    max_time: float = np.inf

    refuses_unseen_eval_ids: ClassVar[bool] = True

    def make_encoder(self) -> TreeEncoder:
        return TreeEncoder()

    def check_tasks(self, tasks: TaskSet) -> None:
        for name, head in tasks.by_name.items():
            if head.learns_from_scores:
                raise ValueError(
                    f"Task {name!r} has kind {head.name!r}, whose loss compares rows with each "
                    f"other: {self.owner} cannot boost it. Use kind 'survival', or MultiTab."
                )

    def within(self, seconds: float) -> BoostingEngine:
        return replace(self, max_time=min(self.max_time, max(seconds, 0.0)))

    def n_bags(self, n_rows: int, n_targets: int) -> int:
        return self.settings.n_bags(n_rows, n_targets)

    def fit(
        self,
        problem: Problem,
        random_state: np.random.RandomState,
        progress: FitProgress,
        previous: Any = None,
    ) -> FittedBoosting:
        rows, splits = _rows_and_splits(problem)
        seed = random_state.randint(2**31 - 1)
        with self._naming_lightgbm_params():
            return self._fit_pools(problem, rows, splits, seed, progress)

    def raw_scores(self, fitted: FittedBoosting, rows: ScorableRows, tasks: TaskSet) -> np.ndarray:
        scores = np.full((len(rows), tasks.n_scores), np.nan)
        # Process rows of long data by task, so that each task's trees are visited once.
        for positions, matrix, group in rows.chunks(SCORING_ROWS, by_group=True):
            for targets, boosted in fitted.pools:
                pool_scores = boosted.scores(matrix, group, self.settings.n_threads())
                place_scores(tasks, scores, positions, targets, pool_scores)
        return scores

    def held_out_scores(self, fitted: FittedBoosting, problem: Problem) -> np.ndarray:
        mean = HeldOutMean(problem)
        _, splits = _rows_and_splits(problem)
        for number, (_, held_out) in enumerate(splits):
            rows = problem.rows.take(held_out)
            bag = fitted.bag(number)
            if bag is not None:
                mean.add(held_out, self.raw_scores(bag, rows, problem.tasks))
        return mean.scores()

    def sizes(self, fitted: FittedBoosting) -> dict[str, int]:
        return {
            "models": sum(len(pool.bags) for _, pool in fitted.pools),
            "rounds": sum(pool.n_rounds for _, pool in fitted.pools),
        }

    def staged_scores(
        self, fitted: FittedBoosting, rows: ScorableRows, tasks: TaskSet
    ) -> Iterator[np.ndarray]:
        """Iterate over raw scores of the intercepts, then after every round of each block."""
        n_threads = self.settings.n_threads()
        scores = np.empty((len(rows), tasks.n_scores))
        chunks = list(rows.chunks(SCORING_ROWS, by_group=True))
        for targets, boosted in fitted.pools:
            for positions, matrix, group in chunks:
                intercepts = boosted.intercepts(len(matrix), group)
                place_scores(tasks, scores, positions, targets, intercepts)
        yield scores.copy()
        for targets, boosted in fitted.pools:
            stages = [boosted.staged(matrix, group, n_threads) for _, matrix, group in chunks]
            for stage in zip(*stages, strict=True):
                for (positions, _, _), pool_scores in zip(chunks, stage, strict=True):
                    place_scores(tasks, scores, positions, targets, pool_scores)
                yield scores.copy()

    @contextmanager
    def _naming_lightgbm_params(self) -> Iterator[None]:
        """Mention lightgbm_params in errors of LightGBM."""
        try:
            yield
        except LightGBMError as error:
            raise ValueError(
                f"LightGBM refuses the parameters, "
                f"lightgbm_params={self.settings.lightgbm_params!r} among them: {error}"
            ) from error

    def _fit_pools(
        self,
        problem: Problem,
        rows: BoostingRows,
        splits: list[Split],
        seed: int,
        progress: FitProgress,
    ) -> FittedBoosting:
        encoder = cast(TreeEncoder, problem.encoder)
        matrix, settings = rows.matrix, self.settings
        pools = rows.pools(problem.tasks, problem.task_ids)
        most = sum(len(settings.sequences(pool.pool, validated=True)) for pool in pools)
        progress.start(len(splits) * most)
        reports = _BagReports(progress)
        features: Features | None = None
        boosted, limits, switch = [], [], Switch(self.max_time)
        for target_pool in pools:
            pool = target_pool.pool
            weights = [
                (
                    weight_in_rows(pool, learnt, len(matrix)),
                    weight_in_rows(pool, held_out, len(matrix)),
                )
                for learnt, held_out in splits
            ]
            validated = any(held_out.any() for _, held_out in weights)
            options = settings.options(
                pool,
                len(matrix),
                len(problem.tasks),
                validated=validated,
                seed=seed,
                encoder=encoder,
            )
            sequences = settings.sequences(pool, validated=validated, n_features=matrix.shape[1])
            if features is None:
                features = Features(
                    matrix,
                    np.array(encoder.numeric_positions_, dtype=np.intp),
                    np.array(encoder.categorical_positions_, dtype=np.intp),
                    binned(matrix, encoder.categorical_positions_, options.parameters["shared"]),
                )
            fitted = fit_pool(pool, features, weights, sequences, options, reports, switch)
            boosted.append((target_pool.targets, fitted))
            limits.append(options)
        whole = FittedBoosting(boosted)
        if not (switch.off or reports.stopped):
            warn_of_rounds(
                problem.tasks,
                whole,
                limits,
                matrix.shape[1],
                validated=any(len(held_out) for _, held_out in splits),
            )
        return whole


def _rows_and_splits(problem: Problem) -> tuple[BoostingRows, list[Split]]:
    """Return all rows, and positions of training and held-out rows for each bag."""
    rows = BoostingRows.from_encoded(problem.rows, problem.task_weight)
    if problem.eval_rows is not None:
        n_rows = len(rows.weight)
        rows = rows.above(BoostingRows.from_encoded(problem.eval_rows, problem.task_weight))
        return rows, [(np.arange(n_rows), np.arange(n_rows, len(rows.weight)))]
    held_out = [split for split in problem.splits if len(split[1])] or problem.splits[:1]
    # Trees are deterministic: bags with the same rows would be identical.
    return rows, list({split[1].tobytes(): split for split in reversed(held_out)}.values())[::-1]


class _BagReports:
    """Reports every fitted bag of every sequence to the progress of a fit.

    Attributes
    ----------
    stopped : bool
        Whether a callback has asked to stop.
    """

    def __init__(self, progress: FitProgress) -> None:
        self._progress = progress
        self._number = 0
        self._least = np.inf
        self.stopped = False

    def __call__(self, names: tuple[str, ...], bag: int, fitted: FittedSequence) -> bool:
        improved = bool(fitted.loss < self._least)
        self._least = min(self._least, fitted.loss)
        report = {
            "bag": bag,
            "epoch": self._number,
            "blocks": names,
            "loss": float(fitted.history["loss"].iloc[-1]),
            "validation_loss": None if np.isnan(fitted.loss) else fitted.loss,
            "objective": fitted.loss,
            "improved": improved,
        }
        self._number += 1
        self._progress.begin()
        self.stopped |= self._progress.end(report)
        return self.stopped
