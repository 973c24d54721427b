"""The results of an epoch, and monitors that receive them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from torch import nn

from skmtl._storable import storable


@storable
@dataclass
class Epoch:
    """The results of an epoch; losses are in the order of the tasks.

    `auxiliary` holds the means of the network's auxiliary losses by name.
    """

    number: int
    seconds: float
    learning_rate: float
    losses: list[float]
    validation_losses: list[float] | None
    objective: float
    improved: bool
    auxiliary: dict[str, float] = field(default_factory=dict)

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Old files do not have auxiliary losses.
        vars(self).update(state)
        vars(self).setdefault("auxiliary", {})

    @property
    def loss(self) -> float:
        """Mean training loss over the tasks that were trained."""
        return float(np.nanmean(self.losses))

    @property
    def validation_loss(self) -> float | None:
        """Mean validation loss over the tasks that have one."""
        losses = self.validation_losses
        return None if losses is None else float(np.nanmean(losses))


class Monitor(Protocol):
    """Called when an epoch begins and ends."""

    def begin(self, number: int) -> None: ...

    def end(self, epoch: Epoch, network: Callable[[], nn.Module]) -> bool:
        """Return whether training should stop.

        Parameters
        ----------
        epoch : Epoch
        network : callable
            Returns a copy of the network with the weights that it would have if training stopped
            now.
        """
        ...
