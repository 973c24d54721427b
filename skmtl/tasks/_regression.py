"""Real-valued targets."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from scipy.optimize import brentq

from skmtl._storable import storable
from skmtl.tasks._standardised import StandardisedKind
from skmtl.tasks._transforms import TransformLike, as_transform, summary_of_residuals
from skmtl.tasks._units import take_group

if TYPE_CHECKING:
    from torch import Tensor


@storable
class Regression(StandardisedKind):
    r"""A real number, predicted by its mean, its median or a robust mean.

    Labels are standardised by the observed labels of the task, so that the unit of a task does not
    affect its weight: the target is :math:`z = (y - c) / d`, and the raw score :math:`s` is on the
    same scale. With "squared", c is the mean and d the standard deviation. With the other losses,
    c is the median and d the median absolute deviation divided by that of the standard normal
    distribution, because outliers can dominate a standard deviation. (Labels equal to the median
    are left out of the deviations, so that d exists if most labels are zero.) For normally
    distributed labels both are the same. With :math:`r = s - z` the losses are :math:`r^2 / 2`,
    :math:`|r|` and the Huber function.

    Parameters
    ----------
    loss : {"squared", "absolute", "huber"}, default="squared"
        "squared" estimates the mean, "absolute" the median, "huber" is squared near zero and
        absolute beyond `delta`.
    delta : float, default=1.345
        Where "huber" turns linear, in the units d. 1.345 keeps 95 % of the efficiency of the
        mean for normal errors (Huber 1964).
    transform : {"log1p", "sqrt", "yeo-johnson"} or tuple (function, inverse), default=None
        The scale on which labels are learnt, for skewed labels: an increasing function and its
        inverse, which map arrays to arrays. The power of "yeo-johnson" is learnt from the observed
        labels. Custom functions are saved in files if they are objects of classes that are
        decorated with `skmtl.files.storable`.

    Notes
    -----
    With a `transform`, predictions are in the units of the labels. For the median ("absolute"),
    the inverse is applied directly. The mean of a label is not the inverse of its mean on the
    transformed scale: predictions are means of the inverse at the raw score plus each residual
    (smearing, Duan 1983). The residuals are those of the held-out rows if a single model
    (``n_bags=1``) has at least 50 held-out labels, and otherwise those of all rows, which are
    slightly too small.

    The second derivative of the absolute loss, and of the Huber loss beyond `delta`, is zero;
    `gradient_hessian` returns 1 there, like LightGBM. With "absolute", the leaves of boosting have
    medians of the residuals, unless there are monotone constraints.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.tasks import Regression
    >>> head = Regression().fit(pd.Series([1.0, 3.0, None]), task="price")
    >>> head.encode(pd.Series([1.0, 3.0])).ravel().tolist()
    [-1.0, 1.0]
    """

    name: ClassVar[str] = "regression"
    default_metric: ClassVar[str] = "r2"
    score_sign: ClassVar[int] = 1

    residuals_: np.ndarray | None = None  # None for old files

    def __init__(
        self,
        loss: Literal["squared", "absolute", "huber"] = "squared",
        delta: float = 1.345,
        transform: TransformLike = None,
    ) -> None:
        if loss not in ("squared", "absolute", "huber"):
            raise ValueError(f"loss must be 'squared', 'absolute' or 'huber', got {loss!r}.")
        if not (isinstance(delta, int | float | np.number) and delta > 0):
            raise ValueError(f"delta must be positive, got {delta!r}.")
        self.loss_name = loss
        self.delta = delta
        as_transform(transform)
        self.transform = transform

    def parameters(self) -> dict[str, object]:
        shown = {} if self.transform is None else {"transform": self.transform}
        return {"loss": self.loss_name, "delta": self.delta, **shown}

    @property
    def learns_residuals(self) -> bool:
        return self.transform is not None and not self.predicts_median

    def learn_residuals(self, scores: np.ndarray, target: np.ndarray, weight: np.ndarray) -> None:
        self.residuals_ = summary_of_residuals(target[:, 0] - scores[:, 0], weight)

    @property
    def is_robust(self) -> bool:
        return self.loss_name != "squared"

    @property
    def predicts_median(self) -> bool:
        return self.loss_name == "absolute"

    @property
    def score_levels(self) -> tuple[float, ...]:
        return (0.5,) if self.loss_name == "absolute" else ()

    @property
    def linear_link(self) -> tuple[float, float] | None:
        if self.scale_of_labels_ is not None:
            return None
        return float(self.centre_[-1]), float(self.scale_[-1])

    @property
    def stack_key(self) -> tuple[Hashable, ...]:
        return (type(self), self.loss_name, self.delta)

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        import torch

        error = scores[..., 0] - target[..., 0]
        if self.loss_name == "squared":
            return 0.5 * error**2
        if self.loss_name == "absolute":
            return error.abs()
        size = error.abs()
        return torch.where(
            size <= self.delta, 0.5 * error**2, self.delta * (size - 0.5 * self.delta)
        )

    def losses(self, scores: np.ndarray, target: np.ndarray) -> np.ndarray:
        error = scores[:, 0] - target[:, 0]
        if self.loss_name == "squared":
            return 0.5 * error**2
        size = np.abs(error)
        if self.loss_name == "absolute":
            return size
        return np.where(size <= self.delta, 0.5 * error**2, self.delta * (size - 0.5 * self.delta))

    def gradient_hessian(
        self, scores: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        error = scores - target
        if self.loss_name == "absolute":
            error = np.sign(error)
        elif self.loss_name == "huber":
            error = np.clip(error, -self.delta, self.delta)
        return error, np.ones_like(error)

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        z = target[:, 0]
        if self.loss_name == "squared":
            return np.array([np.average(z, weights=weight)])
        if self.loss_name == "absolute":
            return np.quantile(z, [0.5], weights=weight, method="inverted_cdf")

        def mean_gradient(constant: float) -> float:
            return np.average(np.clip(constant - z, -self.delta, self.delta), weights=weight)

        return np.array([brentq(mean_gradient, z.min(), z.max())])

    def predict(self, scores: np.ndarray, *, group: np.ndarray | None = None) -> np.ndarray:
        scores = np.asarray(scores, dtype=np.float64)[:, 0]
        scale, centre = take_group(self.scale_, group), take_group(self.centre_, group)
        if self.scale_of_labels_ is None:
            return scores * scale + centre
        inverse = self.scale_of_labels_.inverse
        if self.residuals_ is None:
            return inverse(scores * scale + centre)
        # Loop over residuals, so that memory does not grow with rows times residuals.
        total = np.zeros_like(scores)
        for residual in self.residuals_:
            total += inverse((scores + residual) * scale + centre)
        return total / len(self.residuals_)
