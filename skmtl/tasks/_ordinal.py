"""Targets whose classes have an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from skmtl.tasks._kind import ClassificationKind, plain_values, sorted_classes

if TYPE_CHECKING:
    from torch import Tensor

# Keeps the probability of a class away from zero where two thresholds meet in float32.
_TINY = 1e-7


class Ordinal(ClassificationKind):
    r"""One of several ordered classes, by a cumulative logit link.

    With :math:`K` classes there are :math:`K - 1` raw scores: :math:`\theta_1 = s_1` and
    :math:`\theta_k = \theta_{k-1} + e^{s_k}`, hence increasing thresholds, and
    :math:`P(y \le k) = \sigma(\theta_k)` (McCullagh 1980). A row moves all thresholds through
    :math:`s_1`, which is the proportional-odds model; the gaps :math:`e^{s_k}` may depend on
    the row as well, so the odds need not be proportional, and the cumulative probabilities
    never cross.

    Parameters
    ----------
    order : sequence, optional
        The classes from lowest to highest. By default the order of an ordered categorical,
        or of the numbers; text without an order is an error.

    Notes
    -----
    The loss is convex in the thresholds but not in the log-gaps: for these
    `gradient_hessian` gives the Gauss-Newton curvature (second derivative by the threshold,
    carried through the exponential), which is positive; for :math:`s_1` it is exact.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.tasks import Ordinal
    >>> head = Ordinal(order=["low", "mid", "high"])
    >>> head.fit(pd.Series(["mid", "low", "high"]), task="risk").classes_.tolist()
    ['low', 'mid', 'high']
    """

    name: ClassVar[str] = "ordinal"
    default_metric: ClassVar[str] = "accuracy"

    def __init__(self, order: Sequence[Any] | None = None) -> None:
        self.order = None if order is None else tuple(order)

    def parameters(self) -> dict[str, object]:
        return {"order": self.order}

    def _learn(
        self, labels: pd.Series, *, weight: np.ndarray, group: np.ndarray | None, n_groups: int
    ) -> None:
        present = sorted_classes(labels, self.task)
        self.classes_ = (
            present if self._order_of(labels) is None else self._ordered(labels, present)
        )
        self.n_scores = len(self.classes_) - 1

    def _order_of(self, labels: pd.Series) -> Sequence[Any] | None:
        if self.order is not None:
            return self.order
        if isinstance(labels.dtype, pd.CategoricalDtype) and labels.cat.ordered:
            return list(labels.cat.categories)
        if plain_values(labels).dtype.kind in "OU":
            raise ValueError(
                f"Task {self.task!r} is ordinal but its labels are text without an order. Give "
                "an ordered pandas categorical, or Ordinal(order=[...]) from lowest to highest."
            )
        return None

    def _ordered(self, labels: pd.Series, present: np.ndarray) -> np.ndarray:
        order = list(self._order_of(labels) or ())
        strange = [label for label in present if label not in order]
        if strange:
            raise ValueError(
                f"Task {self.task!r} has the label {strange[0]!r}, which is not in the order "
                f"{order}."
            )
        found = set(present.tolist())
        return np.array([label for label in order if label in found], dtype=present.dtype)

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        import torch

        theta = self._thresholds_torch(scores)
        edge = torch.full_like(theta[..., :1], torch.inf)
        upper = torch.cat([theta, edge], dim=-1)
        lower = torch.cat([-edge, theta], dim=-1)
        level = target.long()
        high, low = upper.gather(-1, level)[..., 0], lower.gather(-1, level)[..., 0]
        # sigma(high) - sigma(low), written on the side where it does not cancel.
        flip = (low > 0) & torch.isfinite(low)
        high, low = torch.where(flip, -low, high), torch.where(flip, -high, low)
        return -torch.log((torch.sigmoid(high) - torch.sigmoid(low)).clamp_min(_TINY))

    @staticmethod
    def _thresholds_torch(scores: Tensor) -> Tensor:
        import torch

        steps = torch.cat([scores[..., :1], torch.exp(scores[..., 1:])], dim=-1)
        return steps.cumsum(dim=-1)

    def gradient_hessian(
        self, scores: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        rows, level = np.arange(len(scores)), target[:, 0].astype(int)
        cumulative = self._cumulative(scores)
        low, high = cumulative[rows, level], cumulative[rows, level + 1]
        slope_low, slope_high = low * (1 - low), high * (1 - high)
        share = np.maximum(high - low, _TINY)
        # Derivatives by a shift of both thresholds, and of the upper one alone.
        both, both2 = low + high - 1, slope_low + slope_high
        upper = -slope_high / share
        upper2 = upper**2 + (2 * high - 1) * slope_high / share
        gap = np.exp(scores)
        gap[:, 0] = 1.0
        step = np.arange(scores.shape[1])
        moves_both, moves_upper = step < level[:, None], step == level[:, None]
        moves_both[:, 0] = True  # the first score shifts every threshold
        moves_upper[:, 0] = False
        gradient = np.where(moves_both, both[:, None], np.where(moves_upper, upper[:, None], 0.0))
        curvature = np.where(
            moves_both, both2[:, None], np.where(moves_upper, upper2[:, None], 0.0)
        )
        return gradient * gap, np.maximum(curvature * gap**2, _TINY)

    @staticmethod
    def _cumulative(scores: np.ndarray) -> np.ndarray:
        """P(y <= k) with the certain ends, of shape (n_samples, n_classes + 1)."""
        steps = np.exp(scores)
        steps[:, 0] = scores[:, 0]
        inner = expit(np.cumsum(steps, axis=1))
        ends = np.ones((len(scores), 1))
        return np.hstack([0 * ends, inner, ends])

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        share = np.bincount(target[:, 0].astype(int), weight, self.n_scores + 1)
        share = np.maximum(share / share.sum(), 1e-6)
        theta = logit(np.cumsum(share / share.sum())[:-1])
        return np.append(theta[:1], np.log(np.maximum(np.diff(theta), 1e-6)))

    def predict_proba(self, scores: np.ndarray) -> np.ndarray:
        return np.diff(self._cumulative(np.asarray(scores, dtype=np.float64)), axis=1)
