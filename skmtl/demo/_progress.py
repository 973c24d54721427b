"""How the training shows that it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skmtl.callbacks import ProgressBar


def progress() -> Any:
    """A progress bar, or plain lines where rich is not installed."""
    try:
        return ProgressBar()
    except ImportError:
        return PlainLines()


class PlainLines:
    """A callback that prints a line per epoch."""

    def setup(self, estimator: Any, context: Any) -> None:
        """Nothing to set up."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Nothing to take down."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Nothing to say yet."""

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """Print the losses of an epoch."""
        if metadata is not None:
            place = f"network {metadata['bag']}, epoch {metadata['epoch']}"
            losses = f"loss {metadata['loss']:.3g}, validation {metadata['validation_loss']:.3g}"
            best = ", the best so far" if metadata["improved"] else ""
            print(f"{place}: {losses}{best}", flush=True)
