"""Read CSV files of any size, a few megabytes at a time.

A `CsvFile` has a header and yields `CsvBlock`s: the cells of consecutive rows, their row numbers,
and the rows that could not be read. `CsvFormat` describes how the files are written, and
`read_frame` reads several files into one table. `is_csv` looks at the file name.

Reading needs pyarrow (extra ``parquet``); the rest does not.
"""

from typing import TYPE_CHECKING

from skmtl._lazy import lazy_getattr
from skmtl.csv_files._errors import CsvError
from skmtl.csv_files._format import CSV_ENDINGS, CsvFormat, is_csv

if TYPE_CHECKING:
    from skmtl.csv_files._cells import parse_cells, text_cells, text_values
    from skmtl.csv_files._file import CsvBlock, CsvFile
    from skmtl.csv_files._frames import first_types, read_frame

__all__ = [
    "CSV_ENDINGS",
    "CsvBlock",
    "CsvError",
    "CsvFile",
    "CsvFormat",
    "first_types",
    "is_csv",
    "parse_cells",
    "read_frame",
    "text_cells",
    "text_values",
]

# Anything that needs pyarrow is imported on first use.
__getattr__ = lazy_getattr(
    __name__,
    {
        "CsvBlock": "skmtl.csv_files._file",
        "CsvFile": "skmtl.csv_files._file",
        "first_types": "skmtl.csv_files._frames",
        "parse_cells": "skmtl.csv_files._cells",
        "read_frame": "skmtl.csv_files._frames",
        "text_cells": "skmtl.csv_files._cells",
        "text_values": "skmtl.csv_files._cells",
    },
)
