"""Parameters of RMTGB, resolved for a table."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lightgbm.basic import _ConfigAliases

from skmtl.boosting import (
    BLOCKS,
    LONG_SEQUENCES,
    MANY_TARGETS,
    MOST_AXES,
    SEQUENCES,
    TREE_BLOCKS,
    WIDE_SEQUENCES,
    BoostingOptions,
    Pool,
    has_many_tasks,
)
from skmtl.engines import bags_for, number_of_threads
from skmtl.engines.boosting._lightgbm_parameters import (
    by_first_name,
    constraint_signs,
    value_of_block,
)
from skmtl.tables import TreeEncoder

ByBlock = Mapping[str, Any]

# Small trees, because tasks differ in a few features at a time and blocks have many rounds.
_LEAVES = {"shared": 8, "signature": 8, "partition": 8, "task": 3}
_LEAST_ROWS = {"shared": 20, "signature": 20, "partition": 20, "task": 5}
# The median of five rows may be that of three outliers, and trees find such rows. On long data
# with 40 to 400 rows per task, of which 5 % are at -1e7, predictions missed by thousands with five
# rows; with ten the error is 1 to 8 % above that without outliers. Without any, ten rows cost 0 to
# 3 %.
_LEAST_ROWS_OF_QUANTILES = _LEAST_ROWS | {"task": 10}
_LEARNING_RATES = {"shared": 0.05, "signature": 0.05, "partition": 0.05, "task": 0.1}
# For hazards, whose trees take smaller steps anyway (`ScoreSpace.derivatives`). Random thresholds
# and trees of 4 leaves were better on all five data sets, evaluated within their training rows:
# mean integrated Brier score .1473, compared to .1517 with the best thresholds and .1483 with 8
# leaves; concordance .718, .709 and .716.
_HAZARD_LEAVES = {"shared": 4, "signature": 4, "partition": 4, "task": 3}
_HAZARD_RATES = dict.fromkeys(TREE_BLOCKS, 0.1)
_HAZARD_PARAMETERS = {"extra_trees": True}
# Rounds of hazards are expensive, and few useful ones follow after 15 without improvement. Within
# the training rows of eight data sets, 15 took a sixth less time than 30, and the integrated Brier
# score differed by less than its standard error of 0.05 %; 10 lost 0.13 %.
_PATIENCE, _HAZARD_PATIENCE = 30, 15
_MOST_ROUNDS, _ROUNDS = 2000, 100
# With many targets, and held-out rows that choose the rounds: larger steps, coarser bins, and
# fewer bags by the number of labels. On generated tables of 8 and 16 targets, with 400 and 2,000
# rows, the first two took 0.39 to 0.46 of the time, and R2 was .272, .552 and .457 instead of
# .275, .550 and .456.
_FASTER_OF_MANY, _BINS_OF_MANY, _LABELS_LIKE_A_ROW = 2.0, 63, 10
_BINS_NAMES = _ConfigAliases.get("max_bin", "max_bin_by_feature")
# Largest number of labels times features for which a line is tried: several copies with 8 bytes
# each are in memory, even for a table on disk.
_MOST_CELLS_OF_LINES = 2**24
# The rows of many targets are copied in turn, so that only rows times features are in memory.
# Labels times squares of the features must not exceed this number, for the sake of time.
_MOST_SQUARES_OF_LINES = 2**32
# LightGBM's default, but in the unit of the weights: with weights of 1e-6 no tree could split.
_LEAST_HESSIAN = 1e-3
_LEAST_HESSIAN_NAMES = _ConfigAliases.get("min_sum_hessian_in_leaf")


@dataclass(frozen=True, kw_only=True)
class RMTGBSettings:
    """Parameters of the boosting, as the estimators document them.

    Attributes
    ----------
    blocks : "auto" or sequence of str
    n_rounds, learning_rate, num_leaves, min_data_in_leaf : number, mapping or "auto"
    monotone_constraints : mapping, sequence or None
    lightgbm_params : mapping or None
    bags : int or "auto"
        The parameter `n_bags`.
    patience : int or "auto"
    n_jobs : int or None
    """

    blocks: Literal["auto"] | Sequence[str]
    n_rounds: int | ByBlock | Literal["auto"]
    learning_rate: float | ByBlock | Literal["auto"]
    num_leaves: int | ByBlock | Literal["auto"]
    min_data_in_leaf: int | ByBlock | Literal["auto"]
    monotone_constraints: Mapping[Hashable, int] | Sequence[int] | None
    lightgbm_params: Mapping[str, Any] | None
    bags: int | Literal["auto"]
    patience: int | Literal["auto"]
    n_jobs: int | None

    def n_bags(self, n_rows: int, n_targets: int) -> int:
        """Return the number of models to average for a table of this size.

        Five folds use every row for learning and for stopping. For large tables, the choice of
        held-out rows hardly matters, and time does.
        """
        if self.bags != "auto":
            return int(self.bags)
        if n_targets > MANY_TARGETS:
            n_rows = max(n_rows, n_rows * n_targets // _LABELS_LIKE_A_ROW)
        return bags_for(n_rows)

    def n_threads(self) -> int:
        """Return the number of threads, which respects the joblib context of the caller."""
        return number_of_threads(self.n_jobs)

    def sequences(
        self, pool: Pool, *, validated: bool, n_features: int = 0
    ) -> tuple[tuple[str, ...], ...]:
        """Return the sequences of blocks to choose from.

        Parameters
        ----------
        pool : Pool
        validated : bool
            Whether there are held-out rows to choose by.
        n_features : int, default=0
            Number of columns, which determines the memory that lines need.
        """
        if self.blocks != "auto":
            return (tuple(self.blocks),)
        sequences = LONG_SEQUENCES if pool.is_long else WIDE_SEQUENCES
        if pool.n_tasks == 1:
            sequences = SEQUENCES
        if not validated:
            return sequences[:1]
        # Lines do not support constraints.
        has_lines = _affords_lines(pool, n_features) and self.monotone_constraints is None
        return tuple(names for names in sequences if has_lines or "linear" not in names)

    def options(
        self,
        pool: Pool,
        n_rows: int,
        n_targets: int,
        *,
        validated: bool,
        seed: int,
        encoder: TreeEncoder,
    ) -> BoostingOptions:
        """Return the boosting options for a pool.

        Parameters
        ----------
        pool : Pool
        n_rows, n_targets : int
            Size of the table, whose targets may be learnt in several pools.
        validated : bool
            Whether there are held-out rows to stop by.
        seed : int
            Seed of LightGBM.
        encoder : TreeEncoder
            Fitted encoder with the features that `monotone_constraints` refers to.
        """
        rates, leaves, patience = _LEARNING_RATES, _LEAVES, _PATIENCE
        if pool.has_series:
            rates, leaves, patience = _HAZARD_RATES, _HAZARD_LEAVES, _HAZARD_PATIENCE
        if self.patience != "auto":
            patience = self.patience
        common = self._common_parameters(pool, seed, encoder)
        if validated and n_targets > MANY_TARGETS:
            if not pool.has_series:
                rates = {block: _FASTER_OF_MANY * rate for block, rate in rates.items()}
            if not _BINS_NAMES & set(common):
                common["max_bin"] = _BINS_OF_MANY
        parameters = {
            block: {
                **common,
                "learning_rate": value_of_block(self.learning_rate, block, rates),
                "num_leaves": value_of_block(self.num_leaves, block, _grown(leaves, n_rows)),
                "min_data_in_leaf": value_of_block(
                    self.min_data_in_leaf, block, _least_rows(pool, n_rows)
                ),
            }
            for block in TREE_BLOCKS
        }
        rounds = dict.fromkeys(BLOCKS, _MOST_ROUNDS if validated else _ROUNDS)
        n_rounds = {block: value_of_block(self.n_rounds, block, rounds) for block in BLOCKS}
        n_rounds["linear"] = min(n_rounds["linear"], 1)  # either a line or none
        return BoostingOptions(parameters, n_rounds, patience, self.n_threads())

    def _common_parameters(self, pool: Pool, seed: int, encoder: TreeEncoder) -> dict[str, Any]:
        """Return LightGBM's parameters that all blocks share."""
        common = {
            "num_threads": self.n_threads(),
            "seed": seed,
            # Reproducible models, independent of the load of the machine; row-wise suits few
            # threads.
            "deterministic": True,
            "force_row_wise": True,
            **(_HAZARD_PARAMETERS if pool.has_series else {}),
            **by_first_name(self.lightgbm_params),
        }
        if not _LEAST_HESSIAN_NAMES & set(common):
            common["min_sum_hessian_in_leaf"] = _LEAST_HESSIAN * pool.mean_weight
        if signs := constraint_signs(self.monotone_constraints, encoder):
            common["monotone_constraints"] = signs
        return common


def _affords_lines(pool: Pool, n_features: int) -> bool:
    if not has_many_tasks(pool):
        return len(pool.task) * n_features <= _MOST_CELLS_OF_LINES
    squares = len(pool.task) * min(n_features, MOST_AXES) ** 2
    return pool.n_rows * n_features <= _MOST_CELLS_OF_LINES and squares <= _MOST_SQUARES_OF_LINES


def _least_rows(pool: Pool, n_rows: int) -> dict[str, int]:
    """Allow smaller leaves for small tables, where trees with 20 rows per leaf could not split."""
    least = _LEAST_ROWS_OF_QUANTILES if pool.has_quantiles else _LEAST_ROWS
    return {block: min(rows, max(1, n_rows // 10)) for block, rows in least.items()}


def _grown(leaves: Mapping[str, int], n_rows: int) -> dict[str, int]:
    """Return more leaves for tables with enough rows."""
    factor = 1 if n_rows <= 20_000 else 2 if n_rows <= 100_000 else 4
    return {block: factor * n_leaves for block, n_leaves in leaves.items()}
