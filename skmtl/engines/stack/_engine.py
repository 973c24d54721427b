"""Fit several engines to the same problem."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import numpy as np

from skmtl.engines import Engine, FitProgress, Problem, check_exact_gradients
from skmtl.engines.stack._fitted import FittedStack
from skmtl.engines.stack._progress import MemberProgress
from skmtl.engines.stack._weights import StackWeights, stack_weights
from skmtl.reading import EncodedRows, RowsToScore, ScorableRows
from skmtl.tables import EncodersSideBySide, TablesSideBySide
from skmtl.tasks import TaskSet


@dataclass(frozen=True)
class Member:
    """An engine of a stack.

    Attributes
    ----------
    name : str
    engine : Engine
    columns : sequence of labels, or None
        The features that the engine reads; None for all.
    """

    name: str
    engine: Engine
    columns: Sequence[Hashable] | None = None


@dataclass(frozen=True)
class StackEngine(Engine):
    """Fits members to the same rows and averages their raw scores.

    Attributes
    ----------
    members : sequence of Member
        Members in the order in which they are fitted, the fast ones first.
    max_time : float
        Seconds after which no further member is started and networks stop; infinite for no limit.
    """

    members: Sequence[Member]
    max_time: float

    encodes_by_training_rows: ClassVar[bool] = True
    refuses_unseen_eval_ids: ClassVar[bool] = True

    @property
    def reads_stored_tables(self) -> bool:
        return False

    def make_encoder(self) -> EncodersSideBySide:
        encoders = [member.engine.make_encoder() for member in self.members]
        return EncodersSideBySide(encoders, [member.columns for member in self.members])

    def check(self) -> None:
        for member in self.members:
            member.engine.check()

    def check_tasks(self, tasks: TaskSet) -> None:
        for name, head in tasks.by_name.items():
            if head.learns_from_scores:
                raise ValueError(
                    f"Task {name!r} has kind {head.name!r}, whose baseline depends on the scores "
                    "of one model, so models cannot be averaged. Use kind 'survival'."
                )
        check_exact_gradients(tasks, "StackedTasks")
        for member in self.members:
            member.engine.check_tasks(tasks)

    def agreed_state(self, random_state: np.random.RandomState) -> np.random.RandomState:
        for member in self.members:
            random_state = member.engine.agreed_state(random_state)
        return random_state

    def n_bags(self, n_rows: int, n_targets: int) -> int:
        # Weights need several splits, even if members alone would use one.
        return max(2, min(member.engine.n_bags(n_rows, n_targets) for member in self.members))

    def fit(
        self,
        problem: Problem,
        random_state: np.random.RandomState,
        progress: FitProgress,
        previous: Any = None,
    ) -> FittedStack:
        started = time.monotonic()
        fitted: list[Any] = []
        scores: list[np.ndarray] = []
        reports, ended = MemberProgress(progress), None
        for position, member in enumerate(self.members):
            left = self.max_time - (time.monotonic() - started)
            if fitted and left < 0:
                break
            part = self._problem(problem, position)
            engine = member.engine.within(left)
            try:
                fitted.append(engine.fit(part, random_state, reports.of(member.name)))
            except Exception as error:
                error.add_note(f"This is an error of the member {member.name!r}.")
                raise
            is_over = time.monotonic() - started > self.max_time
            if is_over and engine is not member.engine:
                ended = member.name
            if is_over and len(fitted) == 1:  # it will be the only one, so nothing is weighted
                scores.append(_no_scores(part))
            else:
                scores.append(_judged_scores(member.engine, fitted[-1], part))
            if reports.stopped:
                break
        if not reports.stopped:
            self._warn_of_time(ended, len(fitted))
        rows = _judged_rows(problem)
        stack_weights_ = stack_weights(problem.tasks, scores, rows, problem.task_weight)
        return _fitted([member.name for member in self.members], fitted, stack_weights_)

    def _warn_of_time(self, ended: str | None, n_fitted: int) -> None:
        """Warn of a member whose fit was ended, and of those that were not begun."""
        names = [member.name for member in self.members]
        lost = [] if ended is None else [f"before the fit of {ended!r} was complete"]
        if n_fitted < len(names):
            lost.append(f"before {names[n_fitted:]} could be fitted")
        if lost:
            warnings.warn(
                f"max_time={self.max_time:g} seconds were over {' and '.join(lost)}. The stack "
                f"consists of {names[:n_fitted]}.",
                stacklevel=2,
            )

    def raw_scores(self, fitted: FittedStack, rows: ScorableRows, tasks: TaskSet) -> np.ndarray:
        def of_member(position: int, learnt: Any) -> np.ndarray:
            engine = self.members[position].engine
            return engine.raw_scores(learnt, self._rows(rows, position), tasks)

        return _weighted(fitted, tasks, of_member)

    def held_out_scores(self, fitted: FittedStack, problem: Problem) -> np.ndarray:
        def of_member(position: int, learnt: Any) -> np.ndarray:
            part = self._problem(problem, position)
            return self.members[position].engine.held_out_scores(learnt, part)

        return _weighted(fitted, problem.tasks, of_member)

    def validation_losses(self, fitted: FittedStack) -> np.ndarray:
        # Use the losses of the best member, because the weights were chosen on the same rows.
        return np.fmin.reduce(fitted.losses, axis=1)

    def sizes(self, fitted: FittedStack) -> dict[str, int]:
        kept = [
            (member.engine, learnt)
            for member, learnt in zip(self.members, fitted.members, strict=True)
            if learnt is not None
        ]
        total: Counter[str] = Counter()
        for engine, learnt in kept:
            total.update(engine.sizes(learnt))
        return {"members": len(kept), **total}

    def _problem(self, problem: Problem, position: int) -> Problem:
        """Return the problem in the form that one member reads."""
        judged = problem.eval_rows
        return replace(
            problem,
            encoder=cast(EncodersSideBySide, problem.encoder).encoders[position],
            rows=_of_member(problem.rows, position),
            eval_rows=None if judged is None else _of_member(judged, position),
        )

    @staticmethod
    def _rows(rows: ScorableRows, position: int) -> ScorableRows:
        """Return rows in the form that one member reads."""
        if isinstance(rows, EncodedRows):
            return _of_member(rows, position)
        assert isinstance(rows, RowsToScore)
        encoder = cast(EncodersSideBySide, rows.encoder)
        features = encoder.part(rows.features, position)
        return replace(rows, encoder=encoder.encoders[position], features=features)


def _weighted(
    fitted: FittedStack, tasks: TaskSet, of_member: Callable[[int, Any], np.ndarray]
) -> np.ndarray:
    """The mean by their weights of the members' raw scores, from positions and what was learnt."""
    widths = [part.stop - part.start for part in tasks.score_slices]
    return sum(
        np.repeat(fitted.weights[:, position], widths) * of_member(position, learnt)
        for position, learnt in enumerate(fitted.members)
        if learnt is not None
    )


