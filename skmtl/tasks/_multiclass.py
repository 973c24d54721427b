"""Targets with more than two classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy.special import logsumexp, softmax

from skmtl._storable import storable
from skmtl.tasks._class_weight import ClassWeight, check_class_weight
from skmtl.tasks._classification import ClassificationKind
from skmtl.tasks._label_values import sorted_classes

if TYPE_CHECKING:
    from torch import Tensor


@storable
class Multiclass(ClassificationKind):
    r"""One of several classes without order, by the softmax cross-entropy.

    One raw score per class; the loss is :math:`\log \sum_k e^{s_k} - s_z`.

    Parameters
    ----------
    class_weight : "balanced" or mapping of class to float, default=None
        As in `Binary`.

    Notes
    -----
    `gradient_hessian` returns the exact diagonal :math:`p_k (1 - p_k)`.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.tasks import Multiclass
    >>> Multiclass().fit(pd.Series(["a", "b", "c"]), task="species").n_scores
    3
    """

    name: ClassVar[str] = "multiclass"
    default_metric: ClassVar[str] = "accuracy"

    def __init__(self, class_weight: ClassWeight = None) -> None:
        check_class_weight(class_weight)
        self.class_weight = class_weight

    def parameters(self) -> dict[str, object]:
        return {"class_weight": self.class_weight}

    def _learn(
        self, labels: pd.Series, *, weight: np.ndarray, group: np.ndarray | None, n_groups: int
    ) -> None:
        self.classes_ = sorted_classes(labels, self.task)
        self.n_scores = len(self.classes_)

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        chosen = scores.gather(-1, target.long())[..., 0]
        return scores.logsumexp(dim=-1) - chosen

    def losses(self, scores: np.ndarray, target: np.ndarray) -> np.ndarray:
        chosen = scores[np.arange(len(scores)), target[:, 0].astype(int)]
        return logsumexp(scores, axis=1) - chosen

    def gradient_hessian(
        self, scores: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        probability = softmax(scores, axis=1)
        gradient = probability.copy()
        gradient[np.arange(len(scores)), target[:, 0].astype(int)] -= 1
        return gradient, probability * (1 - probability)

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        share = np.bincount(target[:, 0].astype(int), weight, self.n_scores)
        return np.log(np.maximum(share, 1e-6 * share.sum()) / share.sum())

    def predict_proba(self, scores: np.ndarray) -> np.ndarray:
        return softmax(np.asarray(scores, dtype=np.float64), axis=1)
