"""Quantiles of a real-valued target."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from skmtl._storable import storable
from skmtl.tasks._standardised import StandardisedKind
from skmtl.tasks._transforms import TransformLike, as_transform

if TYPE_CHECKING:
    from torch import Tensor


@storable
class Quantile(StandardisedKind):
    r"""Several quantiles of a real number, with the pinball loss.

    There is one raw score per level :math:`\tau`, in the same robust units as in `Regression` with
    "absolute", which do not depend on outliers and heavy tails. The loss is the mean over levels
    of :math:`\max(\tau r, (\tau - 1) r)` with :math:`r = z - s` (Koenker and Bassett 1978).
    Predicted quantiles are sorted, so they never cross; sorting can only lower the loss
    (Chernozhukov, Fernández-Val and Galichon 2010).

    Parameters
    ----------
    quantiles : sequence of float, default=(0.1, 0.5, 0.9)
        Increasing levels in (0, 1): an 80 % interval and the median.
    transform : {"log1p", "sqrt", "yeo-johnson"} or tuple (function, inverse), default=None
        The scale on which labels are learnt, as in `Regression`. The inverse is applied directly
        to quantiles.

    Notes
    -----
    `predict` returns the level nearest to the median; `predict_quantiles` of the estimators
    returns all. The second derivative is zero; `gradient_hessian` returns 1 for each pinball loss,
    hence one over the number of levels for their mean. As in LightGBM, this is used to choose the
    splits of boosting, while leaves have quantiles of the residuals (unless there are monotone
    constraints).

    Examples
    --------
    >>> from skmtl.tasks import Quantile
    >>> Quantile(quantiles=(0.05, 0.95))
    Quantile(quantiles=(0.05, 0.95))
    """

    name: ClassVar[str] = "quantile"
    default_metric: ClassVar[str] = "r2"

    def __init__(
        self,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        transform: TransformLike = None,
    ) -> None:
        try:
            levels = tuple(float(level) for level in quantiles)
        except (TypeError, ValueError):
            raise ValueError(
                f"quantiles must be a sequence of numbers, such as (0.5,), got {quantiles!r}."
            ) from None
        if not levels or not all(0 < level < 1 for level in levels):
            raise ValueError(f"quantiles must lie strictly between 0 and 1, got {quantiles!r}.")
        if any(low >= high for low, high in pairwise(levels)):
            raise ValueError(f"quantiles must be strictly increasing, got {quantiles!r}.")
        as_transform(transform)
        self.quantiles = levels
        self.transform = transform
        self.n_scores = len(levels)

    def parameters(self) -> dict[str, object]:
        shown = {} if self.transform is None else {"transform": self.transform}
        return {"quantiles": self.quantiles, **shown}

    @property
    def stack_key(self) -> tuple[Hashable, ...]:
        return (type(self), self.quantiles)

    @property
    def is_robust(self) -> bool:
        return True

    @property
    def predicts_median(self) -> bool:
        return True

    @property
    def score_levels(self) -> tuple[float, ...]:
        return self.quantiles

    @property
    def quantile_levels(self) -> tuple[float, ...]:
        return self.quantiles

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        import torch

        levels = torch.tensor(self.quantiles, dtype=scores.dtype, device=scores.device)
        error = target - scores
        return torch.maximum(levels * error, (levels - 1) * error).mean(dim=-1)

    def losses(self, scores: np.ndarray, target: np.ndarray) -> np.ndarray:
        levels, error = np.array(self.quantiles), target - scores
        return np.maximum(levels * error, (levels - 1) * error).mean(axis=1)

    def gradient_hessian(
        self, scores: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        levels = np.array(self.quantiles)
        gradient = np.where(target > scores, -levels, np.where(target < scores, 1 - levels, 0.0))
        return gradient / self.n_scores, np.ones_like(scores) / self.n_scores

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return np.quantile(target[:, 0], self.quantiles, weights=weight, method="inverted_cdf")

    def predict_quantiles(
        self, scores: np.ndarray, *, group: np.ndarray | None = None
    ) -> np.ndarray:
        scores = np.sort(np.asarray(scores, dtype=np.float64), axis=1)
        at = np.array([-1]) if group is None else group
        scaled = scores * self.scale_[at, None] + self.centre_[at, None]
        return scaled if self.scale_of_labels_ is None else self.scale_of_labels_.inverse(scaled)

    def predict(self, scores: np.ndarray, *, group: np.ndarray | None = None) -> np.ndarray:
        return self.predict_quantiles(scores, group=group)[:, self.middle]

    @property
    def middle(self) -> int:
        """Position of the level nearest to the median."""
        return int(np.argmin(np.abs(np.array(self.quantiles) - 0.5)))
