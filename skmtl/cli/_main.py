"""Parse options, run commands, and turn errors into exit codes."""

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

# Each module has `add_arguments(parser)` and `run(options)`, which returns the text to print and
# the exit code. Heavy imports are inside `run`, so that no command waits for those of another.
_COMMANDS = {
    "fit": _fit,
    "score": _score,
    "inspect": _inspect,
    "card": _card,
    "report": _report,
}
# Errors that users can fix; their message is enough. Anything else is a bug and shows a traceback.
_FAILURES = (
    ModelFileError, OSError, ValueError, TypeError, FloatingPointError, ImportError,
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, default=None
        By default those of the command line.

    Returns
    -------
    int
        The exit code; see `skmtl.cli`.
    """
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as end:  # argparse has printed an error or its help
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
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
        command.set_defaults(run=module.run)
    return parser


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Print warnings as lines on stderr, without the code that they come from."""

    def show(message: Warning | str, *location: Any) -> None:
        print(f"warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show  # type: ignore[assignment]
        yield


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # The reader, such as head, has closed the pipe. Python would complain again when it exits.
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
