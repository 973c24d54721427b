"""Training told to scikit-learn's callbacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from torch import nn

from skmtl.networks import BaggedNetworks
from skmtl.training import Epoch


class EpochCallbacks:
    """Begins and ends one callback context per epoch.

    Parameters
    ----------
    estimator : estimator with callback support
    context : sklearn.callback.CallbackContext
        The root context of this fit.
    X, y : the user's data
    fitted : callable
        Attributes with which a copy of the estimator predicts with the given networks.
    """

    def __init__(
        self,
        estimator: Any,
        context: Any,
        X: Any,
        y: Any,
        fitted: Callable[[BaggedNetworks], dict],
    ) -> None:
        self._estimator = estimator
        self._context = context
        self._data = {"X": X, "y": y}
        self._fitted = fitted

    def start(self, bag: int, finished: Sequence[nn.Module]) -> None:
        """Go on to the network at position `bag`, behind those that are finished."""
        self._bag = bag
        self._finished = finished

    def begin(self, number: int) -> None:
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def end(self, epoch: Epoch, network: Callable[[], nn.Module]) -> bool:
        """Report an epoch; True where a callback asks to stop.

        The report is an attribute of the estimator: what callbacks get as metadata is meant for
        scorers, which take it for weights.
        """
        self._estimator.last_epoch_ = {
            "bag": self._bag,
            "epoch": epoch.number,
            "loss": epoch.loss,
            "validation_loss": epoch.validation_loss,
            "objective": epoch.objective,
            "improved": epoch.improved,
            "auxiliary": epoch.auxiliary,
        }
        return self._epoch.call_on_fit_task_end(
            estimator=self._estimator,
            **self._data,
            reconstruction_attributes=lambda: self._fitted(
                BaggedNetworks([*self._finished, network()])
            ),
        )


def history_frame(histories: list[list[Epoch]], names: list) -> pd.DataFrame:
    """Losses by epoch of each network: mean over tasks, and by task as ``loss[<task>]``."""
    rows = [
        {"bag": bag} | _row(epoch, names)
        for bag, epochs in enumerate(histories)
        for epoch in epochs
    ]
    return pd.DataFrame(rows).set_index("epoch")


def _row(epoch: Epoch, names: list) -> dict[str, float | None]:
    row: dict[str, float | None] = {
        "epoch": epoch.number,
        "seconds": epoch.seconds,
        "learning_rate": epoch.learning_rate,
        "loss": epoch.loss,
    }
    by_task = {"loss": epoch.losses}
    if epoch.validation_losses is not None:
        row["validation_loss"] = epoch.validation_loss
        row["objective"] = epoch.objective
        by_task["validation_loss"] = epoch.validation_losses
    for what, values in by_task.items():
        row |= {f"{what}[{name}]": v for name, v in zip(names, values, strict=True)}
    return row | {f"auxiliary[{name}]": value for name, value in epoch.auxiliary.items()}
