"""Held-out predictions for one task."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skmtl.tasks import Kind, class_positions, plain_values


@dataclass(frozen=True)
class HeldOutTask:
    """Held-out probabilities of the rows whose label is observed and has a positive weight.

    Attributes
    ----------
    name : hashable
    kind : Kind
    classes : ndarray of shape (n_classes,)
        The classes of the model that was fitted on all rows.
    labels : Series of shape (n_samples,)
    probabilities : ndarray of shape (n_samples, n_classes)
    weight : ndarray of shape (n_samples,)
        Ones if there are no weights.
    """

    name: Hashable
    kind: Kind
    classes: np.ndarray
    labels: pd.Series
    probabilities: np.ndarray
    weight: np.ndarray

    @classmethod
    def of_observed(
        cls,
        name: Hashable,
        kind: Kind,
        classes: np.ndarray,
        labels: pd.Series,
        frame: pd.DataFrame,
        weight: np.ndarray | None,
    ) -> HeldOutTask:
        """Create from labels with missing values and the probabilities of all rows by class."""
        weight = np.ones(len(labels)) if weight is None else weight
        rows = labels.notna().to_numpy() & (weight > 0)
        probabilities = frame.reindex(columns=list(classes), fill_value=0.0).to_numpy()
        return cls(name, kind, classes, labels[rows], probabilities[rows], weight[rows])

    @property
    def codes(self) -> np.ndarray:
        """Return positions of the labels among the classes, (n_samples,).

        Raises
        ------
        ValueError
            If a label is only partly known, so that it is not one of the classes.
        """
        in_part = int(self.kind.settled(self.labels).isna().sum())
        if in_part:
            raise ValueError(
                f"Task {self.name!r} has {in_part} rows with an unknown later step, although "
                "the previous step was taken. They cannot be used for calibration: fill in "
                "the step, or remove these rows."
            )
        return class_positions(plain_values(self.labels), self.classes)
