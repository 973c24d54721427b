"""Score a fitted model by task, for wide and long data."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from skmtl.metrics import MetricLike, ScoredTask, read_model, score_each
from skmtl.sharing._tasks import TaskTable


def scored_tasks(model: Any, table: TaskTable) -> dict[Hashable, ScoredTask]:
    """Return labels and predictions by task for the rows of a table.

    In long data the tasks are the ids, and each has the labels of its own rows.
    """
    tasks = read_model(model, table.X, table.y)
    if table.ids is None:
        return tasks
    (target,) = tasks.values()
    ids = table.ids.to_numpy()
    return {name: target.of_rows(ids == name, name) for name in table.names}


def score_on(model: Any, table: TaskTable, metric: MetricLike) -> pd.Series:
    """Return scores by task; NaN for a task without labels in the table."""
    if not len(table.Y):
        return pd.Series(np.nan, index=pd.Index(table.names, tupleize_cols=False))
    tasks = scored_tasks(model, table)
    return score_each(tasks, metric, table.sample_weight)
