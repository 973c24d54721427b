"""Report how good a saved model is on files of rows that it was not fitted on.

Writes a self-contained HTML page: scores by task with intervals, calibration, feature importance,
sharing, and drift from the training rows. Needs pip install "skmtl[plot]".
"""

from __future__ import annotations

import argparse
from typing import Any

from skmtl._paths import any_path, written_whole
from skmtl.cli._errors import OK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("model", metavar="MODEL", help="a file written by model.save")
    add("data", metavar="DATA", nargs="+", help="Parquet or CSV files with features and labels")
    add("--out", metavar="FILE", default="report.html", help="by default %(default)s")


def run(options: argparse.Namespace) -> tuple[dict[str, Any], str, int]:
    from skmtl.cli._labelled import labelled_rows
    from skmtl.files import load
    from skmtl.reports import html_report

    model = load(options.model)
    X, Y = labelled_rows(model, options.data)
    with written_whole(any_path(options.out, "--out")) as stream:
        stream.write(html_report(model, X, Y).encode())
    return {"out": options.out, "rows": len(X)}, f"saved {options.out}", OK
