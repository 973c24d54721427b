"""Conversion of tables to numbers.

`as_frame` converts any table (pandas, polars, pyarrow, arrays, lists) to a pandas DataFrame.
`TableEncoder` learns its columns and returns the two arrays that engines read: scaled floats with
NaN where a value is missing, and integer codes for the categories. `split_task_column` and
`TaskIds` split off the task column of long data. `ParquetTable` and `ArrayTable` are tables larger
than memory, which `fit` reads in chunks.

Examples
--------
>>> import pandas as pd
>>> from skmtl.tables import TableEncoder, as_frame
>>> frame = as_frame(pd.DataFrame({"size": [1.0, 2.0, None], "city": ["Bern", None, "Lyon"]}))
>>> encoder = TableEncoder().fit(frame)
>>> encoder.numeric_, encoder.categorical_
(['size'], ['city'])
>>> encoder.transform(pd.DataFrame({"size": [1.5], "city": ["Oslo"]}))
EncodedTable(numeric=array([[0.]], dtype=float32), codes=array([[0]]))
"""

from skmtl.tables._arrays import ArrayTable
from skmtl.tables._bins import quantile_bins
from skmtl.tables._categories import FIRST_KNOWN, MISSING, UNKNOWN, LeastRows
from skmtl.tables._counts import CellCounts, describe_empty_columns, sum_of_counts
from skmtl.tables._design import MISSING_MARK, DesignEncoder
from skmtl.tables._design_matrix import DesignMatrix
from skmtl.tables._encoder import ColumnEncoder
from skmtl.tables._frame_encoder import FrameEncoder, HistoryReader
from skmtl.tables._frames import as_frame
from skmtl.tables._hashing import CategoryHashing, HashedCategories
from skmtl.tables._histories import HistoryTableEncoder
from skmtl.tables._numeric import LARGEST_SCALED, RobustScaler
from skmtl.tables._numeric_text import numbers_in_text, to_numbers
from skmtl.tables._parquet import ParquetTable, as_stored
from skmtl.tables._partition_keys import (
    KeyType,
    above_partitions,
    key_type,
    key_value,
    number_type,
    partition_keys,
    without_links,
)
from skmtl.tables._schema import column_kind, sorts_of
from skmtl.tables._side_by_side import EncodersSideBySide, TablesSideBySide
from skmtl.tables._sources import SourceEncoder, Sources, check_sources
from skmtl.tables._stored import (
    Chunk,
    StoredRows,
    StoredTable,
    checked_rows_in_memory,
    sample_positions,
)
from skmtl.tables._table_encoder import EncodedTable, TableEncoder
from skmtl.tables._task_column import (
    TaskIds,
    column_position,
    complete_ids,
    split_task_column,
    task_ids,
    task_position,
)
from skmtl.tables._trees import TreeEncoder
from skmtl.tables._wider import wider_encoder

__all__ = [
    "FIRST_KNOWN",
    "LARGEST_SCALED",
    "MISSING",
    "MISSING_MARK",
    "UNKNOWN",
    "ArrayTable",
    "CategoryHashing",
    "CellCounts",
    "Chunk",
    "ColumnEncoder",
    "DesignEncoder",
    "DesignMatrix",
    "EncodedTable",
    "EncodersSideBySide",
    "FrameEncoder",
    "HashedCategories",
    "HistoryReader",
    "HistoryTableEncoder",
    "KeyType",
    "LeastRows",
    "ParquetTable",
    "RobustScaler",
    "SourceEncoder",
    "Sources",
    "StoredRows",
    "StoredTable",
    "TableEncoder",
    "TablesSideBySide",
    "TaskIds",
    "TreeEncoder",
    "above_partitions",
    "as_frame",
    "as_stored",
    "check_sources",
    "checked_rows_in_memory",
    "column_kind",
    "column_position",
    "complete_ids",
    "describe_empty_columns",
    "key_type",
    "key_value",
    "number_type",
    "numbers_in_text",
    "partition_keys",
    "quantile_bins",
    "sample_positions",
    "sorts_of",
    "split_task_column",
    "sum_of_counts",
    "task_ids",
    "task_position",
    "to_numbers",
    "wider_encoder",
    "without_links",
]