def _of_member(rows: EncodedRows, position: int) -> EncodedRows:
    return replace(rows, features=cast(TablesSideBySide, rows.features).tables[position])


def _judged_rows(problem: Problem) -> EncodedRows:
    """Return the rows among which some are not learnt from: all, or those of the eval_set."""
    return problem.rows if problem.eval_rows is None else problem.eval_rows


def _judged_scores(engine: Engine, fitted: Any, problem: Problem) -> np.ndarray:
    """Return raw scores of rows that were not learnt from: the eval_set or held-out rows."""
    if problem.eval_rows is not None:
        return engine.raw_scores(fitted, problem.eval_rows, problem.tasks)
    if not any(len(held_out) for _, held_out in problem.splits):
        return _no_scores(problem)
    return engine.held_out_scores(fitted, problem)


def _no_scores(problem: Problem) -> np.ndarray:
    """Return NaN for the raw scores of all rows."""
    return np.full((len(_judged_rows(problem)), problem.tasks.n_scores), np.nan)


def _fitted(names: list[str], fitted: list[Any], chosen: StackWeights) -> FittedStack:
    """Keep members with positive weight; members that were not fitted have weight 0."""
    n_missing = len(names) - len(fitted)
    used = chosen.weights.max(axis=0) > 0
    members = [learnt if kept else None for learnt, kept in zip(fitted, used, strict=True)]
    width = ((0, 0), (0, n_missing))
    return FittedStack(
        names,
        [*members, *[None] * n_missing],
        np.pad(chosen.weights, width),
        np.pad(chosen.losses, width, constant_values=np.nan),
        np.pad(chosen.errors, width, constant_values=np.nan),
    )
