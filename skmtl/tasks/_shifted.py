"""A target for which a part of each raw score is known before `fit`."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from skmtl.tasks._kind import Kind

if TYPE_CHECKING:
    from torch import Tensor


class Shifted(Kind):
    """The head of a target, with a shift of the first raw score of each label.

    Losses are those of the head at the shifted scores, so an engine learns the rest of the scores.
    The shift is the last value of an encoded label. Predictions do not include the shift.

    Parameters
    ----------
    head : fitted Kind
    """

    name = "shifted"
    default_metric = "r2"

    def __init__(self, head: Kind) -> None:
        self.head = head
        self.task = head.task
        self.n_scores = head.n_scores
        self.has_exact_gradient = head.has_exact_gradient

    @property
    def target_width(self) -> int:  # type: ignore[override]
        return self.head.target_width + 1

    @property
    def is_ordered(self) -> bool:  # type: ignore[override]
        return self.head.is_ordered

    @property
    def stack_key(self) -> tuple[Hashable, ...]:
        return (type(self), *self.head.stack_key)

    def _learn(
        self, labels: pd.Series, *, weight: np.ndarray, group: np.ndarray | None, n_groups: int
    ) -> None:
        raise TypeError("The head has learnt its labels.")

    def encode(self, labels: pd.Series, *, group: np.ndarray | None = None) -> np.ndarray:
        target = self.head.encode(labels, group=group)
        return np.hstack([target, np.zeros((len(target), 1))])

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        import torch

        moved = torch.cat([scores[..., :1] + target[..., -1:], scores[..., 1:]], dim=-1)
        return self.head.loss(moved, target[..., :-1])

    def losses(self, scores: np.ndarray, target: Any) -> np.ndarray:
        return self.head.losses(*_moved(scores, target))

    def gradient_hessian(self, scores: np.ndarray, target: Any) -> tuple[np.ndarray, np.ndarray]:
        return self.head.gradient_hessian(*_moved(scores, target))

    def losses_and_derivatives(
        self, scores: np.ndarray, target: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.head.losses_and_derivatives(*_moved(scores, target))

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return self.head.initial_scores(target[:, :-1], weight)

    def predict(self, scores: np.ndarray, *, group: np.ndarray | None = None) -> np.ndarray:
        return self.head.predict(scores, group=group)


def _moved(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the shifted scores, and the labels of the head."""
    moved = scores.copy()
    moved[:, 0] += target[:, -1]
    return moved, target[:, :-1]
