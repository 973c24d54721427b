"""Parquet files, read a few rows at a time."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl._extras import needed
from skmtl._paths import AnyPath, any_path, in_arrow
from skmtl.tables._partition_keys import (
    above_partitions,
    key_type,
    partition_keys,
    without_links,
)
from skmtl.tables._stored import CHUNK_ROWS, Chunk, StoredRows, StoredTable


class ParquetTable(StoredTable):
    """Parquet files to fit a model on with bounded memory.

    ``fit("folder/", y=["a", "b"])`` is short for ``fit(ParquetTable("folder/"), y=["a", "b"])``: y
    names the label columns, `sample_weight` names the weight column, and all other columns are
    features. The columns have the same dtypes as with `pandas.read_parquet`.

    `fit` reads the files once to draw a sample of rows, from which it learns units, scaling and
    categories, and the held-out rows for early stopping; and a second time to encode all rows into
    temporary files, from which the epochs are read. Classes and task ids that are not in the
    sample are searched for in all rows; categories of features that are not in the sample count as
    unknown.

    Parameters
    ----------
    path : path or pyarrow.dataset.Dataset
        A file, a folder, or a dataset, whose fragments are read in order. Folders such as
        ``month=5`` are columns, as in Hive: those below the folder, and those that directly
        contain the file or folder. Their values are integers, floats, booleans, or otherwise text;
        ``__HIVE_DEFAULT_PARTITION__`` is a missing value. Addresses such as ``"s3://..."`` are
        read through fsspec.
    columns : sequence of str, default=None
        The features, including the task column of long data. None means all columns that are
        neither labels nor weights.
    rows_in_memory : int, default=262144
        Number of rows in memory at a time: the size of the sample, and of the buffer in which the
        rows of an epoch are shuffled. With a table of at most this size, the model is the same as
        for a table in memory. With more rows, the rows of a buffer are 1,024 each from random
        places of the table.
    cache_folder : path, default=None
        Where to store the encoded rows during `fit`, in a folder that is deleted at the end; None
        means the system's temporary folder. A row takes 4 bytes for each feature, number of a
        label, and weight of a task.

    Raises
    ------
    ImportError
        If pyarrow (extra ``parquet``) is not installed.
    ValueError
        If fsspec knows no store of an address, and if a file occurs twice because of a link. In
        `fit`, if a used column is missing in one of the files. With a dataset, the schema decides
        instead: such columns are read as missing values.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> from skmtl import MultiTab
    >>> from skmtl.tables import ParquetTable
    >>> flights = pd.DataFrame({"hour": [6, 9, 12, 18] * 50, "delay": [1.0, 3.0, 9.0, 8.0] * 50})
    >>> flights["late"] = flights["delay"] > 5
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     flights.to_parquet(f"{folder}/january.parquet")
    ...     model = MultiTab(n_bags=1, max_epochs=2, random_state=0)
    ...     model = model.fit(ParquetTable(folder, rows_in_memory=100), y=["delay", "late"])
    >>> model.predict(flights[["hour"]]).columns.tolist()
    ['delay', 'late']
    """

    def __init__(
        self,
        path: Any,
        *,
        columns: Sequence[str] | None = None,
        rows_in_memory: int = 2**18,
        cache_folder: str | Path | None = None,
    ) -> None:
        super().__init__(rows_in_memory, cache_folder)
        self.dataset = _dataset(path)
        # A dataset comes with a schema of the user's choice; columns that a file lacks are missing
        # values.
        self._is_found = self.dataset is not path
        self.columns = None if columns is None else list(columns)

    def labelled(self, y: Any, sample_weight: Any) -> StoredRows:
        names = [y] if isinstance(y, str) else list(_names(y, "y"))
        weight = None if sample_weight is None else _name(sample_weight)
        known = self.column_names()
        used = [*names, *([] if weight is None else [weight])]
        features = self.columns
        if features is None:
            features = [name for name in known if name not in used]
        missing = [name for name in [*used, *features] if name not in known]
        if missing:
            raise ValueError(
                f"The Parquet files have no column {missing[0]!r}; their columns are {known}."
            )
        if not features:
            raise ValueError("The Parquet files have no column besides the labels and weights.")
        self.check_files([*used, *features])
        return _ParquetRows(self.dataset, features, y if isinstance(y, str) else names, weight)

    def check_files(self, columns: Sequence[str]) -> None:
        """Raise a ValueError if a file lacks one of the columns that others have."""
        if self._is_found:
            _check_files(self.dataset, columns)

    def column_names(self) -> list[str]:
        """Return the columns of all files except indexes, in order of their first occurrence."""
        schemas = [self.dataset.schema]
        if self._is_found:  # the schema is that of the first file only
            schemas += [each.physical_schema for each in self.dataset.get_fragments()]
        names = (name for schema in schemas for name in schema.names)
        index = {name for schema in schemas for name in _index_columns(schema)}
        return [name for name in dict.fromkeys(names) if name not in index]


def as_stored(X: Any) -> StoredTable | None:
    """Return X as a table on disk; None if it is in memory."""
    if isinstance(X, StoredTable):
        return X
    return ParquetTable(X) if isinstance(X, (str, Path)) or _is_dataset(X) else None


def _is_dataset(X: Any) -> bool:
    # Compare the name of the class, to avoid importing pyarrow.
    return any(cls.__module__.startswith("pyarrow._dataset") for cls in type(X).__mro__)


def _dataset(path: Any) -> Any:
    with needed("pyarrow", "parquet", "Reading Parquet files"):
        from pyarrow import dataset
    if _is_dataset(path):
        return path
    place = any_path(path, "X")
    if not place.exists():
        raise FileNotFoundError(f"X={str(path)!r} is neither a Parquet file nor a folder.")
    is_folder = place.is_dir()
    folder = without_links(place if is_folder else place.parent)
    source, store = in_arrow(folder if is_folder else folder / place.name)
    files = dataset.dataset(source, format="parquet", filesystem=store)
    if store is None:
        _check_links(files.files)
    return _with_keys(files, above_partitions(folder))


def _check_links(paths: Sequence[str]) -> None:
    """Raise a ValueError if two paths are the same file, whose rows would count twice."""
    path_of: dict[str, str] = {}
    for path in paths:
        earlier = path_of.setdefault(os.path.realpath(path), path)
        if earlier != path:
            raise ValueError(
                f"{earlier!r} and {path!r} are the same file, by a link, so that its rows would "
                "count twice. Remove one of them from the folder."
            )


def _with_keys(files: Any, table: AnyPath) -> Any:
    """Return a dataset that reads folders such as ``month=5`` below the table as columns.

    A column in the files takes precedence over one of the same name in their paths.
    """
    import pyarrow
    from pyarrow import dataset

    base = str(in_arrow(table)[0])
    values: dict[str, list[str | None]] = {}
    for file in files.files:
        for key, text in partition_keys(Path(file).relative_to(base).parts[:-1]).items():
            values.setdefault(key, []).append(text)
    if not values:
        return files
    stored = {name for file in files.get_fragments() for name in file.physical_schema.names}
    types = {key: key_type(texts) for key, texts in values.items() if key not in stored}
    schema = pyarrow.schema([(k, pyarrow.type_for_alias(kind)) for k, kind in types.items()])
    return dataset.dataset(
        files.files,
        format="parquet",
        partitioning=dataset.partitioning(schema, flavor="hive"),
        filesystem=files.filesystem,
        partition_base_dir=base,
    )


def _check_files(files: Any, names: Sequence[str]) -> None:
    """Raise a ValueError for the first file that lacks a column, which would be missing."""
    from pyarrow import dataset

    for file in files.get_fragments():
        keys = dataset.get_partition_keys(file.partition_expression)
        columns = {*file.physical_schema.names, *keys}
        missing = [name for name in names if name not in columns]
        if missing:
            raise ValueError(
                f"The Parquet file {file.path!r} has no column {missing[0]!r}, which other files "
                "have: add it, or name the features with ParquetTable(path, columns=[...])."
            )


def _names(y: Any, what: str) -> Sequence[str]:
    if isinstance(y, (list, tuple)) and y and all(isinstance(name, str) for name in y):
        return y
    raise ValueError(
        f"X is a table on disk, so {what} must name its columns of labels, for example "
        f"y=['price', 'sold']; got a {type(y).__name__}."
    )


def _name(sample_weight: Any) -> str:
    if isinstance(sample_weight, str):
        return sample_weight
    raise ValueError(
        "X is a table on disk, so sample_weight must be the name of one of its columns, with a "
        f"weight for each row, got a {type(sample_weight).__name__}."
    )


def _index_columns(schema: Any) -> list[str]:
    """Return the columns that pandas wrote as an index and restores as an index."""
    columns = (schema.pandas_metadata or {}).get("index_columns", [])
    return [column for column in columns if isinstance(column, str)]


class _ParquetRows(StoredRows):
    def __init__(
        self, dataset: Any, features: list[str], y: str | list[str], weight: str | None
    ) -> None:
        self._dataset, self._features, self._y, self._weight = dataset, features, y, weight
        self._targets = [y] if isinstance(y, str) else y
        if weight is None:
            self.n_rows = dataset.count_rows()
        else:
            self.n_rows = sum(batch.num_rows for batch in self._scan([]))

    def chunks(self) -> Iterator[Chunk]:
        for batch in self._scan([*self._features, *self._targets]):
            yield self._chunk(batch.to_pandas())

    def take(self, positions: NDArray[np.int64]) -> Chunk:
        import pyarrow

        parts, start = [], 0
        for batch in self._scan([*self._features, *self._targets]):
            low, high = np.searchsorted(positions, [start, start + batch.num_rows])
            parts.append(batch.take(pyarrow.array(positions[low:high] - start)))
            start += batch.num_rows
        # Convert all rows at once, so that a column has the dtype and categories of the whole
        # column.
        return self._chunk(pyarrow.concat_tables(parts).to_pandas())

    def labels(self, task: Hashable | None) -> Iterator[pd.DataFrame]:
        columns = self._targets
        if task is not None:
            known = task in self._features
            columns = [*columns, task if known else self._features[task]]  # type: ignore
        for batch in self._scan(columns):
            yield batch.to_pandas()

    def _scan(self, columns: list) -> Iterator[Any]:
        """Iterate over tables of some columns and the weight, without rows of weight zero."""
        import pyarrow
        from pyarrow import compute

        columns_to_read = columns if self._weight is None else [*columns, self._weight]
        # Limit read-ahead to save memory.
        batches = self._dataset.to_batches(
            columns=list(dict.fromkeys(columns_to_read)),
            batch_size=CHUNK_ROWS,
            batch_readahead=1,
            fragment_readahead=1,
        )
        for batch in batches:
            table = pyarrow.Table.from_batches([batch])
            if self._weight is not None:
                # Keep rows with a missing weight: they raise an error when weights are checked.
                is_used = compute.fill_null(compute.not_equal(table[self._weight], 0), True)
                table = table.filter(is_used)
            if table.num_rows:
                yield table

    def _chunk(self, frame: pd.DataFrame) -> Chunk:
        weight = None if self._weight is None else frame[self._weight].to_numpy()
        return Chunk(frame[self._features], frame[self._y], weight)
