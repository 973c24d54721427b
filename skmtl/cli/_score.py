"""Predict Parquet or CSV files of any size, with constant memory.

IN is a file, a quoted pattern, a folder, or several of these; OUT a folder, to which Parquet files
are written. A job that was cut off goes on where it stopped when the same command is given again,
and files that have been added are scored. Rows that cannot be scored end the job, or with
--on-error quarantine are set aside in OUT/_errors; then the exit code is 3.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skmtl.cli._errors import OK, QUARANTINED, UsageError

if TYPE_CHECKING:
    from skmtl.scoring import ScoringReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("model", metavar="MODEL", help="a file that model.save has written")
    add("inputs", metavar="IN", nargs="+", help="files, patterns or folders")
    add("out", metavar="OUT", help="a folder: new, or with scores of the same model and options")
    add(
        "--columns", metavar="NAME", action="append", help="a column that the model reads; may be "
        "given several times; by default those that it was fitted on",
    )  # fmt: skip
    add(
        "--keep", metavar="NAME", action="append", default=[],
        help="a column to write before the scores, such as an id; may be given several times",
    )  # fmt: skip
    add("--no-proba", action="store_true", help="write no probabilities of classes")
    add("--no-quantiles", action="store_true", help="write no quantiles")
    add(
        "--horizons", metavar="[EVENT=]T,T,...", action="append",
        help="times at which survival and incidences are wanted; for one event, if it is named",
    )  # fmt: skip
    add(
        "--on-error", choices=["raise", "quarantine"], default="raise",
        help="what to do with rows that cannot be scored; the default is %(default)s",
    )  # fmt: skip
    add("--batch-rows", metavar="N", type=int, help="rows that are scored at a time")
    add("--part-rows", metavar="N", type=int, help="rows of a file that is written")
    add(
        "--csv-type", metavar="NAME=TYPE", action="append", default=[],
        help="the type of a column of CSV files, as pyarrow names it: id=int64",
    )  # fmt: skip
    add("--csv-delimiter", metavar="TEXT", help="what stands between the cells of CSV files")
    add("--csv-encoding", metavar="NAME", default="utf-8", help="by default %(default)s")
    add("--csv-decimal", metavar="TEXT", default=".", help="the decimal point of CSV files")
    add(
        "--csv-missing", metavar="WORD", action="append",
        help="a word for a missing value in CSV files, where it is not quoted; may be given "
        "several times; by default NA, null, None and the like, unless they are a known category",
    )  # fmt: skip
    add("--overwrite", action="store_true", help="replace scores of another model or options")
    add(
        "--no-verify", action="store_true",
        help="believe parts from before that have a footer, without reading them",
    )  # fmt: skip
    add("--progress", action="store_true", help='show a bar; needs pip install "skmtl[progress]"')


def run(options: argparse.Namespace) -> tuple[dict[str, Any], str, int]:
    chosen = {
        "columns": options.columns,
        "keep": options.keep,
        "proba": not options.no_proba,
        "quantiles": not options.no_quantiles,
        "horizons": _horizons(options.horizons),
        "on_error": options.on_error,
        "batch_rows": options.batch_rows,
        "csv_types": dict(_pair(text, "--csv-type") for text in options.csv_type),
        "csv_delimiter": options.csv_delimiter,
        "csv_encoding": options.csv_encoding,
        "csv_decimal": options.csv_decimal,
        "csv_missing": options.csv_missing,
        "overwrite": options.overwrite,
        "verify": not options.no_verify,
        "progress": options.progress,
    }
    if options.part_rows is not None:
        chosen["part_rows"] = options.part_rows
    from skmtl.files import ModelFileError
    from skmtl.scoring import ScoringError, score_files

    try:
        report = score_files(options.model, options.inputs, options.out, **chosen)
    except (ModelFileError, ScoringError):
        raise
    except ValueError as error:  # of options, and of columns: before any work
        raise UsageError(str(error)) from error
    outcome = {field.name: _plain(getattr(report, field.name)) for field in fields(report)}
    return outcome, _text(report), QUARANTINED if report.n_refused else OK


def _plain(value: Any) -> Any:
    """A field of the report as JSON can hold it."""
    if isinstance(value, Path):
        return str(value)
    if not hasattr(value, "to_dict"):
        return value
    by_column = value.astype(object).where(value.notna(), None).to_dict("index")
    return {str(name): cells for name, cells in by_column.items()}


def _text(report: ScoringReport) -> str:
    before = f" ({report.n_parts_before} from before)" if report.n_parts_before else ""
    text = (
        f"{report.n_rows:,} rows of {_files(report.n_files)} are in {_files(report.n_parts)}"
        f"{before} in {report.out}, after {report.seconds:.1f} s"
    )
    if report.n_refused:
        text += f"\n{report.n_refused:,} rows could not be scored; see {report.errors}"
    return text if report.lost is None else f"{text}\n{report.lost}"


def _horizons(texts: Sequence[str] | None) -> Any:
    """Times for all events, or by event."""
    if texts is None:
        return None
    if not any("=" in text for text in texts):
        return [time for text in texts for time in _times(text)]
    pairs = [_pair(text, "--horizons") for text in texts]
    return {event: _times(text) for event, text in pairs}


def _times(text: str) -> list[float]:
    try:
        return [float(time) for time in text.split(",")]
    except ValueError:
        raise UsageError(
            f"--horizons takes numbers with commas between them, such as 7,30,365; got {text!r}."
        ) from None


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.rpartition("=")
    if not equals or not name:
        raise UsageError(f"{option} takes NAME=VALUE, got {text!r}.")
    return name, value


def _files(n: int) -> str:
    return "1 file" if n == 1 else f"{n:,} files"
