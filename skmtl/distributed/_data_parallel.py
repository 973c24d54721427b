"""Networks that several processes train together."""

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

# Of the process groups that this script makes; every process makes the same ones.
_groups = numbers()


@contextmanager
def data_parallel() -> Iterator[Processes]:
    """Train the networks that are fitted within with all processes that torchrun has started.

    Every process runs the same script, with the same X, y and parameters. In `fit` each takes its
    part of every batch, rows r, r + n, r + 2n, ... for process r of n, and the gradients are
    averaged over the processes, so that a step is the one that a single process would take.
    Validation is shared out in the same way, when to stop is decided by all together, and in the
    end all processes have the same model, bit by bit.

    torch's default process group is used where there is one; else it is made from what torchrun
    has put into the environment, with NCCL and GPU number ``LOCAL_RANK`` where torch sees GPUs and
    gloo for CPUs, and closed in the end.

    Yields
    ------
    object
        With ``rank``, the number of this process, and ``count``, how many there are.

    Raises
    ------
    RuntimeError
        Where the script was not started by torchrun and has made no process group.

    Notes
    -----
    Without dropout every step is that of a single process, but for rounding: sums are added up in
    another order. Over hundreds of steps of AdamW this grows, as it does for any change of the
    order of rows, until the models differ as those of two seeds do. With dropout each process
    draws its own. ``random_state=None`` is drawn by the first process.

    `fit` raises a ValueError in all processes where they have been given different rows, and
    for what needs all rows of a batch in one place: `balance` other than "equal", and the kind
    "proportional_hazards". A callback that asks to stop in one process stops all. An interrupt
    ends the script without a model. A table on disk is read by every process as a whole, with a
    copy of its own in its cache folder.

    What is not a network (`RMTGB`) is fitted by each process for itself, as are networks in
    threads or processes that the script itself starts (``n_jobs``).

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
    made = not distributed.is_initialized()
    if made:
        _join()
    try:
        with together() as processes:
            yield processes
    finally:
        if made:
            distributed.destroy_process_group()


def _join() -> None:
    """Join the process group that torchrun has described in the environment."""
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
    # A part of the store that is new: what an earlier group has left there would mislead this one.
    own = distributed.PrefixStore(f"skmtl/{next(_groups)}", store)
    distributed.init_process_group(backend, store=own, rank=rank, world_size=count)


@cache
def _meeting_point() -> tuple[Any, int, int]:
    """The store through which the processes find each other, rank and number of processes.

    It is kept for all groups of the script: whoever opened another one could meet the old one.
    """
    return next(distributed.rendezvous("env://"))
