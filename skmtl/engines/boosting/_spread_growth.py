"""R-MTGB on several workers: the work of each worker, however they are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from skmtl.boosting import (
    BoostedPool,
    Features,
    FittedBlock,
    FittedSequence,
    Fold,
    Pool,
    Segment,
    SpreadFeatures,
    Switch,
    TaskTrees,
    WorkerNetwork,
    binned,
    binned_like,
    grow_blocks,
    held_out_loss,
    intercepts,
    theta_of,
)
from skmtl.engines.boosting._fitted import FittedBoosting
from skmtl.engines.boosting._rows import BoostingRows, weight_in_rows
from skmtl.engines.boosting._spread_plan import SpreadPlan


@dataclass(frozen=True)
class Entries:
    """Observed labels with the features of their rows, for the task block.

    Attributes
    ----------
    matrix : ndarray of shape (n_rows, n_features)
    row, task : int ndarray of shape (n_entries,)
    target, coordinates : ndarray of shape (n_entries, k)
    learnt, held_out : ndarray of shape (n_entries,)
    constants : ndarray of shape (n_tasks + 1, n_scores)
        Raw scores that the tasks start from.
    """

    matrix: np.ndarray
    row: np.ndarray
    task: np.ndarray
    target: np.ndarray
    coordinates: np.ndarray
    learnt: np.ndarray
    held_out: np.ndarray
    constants: np.ndarray

    def of_tasks(self, tasks: Sequence[int]) -> Entries:
        """Return the entries of some tasks, renumbered in their order."""
        number = np.full(self.task.max(initial=-1) + 1, -1)
        in_range = [task for task in tasks if task < len(number)]
        number[in_range] = [list(tasks).index(task) for task in in_range]
        chosen = np.flatnonzero(number[self.task] >= 0)
        rows, row = np.unique(self.row[chosen], return_inverse=True)
        return Entries(
            self.matrix[rows],
            row,
            number[self.task[chosen]],
            self.target[chosen],
            self.coordinates[chosen],
            self.learnt[chosen],
            self.held_out[chosen],
            self.constants[[*tasks, -1]],
        )


@dataclass(frozen=True)
class PoolPart:
    """The part of a pool that a worker has grown, equal on all workers except for losses.

    Attributes
    ----------
    intercept : ndarray of shape (n_tasks + 1, n_scores)
    blocks : dict of name to FittedBlock
    history : DataFrame
        Losses; training losses are those of the worker's rows.
    weight : float
        Total weight of these rows.
    counts : int ndarray of shape (n_tasks,)
        Number of entries of each task among them.
    """

    intercept: np.ndarray
    blocks: dict[str, FittedBlock]
    history: pd.DataFrame
    weight: float
    counts: np.ndarray


def grow_shared(
    plan: SpreadPlan, own: BoostingRows, held_out: np.ndarray, network: WorkerNetwork
) -> tuple[list[PoolPart], list[Entries]]:
    """Grow the shared blocks, together with the other workers.

    Parameters
    ----------
    plan : SpreadPlan
    own : BoostingRows
        Rows of this worker.
    held_out : int ndarray
        Positions of its rows that are held out in the sample.
    network : WorkerNetwork

    Returns
    -------
    parts : list of PoolPart
    entries : list of Entries
        Entries of this worker's rows by pool, for the task block.
    """
    n_own = len(own.matrix)
    rows = own.above(plan.sample)
    features = SpreadFeatures.from_rows(
        own.matrix,
        plan.sample.matrix,
        plan.numeric,
        plan.categorical,
        plan.options[0].parameters["shared"],  # binning is the same in all pools
        len(network.machines),
    )
    learnt = np.setdiff1d(np.arange(n_own), held_out)
    parts, entries = [], []
    with network.joined():
        pools = plan.pools(rows)
        for names, options, target_pool in zip(plan.names, plan.options, pools, strict=True):
            pool, shared = target_pool.pool, tuple(name for name in names if name != "task")
            own_weight, stopping_weight, known_weight = (
                weight_in_rows(pool, chosen, len(rows.matrix))
                for chosen in (learnt, n_own + plan.held_out, n_own + plan.learnt)
            )
            intercept = intercepts(pool, known_weight)
            start = np.zeros((len(own_weight), pool.n_trees))
            fold = Fold(pool, own_weight, stopping_weight, intercept, start, known_weight)
            grown = grow_blocks(shared, fold, features, options, Switch())
            stopping = weight_in_rows(pool, held_out, len(rows.matrix))
            entries.append(_own_entries(grown.fold, features.matrix, n_own, stopping))
            counts = np.bincount(entries[-1].task, minlength=pool.n_tasks)
            parts.append(
                PoolPart(intercept, grown.blocks, grown.history, own_weight.sum(), counts)
            )
    return parts, entries


def _own_entries(fold: Fold, matrix: np.ndarray, n_own: int, held_out: np.ndarray) -> Entries:
    pool = fold.pool
    row = pool.entry_rows()
    own = np.flatnonzero(row < n_own)
    return Entries(
        matrix[:n_own],
        row[own],
        pool.task[own],
        pool.target[own],
        fold.coordinates[own],
        fold.learnt[own],
        held_out[own],
        fold.constants,
    )


def shares(counts: np.ndarray, n_workers: int) -> list[list[int]]:
    """Assign tasks to workers with about equal numbers of entries, largest tasks first."""
    dealt: list[list[int]] = [[] for _ in range(n_workers)]
    load = np.zeros(n_workers)
    for task in np.argsort(-counts, kind="stable").tolist():
        least = int(load.argmin())
        dealt[least].append(task)
        load[least] += counts[task]
    return [sorted(tasks) for tasks in dealt if tasks]


def grow_tasks(
    plan: SpreadPlan, position: int, tasks: Sequence[int], pieces: Sequence[Entries]
) -> tuple[TaskTrees, pd.DataFrame]:
    """Grow the trees of some tasks of a pool, from their entries on all workers.

    They are stopped by the held-out entries of all these tasks together.
    """
    whole = plan.pools(plan.sample)[position].pool
    joined = _joined_entries(pieces)
    pool = Pool(
        segments=_segments(whole, tasks, joined.task),
        task=joined.task,
        target=joined.target,
        weight=joined.learnt + joined.held_out,
        row=joined.row,
        n_rows=len(joined.matrix),
        names=[whole.names[task] for task in tasks],
        is_long=whole.is_long,
    )
    options = plan.options[position]
    parameters = options.parameters["shared"]
    sample = binned(plan.sample.matrix, plan.categorical.tolist(), parameters)
    features = Features(
        joined.matrix, plan.numeric, plan.categorical, binned_like(sample, joined.matrix)
    )
    fold = Fold(pool, joined.learnt, joined.held_out, joined.constants, joined.coordinates)
    grown = grow_blocks(("task",), fold, features, options, Switch())
    block = grown.blocks["task"]
    assert isinstance(block, TaskTrees)
    return block, grown.history


def _joined_entries(pieces: Sequence[Entries]) -> Entries:
    """Concatenate entries and sort them by task."""
    starts = np.cumsum([0] + [len(piece.matrix) for piece in pieces])
    row = np.concatenate([piece.row + start for piece, start in zip(pieces, starts, strict=False)])
    order = np.argsort(np.concatenate([piece.task for piece in pieces]), kind="stable")
    by_entry = {
        name: np.concatenate([getattr(piece, name) for piece in pieces])[order]
        for name in ("task", "target", "coordinates", "learnt", "held_out")
    }
    matrix = np.concatenate([piece.matrix for piece in pieces])
    return Entries(matrix, row[order], **by_entry, constants=pieces[0].constants)


def _segments(whole: Pool, tasks: Sequence[int], task: np.ndarray) -> list[Segment]:
    """Return the heads of some tasks and the ranges of their entries, which are sorted by task."""
    if whole.is_long:
        return [Segment(whole.segments[0].head, slice(0, len(task)))]
    ends = np.cumsum(np.bincount(task, minlength=len(tasks))).tolist()
    starts = [0, *ends[:-1]]
    heads = [whole.segments[number].head for number in tasks]
    return [
        Segment(head, slice(start, end))
        for head, start, end in zip(heads, starts, ends, strict=True)
    ]


TaskShare = tuple[Sequence[int], TaskTrees, pd.DataFrame]


def join_parts(
    plan: SpreadPlan, parts: Sequence[Sequence[PoolPart]], tasks: Sequence[Sequence[TaskShare]]
) -> FittedBoosting:
    """Combine the parts of all workers into the fitted model.

    Parameters
    ----------
    plan : SpreadPlan
    parts : sequence of sequence of PoolPart
        Parts by worker and pool.
    tasks : sequence of sequence of (tasks, TaskTrees, DataFrame)
        Task trees by pool and share of its tasks; empty without a task block.
    """
    pools = plan.pools(plan.sample)
    return FittedBoosting(
        [
            (target.targets, _boosted(plan, position, target.pool, of_workers, shares_))
            for position, (target, of_workers, shares_) in enumerate(
                zip(pools, zip(*parts, strict=True), tasks, strict=True)
            )
        ]
    )


def _boosted(
    plan: SpreadPlan,
    position: int,
    pool: Pool,
    parts: Sequence[PoolPart],
    tasks: Sequence[TaskShare],
) -> BoostedPool:
    names = plan.names[position]
    blocks, histories = dict(parts[0].blocks), [_common_history(parts)]
    if tasks:
        trees = {
            task: tree
            for numbers, block, _ in tasks
            for task, tree in zip(numbers, block.trees, strict=True)
        }
        blocks["task"] = TaskTrees([trees[task] for task in range(pool.n_tasks)])
        histories += [history for _, _, history in tasks]
    history = pd.concat(histories, ignore_index=True)
    sequence = FittedSequence(parts[0].intercept, blocks, history, np.nan)
    bag = BoostedPool(names, [sequence], None, pd.DataFrame(), pool.spaces)
    coordinates = _sample_coordinates(plan, pool, bag, plan.options[position].n_jobs)
    learnt, held_out = (weight_in_rows(pool, r, pool.n_rows) for r in (plan.learnt, plan.held_out))
    loss = held_out_loss(Fold(pool, learnt, held_out, sequence.intercept, coordinates))
    theta = theta_of([sequence]) if "partition" in names else None
    tried = pd.DataFrame(
        {"blocks": [names], "validation_loss": [loss], "n_bags": [1], "kept": [True]}
    )
    return replace(bag, bags=[replace(sequence, loss=loss)], theta=theta, tried=tried)


def _common_history(parts: Sequence[PoolPart]) -> pd.DataFrame:
    """Average training losses over the rows of all workers."""
    history = parts[0].history
    if history.empty:
        return history
    losses = [part.history["loss"].to_numpy() for part in parts]
    weights = [part.weight for part in parts]
    return history.assign(loss=np.average(losses, axis=0, weights=weights))


def _sample_coordinates(plan: SpreadPlan, pool: Pool, bag: BoostedPool, n_jobs: int) -> np.ndarray:
    """Return the outputs of the trees for the entries of the sample."""
    coordinates = bag.coordinates(plan.sample.matrix, plan.sample.group, n_jobs)
    row = pool.entry_rows()
    return coordinates[row, 0 if coordinates.shape[1] == 1 else pool.task]
