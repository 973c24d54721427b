"""The unit of sample weights, where a prior is weighed against labels."""

from __future__ import annotations

import numpy as np


def weights_in_rows(weight: np.ndarray) -> np.ndarray:
    """Return weights that count rows: divided by their mean if it is below 1.

    A weight of 2 is a row given twice. Weights with a smaller mean, such as shares of a total, are
    relative: there are as many rows as labels.

    Parameters
    ----------
    weight : float64 ndarray of shape (n_labels,)
        Positive.
    """
    return weight / min(1.0, float(weight.mean())) if len(weight) else weight
