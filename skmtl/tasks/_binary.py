"""Targets with two classes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import pandas as pd
from scipy.special import logit

from skmtl._storable import storable
from skmtl.tasks._binary_losses import BinaryLoss, Focal, Logistic
from skmtl.tasks._class_positions import class_positions
from skmtl.tasks._class_weight import ClassWeight, check_class_weight
from skmtl.tasks._classification import ClassificationKind
from skmtl.tasks._label_values import plain_values, sorted_classes

if TYPE_CHECKING:
    from torch import Tensor


@storable
class Binary(ClassificationKind):
    r"""One of two classes, with the logistic loss or a loss for rare classes.

    The raw score is the log-odds of the second class in sorted order (`classes_[1]`); the loss
    is :math:`\log(1 + e^s) - z s` with :math:`z \in \{0, 1\}`. With the other losses the score has
    a different meaning, which `predict_proba` accounts for as far as possible.

    Parameters
    ----------
    class_weight : "balanced" or mapping of class to float, default=None
        Weights of the classes in the loss, in addition to the weights of the rows, with the same
        meaning as in scikit-learn: with "balanced" all classes have the same sum of weights;
        classes that are not in a mapping have weight 1. Only observed labels count. Probabilities
        then refer to a population with the weighted class shares: the odds of two classes are
        multiplied by the ratio of their weights. If you need unbiased probabilities, leave it at
        None and tune thresholds instead.
    loss : {"logistic", "focal", "logit_adjusted"}, default="logistic"
        "focal" multiplies the logistic loss by :math:`(1 - q)^\gamma`, where q is the probability
        of the label's class according to :math:`1 / (1 + e^{-s})`: labels that are easy to predict
        count less (Lin et al. 2017, https://arxiv.org/abs/1708.02002). These probabilities would
        be too close to 1/2, so they are corrected in closed form (Charoenphakdee et al. 2021,
        https://arxiv.org/abs/2011.09172). "logit_adjusted" adds the log-odds of the class's share
        to the score in the loss (Menon et al. 2021, https://arxiv.org/abs/2007.07314).
        Probabilities refer to a population with equal class shares, as with
        ``class_weight="balanced"`` but without unequal weights, so that `predict` finds rare
        classes.
    gamma : float, default=2
        Exponent of "focal"; 2 is the value of the paper, 0 is the logistic loss.

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

    # Default for old files.
    loss_name: str = "logistic"
    gamma: float = 2.0
    log_odds_: float = 0.0

    def __init__(
        self,
        class_weight: ClassWeight = None,
        loss: Literal["logistic", "focal", "logit_adjusted"] = "logistic",
        gamma: float = 2.0,
    ) -> None:
        check_class_weight(class_weight)
        if loss not in ("logistic", "focal", "logit_adjusted"):
            raise ValueError(
                f"loss must be 'logistic', 'focal' or 'logit_adjusted', got {loss!r}."
            )
        is_number = isinstance(gamma, int | float | np.number) and not isinstance(gamma, bool)
        if not (is_number and 0 <= gamma < np.inf):
            raise ValueError(f"gamma must be finite and not negative, got {gamma!r}.")
        if loss == "logit_adjusted" and class_weight is not None:
            raise ValueError(
                "loss='logit_adjusted' makes the shares of the classes equal, but "
                f"class_weight={class_weight!r} changes them as well. Use one of them."
            )
        self.class_weight = class_weight
        self.loss_name = loss
        self.gamma = float(gamma)

    def parameters(self) -> dict[str, object]:
        parameters: dict[str, object] = {"class_weight": self.class_weight}
        if self.loss_name != "logistic":
            parameters["loss"] = self.loss_name
        if self.loss_name == "focal":
            parameters["gamma"] = self.gamma
        return parameters

    @property
    def stack_key(self) -> tuple[Hashable, ...]:
        return (type(self), self.function)

    @property
    def score_sign(self) -> int:  # type: ignore[override]
        """Whether scores are log-odds up to a constant, so that a shift of them is one of odds."""
        return 0 if self.loss_name == "focal" else 1

    @property
    def function(self) -> BinaryLoss:
        """The loss of one score and a label that is 0 or 1."""
        if self.loss_name == "focal":
            return Focal(self.gamma)
        return Logistic(self.log_odds_)

    def _learn(
        self, labels: pd.Series, *, weight: np.ndarray, group: np.ndarray | None, n_groups: int
    ) -> None:
        self.classes_ = sorted_classes(labels, self.task)
        if len(self.classes_) > 2:
            raise ValueError(
                f"Task {self.task!r} has {len(self.classes_)} classes, "
                f"{self.classes_[:5].tolist()}, but kind 'binary' takes two. Use 'multiclass'."
            )
        if self.loss_name == "logit_adjusted" and len(self.classes_) == 2:
            positions = class_positions(plain_values(labels), self.classes_)
            self.log_odds_ = float(logit(np.average(positions, weights=weight)))

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        return self.function.tensor(scores[..., 0], target[..., 0])

    def losses(self, scores: np.ndarray, target: np.ndarray) -> np.ndarray:
        return self.function.array(scores[:, 0], target[:, 0])

    def gradient_hessian(
        self, scores: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        return self.function.derivatives(scores, target)

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return np.array([self.function.constant(np.average(target[:, 0], weights=weight))])

    def predict_proba(self, scores: np.ndarray) -> np.ndarray:
        positive = self.function.probability(np.asarray(scores[:, 0], dtype=np.float64))
        return np.column_stack([1 - positive, positive])
