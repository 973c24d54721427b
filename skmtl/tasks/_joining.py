"""Tasks whose label consists of several columns of Y."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from skmtl.tasks._labels import label_frame
from skmtl.tasks._registry import as_kind


def join_label_columns(y: Any, kinds: object) -> Any:
    """Return Y with one column per task, for kinds with several columns per label.

    Parameters
    ----------
    y : as in `label_frame`
    kinds : mapping of task to Kind, or anything else
        The parameter `tasks`, or the heads of a fitted model. Only kinds with several columns per
        label matter, and only if they are specified by task.

    Returns
    -------
    y itself, or a DataFrame
        A joined column is at the position of its first original column. Several tasks may use
        the same column, and it remains a target of its own if `kinds` names it. A column with the
        name of a task is the task's label if it is not one of those to be joined.
    """
    if not isinstance(kinds, Mapping) or y is None:
        return y
    chosen = {name: as_kind(kind, name) for name, kind in kinds.items()}
    columns_of = {name: kind.label_columns(name) for name, kind in chosen.items()}
    if not any(columns_of.values()):
        return y
    labels = label_frame(y)
    parts = {
        name: [column for column in labels.columns if column in wanted]
        for name, wanted in columns_of.items()
    }
    used = {column for columns in parts.values() for column in columns}
    joined = {
        name: chosen[name].join_columns(labels, name)
        for name in parts
        if parts[name] and (name in parts[name] or name not in labels.columns)
    }
    columns: dict[Hashable, pd.Series] = {}
    for column in labels.columns:
        columns |= {name: joined[name] for name in joined if parts[name][0] == column}
        if column not in used or (column in chosen and not columns_of[column]):
            columns[column] = labels[column]
    return pd.DataFrame(columns, index=labels.index)
