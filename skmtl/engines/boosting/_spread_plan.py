"""R-MTGB on several workers: decisions based on a sample of the rows.

All workers have the same sample, which determines everything except the trees: columns,
categories, labels, constants, bins, signatures, outlier scores, and when to stop. So they reach
the same decisions without communicating; only LightGBM has to sum over workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from skmtl.boosting import BoostingOptions, TargetPool
from skmtl.engines import Preparation, Settings, start_preparation
from skmtl.engines.boosting._engine import BoostingEngine
from skmtl.engines.boosting._rows import BoostingRows
from skmtl.reading import joined_tables
from skmtl.tables import Chunk, TreeEncoder


@dataclass(frozen=True)
class SpreadPlan:
    """The plan that every worker follows.

    Attributes
    ----------
    preparation : Preparation
        Columns, categories, task ids and labels that were learnt from the sample.
    sample : BoostingRows
        Labelled rows of the sample.
    drawn : int ndarray
        Positions of these rows among all rows that were drawn.
    learnt, held_out : int ndarray
        Positions in the sample.
    names : tuple of tuple of str
        Names of the blocks of each pool.
    options : tuple of BoostingOptions
        Options of each pool.
    """

    preparation: Preparation
    sample: BoostingRows
    drawn: np.ndarray
    learnt: np.ndarray
    held_out: np.ndarray
    names: tuple[tuple[str, ...], ...]
    options: tuple[BoostingOptions, ...]

    @property
    def encoder(self) -> TreeEncoder:
        return cast(TreeEncoder, self.preparation.reader.encoder)

    @property
    def numeric(self) -> np.ndarray:
        return np.array(self.encoder.numeric_positions_, dtype=np.intp)

    @property
    def categorical(self) -> np.ndarray:
        return np.array(self.encoder.categorical_positions_, dtype=np.intp)

    def pools(self, rows: BoostingRows) -> list[TargetPool]:
        """Return the labels of some rows by pool."""
        return rows.pools(self.preparation.tasks.varying, self.preparation.reader.task_ids)


def make_plan(
    settings: Settings,
    engine: BoostingEngine,
    sample: Chunk,
    n_rows: int,
    random_state: np.random.RandomState,
) -> SpreadPlan:
    """Learn everything except the trees from a sample.

    Parameters
    ----------
    settings : Settings
    engine : BoostingEngine
    sample : Chunk
    n_rows : int
        Number of all rows.
    random_state : RandomState
    """
    preparation, table = start_preparation(settings, engine, sample)
    problem = preparation.problem(table, None, None, random_state, n_bags=1)
    if problem.tasks.learns_residuals:
        raise ValueError(
            "Regression(transform=...) learns from the residuals of rows that one process has, "
            "not of rows on several workers. Transform the labels before, or use loss='absolute'."
        )
    if problem.is_empty:
        raise ValueError(
            "Every target has one value in the sample of the rows, which determines what is "
            "learnt: there is nothing to grow trees for."
        )
    rows = BoostingRows.from_encoded(problem.rows, problem.task_weight)
    learnt, held_out = problem.splits[0]
    validated = len(held_out) > 0
    seed = random_state.randint(2**31 - 1)
    pools = [target.pool for target in rows.pools(problem.tasks, problem.task_ids)]
    options = [
        engine.settings.options(
            pool,
            n_rows,
            len(problem.tasks),
            validated=validated,
            seed=seed,
            encoder=cast(TreeEncoder, problem.encoder),
        )
        for pool in pools
    ]
    # Use the sequence of a fit without held-out rows, because trying several multiplies the cost.
    names = [engine.settings.sequences(pool, validated=False)[0] for pool in pools]
    for blocks in names:
        if "linear" in blocks:
            raise ValueError(
                f"blocks={blocks!r}: lines are learnt from all rows at once, which lie on several "
                "workers here. Leave the block 'linear' out."
            )
        if "task" in blocks[:-1]:
            raise ValueError(
                f"blocks={blocks!r}: the block 'task' must be the last one, since its tasks are "
                "spread over the workers."
            )
    drawn = table.labelled(problem.tasks.names)
    return SpreadPlan(preparation, rows, drawn, learnt, held_out, tuple(names), tuple(options))


def read_rows(plan: SpreadPlan, chunks: Sequence[Chunk]) -> BoostingRows:
    """Encode a worker's rows of positive weight."""
    preparation = plan.preparation
    table = joined_tables([preparation.read(chunk) for chunk in chunks])
    return BoostingRows.from_encoded(preparation.encode(table), preparation.task_weight)
