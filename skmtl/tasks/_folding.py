"""Tasks whose label lies in several columns of Y."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from skmtl.tasks._labels import label_frame
from skmtl.tasks._registry import as_kind


def fold_columns(y: Any, kinds: object) -> Any:
    """Y with one column per task where a kind reads several columns as one label.

    Parameters
    ----------
    y : as in `label_frame`
    kinds : mapping of task to Kind, or anything else
        What the user wrote in `tasks`, or the heads of a fitted model. Only kinds that read
        several columns matter, and only where they are named by task.

    Returns
    -------
    y itself, or a DataFrame
        In which a folded column stands in the place of the first one that it was made of. Two
        tasks may read the same column.
    """
    if not isinstance(kinds, Mapping) or y is None:
        return y
    chosen = {name: as_kind(kind, name) for name, kind in kinds.items()}
    several = {name: kind for name, kind in chosen.items() if kind.reads(name)}
    if not several:
        return y
    labels = label_frame(y)
    sources = {name: _present(kind.reads(name), labels) for name, kind in several.items()}
    folded = {name: several[name].fold(labels, name) for name, found in sources.items() if found}
    used = {column for found in sources.values() for column in found}
    columns: dict[Hashable, pd.Series] = {}
    for column in labels.columns:
        columns |= {name: folded[name] for name in folded if sources[name][0] == column}
        if column not in used:
            columns[column] = labels[column]
    return pd.DataFrame(columns, index=labels.index)


def _present(columns: list[Hashable], labels: pd.DataFrame) -> list[Hashable]:
    return [name for name in labels.columns if name in columns]
