"""Targets with two classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from skmtl._storable import storable
from skmtl.tasks._class_weight import ClassWeight, check_class_weight
from skmtl.tasks._kind import ClassificationKind
from skmtl.tasks._label_values import sorted_classes

if TYPE_CHECKING:
    from torch import Tensor


@storable
class Binary(ClassificationKind):
    r"""One of two classes, by the logistic loss.

    The raw score is the log-odds of the second class in sorted order (`classes_[1]`); the loss
    is :math:`\log(1 + e^s) - z s` with :math:`z \in \{0, 1\}`.

    Parameters
    ----------
    class_weight : "balanced" or mapping of class to float, default=None
        What the labels of each class weigh in the loss, beside the weights of their rows, with
        scikit-learn's meaning: "balanced" gives all classes the same sum of weights; a mapping
        gives 1 to classes that it leaves out. Only observed labels count. Probabilities are those
        of a population with such shares of the classes: the odds of two classes are multiplied by
        the ratio of their weights. Leave it at None where probabilities are to be used as they
        are, and choose thresholds instead.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.tasks import Binary
    >>> head = Binary().fit(pd.Series(["no", "yes", None, "no"]), task="clicked")
    >>> head.classes_.tolist()
    ['no', 'yes']
    """

    name: ClassVar[str] = "binary"
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
        if len(self.classes_) > 2:
            raise ValueError(
                f"Task {self.task!r} has {len(self.classes_)} classes, "
                f"{self.classes_[:5].tolist()}, but kind 'binary' takes two. Use 'multiclass'."
            )

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        from torch.nn.functional import softplus

        score = scores[..., 0]
        return softplus(score) - target[..., 0] * score

    def losses(self, scores: np.ndarray, target: np.ndarray) -> np.ndarray:
        return np.logaddexp(0, scores[:, 0]) - target[:, 0] * scores[:, 0]

    def gradient_hessian(
        self, scores: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        probability = expit(scores)
        return probability - target, probability * (1 - probability)

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        share = np.average(target[:, 0], weights=weight)
        return np.array([logit(np.clip(share, 1e-6, 1 - 1e-6))])

    def predict_proba(self, scores: np.ndarray) -> np.ndarray:
        positive = expit(np.asarray(scores[:, 0], dtype=np.float64))
        return np.column_stack([1 - positive, positive])
