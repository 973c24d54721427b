"""Parts of a target that are scored one by one."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skmtl.tasks._kind import Kind


@dataclass(frozen=True)
class ScoredPart:
    """A part of a target with labels of its own.

    Attributes
    ----------
    name : hashable
    kind : Kind
        Of the part: binary, or a number.
    labels : Series of shape (n_samples,)
    read : callable
        From what a model says of the target, which are probabilities where it has classes and
        predictions elsewhere, to what it says of the part: arrays (n_samples, n_columns) and
        (n_samples,). Of a binary part this is the probability that it is true.
    """

    name: Hashable
    kind: Kind
    labels: pd.Series
    read: Callable[[np.ndarray], np.ndarray]
