"""Shares of a whole."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy.special import logsumexp, softmax, xlogy

from skmtl._storable import storable
from skmtl.tasks._kind import Kind
from skmtl.tasks._label_values import has_one_value
from skmtl.tasks._regression import Regression
from skmtl.tasks._scored_part import ScoredPart
from skmtl.tasks._shares import d2_divergence_score, join_shares, share_matrix

if TYPE_CHECKING:
    from torch import Tensor


@storable
class Composition(Kind):
    r"""Shares that sum to one, such as a budget by category, by the softmax cross-entropy.

    A label consists of several columns of y, one for each part of the whole, with the share of
    the part: non-negative numbers that sum to one in every row. There is one raw score
    :math:`s_k` per part; the shares :math:`p = \mathrm{softmax}(s)` are positive and sum to one.
    The loss is the Kullback-Leibler divergence :math:`\sum_k y_k (\log y_k - \log p_k)`: the
    cross-entropy with the shares as soft labels, minus its minimum. It is minimised by the mean
    shares given the features, and allows shares of zero, unlike log-ratios.

    `predict` returns the shares under the names of the columns. `score_tasks` returns the R2 of
    each part, and ``make_multitask_scorer(task=...)`` the score of the whole, which is
    `skmtl.metrics.d2_divergence_score`.

    Parameters
    ----------
    parts : sequence of hashable, default=()
        Columns of y, at least two. Their order does not affect the model.

    Notes
    -----
    A missing share is unknown, unless it follows from the others: a single missing share is one
    minus the sum of the others, and if the others sum to one, all missing shares are zero. A row
    with an unknown share has no label.

    Convert amounts to shares with ``y[parts].div(y[parts].sum(axis=1), axis=0)``. Sums may differ
    from one by 1e-4 because of rounding; labels are divided by them.

    If every row consists of a single part, this is `Multiclass`, with the same loss.

    References
    ----------
    L. E. Papke and J. M. Wooldridge, "Econometric methods for fractional response variables with
    an application to 401(k) plan participation rates", Journal of Applied Econometrics, 1996; for
    several parts J. Mullahy, "Multivariate fractional regression estimation of econometric share
    models", Journal of Econometric Methods, 2015.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl.tasks import Composition
    >>> y = pd.DataFrame({"rent": [0.5, 0.3], "food": [0.25, 0.7], "fun": [0.25, None]})
    >>> kind = Composition(parts=("rent", "food", "fun"))
    >>> labels = kind.join_columns(y, "budget")
    >>> kind.values(labels).round(3).tolist()
    [[0.5, 0.25, 0.25], [0.3, 0.7, 0.0]]
    >>> kind.fit(labels, task="budget").predict(np.zeros((1, 3))).round(3).tolist()
    [[0.333, 0.333, 0.333]]
    """

    name: ClassVar[str] = "composition"
    default_metric = d2_divergence_score

    def __init__(self, parts: Sequence[Hashable] = ()) -> None:
        if isinstance(parts, str) or not isinstance(parts, Iterable):
            raise ValueError(f"parts must be a list of columns of y, got {parts!r}.")
        parts = tuple(parts)
        if len(parts) < 2:
            raise ValueError(
                "parts must name at least two columns, whose shares sum to one, as in "
                f"Composition(parts=('rent', 'food', 'fun')), got {parts!r}. For a single share, "
                "also name a column with the rest."
            )
        if len({str(part) for part in parts}) < len(parts):
            raise ValueError(f"parts must name each column once, got {parts!r}.")
        self.parts = parts

    def parameters(self) -> dict[str, object]:
        return {"parts": self.parts}

    @property
    def target_width(self) -> int:  # type: ignore[override]
        """Number of parts."""
        return len(self.parts)

    def label_columns(self, task: Hashable) -> list[Hashable]:
        return list(self.parts)

    def join_columns(self, labels: pd.DataFrame, task: Hashable) -> pd.Series:
        return join_shares(labels, task, self.parts)

    def prediction_names(self, task: Hashable) -> list[Hashable]:
        return list(self.parts)

    def values(self, labels: pd.Series) -> np.ndarray:
        return share_matrix(labels, self.parts)

    def is_constant(self, labels: pd.Series) -> bool:
        return has_one_value(labels)

    def constant(self, labels: pd.Series, task: Hashable) -> np.ndarray:
        return self.values(labels)[:1]

    def strata(self, labels: pd.Series) -> pd.Series:
        """Return the position of the largest part."""
        largest = pd.Series(np.nan, index=labels.index)
        observed = labels.notna().to_numpy()
        largest[observed] = self.values(labels[observed]).argmax(axis=1)
        return largest

    def scored_parts(self, labels: pd.Series, task: Hashable) -> list[ScoredPart]:
        """Return the share of each part, as a regression target."""
        observed = labels.notna().to_numpy()
        shares = np.full((len(labels), len(self.parts)), np.nan)
        shares[observed] = self.values(labels[observed])
        return [
            ScoredPart(
                part,
                Regression(),
                pd.Series(shares[:, k], index=labels.index),
                partial(np.take, indices=k, axis=1),
            )
            for k, part in enumerate(self.parts)
        ]

    def _learn(
        self, labels: pd.Series, *, weight: np.ndarray, group: np.ndarray | None, n_groups: int
    ) -> None:
        self.values(labels)  # raises an error for a single column
        self.n_scores = len(self.parts)

    def encode(self, labels: pd.Series, *, group: np.ndarray | None = None) -> np.ndarray:
        observed = labels.notna().to_numpy()
        target = np.zeros((len(labels), len(self.parts)))
        target[observed] = self.values(labels[observed])
        return target

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        # Rounding could make a divergence near 0 negative.
        least = target.xlogy(target).sum(dim=-1)
        return (scores.logsumexp(dim=-1) - (target * scores).sum(dim=-1) + least).clamp(min=0)

    def losses(self, scores: np.ndarray, target: np.ndarray) -> np.ndarray:
        least = xlogy(target, target).sum(axis=1)
        return np.maximum(logsumexp(scores, axis=1) - (target * scores).sum(axis=1) + least, 0)

    def gradient_hessian(
        self, scores: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        share = softmax(scores, axis=1)
        return share - target, share * (1 - share)

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        share = np.average(target, axis=0, weights=weight)
        return np.log(np.maximum(share, 1e-6))

    def predict(self, scores: np.ndarray, *, group: np.ndarray | None = None) -> np.ndarray:
        return softmax(np.asarray(scores, dtype=np.float64), axis=1)
