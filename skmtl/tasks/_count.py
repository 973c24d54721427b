"""Counts and other non-negative amounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy.special import xlogy

from skmtl._storable import storable
from skmtl.tasks._kind import Kind
from skmtl.tasks._label_values import has_one_value, number_values, observed_numbers
from skmtl.tasks._units import grouped_units, take_group

if TYPE_CHECKING:
    from torch import Tensor


@storable
class Count(Kind):
    r"""A non-negative number whose mean is modelled on the log scale (Poisson).

    Labels are divided by their mean, :math:`z = y / m`, so that large counts do not dominate other
    tasks; the raw score is :math:`s = \log(\mu / m)` and the loss half the unit Poisson deviance,
    :math:`e^s - z s - z + z \log z`, which is zero for a perfect prediction. Its minimiser is the
    mean for any non-negative label, whole or not.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl.tasks import Count
    >>> head = Count().fit(pd.Series([0, 2, 4]), task="visits")
    >>> head.predict(np.array([[0.0]])).tolist()
    [2.0]
    """

    name: ClassVar[str] = "count"
    default_metric: ClassVar[str] = "r2"
    score_sign: ClassVar[int] = 1

    def _learn(
        self, labels: pd.Series, *, weight: np.ndarray, group: np.ndarray | None, n_groups: int
    ) -> None:
        values = self._checked(number_values(labels, self.task, self.name))
        mean, _ = grouped_units(values, weight, group, n_groups)
        if mean[-1] == 0:
            raise ValueError(
                f"Task {self.task!r} is a count whose observed labels are all zero, so there is "
                "nothing to learn. Drop the task."
            )
        # A group with only zeros has a small positive mean, because its log must exist.
        self.mean_ = np.maximum(mean, 1e-3 * mean[-1])

    def is_constant(self, labels: pd.Series) -> bool:
        return has_one_value(labels)

    def _checked(self, values: np.ndarray) -> np.ndarray:
        if (values < 0).any():
            raise ValueError(
                f"Task {self.task!r} is a count but has negative labels (smallest: "
                f"{values.min():g}). Use kind 'regression' for it."
            )
        return values

    def encode(self, labels: pd.Series, *, group: np.ndarray | None = None) -> np.ndarray:
        values, observed = observed_numbers(labels, self.task, self.name)
        self._checked(values[observed])
        return np.where(observed, values / take_group(self.mean_, group), 0.0)[:, None]

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        import torch

        score, z = scores[..., 0], target[..., 0]
        return torch.exp(score) - z * score - z + torch.xlogy(z, z)

    def losses(self, scores: np.ndarray, target: np.ndarray) -> np.ndarray:
        score, z = scores[:, 0], target[:, 0]
        return np.exp(score) - z * score - z + xlogy(z, z)

    def gradient_hessian(
        self, scores: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        rate = np.exp(scores)
        return rate - target, rate

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return np.array([np.log(max(np.average(target[:, 0], weights=weight), 1e-6))])

    def predict(self, scores: np.ndarray, *, group: np.ndarray | None = None) -> np.ndarray:
        return np.exp(np.asarray(scores[:, 0], dtype=np.float64)) * take_group(self.mean_, group)
