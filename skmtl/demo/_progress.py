"""The progress of the training."""

from __future__ import annotations

from typing import Any

from skmtl.callbacks import ProgressBar


def progress() -> Any:
    """Return a progress bar, or plain lines if rich is not installed."""
    try:
        return ProgressBar()
    except ImportError:
        return PlainLines()


class PlainLines:
    """A callback that prints a line per epoch."""

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Print the losses of an epoch."""
        if context.task_name == "epoch":
            report = estimator.last_epoch_
            place = f"network {report['bag']}, epoch {report['epoch']}"
            losses = f"loss {report['loss']:.3g}, validation {report['validation_loss']:.3g}"
            best = ", the best so far" if report["improved"] else ""
            print(f"{place}: {losses}{best}", flush=True)
