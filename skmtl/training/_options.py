"""Settings of the training loop."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from skmtl.balancing import Balancer, Equal
from skmtl.training._device import Precision
from skmtl.training._transfer import TransferRecord

Schedule = Literal["constant", "cosine"]
BalanceAt = Literal["representation", "trunk"]

# Bounds of the "auto" patience, in epochs and in steps.
_MOST_EPOCHS, _FEWEST_EPOCHS, _FEWEST_STEPS = 12, 3, 60
# A loss below this share of that of constant predictions may still fall, but late and in jumps.
_NEARLY_LEARNT = 0.2


@dataclass(frozen=True)
class TrainingOptions:
    """Resolved settings of the training loop.

    Attributes
    ----------
    max_epochs : int
    patience : int or "auto"
        Number of epochs without a better objective after which training stops; "auto" depends on
        the number of epochs up to the best one.
    batch_size : int or "auto"
        Rows per step; "auto" grows with the number of rows.
    learning_rate, weight_decay, gradient_clip : float
    max_time : float
        Seconds; infinity for no limit.
    averaging : float
        Decay of the running mean of the weights; 0 uses the current weights.
    balance : Balancer
    balance_at : {"representation", "trunk"}
        Where gradients are compared, for balancers that compare them.
    record : TransferRecord or None
        Record of the effects of one task's steps on the losses of the others.
    """

    max_epochs: int = 200
    batch_size: int | Literal["auto"] = "auto"
    learning_rate: float = 5e-3
    schedule: Schedule = "constant"
    weight_decay: float = 3e-2
    gradient_clip: float = 1.0
    patience: int | Literal["auto"] = "auto"
    max_time: float = float("inf")
    averaging: float = 0.99
    precision: Precision = "auto"
    compile: bool = False
    balance: Balancer = Equal()  # noqa: RUF009 - frozen
    balance_at: BalanceAt = "representation"
    record: TransferRecord | None = None

    @property
    def is_plain(self) -> bool:
        """Whether a step is a single backward pass of one loss without compiled code."""
        return isinstance(self.balance, Equal) and self.record is None and not self.compile

    def rows_per_step(self, n_samples: int) -> int:
        """Return the batch size.

        "auto" is a power of two between 32 and 1,024 with about 32 steps per epoch.
        """
        if self.batch_size != "auto":
            return self.batch_size
        return min(max(2 ** round(math.log2(max(n_samples, 1) / 32)), 32), 1024)

    @property
    def longest_patience(self) -> int:
        """Maximum number of epochs without a better objective."""
        return _MOST_EPOCHS if self.patience == "auto" else self.patience

    def patience_after(self, best_epoch: int, objective: float, n_samples: int) -> int:
        """Return the number of epochs to wait for an epoch that is better than the best so far.

        "auto" waits as many epochs as led to the best one, at most 12. If much of the loss is
        irreducible noise, half as many are enough, because a network that has started to overfit
        does not recover.

        Parameters
        ----------
        best_epoch : int
            Number of epochs up to the best one; 0 if no epoch was better than the initial weights.
        objective : float
            Objective of the best epoch, relative to constant predictions.
        n_samples : int
            Number of training rows.
        """
        if self.patience != "auto" or best_epoch == 0:
            return self.longest_patience
        steps_per_epoch = math.ceil(n_samples / self.rows_per_step(n_samples))
        share = 1.0 if objective < _NEARLY_LEARNT else 0.5
        least = max(_FEWEST_EPOCHS, math.ceil(_FEWEST_STEPS / steps_per_epoch))
        return min(max(least, math.ceil(share * best_epoch)), _MOST_EPOCHS)
