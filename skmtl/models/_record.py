"""Record facts about a fit when it ends."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from skmtl.answers import FitRecord
from skmtl.engines import Preparation, Problem, validation_losses
from skmtl.reading import CheckedTable


def fit_record(
    preparation: Preparation,
    table: CheckedTable,
    n_rows: int,
    problem: Problem,
    fitted: Any,
) -> FitRecord:
    """Return the record of a fit.

    Parameters
    ----------
    preparation : Preparation
    table : CheckedTable
        The rows in memory.
    n_rows : int
        Number of all rows.
    problem : Problem
    fitted : object or None
        The result of the engine's `fit`, if there was anything to learn.
    """
    n_labels: dict[Hashable, int] = table.Y.notna().sum().to_dict()
    if fitted is None:
        return FitRecord(n_rows, n_labels, {})
    counts = problem.rows.labels.mask.sum(axis=0).tolist()
    n_labels |= dict(zip(problem.tasks.names, counts, strict=True))
    losses = validation_losses(preparation.engine, fitted, problem)
    finite_losses = {
        name: float(loss)
        for name, loss in zip(problem.tasks.names, losses, strict=True)
        if np.isfinite(loss)
    }
    return FitRecord(n_rows, n_labels, finite_losses)
