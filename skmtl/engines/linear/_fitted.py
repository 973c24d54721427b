"""The result of linear models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from skmtl._storable import storable
from skmtl.linear import LinearTarget


@storable
@dataclass(frozen=True)
class FittedLinear:
    """The linear functions of all targets.

    Attributes
    ----------
    targets : list of LinearTarget
    penalty : str
        The penalty that was chosen.
    tried : list of dict
        What was evaluated on held-out rows: "penalty", "alpha_per_row", and the relative loss of
        each target.
    mean : ndarray of shape (n_columns,)
        Weighted mean of the rows of the design matrix.
    """

    targets: list[LinearTarget]
    penalty: str
    tried: list[dict[str, Any]]
    mean: np.ndarray
