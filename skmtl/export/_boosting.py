"""Write the raw scores of a boosting model as a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from skmtl.boosting import (
    FURTHEST,
    BoostedPool,
    FittedBlock,
    FittedSequence,
    LinearFunctions,
    PartitionTrees,
    SharedTrees,
    TaskTrees,
    Trees,
)
from skmtl.export._graph import Value
from skmtl.export._trees import Child, Forest, Tree, read_trees


@dataclass(frozen=True)
class GraphMatrix:
    """The features that trees read.

    Attributes
    ----------
    matrix : Value of shape (batch, n_features), float64
    n_features : int
    group : Value of shape (batch,), int64, or None
        Index of the row's task in long data; unseen tasks have the index after the last.
    """

    matrix: Value
    n_features: int
    group: Value | None

    def of_task(self, table: np.ndarray) -> Value:
        """Look up the row's task in a table whose last entry is for unseen tasks."""
        assert self.group is not None
        return self.matrix.graph.op("Gather", table, self.group)

    def with_columns(self, columns: Value, n_columns: int) -> GraphMatrix:
        """Return a copy with columns appended to the matrix."""
        matrix = self.matrix.op("Concat", columns, axis=1)
        return GraphMatrix(matrix, self.n_features + n_columns, self.group)


def pool_scores(pool: BoostedPool, n_targets: int, rows: GraphMatrix) -> list[Value]:
    """Return the raw scores (batch, n_scores) of each of the pool's targets."""
    start, coordinates = _start(pool.bags, rows), _coordinates(pool, n_targets, rows)
    scores = []
    for position in range(n_targets):
        space, score = pool.space(position), _at(start, position)
        if space.directions is not None:
            score = score.columns(0, space.directions.shape[1])
        if coordinates is not None:
            added = _at(coordinates, position)
            score = score + (added if space.directions is None else added @ space.directions)
        scores.append(score)
    return scores


def _at(values: Value, position: int) -> Value:
    return values.op("Gather", np.array(position), axis=1)


def _coordinates(pool: BoostedPool, n_targets: int, rows: GraphMatrix) -> Value | None:
    """Return the outputs of the trees, (batch, n_targets, n_trees); None without trees."""
    total = None
    for bag in pool.bags:
        for block in bag.blocks.values():
            outputs = _block_scores(block, rows)
            if outputs is not None:
                outputs = outputs / np.array(float(len(pool.bags)))
                total = outputs if total is None else total + outputs
    # Blocks that do not distinguish targets broadcast to all of them.
    return None if total is None else total + np.zeros((1, n_targets, 1))


def _start(bags: Sequence[FittedSequence], rows: GraphMatrix) -> Value:
    """Return the mean intercept, repeated for every row."""
    intercept = np.mean([bag.intercept for bag in bags], axis=0)
    if rows.group is not None:
        return rows.of_task(intercept).unsqueeze(1)
    constant = intercept[None, :-1]
    # A constant does not have a batch axis: adding zero times a column creates one.
    return rows.matrix.graph.op(
        "Expand", constant, _shape_with_batch(rows.matrix, constant.shape[1:])
    )


def _shape_with_batch(matrix: Value, shape: tuple[int, ...]) -> Value:
    batch = matrix.op("Shape", start=0, end=1)
    return batch.op("Concat", np.array(shape, dtype=np.int64), axis=0)


def _block_scores(block: FittedBlock, rows: GraphMatrix) -> Value | None:
    """Return the outputs of a block, (batch, n_own, n_trees); None without rounds."""
    if block.n_rounds == 0:
        return None
    if isinstance(block, LinearFunctions):
        return _linear_scores(block, rows)
    if isinstance(block, SharedTrees):
        return _shared_scores(block, rows)
    if isinstance(block, PartitionTrees):
        return _partition_scores(block, rows)
    if isinstance(block, TaskTrees):
        return _task_scores(block, rows)
    raise TypeError(f"Blocks of class {type(block).__name__} cannot be exported.")


