"""Task towers, which map the row and the task's token to the task's raw scores."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from skmtl.networks._activations import Activation, activated
from skmtl.networks._layers import Dropout, matrix, parameter, weight


class Towers(nn.Module):
    """One hidden layer per task, computed for all tasks in one product.

    Parameters
    ----------
    n_scores : sequence of int
        Number of raw scores of each task.
    row_size, n_members : int
        Shape of the row path's output; ``row_size=0`` means that there is no row path.
    token_size : int
        Length of a task token.
    hidden : int
        Units of the hidden layer of a task.
    dropout : float
    slope : float
        Slope of the hidden units below zero. With slope 0, a row has no effect on units that are
        negative for it.
    activation : {"relu", "silu"}, default="relu"
        With "silu", the slope is ignored.
    """

    def __init__(
        self,
        n_scores: Sequence[int],
        row_size: int,
        n_members: int,
        token_size: int,
        hidden: int,
        dropout: float,
        slope: float,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        n_tasks, widest = len(n_scores), max(n_scores)
        fan_in = row_size + token_size
        self.from_row = matrix(row_size, n_tasks * hidden, fan_in=fan_in) if row_size else None
        self.from_token = matrix(n_tasks, token_size, hidden, fan_in=fan_in)
        self.bias = weight(n_members, n_tasks, hidden, fan_in=fan_in)
        self.out = matrix(n_tasks, n_members, hidden, widest, fan_in=hidden)
        self.out_bias = parameter(n_members, n_tasks, widest)
        self.dropout = Dropout(dropout)
        self.slope = slope
        self.activation: Activation = activation
        used = [t * widest + j for t, width in enumerate(n_scores) for j in range(width)]
        self.used: Tensor
        self.register_buffer("used", torch.tensor(used))

    def hidden(self, rows: Tensor | None, tokens: Tensor) -> Tensor:
        """Return the hidden layers before their nonlinearity, (batch, members, n_tasks, hidden).

        Rows are (1, batch, members, row_size) and tokens (n_tokens, batch, size). Rows may also
        be (n_tasks, batch, members, row_size), with a copy for each task: one backward pass then
        computes separate gradients for all tasks. The result is linear in rows and tokens; see
        `maps`.
        """
        tokens = tokens.transpose(0, 1).expand(-1, self.n_tasks, -1)
        hidden = torch.einsum("btd,tdh->bth", tokens, self.from_token)[:, None] + self.bias
        if rows is None or self.from_row is None:
            return hidden
        return hidden + self._read(rows, self.from_row)

    def scores(self, hidden: Tensor) -> Tensor:
        """Return raw scores from the output of `hidden`."""
        if self.activation == "relu":
            hidden = nn.functional.leaky_relu(hidden, self.slope)
        else:
            hidden = activated(hidden, self.activation)
        hidden = self.dropout(hidden)
        scores = torch.einsum("bmth,tmhs->bmts", hidden, self.out) + self.out_bias
        return scores.flatten(2).index_select(2, self.used)

    def maps(self) -> tuple[Tensor, ...]:
        """Return the maps from the row (if any) and from the token, (n_tasks, size, hidden)."""
        if self.from_row is None:
            return (self.from_token,)
        return self._by_task(self.from_row), self.from_token

    @property
    def n_tasks(self) -> int:
        return self.bias.shape[1]

    def _by_task(self, from_row: Tensor) -> Tensor:
        return from_row.unflatten(-1, (self.n_tasks, -1)).transpose(0, 1)

    def _read(self, rows: Tensor, from_row: Tensor) -> Tensor:
        """Return the part of the hidden layers that comes from the rows.

        Its shape is (batch, members, n_tasks, hidden).
        """
        if len(rows) == 1:
            return (rows.squeeze(0) @ from_row).unflatten(-1, (self.n_tasks, -1))
        maps = self._by_task(from_row)
        return (rows.flatten(1, 2) @ maps).unflatten(1, rows.shape[1:3]).movedim(0, 2)
