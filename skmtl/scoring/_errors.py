"""What goes wrong in scoring."""

from __future__ import annotations


class ScoringError(ValueError):
    """A row that cannot be scored, or a folder that holds something else than these scores."""
