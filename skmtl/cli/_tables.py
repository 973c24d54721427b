"""Read tables from files into DataFrames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from skmtl._extras import needed
from skmtl._paths import AnyPath, relative_path
from skmtl._suggestions import did_you_mean
from skmtl.cli._errors import UsageError
from skmtl.csv_files import CSV_ENDINGS, CsvError, CsvFormat, is_csv
from skmtl.tables import ParquetTable

if TYPE_CHECKING:
    from skmtl.csv_files import CsvFile

_PARQUET = (".parquet", ".pq")


def is_parquet(path: AnyPath) -> bool:
    """Whether a path is a Parquet file or a folder of Parquet files, not a CSV file.

    Raises
    ------
    UsageError
        If it is neither Parquet nor CSV.
    """
    if path.is_dir() or path.name.lower().endswith(_PARQUET):
        return True
    if is_csv(path.name):
        return False
    raise UsageError(
        f"{path}: a table must be a Parquet file or a folder of them ({', '.join(_PARQUET)}), or "
        f"a CSV file ({', '.join(CSV_ENDINGS)})."
    )


def files_of(path: AnyPath) -> list[AnyPath]:
    """Return the tables of a path: itself, or the CSV files of a folder.

    Raises
    ------
    UsageError
        If a folder has Parquet files as well, or encodes columns in the names of subfolders.
    """
    if not path.is_dir():
        return [path]
    below = sorted(relative_path(file, path) for file in path.rglob("*") if file.is_file())
    below = [file for file in below if not any(part[0] in "._" for part in file.parts)]
    csv_files = [file for file in below if is_csv(file.name)]
    if not csv_files:
        return [path]
    if any(file.name.lower().endswith(_PARQUET) for file in below):
        raise UsageError(f"{path} has both CSV and Parquet files: name the files to read.")
    if any("=" in part for file in csv_files for part in file.parent.parts):
        raise UsageError(
            f"{path} has columns in the names of its folders, such as {csv_files[0].parent}, "
            "which is supported for Parquet files only."
        )
    return [path / file for file in csv_files]


class TableHeader:
    """The columns of a file or folder, from its header or footers; no rows are read.

    Attributes
    ----------
    path : Path or StorePath
    columns : list of str
    stored : ParquetTable or None
        The table on disk; None for a CSV file.

    Raises
    ------
    UsageError
        If the file is not a valid table.
    """

    def __init__(self, path: AnyPath, csv: CsvFormat) -> None:
        self.path = path
        self.stored = ParquetTable(path) if is_parquet(path) else None
        if self.stored is None:
            self.columns = _csv_columns(path, csv)
        else:
            self.columns = self.stored.column_names()

    def check_files(self, wanted: Sequence[str]) -> None:
        """Raise a UsageError if a file lacks a wanted column or has it twice."""
        twice = [name for name in wanted if self.columns.count(name) > 1]
        if twice:
            raise UsageError(f"{self.path} has two columns {twice[0]!r}. Rename one.")
        if self.stored is not None:
            try:
                self.stored.check_files(wanted)
            except ValueError as error:
                raise UsageError(str(error)) from error


def read_headers(paths: Sequence[AnyPath], csv: CsvFormat) -> list[TableHeader]:
    """Read the headers of files that form one table.

    Raises
    ------
    UsageError
        If a file lacks columns of the first file.
    """
    first, *later = (TableHeader(path, csv) for path in paths)
    for header in later:
        check_columns(header.columns, first.columns, f"{header.path}, unlike {first.path},")
    return [first, *later]


def _csv_columns(path: AnyPath, csv: CsvFormat) -> list[str]:
    try:
        columns = _csv_file(path, csv).header
        for name in columns:
            name.encode()  # fails for bytes in another encoding
    except (CsvError, UnicodeEncodeError) as error:
        name = csv.encoding.upper()
        raise UsageError(f"{path} does not start with a header in {name}: {error}") from error
    return columns


def _csv_file(path: AnyPath, csv: CsvFormat) -> CsvFile:
    with needed("pyarrow", "parquet", "Reading CSV files"):
        from skmtl.csv_files import CsvFile
    return CsvFile(str(path), lambda: path.open("rb"), csv)


def read_tables(
    paths: Sequence[AnyPath],
    columns: Sequence[str],
    csv: CsvFormat,
    like: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Read some columns of all rows of the files, concatenated.

    Parameters
    ----------
    paths : sequence of Path or StorePath
    columns : sequence of str
    csv : CsvFormat
    like : DataFrame, default=None
        A table that was read before. CSV files get its types, as they have none themselves.
    """
    # Read in the same way as `fit` reads tables on disk, including columns in the paths.
    stored = {
        path: ParquetTable(path).dataset.to_table().to_pandas()[list(columns)]
        for path in paths
        if is_parquet(path)
    }
    if not stored:
        from skmtl.csv_files import read_frame

        return read_frame([_csv_file(path, csv) for path in paths], columns, like)
    if like is None:
        like = next(iter(stored.values()))
    csv_paths = [path for path in paths if path not in stored]
    frames = stored | {path: read_tables([path], columns, csv, like) for path in csv_paths}
    return pd.concat([frames[path] for path in paths], ignore_index=True)


def check_columns(columns: Sequence[str], wanted: Iterable[str], where: str) -> None:
    """Raise a UsageError for the first wanted column that is missing."""
    for name in wanted:
        if name not in columns:
            raise UsageError(
                f"{where} has no column {name!r}.{did_you_mean(name, columns)} It has "
                f"{', '.join(map(str, columns[:20]))}{' ...' * (len(columns) > 20)}."
            )
