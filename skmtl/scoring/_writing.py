"""Write the two files of a part: scores, and refused rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skmtl._paths import AnyPath
from skmtl.scoring._errors import ScoringError
from skmtl.scoring._source import FileBatch, Refusal
from skmtl.scoring._storage import Manifest, PartFile, Written

ERROR_COLUMNS = ("error_file", "error_row", "error_reason")
_ERROR_TYPES = (pa.string(), pa.int64(), pa.string())


class PartWriter:
    """Writes a part and its refused rows; the files only appear when they are complete.

    Parameters
    ----------
    path, errors_path : Path or StorePath
    schema : pyarrow.Schema
        The schema of the input.
    keep : sequence of str
    outputs : mapping of str to ndarray
        An array of the type of each output.
    file : str
        Name of the input file in the table of refused rows.
    """

    def __init__(
        self,
        path: AnyPath,
        errors_path: AnyPath,
        schema: pa.Schema,
        keep: Sequence[str],
        outputs: Mapping[str, np.ndarray],
        file: str,
    ) -> None:
        self._errors_path, self._keep, self._file = errors_path, list(keep), file
        kept = [pa.field(name, schema.field(name).type) for name in keep]
        types = {name: pa.array(like).type for name, like in outputs.items()}
        self._schema = pa.schema([*kept, *(pa.field(name, t) for name, t in types.items())])
        errors = [pa.field(*column) for column in zip(ERROR_COLUMNS, _ERROR_TYPES, strict=True)]
        self._errors_schema = pa.schema([*kept, *errors])
        self._scores = PartFile(path, self._schema)
        self._errors: PartFile | None = None
        self.n_refused = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._scores.discard()
        if self._errors is not None:
            self._errors.discard()

    def write(
        self,
        batch: FileBatch,
        scored: NDArray[np.int64] | None,
        columns: Mapping[str, np.ndarray],
        refused: Mapping[int, str],
    ) -> None:
        """Write a batch: the rows at positions `scored` (None means all), and refused rows."""
        kept = batch.table.select(self._keep)
        rows = kept if scored is None else kept.take(pa.array(scored))
        fields = self._schema.names[len(self._keep) :]
        values = [pa.array(columns[name], self._schema.field(name).type) for name in fields]
        self._scores.write(pa.table([*rows.columns, *values], schema=self._schema))
        if refused or batch.lost:
            self._write_errors(batch, kept, refused)

    def _write_errors(self, batch: FileBatch, kept: pa.Table, refused: Mapping[int, str]) -> None:
        if self._errors is None:
            self._errors = PartFile(self._errors_path, self._errors_schema)
        positions = sorted(refused)
        refusals = [Refusal(int(batch.rows[at]), refused[at]) for at in positions] + batch.lost
        lost = [pa.nulls(len(batch.lost), field.type) for field in kept.schema]
        cells = [
            pa.chunked_array([*column.take(pa.array(positions, pa.int64())).chunks, nulls])
            for column, nulls in zip(kept.columns, lost, strict=True)
        ]
        values: list[Any] = [
            pa.array([self._file] * len(refusals)),
            pa.array([refusal.row for refusal in refusals], pa.int64()),
            pa.array([refusal.reason for refusal in refusals], pa.string()),
        ]
        order = pa.array(np.argsort([refusal.row for refusal in refusals], kind="stable"))
        self._errors.write(pa.table([*cells, *values], schema=self._errors_schema).take(order))
        self.n_refused += len(refusals)

    @property
    def written(self) -> tuple[Written, Written]:
        """The bytes written to the files of scores and of refused rows so far."""
        errors = Written() if self._errors is None else self._errors.written
        return self._scores.written, errors

    def publish(self, manifest: Manifest) -> None:
        """Rename the files; the scores, which have the manifest, come last."""
        if self._errors is None:
            self._errors_path.unlink(missing_ok=True)  # of an interrupted run
        else:
            self._errors.publish({})
        self._scores.publish(manifest.as_metadata())


def first_refusal(batch: FileBatch, refused: Mapping[int, str], path: str) -> ScoringError:
    """Return the error for the first row of a batch that cannot be scored."""
    refusals = [Refusal(int(batch.rows[at]), reason) for at, reason in refused.items()]
    first = min([*refusals, *batch.lost])
    return ScoringError(
        f"Row {first.row:,} (from 0) of {path!r} cannot be scored: {first.reason} With "
        "on_error='quarantine' (--on-error quarantine) such rows are set aside with the reason, "
        "and the others scored."
    )
