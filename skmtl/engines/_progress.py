"""Report the progress of fits to scikit-learn's callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class FitProgress:
    """Opens and closes a callback context for every epoch, round or bag of a fit.

    Parameters
    ----------
    estimator : estimator with callback support
    X, y : the user's data
    attributes : callable
        Returns the attributes with which a copy of the estimator can predict, given what the
        engine has learnt so far.
    """

    def __init__(
        self, estimator: Any, X: Any, y: Any, attributes: Callable[[Any], Mapping[str, Any]]
    ) -> None:
        self._estimator = estimator
        self._data = {"X": X, "y": y}
        self._attributes = attributes

    def start(self, n_epochs: int | None) -> None:
        """Begin the fit, with a maximum number of epochs, or None if unknown."""
        self._context = self._estimator._init_callback_context(max_subtasks=n_epochs)
        self._context.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def begin(self) -> None:
        """Begin an epoch."""
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def end(self, report: dict[str, Any], fitted: Callable[[], Any] | None = None) -> bool:
        """End an epoch.

        The report becomes an attribute of the estimator, because metadata of callbacks are passed
        on to scorers, which would treat them as weights.

        Parameters
        ----------
        report : dict
            "bag", "epoch", "loss", "validation_loss" (or None), "objective" and "improved".
        fitted : callable, optional
            Returns what the engine has learnt so far, for callbacks that score.

        Returns
        -------
        bool
            Whether a callback asks to stop.
        """
        self._estimator.last_epoch_ = report
        if self._estimator.verbose:
            print(_line(type(self._estimator).__name__, report), flush=True)
        return self._epoch.call_on_fit_task_end(
            estimator=self._estimator,
            **self._data,
            reconstruction_attributes=dict
            if fitted is None
            else (lambda: dict(self._attributes(fitted()))),
        )

    def finish(self, fitted: Any) -> None:
        """End the fit, given what was learnt."""
        self._context.call_on_fit_task_end(
            estimator=self._estimator,
            **self._data,
            reconstruction_attributes=lambda: dict(self._attributes(fitted)),
        )


def _line(name: str, report: Mapping[str, Any]) -> str:
    """Return the line to print for an epoch."""
    where = [f"{word} {report[word]}" for word in ("member", "bag", "epoch") if word in report]
    if "blocks" in report:
        where.append("+".join(report["blocks"]))
    losses = [f"loss {report['loss']:.4g}"]
    if report["validation_loss"] is not None:
        best = " (best)" if report["improved"] else ""
        losses.append(f"validation loss {report['validation_loss']:.4g}{best}")
    return f"[{name}] {', '.join(where)}: {', '.join(losses)}"
