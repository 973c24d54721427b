"""What a stack leaves: fitted members, and a weight of each in every task."""

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
        Of all members, in the order of the engine's.
    members : list of object or None
        What each engine has learnt; None for one that has no weight, or was not fitted for want
        of time.
    weights : float64 ndarray of shape (n_tasks, n_members)
    losses, errors : float64 ndarray of shape (n_tasks, n_members)
        Mean loss on held-out rows over that of the best constant, and its standard error. NaN
        where nothing was held out.
    """

    names: list[str]
    members: list[Any]
    weights: np.ndarray
    losses: np.ndarray
    errors: np.ndarray
