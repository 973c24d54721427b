"""The result of a stack: fitted members and their weights by task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from skmtl._storable import storable


@storable
@dataclass(frozen=True)
class FittedStack:
    """Fitted members and their weights.

    Attributes
    ----------
    names : list of str
        Names of all members, in the order of the engine.
    members : list of object or None
        The results of the engines; None for members without weight, or not fitted for lack of
        time.
    weights : float64 ndarray of shape (n_tasks, n_members)
    losses, errors : float64 ndarray of shape (n_tasks, n_members)
        Mean loss on held-out rows, relative to the best constant, and its standard error. NaN if
        no rows were held out.
    """

    names: list[str]
    members: list[Any]
    weights: np.ndarray
    losses: np.ndarray
    errors: np.ndarray
