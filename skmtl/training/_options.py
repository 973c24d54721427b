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

# "auto" waits no longer than this for a better epoch; three and some steps at least.
_MOST_EPOCHS, _FEWEST_EPOCHS, _FEWEST_STEPS = 12, 3, 60
# A loss below this share of that of constant predictions falls late and in jumps, if it does.
_NEARLY_LEARNT = 0.2


@dataclass(frozen=True)
class TrainingOptions:
    """Settings of the training loop, in resolved form.

    Attributes
    ----------
    max_epochs : int
    patience : int or "auto"
        Epochs without a better objective after which training stops; "auto" decides by when the
        best one came.
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
        """Whether a step is one backward pass of one loss, by no compiled code."""
        return isinstance(self.balance, Equal) and self.record is None and not self.compile

    def rows_per_step(self, n_samples: int) -> int:
        """About 32 steps an epoch, between 32 and 1,024 rows each, in powers of two."""
        if self.batch_size != "auto":
            return self.batch_size
        return min(max(2 ** round(math.log2(max(n_samples, 1) / 32)), 32), 1024)

    @property
    def longest_patience(self) -> int:
        """Most epochs without a better objective."""
        return _MOST_EPOCHS if self.patience == "auto" else self.patience

    def patience_after(self, best_epoch: int, objective: float, n_samples: int) -> int:
        """Epochs to wait for a better one than the best so far.

        "auto" waits as long again as it took to get there, at most 12 epochs. Where much of the
        loss is noise, which no epoch will learn, half as long is enough: a network that has begun
        to overfit does not come back.

        Parameters
        ----------
        best_epoch : int
            Epochs to the best one; 0 if none has been better than the weights at the start.
        objective : float
            Its loss, as a share of that of constant predictions.
        n_samples : int
            Training rows.
        """
        if self.patience != "auto" or best_epoch == 0:
            return self.longest_patience
        steps_per_epoch = math.ceil(n_samples / self.rows_per_step(n_samples))
        share = 1.0 if objective < _NEARLY_LEARNT else 0.5
        least = max(_FEWEST_EPOCHS, math.ceil(_FEWEST_STEPS / steps_per_epoch))
        return min(max(least, math.ceil(share * best_epoch)), _MOST_EPOCHS)
