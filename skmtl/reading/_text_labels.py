"""Detect text labels that are meant to be numbers."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from skmtl._text import holds_text
from skmtl.tables import numbers_in_text, to_numbers


def warn_of_numbers_in_labels(Y: pd.DataFrame) -> None:
    """Warn about targets of text that hold almost nothing but numbers, most of which are rare.

    Parameters
    ----------
    Y : DataFrame of shape (n_samples, n_tasks)
        The targets whose kinds are inferred.
    """
    for name, labels in Y.items():
        if not holds_text(labels):
            continue
        n_rows = labels.value_counts()
        finding = numbers_in_text(labels, n_rows.index, np.asarray(n_rows, np.int64))
        if finding:
            warnings.warn(
                f"Task {name!r} is text, but {finding}. Its {len(n_rows):,} distinct values are "
                "learnt as classes, which have few rows each and no order: convert it to numbers "
                f"with {to_numbers(n_rows.index)}, or name its kind in `tasks`.",
                UserWarning,
                stacklevel=2,
            )
