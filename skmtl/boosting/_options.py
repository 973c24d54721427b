"""How boosting is done, in resolved form."""

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

# What blocks="auto" chooses from. Each begins with another block, for what comes first decides
# most; a later block that does not help gets no round.
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
# Of a single task.
SEQUENCES: tuple[BlockNames, ...] = (("shared",), ("linear", "shared"))


@dataclass(frozen=True)
class BoostingOptions:
    """Settings of a fit.

    Attributes
    ----------
    parameters : mapping of block to mapping
        LightGBM's parameters by block of trees.
    n_rounds : mapping of block to int
        Most rounds of each block.
    patience : int
        Rounds without a better validation loss after which a block ends.
    n_jobs : int
        Threads.
    """

    parameters: Mapping[str, Mapping[str, Any]]
    n_rounds: Mapping[str, int]
    patience: int
    n_jobs: int


@dataclass(frozen=True)
class Features:
    """The features of all rows, as trees read them.

    Attributes
    ----------
    matrix : ndarray of shape (n_rows, n_features)
        It may be a memory map.
    numeric, categorical : int ndarray
        Positions of the columns of either sort.
    data : lightgbm.Dataset
        The same, binned.
    """

    matrix: np.ndarray
    numeric: np.ndarray
    categorical: np.ndarray
    data: lgb.Dataset
    _subsets: dict[bytes, lgb.Dataset] = field(default_factory=dict, init=False, repr=False)

    def of_rows(self, rows: np.ndarray) -> lgb.Dataset:
        """The binned data of some rows, ascending: made once for all tasks and bags that ask."""
        if len(rows) == len(self.matrix):
            return self.data
        key = rows.tobytes()
        if key not in self._subsets:
            self._subsets[key] = self.data.subset(rows.tolist()).construct()
        return self._subsets[key]

    def with_columns(self, columns: np.ndarray, parameters: Mapping[str, Any]) -> Features:
        """The features binned together with some more columns."""
        data = binned(self.matrix, self.categorical.tolist(), parameters, columns)
        return replace(self, data=data)

    def gaps(self, rows: np.ndarray) -> Gaps:
        """What trees meet that grow on some of the rows."""
        return Gaps.of_rows(self.matrix, rows)

    def ensemble(self, parameters: Mapping[str, Any], n_trees: int) -> Ensemble:
        """Trees that grow on all rows."""
        return Ensemble(self.data, parameters, n_trees)
