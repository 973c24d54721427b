"""Read labelled rows for a saved model from files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from skmtl._paths import any_path
from skmtl.cli._errors import UsageError
from skmtl.cli._tables import check_columns, read_headers, read_tables
from skmtl.csv_files import CsvFormat


def labelled_rows(model: Any, files: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the features and labels of a model, for all rows of some files.

    Raises
    ------
    UsageError
        If the files lack a feature of the model, or have none of its targets.
    """
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        raise UsageError(
            "This model was fitted on columns without names, so they cannot be found in a file."
        )
    paths = [any_path(file, "DATA") for file in files]
    csv = CsvFormat()
    first, *_ = read_headers(paths, csv)
    features = [str(name) for name in names]
    check_columns(first.columns, features, str(first.path))
    fitted = model.__skmtl_fitted__()
    targets = {
        str(column)
        for name, kind in fitted.kinds.items()
        for column in (name, *kind.label_columns(name))
    }
    not_features = [name for name in first.columns if name not in features]
    # For times to events, the parameters of the estimator say which columns hold them.
    labels = (
        not_features if fitted.event_names else [name for name in not_features if name in targets]
    )
    if not labels:
        raise UsageError(
            f"{first.path} has no column of labels; the tasks of the model are "
            f"{', '.join(map(str, fitted.names[:20]))}."
        )
    frame = read_tables(paths, [*features, *labels], csv)
    return frame[features], frame[labels]
