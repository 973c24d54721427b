"""Write the model card of a saved model, in Markdown.

DATA are files of rows that the model was not fitted on; with them, the card shows scores with
intervals.
"""

from __future__ import annotations

import argparse
from typing import Any

from skmtl._paths import any_path, written_whole
from skmtl.cli._errors import OK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("model", metavar="MODEL", help="a file written by model.save")
    add("data", metavar="DATA", nargs="*", help="Parquet or CSV files with features and labels")
    add("--out", metavar="FILE", help="write to this file instead of stdout")


def run(options: argparse.Namespace) -> tuple[dict[str, Any], str, int]:
    from skmtl.cli._labelled import labelled_rows
    from skmtl.files import load
    from skmtl.reports import model_card

    model = load(options.model)
    rows = labelled_rows(model, options.data) if options.data else ()
    card = model_card(model, *rows)
    if options.out is None:
        return {"card": card}, card.rstrip("\n"), OK
    with written_whole(any_path(options.out, "--out")) as stream:
        stream.write(card.encode())
    return {"out": options.out}, f"saved {options.out}", OK
