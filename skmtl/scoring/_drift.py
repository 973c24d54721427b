"""Compare missing and unknown cells of scored rows with the rows of fit."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from skmtl.scoring._columns import ReadColumns
from skmtl.tables import CellCounts, describe_empty_columns


def with_names(counts: CellCounts, features: ReadColumns) -> CellCounts:
    """Return counts under the column names of the table.

    In a pipeline, the counts are of the columns that reach the model.
    """
    if features.cell_types is None:
        return counts
    names = dict(zip(features.labels, features.names, strict=True))
    return replace(counts, columns=[names[label] for label in counts.columns])


def column_report(counts: CellCounts | None, learnt: CellCounts | None) -> pd.DataFrame | None:
    """Return counts and shares of missing cells and unknown categories by column.

    Parameters
    ----------
    counts : CellCounts or None
        Counts of the scored rows; None if they are not known.
    learnt : CellCounts or None
        Counts of the rows of fit; None if the model does not have them.

    Returns
    -------
    DataFrame of shape (n_columns, 6), or None
        "missing" and "unknown"; their shares; and the shares in fit, NaN where they are not known.
    """
    if counts is None:
        return None
    frame = counts.to_frame()
    for name in ("missing", "unknown"):
        frame[f"{name}_share"] = frame[name] / max(counts.n_rows, 1)
    for name in ("missing", "unknown"):
        in_fit = float("nan") if learnt is None else getattr(learnt, name) / max(learnt.n_rows, 1)
        frame[f"fit_{name}_share"] = in_fit
    return frame


def lost_columns(counts: CellCounts | None, learnt: CellCounts | None) -> str | None:
    """Describe the columns that have lost all their values since fit; None if there are none.

    Also None if one of the counts is not known.
    """
    if counts is None or learnt is None:
        return None
    return describe_empty_columns(counts, learnt)
