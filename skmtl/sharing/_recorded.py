"""Fit a network and record how steps for each task change the losses of the others."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.base import clone

from skmtl.answers import inside, last_step, unfitted_model
from skmtl.sharing._runs import kinds_of
from skmtl.sharing._tasks import TaskTable, fit_on
from skmtl.tasks import Kind


@dataclass(frozen=True)
class Recorded:
    """The record of a fit, with tables of shape (n_tasks, n_tasks).

    Attributes
    ----------
    n_looks : int
        Number of measurements.
    gains, lookahead, cosine : DataFrame
        See `skmtl.training.TransferRecord`.
    kinds : dict of task to Kind
        Kinds of the tasks in the network.
    """

    n_looks: int
    gains: pd.DataFrame
    lookahead: pd.DataFrame
    cosine: pd.DataFrame
    kinds: dict[Hashable, Kind]


def records_transfer(estimator: Any) -> bool:
    """Whether the steps of the model can be recorded, that is, whether it is a network."""
    unfitted = unfitted_model(estimator)
    return unfitted is not None and unfitted.records_transfer


def fit_recorded(estimator: Any, table: TaskTable, every: int) -> Recorded:
    """Fit a copy, and measure the tasks' gains after a number of steps.

    Raises
    ------
    TypeError
        If a wrapper such as a search fits copies of the network.
    ValueError
        If no batch had two rows, or if the network does not distinguish the tasks of long data.
    """
    from skmtl.training import recording_transfer  # loads torch

    model = clone(estimator)
    outer, network = last_step(model), inside(model)
    if outer is not network:
        raise TypeError(
            f"{type(outer).__name__} fits copies of {type(network).__name__}, whose "
            "steps cannot be recorded. Pass that estimator itself, or a pipeline that ends with "
            "it; of a fitted search, best_estimator_."
        )
    with recording_transfer(every) as record:
        fit_on(model, table)
    if not record.n_looks:
        raise ValueError("No batch had two rows: there is nothing to compare. Use more rows.")
    if set(table.names) - set(record.names):
        raise ValueError(
            f"The network of {type(network).__name__} has no task ids, so it cannot take a step "
            "for one of them. Add the attribute n_groups (see "
            "skmtl.networks.TrainableNetwork), or use wide data."
        )
    positions = [record.names.index(name) for name in table.names]
    index = pd.Index(table.names, tupleize_cols=False)
    gains, lookahead, cosine = (
        pd.DataFrame(values(positions), index=index, columns=index)
        for values in (record.gains, record.lookahead, record.cosine)
    )
    return Recorded(record.n_looks, gains, lookahead, cosine, kinds_of(model, table))
