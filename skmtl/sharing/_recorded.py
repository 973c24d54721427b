"""Fit a network and record what its steps for each task do to the others."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.base import clone

from skmtl.sharing._runs import kinds_of
from skmtl.sharing._tasks import TaskTable, fit_on, innermost
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
    return hasattr(innermost(estimator), "_record_transfer")


def fit_recorded(estimator: Any, table: TaskTable, every: int) -> Recorded:
    """Fit a copy, with a look at the tasks every so many steps.

    Raises
    ------
    TypeError
        If the network is within something that fits copies of it, such as a search.
    ValueError
        If it took no step of two rows.
    """
    model = clone(estimator)
    network = _last_step(model)
    record = network._record_transfer(every)
    fit_on(model, table)
    if not record.n_looks:
        raise ValueError("No batch had two rows: there is nothing to compare. Use more rows.")
    known = network._balanced_names()
    positions = [known.index(name) for name in table.names]
    index = pd.Index(table.names, tupleize_cols=False)
    gains, lookahead, cosine = (
        pd.DataFrame(values(positions), index=index, columns=index)
        for values in (record.gains, record.lookahead, record.cosine)
    )
    return Recorded(record.n_looks, gains, lookahead, cosine, kinds_of(model, table))


def _last_step(model: Any) -> Any:
    """The network that a fit of the model fits itself."""
    network = model
    while hasattr(network, "steps"):
        network = network.steps[-1][1]
    if not hasattr(network, "_record_transfer"):
        raise TypeError(
            f"{type(network).__name__} fits copies of {type(innermost(model)).__name__}, whose "
            "steps cannot be looked at. Give that estimator itself, or a pipeline that ends in "
            "it; of a fitted search, best_estimator_."
        )
    return network
