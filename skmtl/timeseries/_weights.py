"""Weights of the training examples of a forecaster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from skmtl.timeseries._preparation import Prepared

Weighting = Literal["equal", "root", "scale"]
WEIGHT_POWERS: dict[str, float] = {"equal": 0.0, "root": 0.5, "scale": 1.0}


def read_weight(sample_weight: Any, n_rows: int) -> np.ndarray | None:
    """Return the weights of the rows, float64 of shape (n_rows,).

    Raises
    ------
    ValueError
        If they have the wrong length, are negative, missing or infinite, or all zero.
    """
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_rows,):
        raise ValueError(f"sample_weight has the shape {weight.shape}, but X has {n_rows} rows.")
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError("sample_weight must be finite and not negative.")
    if not weight.any():
        raise ValueError("sample_weight is zero for all rows, so there is nothing to learn from.")
    return weight


@dataclass(frozen=True)
class Weights:
    """Weights of examples, whose mean is 1.

    Attributes
    ----------
    by_scale : ndarray of float64, shape (n,) or (n, n_tasks)
        The user's weights of the labels, times weights by the scales of the series.
    of_labels : ndarray of float64, shape (n,) or (n, n_tasks)
        The user's weights alone.
    has_units : ndarray of bool, shape (n_tasks,)
        Whether the errors of each task have the units of a number.
    """

    by_scale: np.ndarray
    of_labels: np.ndarray
    has_units: np.ndarray

    @classmethod
    def of_scales(
        cls, shares: np.ndarray, of_labels: np.ndarray, has_units: np.ndarray
    ) -> Weights:
        """Return weights, given those by scale, ndarray of shape (n,)."""
        by_scale = shares.reshape(-1, *[1] * (of_labels.ndim - 1)) * of_labels
        return cls(by_scale / by_scale.mean(), of_labels / of_labels.mean(), has_units)

    def by_task(self) -> np.ndarray:
        """Return the weights of all tasks, (n,), or of each task, (n, n_tasks).

        The loss of classes has no units, so that large series do not count more than small ones.
        """
        if self.has_units.all() or np.array_equal(self.by_scale, self.of_labels):
            return self.by_scale
        n = len(self.by_scale)
        return np.where(
            self.has_units, self.by_scale.reshape(n, -1), self.of_labels.reshape(n, -1)
        )

    def take(self, kept: np.ndarray) -> Weights:
        """Return the weights of some examples."""
        return Weights(self.by_scale[kept], self.of_labels[kept], self.has_units)


def weights_of_scales(prepared: Prepared, scales: np.ndarray, weighting: Weighting) -> np.ndarray:
    """Return the weights of examples by their scales, relative to the usual scale in the panel.

    Parameters
    ----------
    prepared : Prepared
    scales : ndarray of float64, shape (n, n_columns)
    weighting : {"equal", "root", "scale"}

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    columns = prepared.recipe.plan.columns
    shares = [scales[:, place] / columns[place].units.scale for place in prepared.recipe.places]
    if not shares:
        return np.ones(len(scales))
    return np.asarray(np.mean(shares, axis=0) ** WEIGHT_POWERS[weighting])
