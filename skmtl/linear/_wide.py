"""Choose the penalty for wide data on held-out rows, and fit all rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from skmtl.linear._axes import Axes
from skmtl.linear._curves import LossCurves
from skmtl.linear._joint import LearntPart, joint_targets, numeric_targets
from skmtl.linear._options import CLEARLY, UNJUDGED, PenaltyOptions
from skmtl.linear._problem import LabelledRows, LinearTarget, Split
from skmtl.linear._separate import SeparateRidge
from skmtl.linear._structures import ChosenFeatures, LowRank, SharedCoefficients, Structure

_SIMILARITIES = (0.5, 0.9)
# A structure is dropped if its loss in the first split exceeds that of the ridge penalty by this
# factor.
_HOPELESS = 1.01
# With penalty="auto", low rank is only tried with at least this many targets.
_LEAST_OF_LOW_RANK = 3


class _JudgedStructure:
    """A structure and its held-out losses."""

    def __init__(self, structure: Structure, targets: list[int], curves: LossCurves) -> None:
        self.structure, self.targets, self.curves = structure, targets, curves

    def judge(
        self,
        rows: LabelledRows,
        axes: Axes,
        split: Split,
        alphas: np.ndarray,
        share: np.ndarray,
    ) -> None:
        """Add the losses of a split along the path of strengths."""
        part = LearntPart(rows, split[0], axes, is_rough=True)
        learnt = self.structure.solver(part, self.targets, share)
        judged = rows.take(split[1])
        paths = [
            self.curves.path(i, judged.observed(i), learnt.start[[at]], stride=1)
            for at, i in enumerate(self.targets)
        ]
        lines = None
        for alpha in alphas:
            lines = learnt.lines(alpha, lines)
            scores = learnt.scores(lines, judged.design)
            if all([path.add(scores[:, [at]]) for at, path in enumerate(paths)]):
                break
        for path in paths:
            path.end()


class WideSearch:
    """Wide data: separate ridge penalties for the targets, or a joint penalty.

    Parameters
    ----------
    rows : LabelledRows
        The rows to learn from, followed by those of an eval_set.
    n_learnt : int
        Number of the rows to learn from.
    splits : list of (training, held out)
    options : PenaltyOptions
    task_weight : ndarray of shape (n_targets,)
    by_row : bool
        Whether leave-one-out may choose the strengths for squared losses.
    """

    def __init__(
        self,
        rows: LabelledRows,
        n_learnt: int,
        splits: list[Split],
        options: PenaltyOptions,
        task_weight: np.ndarray,
        *,
        by_row: bool,
    ) -> None:
        self._rows, self._splits, self._options = rows, splits, options
        self._task_weight = task_weight
        self._learnt = rows.take(np.arange(n_learnt))
        mean_weight = rows.weight.mean(axis=1)
        mean_weight[n_learnt:] = 0.0
        self._axes = Axes(rows.design, mean_weight)
        self._separate = SeparateRidge(rows, self._axes)
        self._alphas = options.alphas(self._learnt.total_weight())
        self._ridge = LossCurves(options.factors(), task_weight)
        self._structures = [
            _JudgedStructure(
                structure, targets, LossCurves(options.factors(fine=True), task_weight)
            )
            for structure, targets in self._possible()
        ]
        self._leaves_out = len(self._alphas) > 1 and (
            not splits or (by_row and not self._structures)
        )

    def _possible(self) -> Iterator[tuple[Structure, list[int]]]:
        options, rows = self._options, self._learnt
        weighs = self._task_weight > 0
        together, numeric = (
            [target for target in targets if weighs[target]]
            for targets in (joint_targets(rows), numeric_targets(rows))
        )
        if options.may_be("shared") and len(together) > 1:
            fixed = options.similarity
            similarities = _SIMILARITIES if fixed is None else (fixed,)
            yield from ((SharedCoefficients(similarity), together) for similarity in similarities)
        least = _LEAST_OF_LOW_RANK if options.penalty == "auto" else 2
        if options.may_be("low_rank") and len(numeric) >= least:
            yield LowRank(), numeric
        if options.penalty == "group_lasso" and together:
            yield ChosenFeatures(), together

    @property
    def most_steps(self) -> int:
        """Upper bound on the number of pieces of work."""
        return len(self._splits) * (1 + len(self._structures))

    def work(self) -> Iterator[Callable[[], None]]:
        """Iterate over pieces of work, to be run in order."""
        if len(self._alphas) == 1 and len(self._candidates) == 1:
            return
        if self._leaves_out:
            self._separate.judge_left_out(self._ridge, self._alphas, self._learnt)
        first_split = None
        for split in self._splits:
            yield partial(
                self._separate.judge_split,
                self._ridge,
                self._alphas,
                split,
                with_squared=not self._leaves_out,
            )
            for judged in list(self._structures):
                alphas, share = self._of(judged.targets)
                yield partial(judged.judge, self._rows, self._axes, split, alphas, share)
            if first_split is None and self._options.penalty == "auto":
                first_split = split
                self._structures = [
                    judged for judged in self._structures if not self._is_hopeless(judged)
                ]

    @property
    def _candidates(self) -> list[str]:
        """Return the names of the penalties that are compared on held-out rows."""
        structures = [judged.structure.name for judged in self._structures]
        ridge = ["ridge"] if self._options.penalty == "auto" or not structures else []
        return ridge + structures

    def _of(self, targets: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return common strengths of some targets, and the share of each in the total loss."""
        share = self._task_weight[targets] / self._task_weight[targets].mean()
        total = float(self._learnt.total_weight()[targets] @ share / len(targets))
        return self._options.alphas(np.array([total]), fine=True)[:, 0], share

    def _is_hopeless(self, judged: _JudgedStructure) -> bool:
        structure = judged.curves.score(judged.targets, common=True)
        return structure > _HOPELESS * self._ridge.score(judged.targets)

    def _best(self) -> _JudgedStructure | None:
        """Return the chosen structure; None for a ridge penalty."""
        if self._options.penalty == "ridge" or not self._structures:
            return None
        scores = [
            candidate.curves.score(candidate.targets, common=True)
            for candidate in self._structures
        ]
        if not np.isfinite(scores).any():
            return None if self._options.penalty == "auto" else self._structures[0]
        best = self._structures[int(np.nanargmin(scores))]
        if self._options.penalty != "auto":
            return best
        joint_score = best.curves.score(best.targets, common=True)
        return best if joint_score < CLEARLY * self._ridge.score(best.targets) else None

    @property
    def score(self) -> float:
        """Return the mean over targets of the lowest loss relative to the best constant."""
        return self._ridge.score(list(range(len(self._task_weight))))

    def fit(self) -> tuple[list[LinearTarget], str]:
        """Fit all targets to all rows with the best penalty; return them and its name."""
        best, functions = self._best(), {}
        if best is not None:
            alphas, share = self._of(best.targets)
            alpha = float(alphas[best.curves.best(best.targets, common=True)[0]])
            if len(alphas) > 1 and not best.curves.labels.any():
                alpha = UNJUDGED * float(self._learnt.row_unit()[best.targets].mean())
            rows = np.arange(len(self._learnt.weight))
            part = LearntPart(self._rows, rows, self._axes, is_rough=False)
            learnt = best.structure.solver(part, best.targets, share)
            functions = learnt.functions(learnt.lines(alpha), alpha)
        every = list(range(len(self._task_weight)))
        strengths = self._alphas[self._ridge.best(every, common=False), every]
        if len(self._alphas) > 1 and not self._ridge.labels.any():
            strengths = UNJUDGED * self._learnt.row_unit()
        separate = [target for target in every if target not in functions]
        functions |= self._separate.fit(strengths, separate, self._learnt)
        return [functions[i] for i in every], "ridge" if best is None else best.structure.name

    @property
    def tried(self) -> list[dict[str, Any]]:
        """Return a table of everything that was evaluated."""
        every = list(range(len(self._task_weight)))
        judged = [("ridge", 0.0, self._ridge, self._alphas, every)]
        for candidate in self._structures:
            alphas = np.repeat(self._of(candidate.targets)[0][:, None], len(every), axis=1)
            structure = candidate.structure
            judged.append(
                (structure.name, structure.similarity, candidate.curves, alphas, candidate.targets)
            )
        return [
            {
                "target": target,
                "penalty": name,
                "alpha": float(alphas[at, target]),
                "similarity": similarity,
                "loss": float(loss),
            }
            for name, similarity, curves, alphas, targets in judged
            for target in targets
            for at, loss in enumerate(curves.relative()[:, target])
            if np.isfinite(loss)
        ]
