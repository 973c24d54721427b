"""Predict Parquet or CSV files of any size, with constant memory.

IN is a file, a quoted pattern, a folder, or several of these. OUT is a folder for the Parquet
files with the scores. Repeat the command to resume an interrupted job or to score files that were
added. Rows that cannot be scored stop the job; with --on-error quarantine they are set aside in
OUT/_errors, and the exit code is 3.
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
    add("model", metavar="MODEL", help="a file written by model.save")
    add("inputs", metavar="IN", nargs="+", help="files, patterns or folders")
    add("out", metavar="OUT", help="a folder: new, or with scores of the same model and options")
    add(
        "--columns", metavar="NAME", action="append", help="a column that the model reads; may be "
        "repeated; by default the columns that it was fitted on",
    )  # fmt: skip
    add(
        "--keep", metavar="NAME", action="append", default=[],
        help="a column to write before the scores, such as an id; may be repeated",
    )  # fmt: skip
    add("--no-proba", action="store_true", help="do not write class probabilities")
    add("--no-quantiles", action="store_true", help="write no quantiles")
    add(
        "--times", metavar="[EVENT=]T,T,...", action="append",
        help="times at which to predict survival and incidences, for all events or for one",
    )  # fmt: skip
    add("--horizons", dest="times", action="append", help=argparse.SUPPRESS)  # its old name
    add(
        "--on-error", choices=["raise", "quarantine"], default="raise",
        help="what to do with rows that cannot be scored; the default is %(default)s",
    )  # fmt: skip
    add("--batch-rows", metavar="N", type=int, help="rows to score at a time")
    add("--part-rows", metavar="N", type=int, help="rows per file that is written")
    add(
        "--csv-type", metavar="NAME=TYPE", action="append", default=[],
        help="the type of a column of CSV files, as pyarrow names it: id=int64",
    )  # fmt: skip
    add("--csv-delimiter", metavar="TEXT", help="the delimiter of CSV files")
    add("--csv-encoding", metavar="NAME", default="utf-8", help="by default %(default)s")
    add("--csv-decimal", metavar="TEXT", default=".", help="the decimal point of CSV files")
    add(
        "--csv-missing", metavar="WORD", action="append",
        help="an unquoted word for a missing value in CSV files; may be "
        "repeated; by default NA, null, None and others, unless they are a category of the model",
    )  # fmt: skip
    add("--overwrite", action="store_true", help="replace scores of another model or options")
    add(
        "--no-verify", action="store_true",
        help="do not verify the parts of earlier runs, only that they have a footer",
    )  # fmt: skip
    add("--progress", action="store_true", help='show a bar; needs pip install "skmtl[progress]"')


def run(options: argparse.Namespace) -> tuple[dict[str, Any], str, int]:
    chosen = {
        "columns": options.columns,
        "keep": options.keep,
        "proba": not options.no_proba,
        "quantiles": not options.no_quantiles,
        "times": _times(options.times),
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
    except ValueError as error:  # wrong options or columns, found before any work
        raise UsageError(str(error)) from error
    outcome = {field.name: _plain(getattr(report, field.name)) for field in fields(report)}
    return outcome, _text(report), QUARANTINED if report.n_refused else OK


def _plain(value: Any) -> Any:
    """Convert a field of the report for JSON."""
    if isinstance(value, Path):
        return str(value)
    if not hasattr(value, "to_dict"):
        return value
    by_column = value.astype(object).where(value.notna(), None).to_dict("index")
    return {str(name): cells for name, cells in by_column.items()}


def _text(report: ScoringReport) -> str:
    earlier = f" ({report.n_parts_before} from earlier runs)" if report.n_parts_before else ""
    text = (
        f"{report.n_rows:,} rows of {_files(report.n_files)} are in {_files(report.n_parts)}"
        f"{earlier} in {report.out}, after {report.seconds:.1f} s"
    )
    if report.n_refused:
        text += f"\n{report.n_refused:,} rows could not be scored; see {report.errors}"
    return text if report.lost is None else f"{text}\n{report.lost}"


def _times(texts: Sequence[str] | None) -> Any:
    """Parse times, for all events or by event."""
    if texts is None:
        return None
    if not any("=" in text for text in texts):
        return [time for text in texts for time in _numbers(text)]
    pairs = [_pair(text, "--times") for text in texts]
    by_event: dict[str, list[float]] = {}
    for event, text in pairs:
        by_event.setdefault(event, []).extend(_numbers(text))
    return by_event


def _numbers(text: str) -> list[float]:
    try:
        return [float(time) for time in text.split(",")]
    except ValueError:
        raise UsageError(
            f"--times must be numbers separated by commas, such as 7,30,365; got {text!r}."
        ) from None


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.rpartition("=")
    if not equals or not name:
        raise UsageError(f"{option} must be NAME=VALUE, got {text!r}.")
    return name, value


def _files(n: int) -> str:
    return "1 file" if n == 1 else f"{n:,} files"
