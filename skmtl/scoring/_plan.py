"""The plan of a job, checked before any work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from skmtl.csv_files import CsvFormat
from skmtl.scoring._columns import check_keep, feature_names, read_columns
from skmtl.scoring._csv import CsvSource, open_csv
from skmtl.scoring._frame import rows_at_a_time, whole_number
from skmtl.scoring._inputs import InputFile
from skmtl.scoring._outputs import Outputs, Times
from skmtl.scoring._parquet import ParquetSource, is_string, parquet_columns, value_type
from skmtl.scoring._source import Source
from skmtl.scoring._writing import ERROR_COLUMNS
from skmtl.tables import KeyType, key_type, key_value, number_type, partition_keys

_NOT_UTF_8 = " The header is not in UTF-8: convert the file, or pass its csv_encoding."


@dataclass(frozen=True)
class ScoringOptions:
    """The options of `score_files` for the scores."""

    columns: Sequence[str] | None
    keep: Sequence[str]
    proba: bool
    quantiles: bool
    times: Times | None
    on_error: str
    batch_rows: int | None
    part_rows: int
    csv_types: Mapping[str, Any]
    csv: CsvFormat

    def check(self) -> None:
        if self.on_error not in ("raise", "quarantine"):
            raise ValueError(f"on_error must be 'raise' or 'quarantine', got {self.on_error!r}.")
        whole_number("part_rows", self.part_rows)
        rows_at_a_time(self.batch_rows, 1)


class Plan:
    """The columns to read and write for all files.

    Attributes
    ----------
    outputs : Outputs
    features : ReadColumns
    keep : list of str
    sources : list of Source
        The sources, in the order of the files.

    Raises
    ------
    ValueError
        If a file lacks a column, or has one of a type that the model cannot read.
    """

    def __init__(self, model: Any, files: Sequence[InputFile], options: ScoringOptions) -> None:
        options.check()
        self._files, self._options = files, options
        self._types = {name: _arrow_type(name, t) for name, t in options.csv_types.items()}
        self.outputs = Outputs(
            model, times=options.times, proba=options.proba, quantiles=options.quantiles
        )
        self.keep = check_keep(options.keep, [*self.outputs.columns, *ERROR_COLUMNS])
        names = feature_names(model, options.columns, self.keep, self._columns_of(files[0]))
        self.features = read_columns(model, names)
        self._check_columns()
        self._key_types = self._types_of_keys()
        self.sources = [self._source(file) for file in files]
        for source in self.sources:
            source.check(self.features)
        self._check_kept_types()
        self._check_csv_types()

    def _columns_of(self, file: InputFile) -> list[str]:
        if file.format == "parquet":
            stored = parquet_columns(file)
        else:
            stored = open_csv(file, self._options.csv).header
        return [*stored, *(key for key in file.keys if key not in stored)]

    def _check_columns(self) -> None:
        needed = list(dict.fromkeys([*self.features.names, *self.keep]))
        for file in self._files:
            there = self._columns_of(file)
            kept = [name for name in self.keep if name not in there]
            missing = list(dict.fromkeys([*self.features.lacking(there), *kept]))
            if missing:
                raise ValueError(
                    f"{str(file.path)!r} has no columns {missing[:5]}; its columns are "
                    f"{there[:20]}.{_NOT_UTF_8 * any(map(_is_strange, there))}"
                    f"{_other_separator(file, there)}"
                )
            twice = [name for name in needed if there.count(name) > 1]
            if twice:
                raise ValueError(f"{str(file.path)!r} has two columns {twice[0]!r}. Rename one.")

    def _check_kept_types(self) -> None:
        """Raise an error if the types of a kept column are incompatible between files."""
        types: dict[str, tuple[InputFile, pa.DataType]] = {}
        for file, source in zip(self._files, self.sources, strict=True):
            for name in self.kept(file):
                kind = source.schema.field(name).type
                first_file, wanted = types.setdefault(name, (file, kind))
                if not _is_read_as(kind, wanted):
                    raise ValueError(
                        f"keep names {name!r}, which is {wanted} in {str(first_file.path)!r} and "
                        f"{kind} in {str(file.path)!r}: write the files with one type, or for CSV "
                        f"files set csv_types={{{name!r}: {str(wanted)!r}}}."
                    )

    def _check_csv_types(self) -> None:
        files = [file for file in self._files if file.format == "csv"]
        columns = {name for file in files for name in self._columns_of(file)}
        strange = [name for name in self._types if name not in columns]
        if files and strange:
            raise ValueError(
                f"csv_types names {strange[0]!r}, which is in no CSV file; the columns of "
                f"{str(files[0].path)!r} are {self._columns_of(files[0])[:20]}."
            )

    def _types_of_keys(self) -> dict[str, KeyType]:
        """Return the types of columns in paths: those of the model, or inferred from the values.

        Raises
        ------
        ValueError
            If the model reads numbers, and a value is not a number.
        """
        values: dict[str, list[str | None]] = {}
        for file in self._files:
            for key, value in file.keys.items():
                values.setdefault(key, []).append(value)
        cell_types = dict(zip(self.features.names, self.features.cell_types or [], strict=False))
        types: dict[str, KeyType] = {}
        for key, texts in values.items():
            wanted = cell_types.get(key)
            types[key] = "string" if wanted == "text" else key_type(texts)
            if wanted == "number" and (types[key] == "string"):
                types[key] = self._number_type(key, texts)
        return types

    def _number_type(self, key: str, texts: Sequence[str | None]) -> KeyType:
        kind = number_type(texts)
        if kind is None:
            # A boolean counts as a number only if all values are booleans.
            words = [text for text in texts if text is not None]
            text = next(word for word in words if number_type([word]) in (None, "bool"))
            file = next(file for file in self._files if file.keys.get(key) == text)
            raise ValueError(
                f"The column {key!r} of {str(file.path)!r} is in its path, with {text!r}, and the "
                "model was fitted on numbers: rename the folder."
            )
        return kind

    def _source(self, file: InputFile) -> Source:
        needed = list(dict.fromkeys([*self.features.names, *self.kept(file)]))
        batch_rows = rows_at_a_time(self._options.batch_rows, len(needed))
        keys = {
            key: pa.scalar(key_value(text, self._key_types[key]), self._key_types[key])
            for key, text in file.keys.items()
        }
        # Columns that the model does not read, and the file lacks, are empty.
        lacking = self.features.hidden.difference(self._columns_of(file))
        keys |= dict.fromkeys(lacking, pa.scalar(None, pa.null()))
        part_rows = int(self._options.part_rows)
        if file.format == "parquet":
            return ParquetSource(file, needed, keys, part_rows, batch_rows)
        csv = self._options.csv
        return CsvSource(
            file, needed, keys, self.features, self._types, csv, part_rows, batch_rows
        )

    def keys_of(self, name: str) -> dict[str, str | None]:
        """Return the columns in the path of a file that are read or kept."""
        needed = {*self.features.names, *self.keep}
        keys = partition_keys(name.split("/")[:-1])
        return {key: value for key, value in keys.items() if key in needed}

    def kept(self, file: InputFile) -> list[str]:
        """Return the kept columns to write; columns in the path are not written."""
        return [name for name in self.keep if name not in file.keys]

    def identity(self) -> dict[str, Any]:
        """Return everything that scores depend on, besides the model and the rows."""
        options = self._options
        return {
            "columns": [str(name) for name in self.features.names],
            "keep": self.keep,
            "proba": bool(options.proba),
            "quantiles": bool(options.quantiles),
            # The name in the footers of parts that earlier versions wrote.
            "horizons": {str(event): times for event, times in self.outputs.times.items()},
            "part_rows": int(options.part_rows),
            "csv_types": {name: str(kind) for name, kind in self._types.items()},
            "csv_delimiter": options.csv.delimiter,
            "csv_encoding": options.csv.encoding,
            "csv_decimal": options.csv.decimal,
            "csv_missing": None if options.csv.missing is None else list(options.csv.missing),
        }


def _other_separator(file: InputFile, header: Sequence[str]) -> str:
    """Say what to do with a CSV file whose cells another character separates, or ""."""
    if file.format == "parquet" or len(header) != 1:
        return ""
    sign = next((sign for sign in ";|\t," if sign in header[0]), None)
    if sign is None:
        return ""
    return (
        f" Its cells seem to be separated by {sign!r}: pass csv_delimiter={sign!r} "
        f"(--csv-delimiter {sign!r})."
    )


def _is_strange(name: str) -> bool:
    """Whether a name contains bytes that are not text."""
    return any("\udc80" <= sign <= "\udcff" for sign in name)


def _is_read_as(kind: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether any column of a type can be read as another type."""
    both_text = is_string(value_type(kind)) and is_string(value_type(wanted))
    return kind == wanted or pa.types.is_null(kind) or both_text


def _arrow_type(name: str, kind: Any) -> pa.DataType:
    if isinstance(kind, pa.DataType):
        return kind
    try:
        return pa.type_for_alias(kind)
    except (ValueError, TypeError, KeyError):
        raise ValueError(
            f"csv_types names the type {kind!r} for {name!r}; pass one of pyarrow's, such as "
            "'int64', 'float64', 'string' or 'timestamp[s]'."
        ) from None
