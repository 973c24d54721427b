"""The report of a run of `score_files`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class ScoringReport:
    """The report returned by `score_files`.

    Attributes
    ----------
    out : Path or str
        The folder; its address if it is in a store.
    n_files, n_parts : int
        Number of input files, and of files with their scores.
    n_parts_before : int
        Number of parts that were finished by an earlier run and were not written again.
    n_rows, n_refused : int
        Number of rows, and of rows that could not be scored.
    errors : Path, str or None
        The folder with the refused rows, if there are any.
    columns : DataFrame of shape (n_features, 6), or None
        Counts of missing and unknown cells in all scored rows and in `fit`, as in `score_frame`
        with ``report=True``. Parts written by earlier versions are not counted; None if nothing
        was counted.
    lost : str or None
        Description of the columns that have lost all their values since `fit`, as in the warning
        of `predict`.
    seconds : float
        Duration of this run.
    """

    out: Path | str
    n_files: int
    n_parts: int
    n_parts_before: int
    n_rows: int
    n_refused: int
    errors: Path | str | None
    columns: pd.DataFrame | None = field(compare=False, repr=False)
    lost: str | None
    seconds: float
