"""Resolved settings of boosting, and the features of its trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import lightgbm as lgb
import numpy as np

from skmtl.boosting._ensemble import Ensemble, binned
from skmtl.boosting._gaps import Gaps

TREE_BLOCKS = ("shared", "signature", "partition", "task")
BLOCKS = ("linear", *TREE_BLOCKS)
BlockNames = tuple[str, ...]
# With more targets, fits are made cheaper: see `_many_tasks` and `RMTGBSettings`.
MANY_TARGETS = 50

# Candidates of blocks="auto". They differ in the first block, which matters most; a later block
# that does not help has no rounds.
LONG_SEQUENCES: tuple[BlockNames, ...] = (
    ("shared", "partition", "task"),
    ("signature", "partition", "task"),
    ("partition", "task"),
    ("task",),
    ("linear", "partition", "task"),
)
WIDE_SEQUENCES: tuple[BlockNames, ...] = (
    ("shared", "partition", "task"),
    ("partition", "task"),
    ("task",),
    ("linear", "partition", "task"),
)
# For a single task.
SEQUENCES: tuple[BlockNames, ...] = (("shared",), ("linear", "shared"))


@dataclass(frozen=True)
class BoostingOptions:
    """Settings of a fit.

    Attributes
    ----------
    parameters : mapping of block to mapping
        LightGBM's parameters by block of trees.
    n_rounds : mapping of block to int
        Maximum number of rounds of each block.
    patience : int
        Number of rounds without a better validation loss after which a block ends.
    n_jobs : int
        Number of threads.
    """

    parameters: Mapping[str, Mapping[str, Any]]
    n_rounds: Mapping[str, int]
    patience: int
    n_jobs: int


@dataclass(frozen=True)
class Features:
    """The features of all rows for trees.

    Attributes
    ----------
    matrix : ndarray of shape (n_rows, n_features)
        May be a memory map.
    numeric, categorical : int ndarray
        Positions of numeric and of categorical columns.
    data : lightgbm.Dataset
        The binned matrix.
    """

    matrix: np.ndarray
    numeric: np.ndarray
    categorical: np.ndarray
    data: lgb.Dataset
    _subsets: dict[bytes, lgb.Dataset] = field(default_factory=dict, init=False, repr=False)

    def of_rows(self, rows: np.ndarray) -> lgb.Dataset:
        """Return the binned data of some rows, in ascending order, from a cache."""
        if len(rows) == len(self.matrix):
            return self.data
        key = rows.tobytes()
        if key not in self._subsets:
            self._subsets[key] = self.data.subset(rows.tolist()).construct()
        return self._subsets[key]

    def with_columns(self, columns: np.ndarray, parameters: Mapping[str, Any]) -> Features:
        """Return the features binned together with additional columns."""
        data = binned(self.matrix, self.categorical.tolist(), parameters, columns)
        return replace(self, data=data)

    def gaps(self, rows: np.ndarray) -> Gaps:
        """Return the missing values in training on some of the rows."""
        return Gaps.of_rows(self.matrix, rows)

    def ensemble(self, parameters: Mapping[str, Any], n_trees: int) -> Ensemble:
        """Return an empty ensemble of trees to grow on all rows."""
        return Ensemble(self.data, parameters, n_trees)
