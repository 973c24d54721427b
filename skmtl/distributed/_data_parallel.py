"""Data-parallel training of networks by several processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count as numbers
from typing import Any

import torch
from torch import distributed

from skmtl.training import Processes, together

# Numbers of the process groups of this script; all processes create the same groups.
_groups = numbers()


@contextmanager
def data_parallel() -> Iterator[Processes]:
    """Train networks in this context with all processes started by torchrun.

    Every process runs the same script, with the same X, y and parameters. In `fit` each process
    uses its part of every batch, rows r, r + n, r + 2n, ... for process r of n, and the gradients
    are averaged over the processes, so that each step is the same as in a single process.
    Validation is distributed in the same way, early stopping is decided by all processes together,
    and in the end all processes have the same model, bit by bit.

    torch's default process group is used if it exists. Otherwise a group is created from the
    environment variables of torchrun, with NCCL and GPU number ``LOCAL_RANK`` if torch finds GPUs
    and gloo for CPUs, and closed in the end.

    Yields
    ------
    object
        An object with ``rank``, the number of this process, and ``count``, the number of
        processes.

    Raises
    ------
    RuntimeError
        If the script was not started by torchrun and has not created a process group.

    Notes
    -----
    Without dropout every step is the same as in a single process, except for rounding, because
    sums are computed in a different order. Over hundreds of steps of AdamW these differences grow,
    as with any change of the order of rows, until the models differ like those of two seeds. With
    dropout each process draws its own masks. For ``random_state=None`` the first process draws the
    seed.

    `fit` raises a ValueError in all processes if their rows differ, and for settings that need all
    rows of a batch in one process: `balance` other than "equal", and the kind
    "proportional_hazards". A callback that asks to stop in one process stops all. An interrupt
    ends the script without a model. Every process reads the whole of a table on disk, with its own
    copy in its cache folder.

    Other estimators (`RMTGB`) are fitted separately by each process, and so are networks in
    threads or processes started by the script itself (``n_jobs``).

    References
    ----------
    S. Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training",
    VLDB 2020, arXiv:2006.15704.

    Examples
    --------
    In ``train.py``, which ``torchrun --nproc_per_node=2 train.py`` starts twice::

        with data_parallel() as processes:
            model = MultiTab(batch_size=4096, random_state=0).fit(X, y)
        if processes.rank == 0:
            model.save("model.skmtl")
    """
    created = not distributed.is_initialized()
    if created:
        _join()
    try:
        with together() as processes:
            yield processes
    finally:
        if created:
            distributed.destroy_process_group()


def _join() -> None:
    """Join the process group that torchrun describes in the environment."""
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        raise RuntimeError(
            "data_parallel() needs several processes. Start the script with "
            "'torchrun --nproc_per_node=2 script.py', or call "
            "torch.distributed.init_process_group before."
        )
    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
        backend = "cpu:gloo,cuda:nccl"
    store, rank, count = _meeting_point()
    # Use a new prefix of the store, because values of an earlier group would be misleading.
    group_store = distributed.PrefixStore(f"skmtl/{next(_groups)}", store)
    distributed.init_process_group(backend, store=group_store, rank=rank, world_size=count)


@cache
def _meeting_point() -> tuple[Any, int, int]:
    """Return the store through which processes find each other, rank and number of processes.

    It is shared by all groups of the script: a process that opens a second store could connect to
    the first one.
    """
    return next(distributed.rendezvous("env://"))