def _linear_scores(block: LinearFunctions, rows: GraphMatrix) -> Value:
    columns = block.columns
    values = rows.matrix.op("Gather", columns.feature.astype(np.int64), axis=1)
    missing = values.op("IsNaN")
    codes = values
    for gap, instead in enumerate(columns.instead):
        codes = values.op("Equal", np.array(float(gap))).op("Where", instead, codes)
    is_code = codes.op("Equal", np.where(np.isfinite(columns.code), columns.code, -1.0))
    marks = _chosen(np.isinf(columns.code), missing.cast(np.float64), is_code.cast(np.float64))
    numbers = missing.op("Where", columns.centre, values)
    design = _chosen(np.isnan(columns.code), numbers, marks)
    design = (design - columns.centre) / columns.scale
    design = design.op("Clip", np.array(-FURTHEST), np.array(FURTHEST))
    n_own, n_columns, n_trees = block.coef.shape
    lines = design @ block.coef.transpose(1, 0, 2).reshape(n_columns, n_own * n_trees)
    return lines.reshape(0, n_own, n_trees) + block.constant


def _chosen(which: np.ndarray, these: Value, others: Value) -> Value:
    """Select columns of `these` where `which` is true, and of `others` elsewhere."""
    return these.graph.op("Where", which, these, others)


def _shared_scores(block: SharedTrees, rows: GraphMatrix) -> Value:
    if block.signatures is not None:
        numbers = block.signatures.astype(np.float64)
        rows = rows.with_columns(rows.of_task(numbers), numbers.shape[1])
    forest = Forest()
    _plant(forest, block.trees, 0)
    return forest.scores(rows.matrix, rows.n_features, block.trees.n_scores).unsqueeze(1)


def _partition_scores(block: PartitionTrees, rows: GraphMatrix) -> Value:
    n_scores = block.outlier.n_scores
    forest = Forest()
    _plant(forest, block.outlier, 0)
    _plant(forest, block.ordinary, n_scores)
    both = forest.scores(rows.matrix, rows.n_features, 2 * n_scores)
    outlier, ordinary = (both.columns(k, k + n_scores).unsqueeze(1) for k in (0, n_scores))
    share = expit(block.theta)
    if rows.group is None:
        outlier_share, ordinary_share = share[:, None], 1 - share[:, None]
        return outlier * outlier_share + ordinary * ordinary_share
    # An unseen task gets the mean share.
    share = np.append(share, share.mean())[:, None, None]
    return outlier * rows.of_task(share) + ordinary * rows.of_task(1 - share)


def _task_scores(block: TaskTrees, rows: GraphMatrix) -> Value:
    n_scores = block.trees[0].n_scores
    forest = Forest()
    if rows.group is None:
        for task, trees in enumerate(block.trees):
            _plant(forest, trees, task * n_scores)
        n_targets = len(block.trees) * n_scores
        scores = forest.scores(rows.matrix, rows.n_features, n_targets)
        return scores.reshape(0, len(block.trees), n_scores)
    by_task = [_trees(trees) for trees in block.trees]
    for number in range(block.n_rounds * n_scores):
        _plant_by_task(forest, by_task, number, n_scores, rows.n_features)
    rows = rows.with_columns(rows.group.cast(np.float64).unsqueeze(1), 1)
    return forest.scores(rows.matrix, rows.n_features, n_scores).unsqueeze(1)


def _trees(trees: Trees) -> list[Tree]:
    return [] if trees.booster is None else read_trees(trees.booster)


def _plant(forest: Forest, trees: Trees, first_target: int) -> None:
    for number, tree in enumerate(_trees(trees)):
        forest.plant(forest.grow(tree, first_target + number % trees.n_scores))


def _plant_by_task(
    forest: Forest, by_task: Sequence[Sequence[Tree]], number: int, n_scores: int, column: int
) -> None:
    """Join the trees of all tasks with this number into one, which first looks up the task.

    A row then passes one tree per round instead of one for every task. The column after the
    features holds the task.
    """
    target = number % n_scores

    def between(first: int, last: int) -> Child:
        """Grow a binary search over the tasks from `first` to `last` (exclusive)."""
        if last - first > 1:
            middle = (first + last) // 2
            low, high = between(first, middle), between(middle, last)
            return forest.split(column, middle - 0.5, low, high)
        if first < len(by_task) and number < len(by_task[first]):
            return forest.grow(by_task[first][number], target)
        return forest.leaf(target, 0.0)  # the task has no more trees, or is unseen

    forest.plant(between(0, len(by_task) + 1))
