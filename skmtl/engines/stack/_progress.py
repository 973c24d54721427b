"""Report fits of members as one fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skmtl.engines import FitProgress


class MemberProgress:
    """Reports every epoch or bag of every member to the progress of a stack.

    Parameters
    ----------
    progress : FitProgress

    Attributes
    ----------
    stopped : bool
        Whether a callback has asked to stop.
    """

    def __init__(self, progress: FitProgress) -> None:
        self._progress = progress
        self._number = 0
        self._name = ""
        self.stopped = False
        progress.start(None)

    def of(self, name: str) -> FitProgress:
        """Return the progress object for the next member."""
        self._name = name
        return self  # type: ignore[return-value]

    def start(self, n_epochs: int) -> None:
        """Do nothing, because the fit of the stack has begun already."""

    def begin(self) -> None:
        """Begin an epoch."""
        self._progress.begin()

    def end(self, report: dict[str, Any], fitted: Callable[[], Any] | None = None) -> bool:
        """End an epoch; an incomplete stack cannot be scored."""
        report = report | {"member": self._name, "epoch": self._number}
        self._number += 1
        self.stopped |= self._progress.end(report)
        return self.stopped
