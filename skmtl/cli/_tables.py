"""Tables in files, as frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from skmtl._extras import needed
from skmtl._suggestions import did_you_mean
from skmtl.cli._errors import UsageError

_CSV = (".csv", ".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zip")
_PARQUET = (".parquet", ".pq")


def is_parquet(path: Path) -> bool:
    """Whether it is a Parquet file or a folder of them; a CSV file if not.

    Raises
    ------
    UsageError
        If it is neither.
    """
    name = path.name.lower()
    if path.is_dir() or name.endswith(_PARQUET):
        return True
    if name.endswith(_CSV):
        return False
    raise UsageError(
        f"{path}: a table must be a Parquet file or a folder of them ({', '.join(_PARQUET)}), or "
        f"a CSV file ({', '.join(_CSV)})."
    )


def read_tables(paths: Sequence[Path]) -> pd.DataFrame:
    """All rows of the files, one below the other.

    Raises
    ------
    UsageError
        If the columns of the files differ.
    """
    frames = [_read(path) for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        check_columns(frame.columns.tolist(), frames[0].columns, f"{path}, unlike {paths[0]},")
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _read(path: Path) -> pd.DataFrame:
    if not is_parquet(path):
        return pd.read_csv(path)
    with needed("pyarrow", "parquet", "Reading Parquet files"):
        return pd.read_parquet(path)


def check_columns(columns: Sequence[str], wanted: Iterable[str], where: str) -> None:
    """Raise UsageError for the first wanted column that is not there."""
    for name in wanted:
        if name not in columns:
            raise UsageError(
                f"{where} has no column {name!r}.{did_you_mean(name, columns)} It has "
                f"{', '.join(map(str, columns[:20]))}{' ...' * (len(columns) > 20)}."
            )
