"""R-MTGB on the workers of a Dask cluster."""

from __future__ import annotations

import socket
from collections.abc import Hashable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from skmtl._extras import needed
from skmtl.boosting import WorkerNetwork
from skmtl.engines import fresh_random_state
from skmtl.engines.boosting import (
    BoostingRows,
    Entries,
    FittedBoosting,
    PoolPart,
    SpreadPlan,
    grow_shared,
    grow_tasks,
    join_parts,
    read_rows,
    shares,
)
from skmtl.models import timed
from skmtl.models.boosting import BoostingEstimator
from skmtl.tables import Chunk, checked_rows_in_memory

# A column of labels with more values than this in a partition is numeric, not classes.
_MOST_CLASSES = 1000

Model = TypeVar("Model", bound=BoostingEstimator)


@timed
def fit_with_dask(
    model: Model,
    data: Any,
    y: Hashable | Sequence[Hashable],
    sample_weight: Hashable | None = None,
    *,
    client: Any = None,
    rows_in_memory: int = 200_000,
) -> Model:
    """Fit an RMTGB estimator on a Dask DataFrame whose rows stay on the workers.

    Shared blocks are grown on the rows of all workers by LightGBM's distributed learner, in which
    workers exchange histograms instead of rows. For the block "task", the rows of every task are
    sent to one worker, so that the workers have about the same number of rows.

    Everything else is learnt from a random sample of the rows, which the client and all workers
    have in memory: categories and task ids, kinds and units of the labels, LightGBM's bins, and
    the intercepts, signatures and outlier scores of the tasks. `validation_fraction` of the sample
    is held out for early stopping.

    Parameters
    ----------
    model : RMTGB, RMTGBRegressor, RMTGBClassifier or RMTGBSurvival
        It is fitted in place. ``n_jobs`` is the number of LightGBM's threads on each worker, and
        ``blocks="auto"`` does not try several sequences but takes "shared", "partition", "task".
    data : dask.dataframe.DataFrame
        Features, labels and optionally weights, as columns.
    y : label or list of labels
        The columns with the labels.
    sample_weight : label, optional
        The column with the rows' weights.
    client : distributed.Client, optional
        None means the current client.
    rows_in_memory : int, default=200000
        Size of the sample; the default is the number of rows that LightGBM uses to find its bins.
        Rows for classes and task ids that are missing in the random sample are added.

    Returns
    -------
    model
        The model, with the same fitted attributes as after `fit`.

    Raises
    ------
    ImportError
        If Dask is not installed: ``pip install "skmtl[dask]"``.
    TypeError
        For a model that is not boosted, data that are not a Dask DataFrame, or labels and weights
        that are tables instead of names of columns.
    ValueError
        For columns that are not there, for ``n_bags`` above 1, for a `rows_in_memory` that is not
        an integer of at least 2, and for what `fit` refuses.

    Notes
    -----
    If the sample contains all rows, the model is the same as with ``fit`` and ``n_bags=1``, with
    three exceptions. Sums are rounded differently. In a single process LightGBM knows the number
    of rows of a node, while the distributed learner estimates it from the Hessians, so that
    `min_data_in_leaf` (and ``min_data_per_group`` for categories) may have a different effect on a
    split. With early stopping, the rounds of a task are chosen together with the tasks on its
    worker instead of all tasks.

    For `RMTGBSurvival`, the cuts of time also depend on the sample, and curves end with the
    longest follow-up in the sample. `y` names the columns of its events, times and entries.

    A worker without partitions does not take part in the shared blocks. Each LightGBM worker
    listens on a free port, and the workers must be able to connect to each other. ``eval_set`` and
    callbacks are not supported.

    Examples
    --------
    >>> import pandas as pd
    >>> import dask.dataframe as dd
    >>> from dask.distributed import Client
    >>> from skmtl import RMTGBRegressor
    >>> from skmtl.datasets import make_outlier_tasks
    >>> X, points = make_outlier_tasks(50, random_state=0)
    >>> rows = dd.from_pandas(X.assign(points=points), npartitions=2)
    >>> with Client(n_workers=2, threads_per_worker=1, dashboard_address=":0"):  # doctest: +SKIP
    ...     model = fit_with_dask(RMTGBRegressor(task_column="task"), rows, y="points")
    """
    client = _client(client)
    labels = _checked(model, data, y, sample_weight)
    n_sampled = checked_rows_in_memory(rows_in_memory)
    chance = fresh_random_state(model.random_state)
    parts = client.compute(list(data.to_delayed()))
    chunks = client.map(_chunk, parts, y=labels, weight=sample_weight)
    sizes = client.gather(client.map(_size, chunks))
    del parts  # workers should not keep the rows twice
    chunks = [chunk for chunk, size in zip(chunks, sizes, strict=True) if size]
    share = min(1.0, n_sampled / max(sum(sizes), 1))
    seeds = np.random.SeedSequence(chance.randint(2**31 - 1)).spawn(len(chunks))
    drawn = client.gather(
        [
            client.submit(_sample, chunk, share, seed, model.task_column, pure=False)
            for chunk, seed in zip(chunks, seeds, strict=True)
        ]
    )
    if not drawn:
        raise ValueError("data has no row of positive weight with a label.")
    sample = _joined([rows for _, rows in drawn])

    def grow(plan: SpreadPlan) -> FittedBoosting:
        held_out = _held_out(plan, [positions for positions, _ in drawn])
        return _grown(client, plan, chunks, held_out)

    return model.fit_spread(sample, sum(sizes), grow)


