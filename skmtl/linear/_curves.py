"""Held-out losses by strength of the penalty, and the choice of the strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from skmtl.linear._descent import ObservedLabels

# If every strength costs a descent, only one out of this many is tried.
STRIDE = 2
# A path stops after this many strengths without a lower held-out loss, but not in its first part:
# with strong penalties hardly anything is learnt, and chance decides which loss is lower.
PATIENCE, LEAST_STRENGTHS = 4, 9
# The curve over all targets is added to that of each target with the weight of this many labels,
# so that a target with few held-out labels follows the others.
_COMMON_LABELS = 50.0


@dataclass
class LossCurves:
    """Held-out losses of the targets, summed over splits.

    Attributes
    ----------
    factors : ndarray of shape (n_alphas,)
        Strengths, from strong to weak.
    task_weight : ndarray of shape (n_targets,)
    sums : ndarray of shape (n_alphas, n_targets)
        Weighted sums of losses; infinite if a strength was not tried in some split.
    constant : ndarray of shape (n_targets,)
        Weighted sums of the losses of the best constants.
    weights, labels : ndarray of shape (n_targets,)
        Total weights and numbers of the held-out labels.
    """

    factors: np.ndarray
    task_weight: np.ndarray
    sums: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        n_targets = len(self.task_weight)
        self.sums = np.zeros((len(self.factors), n_targets))
        self.constant, self.weights, self.labels = np.zeros((3, n_targets))

    def add(self, target: int, weight: np.ndarray, losses: Sequence, constant: np.ndarray) -> None:
        """Add the losses of held-out rows.

        Parameters
        ----------
        target : int
        weight : ndarray of shape (n_rows,)
        losses : sequence of ndarrays of shape (n_rows,)
            Losses by strength; the list may end early, if weaker strengths were not tried.
        constant : ndarray of shape (n_rows,)
            The losses of the best constant.
        """
        tried = len(losses)
        self.sums[:tried, target] += [weight @ values for values in losses]
        self.sums[tried:, target] = np.inf
        self.constant[target] += weight @ constant
        self.weights[target] += weight.sum()
        self.labels[target] += len(weight)

    def path(
        self, target: int, labels: ObservedLabels, constant: np.ndarray, stride: int = STRIDE
    ) -> LossPath:
        """Return a path of strengths, whose losses are added one by one.

        Parameters
        ----------
        target : int
        labels : ObservedLabels
            Labels of the held-out rows.
        constant : ndarray of shape (n_scores,)
            Raw scores of the best constant.
        stride : int
            Only every `stride`-th strength is tried.
        """
        return LossPath(self, target, labels, constant, stride)

    def relative(self) -> np.ndarray:
        """Return losses relative to best constants, (n_alphas, n_targets); NaN without labels."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.sums / self.constant

    def best(self, targets: list[int], *, common: bool) -> np.ndarray:
        """Return the index of the best strength for some targets, (len(targets),).

        With `common`, one strength is chosen for all of them.
        """
        relative, labels = self.relative()[:, targets], self.labels[targets]
        weight = np.where(self.constant[targets] > 0, self.task_weight[targets], 0.0)
        if not weight.any():
            return np.full(len(targets), len(self.factors) // 2)
        counts = weight > 0
        mean = np.average(relative[:, counts], axis=1, weights=weight[counts])[:, None]
        if common:
            return np.full(len(targets), np.argmin(mean))
        has_labels = self.constant[targets] > 0
        losses = np.where(has_labels, relative, 0.0)
        if len(targets) > 1:
            losses = (labels * losses + _COMMON_LABELS * mean) / (labels + _COMMON_LABELS)
        return np.argmin(np.where(has_labels, losses, mean), axis=0)

    def score(self, targets: list[int], *, common: bool = False) -> float:
        """Return the mean relative loss of some targets at their best strengths."""
        weight = np.where(self.constant[targets] > 0, self.task_weight[targets], 0.0)
        if not weight.any():
            return np.nan
        counts = np.flatnonzero(weight)
        chosen = self.relative()[self.best(targets, common=common), targets]
        return float(np.average(chosen[counts], weights=weight[counts]))


class LossPath:
    """Held-out losses of one target along a path of strengths; see `LossCurves.path`."""

    def __init__(
        self,
        curves: LossCurves,
        target: int,
        labels: ObservedLabels,
        constant: np.ndarray,
        stride: int,
    ) -> None:
        self._curves, self._target, self._labels = curves, target, labels
        self._stride = stride
        at = np.tile(constant, (len(labels.rows), 1))
        self._constant = labels.head.losses(at, labels.target)
        self._losses: list[np.ndarray] = []
        self._sums: list[float] = []

    def add(self, scores: np.ndarray) -> bool:
        """Add the raw scores of the next strength; return whether the path can stop."""
        self._losses.append(self._labels.losses_at(scores))
        self._sums.append(float(self._labels.weight @ self._losses[-1]))
        tried = (len(self._sums) - 1) * self._stride
        since = tried - int(np.argmin(self._sums)) * self._stride
        return since >= PATIENCE and tried >= LEAST_STRENGTHS - 1

    def end(self) -> None:
        """Add the losses to the curves, interpolated between the strengths that were tried."""
        losses = self._losses[:1]
        for before, after in pairwise(self._losses):
            between = np.arange(1, self._stride + 1) / self._stride
            losses += [before + share * (after - before) for share in between]
        self._curves.add(self._target, self._labels.weight, losses, self._constant)
