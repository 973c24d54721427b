"""How to train."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from skmtl.balancing import Balancer, Equal
from skmtl.training._device import Precision
from skmtl.training._transfer import TransferRecord

Schedule = Literal["constant", "cosine"]
BalanceAt = Literal["representation", "trunk"]


@dataclass(frozen=True)
class TrainingOptions:
    """Settings of the training loop, in resolved form.

    Attributes
    ----------
    max_epochs, patience : int
    batch_size : int or "auto"
        Rows per step; "auto" grows with the number of rows.
    learning_rate, weight_decay, gradient_clip : float
    max_time : float
        Seconds; infinity for no limit.
    averaging : float
        Decay of the running mean of the weights; 0 uses the weights as they are.
    balance : Balancer
    balance_at : {"representation", "trunk"}
        Where gradients are compared, for balancers that do.
    record : TransferRecord or None
        What the steps of the tasks do to each other is added to it.
    """

    max_epochs: int = 200
    batch_size: int | Literal["auto"] = "auto"
    learning_rate: float = 5e-3
    schedule: Schedule = "constant"
    weight_decay: float = 3e-2
    gradient_clip: float = 1.0
    patience: int = 12
    max_time: float = float("inf")
    averaging: float = 0.99
    precision: Precision = "auto"
    compile: bool = False
    balance: Balancer = Equal()  # noqa: RUF009 - frozen
    balance_at: BalanceAt = "representation"
    record: TransferRecord | None = None

    @property
    def is_plain(self) -> bool:
        """Whether a step is one backward pass of one loss, by no compiled code."""
        return isinstance(self.balance, Equal) and self.record is None and not self.compile

    def rows_per_step(self, n_samples: int) -> int:
        """About 32 steps an epoch, between 32 and 1,024 rows each, in powers of two."""
        if self.batch_size != "auto":
            return self.batch_size
        return min(max(2 ** round(math.log2(max(n_samples, 1) / 32)), 32), 1024)