def _client(client: Any) -> Any:
    with needed("Dask", "dask", "fit_with_dask"):
        from distributed import default_client
    return default_client() if client is None else client


def _checked(model: Any, data: Any, y: Any, sample_weight: Any) -> Any:
    """Return the columns of the labels; raise an error for invalid arguments."""
    if not isinstance(model, BoostingEstimator):
        raise TypeError(
            f"fit_with_dask fits RMTGB estimators, got {type(model).__name__}. Networks are "
            "trained by several processes under skmtl.distributed.data_parallel."
        )
    if not hasattr(data, "to_delayed") or not hasattr(data, "columns"):
        raise TypeError(f"data must be a Dask DataFrame, got {type(data).__name__}.")
    for name, value in {"y": y, "sample_weight": sample_weight}.items():
        if getattr(value, "ndim", 0) > 0 and not isinstance(value, pd.Index):
            raise TypeError(
                f"{name} says which columns of data hold the labels or weights, by their names, "
                f"got a {type(value).__name__}. Join it to the data first, as columns."
            )
    labels = list(y) if isinstance(y, list | tuple | pd.Index) else y
    columns = [*(labels if isinstance(labels, list) else [labels])]
    columns += [] if sample_weight is None else [sample_weight]
    missing = [name for name in columns if name not in list(data.columns)]
    if missing:
        raise ValueError(f"data has no columns {missing}; it has {list(data.columns)}.")
    if model.n_bags not in ("auto", 1):
        raise ValueError(
            f"n_bags={model.n_bags!r}: fit_with_dask fits one bag. "
            "Use n_bags=1, and several models of other random_state if you want more."
        )
    return labels


def _grown(
    client: Any, plan: SpreadPlan, chunks: Sequence[Any], held_out: list[np.ndarray]
) -> FittedBoosting:
    """Let the workers grow all blocks, each from its own chunks."""
    positions = _by_worker(client, chunks)
    addresses = list(positions)
    networks = _networks(client, addresses)
    everywhere = client.scatter(plan, broadcast=True)
    read = [
        client.submit(
            _read,
            everywhere,
            [chunks[i] for i in indices],
            [held_out[i] for i in indices],
            workers=[address],
            pure=False,
        )
        for address, indices in positions.items()
    ]
    # Raise errors of unreadable rows now, not while other workers wait for that worker.
    client.gather([client.submit(_n_held_out, rows) for rows in read])
    grown = [
        client.submit(_grow_shared, everywhere, each, network, workers=[address], pure=False)
        for address, each, network in zip(addresses, read, networks, strict=True)
    ]
    parts: list[list[PoolPart]] = client.gather([client.submit(_first, each) for each in grown])
    tasks = [
        _grow_tasks(client, everywhere, grown, position, addresses, indices)
        if "task" in plan.names[position]
        else []
        for position, indices in enumerate(zip(*parts, strict=True))
    ]
    return join_parts(plan, parts, client.gather(tasks))


def _grow_tasks(
    client: Any,
    plan: Any,
    grown: Sequence[Any],
    position: int,
    addresses: Sequence[str],
    parts: Sequence[PoolPart],
) -> list[Any]:
    """Return futures of the task trees of a pool, with about equal numbers of entries."""
    counts = np.sum([part.counts for part in parts], axis=0)
    return [
        client.submit(
            _grow_task_share,
            plan,
            position,
            tasks,
            # Each worker only sends the entries that the other one needs.
            [client.submit(_entries, part, position, tasks) for part in grown],
            workers=[address],
            allow_other_workers=True,
            pure=False,
        )
        for tasks, address in zip(shares(counts, len(addresses)), addresses, strict=False)
    ]


