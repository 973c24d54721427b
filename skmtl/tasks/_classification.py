"""The base class of kinds with classes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from skmtl.tasks._class_positions import class_positions
from skmtl.tasks._class_weight import ClassWeight, learnt_class_weight
from skmtl.tasks._kind import Kind
from skmtl.tasks._label_values import distinct_classes, has_one_value, plain_values


class ClassificationKind(Kind):
    """A kind whose labels are classes, with class weights and probabilities.

    Attributes
    ----------
    class_weight : "balanced", mapping of class to float, or None
    class_weight_ : ndarray of shape (n_classes,), or None
        The weight of each class, computed in `fit`.
    """

    is_classification: ClassVar[bool] = True
    has_numbers: ClassVar[bool] = False
    # Defaults for old files, and for kinds without class weights.
    class_weight: ClassWeight = None
    class_weight_: np.ndarray | None = None

    def fit(
        self,
        labels: pd.Series,
        *,
        task: Hashable,
        weight: np.ndarray | None = None,
        group: np.ndarray | None = None,
        n_groups: int = 0,
    ) -> Self:
        head = super().fit(labels, task=task, weight=weight, group=group, n_groups=n_groups)
        if head.class_weight is not None:
            weight = np.ones(len(labels)) if weight is None else weight
            counted = labels.notna().to_numpy() & (weight > 0)
            codes = class_positions(plain_values(labels[counted]), head.classes_)
            head.class_weight_ = learnt_class_weight(
                head.class_weight, head.classes_, codes, weight[counted], head.task
            )
        return head

    def label_weight(self, target: np.ndarray) -> np.ndarray | None:
        if self.class_weight_ is None:
            return None
        return self.class_weight_[target[:, 0].astype(int)]

    @abstractmethod
    def predict_proba(self, scores: np.ndarray) -> np.ndarray:
        """Return probabilities (n_samples, n_classes), with columns as in `classes_`."""

    def predict(self, scores: np.ndarray, *, group: np.ndarray | None = None) -> np.ndarray:
        return self.classes_[self.predict_proba(scores).argmax(axis=1)]

    def is_constant(self, labels: pd.Series) -> bool:
        return has_one_value(labels)

    def constant(self, labels: pd.Series, task: Hashable) -> np.ndarray:
        return distinct_classes(labels, task)

    def encode(self, labels: pd.Series, *, group: np.ndarray | None = None) -> np.ndarray:
        observed = labels.notna().to_numpy()
        codes = np.zeros(len(labels))
        values = plain_values(labels[observed])
        positions = class_positions(values, self.classes_)
        if (positions < 0).any():
            strange = values[positions < 0].tolist()[0]
            raise ValueError(
                f"Task {self.task!r} has the label {strange!r}, which was not seen in fit; known "
                f"classes are {self.classes_.tolist()}. Use None or NaN if the label is "
                "unknown."
            )
        codes[observed] = positions
        return codes[:, None]
