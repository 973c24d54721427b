"""Choose the strengths for long data on held-out rows, and fit all rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from skmtl.linear._curves import LEAST_STRENGTHS, PATIENCE, STRIDE
from skmtl.linear._descent import ROUGH, Line
from skmtl.linear._grouped import DEVIATIONS, SHIFTS, GroupedTarget, Strengths
from skmtl.linear._options import CLEARLY, UNJUDGED, PenaltyOptions
from skmtl.linear._problem import LabelledRows, LinearTarget, Split

_USUAL_SHIFT = SHIFTS[1]
# If everything is shared, or nothing is, the other part gets a penalty this many times larger.
_ENDLESS = 1e9


class _Judged:
    """One target, fitted and evaluated on each of the splits.

    Attributes
    ----------
    sums : dict of Strengths to float
        Held-out losses, summed over the splits in which the strengths were tried.
    times : dict of Strengths to int
        Number of splits in which the strengths were tried.
    constant, weight : float
        Loss of the best constants, and total weight of the held-out rows, over all splits.
    """

    def __init__(self, rows: LabelledRows, target: int) -> None:
        self._rows, self._target = rows, target
        self._learnt: dict[int, tuple[GroupedTarget, LabelledRows]] = {}
        self._lines: dict[tuple[int, Strengths], Line] = {}
        self.sums: dict[Strengths, float] = {}
        self.times: dict[Strengths, int] = {}
        self.constant = self.weight = 0.0

    def judge(
        self, number: int, split: Split, path: Sequence[Strengths], start: Strengths | None = None
    ) -> None:
        """Try a path of strengths with warm starts, until weaker ones are not worth trying."""
        if number not in self._learnt:
            training, judged = (self._rows.take(part) for part in split)
            self._learnt[number] = GroupedTarget(training, self._target), judged
            self._add_constant(number)
        grouped, judged = self._learnt[number]
        labels = judged.observed(self._target)
        line = None if start is None else self._lines.get((number, start))
        losses: list[float] = []
        for strengths in path:
            line = self._lines[number, strengths] = grouped.line(strengths, line, ROUGH)
            function = grouped.function(strengths, line)
            scores = judged.scores(function)
            losses.append(float(labels.weight @ labels.losses_at(scores)))
            self.sums[strengths] = self.sums.get(strengths, 0.0) + losses[-1]
            self.times[strengths] = self.times.get(strengths, 0) + 1
            since = (len(losses) - 1 - int(np.argmin(losses))) * STRIDE
            if since >= PATIENCE and len(losses) * STRIDE >= LEAST_STRENGTHS:
                break

    def _add_constant(self, number: int) -> None:
        grouped, judged = self._learnt[number]
        labels = judged.observed(self._target)
        scores = np.tile(grouped.start, (len(judged.weight), 1))
        self.constant += float(labels.weight @ labels.losses_at(scores))
        self.weight += float(labels.weight.sum())

    @property
    def complete(self) -> dict[Strengths, float]:
        """Return the losses of strengths that were tried in all splits."""
        most = max(self.times.values(), default=0)
        return {
            strengths: loss
            for strengths, loss in self.sums.items()
            if self.times[strengths] == most
        }

    def best(self, *, deviating: bool) -> Strengths | None:
        """Return the strengths with the lowest loss, with or without deviations; None if none."""
        losses = self.complete
        tried = [
            strengths for strengths in losses if np.isfinite(strengths.deviation) == deviating
        ]
        return min(tried, key=losses.__getitem__, default=None)


class LongSearch:
    """Long data: targets are fitted separately, the ids of a target together.

    Parameters
    ----------
    rows : LabelledRows
        The rows to learn from, followed by those of an eval_set.
    n_learnt : int
        Number of the rows to learn from.
    splits : list of (training, held out)
    options : PenaltyOptions
    """

    def __init__(
        self, rows: LabelledRows, n_learnt: int, splits: list[Split], options: PenaltyOptions
    ) -> None:
        self._splits, self._options = splits, options
        self._learnt = rows.take(np.arange(n_learnt))
        self._judged = [_Judged(rows, target) for target in range(len(rows.tasks))]
        self._alphas = options.alphas(self._learnt.total_weight())
        self._units = self._learnt.row_unit()

    @property
    def most_steps(self) -> int:
        """Upper bound on the number of pieces of work."""
        return 3 * len(self._splits) * len(self._judged)

    def work(self) -> Iterator[Callable[[], None]]:
        """Iterate over pieces of work, to be run in order."""
        for target, (judged, alphas) in enumerate(zip(self._judged, self._alphas.T, strict=True)):
            path = [self._strengths(alpha, target) for alpha in alphas]
            if len(path) > 1 or self._is_open:
                yield from self._over_splits(judged, path[::STRIDE])
            if self._is_open:
                yield from self._open_work(judged, self._units[target])

    @property
    def _is_open(self) -> bool:
        """Whether held-out rows decide on shifts and deviations."""
        return self._options.similarity is None

    def _open_work(self, judged: _Judged, unit: float) -> Iterator[Callable[[], None]]:
        best = judged.best(deviating=False)
        if best is None:
            return
        shifts = [unit * shift for shift in SHIFTS if shift != _USUAL_SHIFT]
        shifted = [Strengths(best.common, shift) for shift in shifts]
        yield from self._over_splits(judged, shifted, best)
        best = judged.best(deviating=False)
        assert best is not None
        if self._options.may_be("shared"):
            deviating = [
                Strengths(best.common, best.shift, unit * factor) for factor in DEVIATIONS
            ]
            yield from self._over_splits(judged, deviating, best)

    def _over_splits(
        self, judged: _Judged, path: Sequence[Strengths], start: Strengths | None = None
    ) -> Iterator[Callable[[], None]]:
        for number, split in enumerate(self._splits):
            yield partial(judged.judge, number, split, path, start)

    def _strengths(self, alpha: float, target: int) -> Strengths:
        similarity = 1.0 if self._is_open else float(self._options.similarity)  # type: ignore[arg-type]
        endless = _ENDLESS * float(self._learnt.weight.sum())
        common = min(alpha / similarity, endless) if similarity > 0 else endless
        deviation = alpha / (1 - similarity) if similarity < 1 else np.inf
        return Strengths(common, _USUAL_SHIFT * self._units[target], deviation)

    @property
    def score(self) -> float:
        """Return the mean over targets of the lowest loss relative to the best constant."""
        shares = [
            min(judged.complete.values()) / judged.constant
            for judged in self._judged
            if judged.sums and judged.constant > 0
        ]
        return float(np.mean(shares)) if shares else np.nan

    def fit(self) -> tuple[list[LinearTarget], str]:
        """Fit all targets to all rows with the best strengths; return them and the penalty."""
        functions = []
        for target, judged in enumerate(self._judged):
            best = self._best(judged) or self._unjudged(target)
            grouped = GroupedTarget(self._learnt, target)
            functions.append(grouped.function(best, grouped.line(best)))
        shares = any(function.slopes is not None for function in functions)
        return functions, "shared" if shares else "ridge"

    def _best(self, judged: _Judged) -> Strengths | None:
        """Return the chosen strengths; None if nothing was evaluated."""
        common, deviating_best = (judged.best(deviating=deviating) for deviating in (False, True))
        if common is None or deviating_best is None:
            return deviating_best if common is None else common
        if self._options.penalty == "shared":
            return deviating_best
        return (
            deviating_best
            if judged.sums[deviating_best] < CLEARLY * judged.sums[common]
            else common
        )

    def _unjudged(self, target: int) -> Strengths:
        alphas = self._alphas[:, target]
        unit = float(self._units[target])
        alpha = float(alphas[0]) if len(alphas) == 1 else UNJUDGED * unit
        if self._is_open and self._options.penalty == "shared":
            return Strengths(2 * alpha, _USUAL_SHIFT * unit, 2 * alpha)
        return self._strengths(alpha, target)

    @property
    def tried(self) -> list[dict[str, Any]]:
        """Return a table of everything that was evaluated."""
        return [
            {
                "target": position,
                "penalty": "shared" if np.isfinite(strengths.deviation) else "ridge",
                "alpha": strengths.alpha,
                "similarity": strengths.similarity,
                "loss": loss / judged.constant if judged.constant > 0 else np.nan,
            }
            for position, judged in enumerate(self._judged)
            for strengths, loss in judged.complete.items()
        ]
