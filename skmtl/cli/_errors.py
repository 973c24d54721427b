"""Errors that end a command."""

from __future__ import annotations

OK, FAILED, USAGE, QUARANTINED = 0, 1, 2, 3


class UsageError(Exception):
    """A wrong option or configuration, found before any work was done."""