def _by_worker(client: Any, chunks: Sequence[Any]) -> dict[str, list[int]]:
    """Return positions of the chunks on each worker."""
    holders = client.who_has(chunks)
    positions: dict[str, list[int]] = {}
    for position, chunk in enumerate(chunks):
        positions.setdefault(holders[chunk.key][0], []).append(position)
    return positions


def _networks(client: Any, addresses: Sequence[str]) -> list[WorkerNetwork]:
    """Return LightGBM's network settings for each worker."""
    ports = [client.submit(_free_port, workers=[address], pure=False) for address in addresses]
    ports = client.gather(ports)
    machines = tuple(
        f"{urlsplit(address).hostname}:{port}"
        for address, port in zip(addresses, ports, strict=True)
    )
    return [WorkerNetwork(machines, port) for port in ports]


def _held_out(plan: SpreadPlan, drawn: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return positions in each chunk of held-out rows of the sample."""
    held_out = plan.drawn[plan.held_out]
    ends = np.cumsum([len(positions) for positions in drawn])
    of_chunk = np.searchsorted(ends, held_out, side="right")
    starts = ends - [len(positions) for positions in drawn]
    return [positions[held_out[of_chunk == i] - starts[i]] for i, positions in enumerate(drawn)]


# The following functions run on the workers.


def _chunk(frame: pd.DataFrame, y: Any, weight: Hashable | None) -> Chunk:
    """Return features, labels and weights of labelled rows of positive weight."""
    frame = frame[frame[y if isinstance(y, list) else [y]].notna().any(axis=1)]
    if weight is not None:
        frame = frame[~(frame[weight] == 0)]
    other = [*(y if isinstance(y, list) else [y]), *([] if weight is None else [weight])]
    weights = None if weight is None else frame[weight].to_numpy()
    return Chunk(frame.drop(columns=other), frame[y], weights)


def _size(chunk: Chunk) -> int:
    return len(chunk.X)


def _sample(
    chunk: Chunk, share: float, seed: np.random.SeedSequence, task: Hashable | None
) -> tuple[np.ndarray, Chunk]:
    """Return positions and rows of a sample with every class and task id."""
    n = len(chunk.X)
    chosen = np.random.default_rng(seed).random(n) < share
    labels = pd.DataFrame(chunk.y)
    columns = [labels[name] for name in labels if labels[name].nunique() <= _MOST_CLASSES]
    if task is not None:
        columns.append(chunk.X[task] if task in chunk.X else chunk.X.iloc[:, task])
    for column in columns:
        chosen |= ~column.duplicated().to_numpy()
    positions = np.flatnonzero(chosen)
    return positions, _taken(chunk, positions)


def _taken(chunk: Chunk, positions: np.ndarray) -> Chunk:
    weight = None if chunk.sample_weight is None else chunk.sample_weight[positions]
    return Chunk(chunk.X.iloc[positions], chunk.y.iloc[positions], weight)


def _joined(chunks: Sequence[Chunk]) -> Chunk:
    weights = [chunk.sample_weight for chunk in chunks]
    return Chunk(
        pd.concat([chunk.X for chunk in chunks]),
        pd.concat([chunk.y for chunk in chunks]),
        None if weights[0] is None else np.concatenate(weights),
    )


def _read(
    plan: SpreadPlan, chunks: list[Chunk], held_out: list[np.ndarray]
) -> tuple[BoostingRows, np.ndarray]:
    """Return the worker's rows, and positions of held-out rows."""
    starts = np.cumsum([0] + [len(chunk.X) for chunk in chunks])
    held_out_positions = [
        positions + start for positions, start in zip(held_out, starts, strict=False)
    ]
    return read_rows(plan, chunks), np.concatenate(held_out_positions)


def _n_held_out(read: tuple[BoostingRows, np.ndarray]) -> int:
    return len(read[1])


def _grow_shared(
    plan: SpreadPlan, read: tuple[BoostingRows, np.ndarray], network: WorkerNetwork
) -> tuple[list[PoolPart], list[Entries]]:
    return grow_shared(plan, *read, network)


def _grow_task_share(
    plan: SpreadPlan, position: int, tasks: list[int], pieces: list[Entries]
) -> tuple:
    return (tasks, *grow_tasks(plan, position, tasks, pieces))


def _first(grown: tuple[list[PoolPart], list[Entries]]) -> list[PoolPart]:
    return grown[0]


def _entries(
    grown: tuple[list[PoolPart], list[Entries]], position: int, tasks: list[int]
) -> Entries:
    return grown[1][position].of_tasks(tasks)


def _free_port() -> int:
    """Return a free port, which LightGBM will use a moment later."""
    with socket.socket() as listener:
        listener.bind(("", 0))
        return int(listener.getsockname()[1])
