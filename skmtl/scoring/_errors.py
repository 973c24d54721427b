"""Errors of scoring."""

from __future__ import annotations


class ScoringError(ValueError):
    """A row that cannot be scored, or a folder with anything other than these scores."""
