"""Targets with one observed value, which is predicted for every row."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.tasks._kind import Kind

if TYPE_CHECKING:
    from torch import Tensor

    from skmtl.tasks._scored_part import ScoredPart

ConstantTargets = Literal["warn", "error"]
"""What to do if a target has one observed value: a warning or an error."""


class ConstantTargetWarning(UserWarning):
    """A target has one observed value in the rows of fit, which is predicted for every row."""


@storable
class ConstantTarget(Kind):
    """The head of a target with one observed value, which does not have raw scores.

    It has the name of the kind that the target would have had, and is scored like it. For a target
    with classes, its only class has probability 1.

    Parameters
    ----------
    kind : Kind
        The kind that the target would have had.

    Attributes
    ----------
    value_ : ndarray of shape (1,), or (1, n_predictions)
        The observed value.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl.tasks import Binary, ConstantTarget
    >>> head = ConstantTarget(Binary()).fit(pd.Series(["no", None, "no"]), task="fraud")
    >>> head.predict(np.empty((2, 0))).tolist()
    ['no', 'no']
    """

    n_scores = 0
    target_width = 0

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.kind.name

    @property
    def default_metric(self) -> Any:  # type: ignore[override]
        return self.kind.default_metric

    @property
    def is_classification(self) -> bool:  # type: ignore[override]
        return self.kind.is_classification

    @property
    def is_ordered(self) -> bool:  # type: ignore[override]
        return self.kind.is_ordered

    @property
    def has_numbers(self) -> bool:  # type: ignore[override]
        return self.kind.has_numbers

    @property
    def predicts_median(self) -> bool:
        return self.kind.predicts_median

    @property
    def quantile_levels(self) -> tuple[float, ...]:
        return self.kind.quantile_levels

    @property
    def classes_(self) -> np.ndarray:  # type: ignore[override]
        if not self.is_classification:
            raise AttributeError(f"Kind {self.name!r} has no classes.")
        return self.value_

    def parameters(self) -> dict[str, object]:
        return {"kind": self.kind}

    def _learn(
        self, labels: pd.Series, *, weight: np.ndarray, group: np.ndarray | None, n_groups: int
    ) -> None:
        self.value_ = self.kind.constant(labels, self.task)

    def is_outgrown(self, labels: pd.Series) -> bool:
        """Return whether labels vary; for classes, the only one so far must be among them."""
        observed = labels[labels.notna()]
        if observed.empty or self.kind.is_constant(observed):
            return False
        return not self.is_classification or bool(self.value_[0] in self.kind.values(observed))

    def check_same(self, labels: pd.Series) -> None:
        """Raise an error for rows with another label."""
        observed = labels[labels.notna()]
        differs = self.kind.values(observed) != self.value_[0]
        strange = observed[differs.reshape(len(observed), -1).any(axis=1)]
        if len(strange):
            raise ValueError(
                f"Task {self.task!r} has the label {strange.tolist()[0]!r} here, but only "
                f"{self.value_.tolist()[0]!r} in the rows from which its values were learnt: "
                "those of the last fit with warm_start, or the sample of a table that is larger "
                "than memory. Add rows with the other labels, so that this fit has both, start "
                "over with warm_start=False, or use a larger sample."
            )

    def encode(self, labels: pd.Series, *, group: np.ndarray | None = None) -> np.ndarray:
        return np.zeros((len(labels), 0))

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        return scores.sum(dim=-1)

    def losses(self, scores: np.ndarray, target: np.ndarray) -> np.ndarray:
        return np.zeros(len(scores))

    def gradient_hessian(
        self, scores: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros_like(scores), np.ones_like(scores)

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return np.zeros(0)

    def predict(self, scores: np.ndarray, *, group: np.ndarray | None = None) -> np.ndarray:
        return np.repeat(self.value_, len(scores), axis=0)

    def label_columns(self, task: Hashable) -> list[Hashable]:
        return self.kind.label_columns(task)

    def join_columns(self, labels: pd.DataFrame, task: Hashable) -> pd.Series:
        return self.kind.join_columns(labels, task)

    def prediction_names(self, task: Hashable) -> list[Hashable]:
        return self.kind.prediction_names(task)

    def strata(self, labels: pd.Series) -> pd.Series:
        return self.kind.strata(labels)

    def values(self, labels: pd.Series) -> np.ndarray:
        return self.kind.values(labels)

    def scored_parts(self, labels: pd.Series, task: Hashable) -> list[ScoredPart]:
        return self.kind.scored_parts(labels, task)

    def predict_proba(self, scores: np.ndarray) -> np.ndarray:
        return np.ones((len(scores), 1))

    def predict_quantiles(
        self, scores: np.ndarray, *, group: np.ndarray | None = None
    ) -> np.ndarray:
        return np.tile(self.value_, (len(scores), len(self.quantile_levels)))


def unfitted(head: Kind) -> Kind:
    """Return the kind of a head, without the wrapper of a `ConstantTarget`."""
    return head.kind if isinstance(head, ConstantTarget) else head


def fit_head(
    kind: Kind,
    labels: pd.Series,
    *,
    task: Hashable,
    weight: np.ndarray | None = None,
    group: np.ndarray | None = None,
    n_groups: int = 0,
) -> Kind:
    """Fit the head of one task; a `ConstantTarget` if its observed labels are all the same.

    Parameters
    ----------
    kind : Kind
        A kind, or a head whose kind is used.
    labels : Series of shape (n_samples,)
    task : hashable
    weight : ndarray of shape (n_samples,), optional
    group : int ndarray of shape (n_samples,), optional
    n_groups : int, default=0
        See `Kind.fit` for all of these.
    """
    kind = unfitted(kind)
    observed = labels.notna().to_numpy()
    if weight is not None:
        observed = observed & (weight > 0)
    if observed.any() and kind.is_constant(labels[observed]):
        kind = ConstantTarget(kind)
    return kind.fit(labels, task=task, weight=weight, group=group, n_groups=n_groups)
