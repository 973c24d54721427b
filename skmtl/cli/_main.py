"""Options of the commands, and how they end."""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from skmtl import __version__
from skmtl.cli import _card, _fit, _inspect, _report, _score
from skmtl.cli._errors import FAILED, OK, USAGE, UsageError
from skmtl.files import ModelFileError

# Each has `add_arguments(parser)` and `run(options)`, which returns what to print and the exit
# code, and imports what it computes with, so that no command waits for the others' imports.
_COMMANDS = {
    "fit": _fit,
    "score": _score,
    "inspect": _inspect,
    "card": _card,
    "report": _report,
}
# What users can mend: their messages say what is wrong. Anything else is a bug, and shows itself.
_FAILURES = (
    ModelFileError, OSError, ValueError, TypeError, FloatingPointError, ImportError,
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, default=None
        Those of the command line if None.

    Returns
    -------
    int
        The exit code; see `skmtl.cli`.
    """
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as end:  # argparse has said why, or printed its help
        return OK if end.code in (None, OK) else USAGE
    try:
        with _plain_warnings():
            outcome, text, code = options.run(options)
    except UsageError as error:
        return _failed(options, error, USAGE)
    except _FAILURES as error:
        if options.debug:
            raise
        return _failed(options, error, FAILED)
    except KeyboardInterrupt:
        print("skmtl: interrupted", file=sys.stderr)
        return FAILED
    _print(json.dumps(outcome, indent=1) if options.json else text)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="skmtl",
        description="Multi-task learning for tables.",
        epilog="Exit codes: 0 done, 1 failed, 2 wrong option or configuration, 3 done, but some "
        "rows could not be scored.",
    )
    parser.add_argument("--version", action="version", version=f"skmtl {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, module in _COMMANDS.items():
        text = module.__doc__ or ""
        command = commands.add_parser(
            name,
            help=text.partition("\n")[0],
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.add_argument("--json", action="store_true", help="print one JSON object")
        command.add_argument("--debug", action="store_true", help="show where an error comes from")
        command.set_defaults(run=module.run)
    return parser


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Warnings as lines on stderr, without the lines of code that they come from."""

    def show(message: Warning | str, *rest: Any) -> None:
        print(f"warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show  # type: ignore[assignment]
        yield


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # The reader, such as head, has had enough. Python would complain again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(options: argparse.Namespace, error: Exception, code: int) -> int:
    message = _message(error)
    print(f"skmtl: {message}", file=sys.stderr)
    if options.json:
        _print(json.dumps({"error": message, "exit_code": code}))
    return code


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
