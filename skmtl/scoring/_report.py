"""What a run of scoring has done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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
    seconds: float
