"""Targets whose classes have an order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from skmtl._storable import storable
from skmtl.tasks._class_weight import ClassWeight, check_class_weight
from skmtl.tasks._classification import ClassificationKind
from skmtl.tasks._label_values import plain_values, sorted_classes

if TYPE_CHECKING:
    from torch import Tensor

# Lower limit of the curvature, because boosting divides by it.
_TINY = 1e-7


@storable
class Ordinal(ClassificationKind):
    r"""One of several ordered classes, by a cumulative logit link.

    With :math:`K` classes there are :math:`K - 1` raw scores: :math:`\theta_1 = s_1` and
    :math:`\theta_k = \theta_{k-1} + e^{s_k}`, hence increasing thresholds, and
    :math:`P(y \le k) = \sigma(\theta_k)` (McCullagh 1980). A row shifts all thresholds through
    :math:`s_1`, which is the proportional-odds model; the gaps :math:`e^{s_k}` may also depend on
    the row, so the odds do not have to be proportional, and the cumulative probabilities never
    cross.

    Parameters
    ----------
    order : sequence, optional
        The classes from lowest to highest. By default the order of an ordered categorical, or of
        numbers; text without an order raises an error.
    class_weight : "balanced" or mapping of class to float, default=None
        As in `Binary`. The cumulative probabilities are those of the weighted classes.

    Attributes
    ----------
    widest_log_gap : float
        Log-gaps are clipped to this size.

    Notes
    -----
    The loss is convex in the thresholds but not in the log-gaps. For log-gaps,
    `gradient_hessian` returns the Gauss-Newton curvature (the second derivative by the threshold
    times the squared derivative of the exponential), which is positive; for :math:`s_1` it is
    exact.

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
    is_ordered: ClassVar[bool] = True
    score_sign: ClassVar[int] = -1
    # A gap of e^30 is practically infinite, and much larger ones overflow float32.
    widest_log_gap: ClassVar[float] = 30.0

    def __init__(
        self, order: Sequence[Any] | None = None, class_weight: ClassWeight = None
    ) -> None:
        if isinstance(order, str) or not (order is None or isinstance(order, Iterable)):
            raise ValueError(f"order must be a list of classes, from low to high, got {order!r}.")
        check_class_weight(class_weight)
        self.class_weight = class_weight
        self.order = None if order is None else tuple(order)
        if self.order is not None and len(set(self.order)) < len(self.order):
            raise ValueError(f"order must name each class once, got {order!r}.")

    def parameters(self) -> dict[str, object]:
        return {"order": self.order, "class_weight": self.class_weight}

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
                f"Task {self.task!r} is ordinal but its labels are text without an order. Use "
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
        seen = set(present.tolist())
        return np.array([label for label in order if label in seen], dtype=present.dtype)

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        import torch
        from torch.nn.functional import softplus

        gaps = torch.exp(scores[..., 1:].clamp(-self.widest_log_gap, self.widest_log_gap))
        theta = torch.cat([scores[..., :1], gaps], dim=-1).cumsum(dim=-1)
        edge = torch.full_like(theta[..., :1], torch.inf)
        level = target.long()

        def of_level(*parts: Tensor) -> Tensor:
            return torch.cat(parts, dim=-1).gather(-1, level)[..., 0]

        low, high = of_level(-edge, theta), of_level(theta, edge)
        # sigma(high) - sigma(low) = sigma(high) sigma(-low) (1 - e^-gap), without cancellation.
        certain = -torch.expm1(-of_level(edge, gaps, edge))
        return softplus(-high) + softplus(low) - torch.log(certain)

    def losses(self, scores: np.ndarray, target: np.ndarray) -> np.ndarray:
        rows, level = np.arange(len(scores)), target[:, 0].astype(int)
        edge = np.full((len(scores), 1), np.inf)
        gaps = self._gaps(scores)
        theta = np.hstack([-edge, np.cumsum(np.hstack([scores[:, :1], gaps]), axis=1), edge])
        low, high = theta[rows, level], theta[rows, level + 1]
        # See `loss`.
        certain = -np.expm1(-np.hstack([edge, gaps, edge])[rows, level])
        return np.logaddexp(0, -high) + np.logaddexp(0, low) - np.log(certain)

    def gradient_hessian(
        self, scores: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        rows, level = np.arange(len(scores)), target[:, 0].astype(int)
        gaps, cumulative = self._gaps(scores), self._cumulative(scores)
        low, high = cumulative[rows, level], cumulative[rows, level + 1]
        edge = np.full((len(scores), 1), np.inf)
        gap = np.hstack([edge, gaps, edge])[rows, level]
        squeeze = np.exp(-gap) / -np.expm1(-gap)
        # Derivatives by a shift of both thresholds, and by a shift of the upper one.
        both, both2 = low + high - 1, low * (1 - low) + high * (1 - high)
        upper, upper2 = high - 1 - squeeze, high * (1 - high) + squeeze * (1 + squeeze)
        step = np.arange(scores.shape[1])
        moves_both, moves_upper = step < level[:, None], step == level[:, None]
        moves_both[:, 0] = True  # the first score shifts every threshold
        moves_upper[:, 0] = False
        gradient = np.where(moves_both, both[:, None], np.where(moves_upper, upper[:, None], 0.0))
        curvature = np.where(
            moves_both, both2[:, None], np.where(moves_upper, upper2[:, None], 0.0)
        )
        rate = np.hstack([np.ones_like(edge), gaps])
        return gradient * rate, np.maximum(curvature * rate**2, _TINY)

    def _gaps(self, scores: np.ndarray) -> np.ndarray:
        """Return the gaps between adjacent thresholds, of shape (n_samples, n_classes - 2)."""
        return np.exp(np.clip(scores[:, 1:], -self.widest_log_gap, self.widest_log_gap))

    def _cumulative(self, scores: np.ndarray) -> np.ndarray:
        """Return P(y <= k), with 0 and 1 at the ends, of shape (n_samples, n_classes + 1)."""
        inner = expit(np.cumsum(np.hstack([scores[:, :1], self._gaps(scores)]), axis=1))
        ends = np.ones((len(scores), 1))
        return np.hstack([0 * ends, inner, ends])

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        share = np.bincount(target[:, 0].astype(int), weight, self.n_scores + 1)
        share = np.maximum(share / share.sum(), 1e-6)
        theta = logit(np.cumsum(share / share.sum())[:-1])
        return np.append(theta[:1], np.log(np.maximum(np.diff(theta), 1e-6)))

    def predict_proba(self, scores: np.ndarray) -> np.ndarray:
        return np.diff(self._cumulative(np.asarray(scores, dtype=np.float64)), axis=1)
