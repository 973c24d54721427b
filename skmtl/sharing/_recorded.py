"""Fit a network and record what its steps for each task do to the others."""

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
    """What was seen during a fit; tables of shape (n_tasks, n_tasks).

    Attributes
    ----------
    n_looks : int
        How often steps were compared.
    gains, lookahead, cosine : DataFrame
        As of `skmtl.training.TransferRecord`.
    kinds : dict of task to Kind
        What the network took each task for.
    """

    n_looks: int
    gains: pd.DataFrame
    lookahead: pd.DataFrame
    cosine: pd.DataFrame
    kinds: dict[Hashable, Kind]


def records_transfer(estimator: Any) -> bool:
    """Whether the model within learns by steps that can be looked at: whether it is a network."""
    unfitted = unfitted_model(estimator)
    return unfitted is not None and unfitted.records_transfer


def fit_recorded(estimator: Any, table: TaskTable, every: int) -> Recorded:
    """Fit a copy, with a look at the tasks every so many steps.

    Raises
    ------
    TypeError
        If the network is within something that fits copies of it, such as a search.
    ValueError
        If it took no step of two rows, or does not tell the tasks of long data apart.
    """
    from skmtl.training import recording_transfer  # loads torch

    model = clone(estimator)
    outer, network = last_step(model), inside(model)
    if outer is not network:
        raise TypeError(
            f"{type(outer).__name__} fits copies of {type(network).__name__}, whose "
            "steps cannot be looked at. Give that estimator itself, or a pipeline that ends in "
            "it; of a fitted search, best_estimator_."
        )
    with recording_transfer(every) as record:
        fit_on(model, table)
    if not record.n_looks:
        raise ValueError("No batch had two rows: there is nothing to compare. Use more rows.")
    if set(table.names) - set(record.names):
        raise ValueError(
            f"The network of {type(network).__name__} knows no task ids, so that it takes no step "
            "for one of them. Give it the attribute n_groups (see "
            "skmtl.networks.TrainableNetwork), or use wide data."
        )
    positions = [record.names.index(name) for name in table.names]
    index = pd.Index(table.names, tupleize_cols=False)
    gains, lookahead, cosine = (
        pd.DataFrame(values(positions), index=index, columns=index)
        for values in (record.gains, record.lookahead, record.cosine)
    )
    return Recorded(record.n_looks, gains, lookahead, cosine, kinds_of(model, table))
