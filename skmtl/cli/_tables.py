"""Tables in files, as frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from skmtl._suggestions import did_you_mean
from skmtl.cli._errors import UsageError
from skmtl.tables import ParquetTable

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


class TableHeader:
    """The columns of a file or folder; its header or its footers are read once, and no row.

    Attributes
    ----------
    path : Path
    columns : list of str
    stored : ParquetTable or None
        The table on disk; None where it is a CSV file.

    Raises
    ------
    UsageError
        If the file is no table.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stored = ParquetTable(path) if is_parquet(path) else None
        self.columns = _csv_columns(path) if self.stored is None else self.stored.column_names()

    def check_files(self, wanted: Sequence[str]) -> None:
        """Raise UsageError for a file in a folder that lacks a wanted column others have."""
        if self.stored is not None:
            try:
                self.stored.check_files(wanted)
            except ValueError as error:
                raise UsageError(str(error)) from error


def read_headers(paths: Sequence[Path]) -> list[TableHeader]:
    """The headers of files that are one table.

    Raises
    ------
    UsageError
        If a file lacks columns that the first one has.
    """
    first, *others = (TableHeader(path) for path in paths)
    for header in others:
        check_columns(header.columns, first.columns, f"{header.path}, unlike {first.path},")
    return [first, *others]


def _csv_columns(path: Path) -> list[str]:
    try:
        return pd.read_csv(path, nrows=0).columns.tolist()
    except (pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} does not begin with a header in UTF-8: {error}") from error


def read_tables(paths: Sequence[Path]) -> pd.DataFrame:
    """All rows of the files, one below the other."""
    frames = [_rows(path) for path in paths]
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _rows(path: Path) -> pd.DataFrame:
    if not is_parquet(path):
        return pd.read_csv(path)
    # As `fit` reads tables that stay on disk: with the same columns in the paths.
    return ParquetTable(path).dataset.to_table().to_pandas()


def check_columns(columns: Sequence[str], wanted: Iterable[str], where: str) -> None:
    """Raise UsageError for the first wanted column that is not there."""
    for name in wanted:
        if name not in columns:
            raise UsageError(
                f"{where} has no column {name!r}.{did_you_mean(name, columns)} It has "
                f"{', '.join(map(str, columns[:20]))}{' ...' * (len(columns) > 20)}."
            )
