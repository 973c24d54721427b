"""Held-out predictions for one task."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from skmtl.tasks import FunnelLevels, Kind, class_positions, plain_values


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
        """Return positions of the labels among the classes, (n_samples,)."""
        return class_positions(plain_values(self.labels), self.classes)

    @property
    def steps(self) -> tuple[np.ndarray, np.ndarray]:
        """Return which steps of a funnel rows took, and reached with a known answer.

        Both have the shape (n_samples, n_steps).

        Raises
        ------
        ValueError
            If it is unknown which step a row missed first. Which step rows of this kind reached is
            only known if they took a later one, so the others would be left out.
        """
        funnel = cast(FunnelLevels, self.kind.funnel)
        taken, limit = funnel.read(self.labels, self.name)
        unclear = int((limit > taken + 1).sum())
        if unclear:
            raise ValueError(
                f"Task {self.name!r} has {unclear} rows of which it is unknown which step they "
                "missed first, such as a row without a purchase whose click is missing. They "
                "cannot be used for calibration: in all rows, set the steps after a missing one "
                "to missing."
            )
        step = np.arange(len(funnel.steps))
        return step < taken[:, None], step < limit[:, None]
