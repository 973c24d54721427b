"""Parts of a target that are scored separately."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skmtl.tasks._kind import Kind


@dataclass(frozen=True)
class ScoredPart:
    """A part of a target that has its own labels.

    Attributes
    ----------
    name : hashable
    kind : Kind
        Kind of the part: binary, or a number.
    labels : Series of shape (n_samples,)
    read : callable
        Maps probabilities of the target if it has classes, and otherwise its predictions,
        (n_samples, n_columns), to predictions of the part, (n_samples,). For a binary part these
        are the probabilities that it is true.
    """

    name: Hashable
    kind: Kind
    labels: pd.Series
    read: Callable[[np.ndarray], np.ndarray]
