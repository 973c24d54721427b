"""Rows with labels for a saved model, from files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from skmtl.cli._errors import UsageError
from skmtl.cli._tables import check_columns, read_headers, read_tables
from skmtl.csv_files import CsvFormat


def labelled_rows(model: Any, paths: Sequence[Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The features and the labels that a model knows, of all rows of some files.

    Raises
    ------
    UsageError
        If the files lack a column of the model, or hold no label of it.
    """
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        raise UsageError(
            "This model was fitted on columns without names, so that none can be found in a file."
        )
    csv = CsvFormat()
    first, *_ = read_headers(paths, csv)
    features = [str(name) for name in names]
    check_columns(first.columns, features, str(first.path))
    fitted = model.__skmtl_fitted__()
    wanted = {
        str(column)
        for name, kind in fitted.kinds.items()
        for column in (name, *kind.label_columns(name))
    }
    others = [name for name in first.columns if name not in features]
    # Which columns hold times to events is said by the parameters of the estimator.
    labels = others if fitted.event_names else [name for name in others if name in wanted]
    if not labels:
        raise UsageError(
            f"{first.path} has no column of labels; the tasks of the model are "
            f"{', '.join(map(str, fitted.names[:20]))}."
        )
    frame = read_tables(paths, [*features, *labels], csv)
    return frame[features], frame[labels]
