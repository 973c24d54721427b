"""What a run of scoring has done."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class ScoringReport:
    """What `score_files` has done.

    Attributes
    ----------
    out : Path
    n_files, n_parts : int
        All input files, and the files of scores that there are of them now.
    n_parts_before : int
        Those of them that an earlier run had finished, and this one has not made again.
    n_rows, n_refused : int
        All rows, and those of them that could not be scored.
    errors : Path or None
        The folder with the refused rows, if there are any.
    columns : DataFrame of shape (n_features, 6), or None
        What the columns lack in all rows that were scored, beside those of `fit`, as
        `score_frame` reports it with ``report=True``. Parts of earlier versions are not counted;
        None where nothing was.
    lost : str or None
        Which columns have lost all their values since `fit`, as `predict` warns of them.
    seconds : float
        Of this run.
    """

    out: Path
    n_files: int
    n_parts: int
    n_parts_before: int
    n_rows: int
    n_refused: int
    errors: Path | None
    columns: pd.DataFrame | None = field(compare=False)
    lost: str | None
    seconds: float
