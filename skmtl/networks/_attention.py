"""Attention between feature tokens and task tokens, with an attention mask."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from skmtl.networks._activations import Activation
from skmtl.networks._hubs import HubGate, HubTokens
from skmtl.networks._layers import Dropout, FeedForward, LayerNorm, Linear

Mask = Literal["none", "task_to_task", "feature_to_task", "both"]


class MaskedBlock(nn.Module):
    """One encoder block of MultiTab-Net (arXiv 2511.09970, section 3).

    Tokens are (batch, n_features, size) and (batch, n_tasks, size). Task tokens always attend to
    the features. `mask` is the attention mask: with "task_to_task" or "both" a task token does not
    attend to the other tasks; with "feature_to_task" or "both" the features do not attend to the
    tasks.

    Parameters
    ----------
    size, n_heads, feedforward_size : int
    attention_dropout, dropout : float
    mask : {"none", "task_to_task", "feature_to_task", "both"}
    feature_attention : bool or HubTokens
        Whether features attend to each other (and to the tasks, if the mask allows it), or read
        hubs of these tokens. With False the feature tokens do not change. The cost is quadratic in
        their number with True, and linear otherwise.
    activation : {"relu", "silu"}, default="relu"
        Nonlinearity of the feed-forward layer.
    """

    def __init__(
        self,
        size: int,
        n_heads: int,
        feedforward_size: int,
        attention_dropout: float,
        dropout: float,
        mask: Mask,
        feature_attention: bool | HubTokens,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.features_read_tasks = mask in ("none", "task_to_task")
        self.tasks_read_tasks = mask in ("none", "feature_to_task")
        self.feature_attention = feature_attention is True
        self.norm = LayerNorm(size)
        self.query = Linear(size, size)
        self.key_value = Linear(size, 2 * size)
        self.out = Linear(size, size)
        self.attention_dropout = Dropout(attention_dropout)
        self.feedforward = FeedForward(size, feedforward_size, dropout, activation)
        self.hubs = None
        if isinstance(feature_attention, HubTokens):
            self.hubs = HubGate(feature_attention.n, size, feedforward_size, dropout, activation)

    def forward(
        self, features: Tensor, tasks: Tensor, absent: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the feature tokens and the task tokens after the block.

        No token attends to a feature that is marked in `absent`, (batch, n_features).
        """
        normed_features, normed_tasks = self.norm(features), self.norm(tasks)
        tokens = torch.cat([normed_features, normed_tasks], dim=1)
        new_tasks = self.feedforward(tasks + self._read_by_tasks(normed_tasks, tokens, absent))
        seen = tokens if self.features_read_tasks else normed_features
        if self.hubs is not None:
            hidden = None if absent is None else _padded(absent, seen.transpose(1, 2))
            return features * self.hubs(seen, hidden), new_tasks
        if not self.feature_attention:
            return features, new_tasks
        new_features = features + self._read_by_features(normed_features, seen, absent)
        return self.feedforward(new_features), new_tasks

    def task_weights(
        self, features: Tensor, tasks: Tensor, absent: Tensor | None = None
    ) -> Tensor:
        """Return the attention of tasks to features, (batch, n_tasks, n_features).

        The weights are averaged over heads.
        """
        normed = self.norm(tasks)
        tokens = torch.cat([self.norm(features), normed], dim=1)
        return self._task_weights(normed, tokens, absent).mean(dim=1)[..., : features.shape[1]]

    def _read_by_tasks(self, tasks: Tensor, tokens: Tensor, absent: Tensor | None) -> Tensor:
        """Return the attention update of the task tokens.

        The key and value maps are applied to the task tokens rather than to the features:
        (W_q t)'(W_k x) = (W_k' W_q t)'x, and a weighted mean of W_v x is W_v times the weighted
        mean of x. There are fewer tasks than features, so this saves two maps over all features.
        The bias of the keys adds the same number to all logits and cancels in the softmax.
        """
        weights = self.attention_dropout(self._task_weights(tasks, tokens, absent))
        pooled = (weights.flatten(1, 2) @ tokens).view(*weights.shape[:3], -1)
        _, value = self.head_maps()
        mixed = pooled @ value.transpose(-1, -2)
        bias = self.key_value.bias.chunk(2)[1]
        # After dropout the weights do not sum to one, so the bias is scaled by their sum.
        bias = bias.view(1, self.n_heads, 1, -1) * weights.sum(dim=-1, keepdim=True)
        return self.out((mixed + bias).transpose(1, 2).flatten(-2))

    def _task_weights(self, tasks: Tensor, tokens: Tensor, absent: Tensor | None) -> Tensor:
        """Return the softmax weights, (batch, n_heads, n_tasks, n_tokens)."""
        key, _ = self.head_maps()
        query = self._heads(self.query(tasks))
        absorbed = (query @ key).flatten(1, 2) / query.shape[-1] ** 0.5
        logits = (absorbed @ tokens.transpose(1, 2)).unflatten(1, (self.n_heads, -1))
        if not self.tasks_read_tasks:
            logits = logits + self.other_tasks_hidden(tasks.shape[1], logits)
        if absent is not None:  # never all tokens: a task attends to its own token
            logits = logits.masked_fill(_padded(absent, logits)[:, None, None], -torch.inf)
        return logits.softmax(dim=-1)

    @staticmethod
    def other_tasks_hidden(n_tasks: int, logits: Tensor) -> Tensor:
        """Return an additive mask that hides other tasks, (n_tasks, n_tokens); tasks come last."""
        hidden = torch.full((n_tasks, n_tasks), -torch.inf, device=logits.device)
        hidden.fill_diagonal_(0.0)
        return nn.functional.pad(hidden, (logits.shape[-1] - n_tasks, 0)).to(logits.dtype)

    def head_maps(self) -> tuple[Tensor, Tensor]:
        """Return the key and value maps of the heads, each (n_heads, size / n_heads, size)."""
        key, value = self.key_value.weight.unflatten(0, (2, self.n_heads, -1))
        return key, value

    def _read_by_features(self, features: Tensor, tokens: Tensor, absent: Tensor | None) -> Tensor:
        query = self._heads(self.query(features))
        key, value = (self._heads(x) for x in self.key_value(tokens).chunk(2, dim=-1))
        readable = None
        if absent is not None:
            # An absent feature attends to itself, so that its softmax is defined. No other token
            # attends to it.
            itself = torch.eye(features.shape[1], tokens.shape[1], device=absent.device)
            readable = (~_padded(absent, key.transpose(-1, -2))[:, None] | itself.bool())[:, None]
        if self.attention_dropout.active:
            # The fused kernel would draw its dropout from the global generator.
            logits = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
            if readable is not None:
                logits = logits.masked_fill(~readable, -torch.inf)
            mixed = self.attention_dropout(logits.softmax(dim=-1)) @ value
        else:
            mixed = nn.functional.scaled_dot_product_attention(query, key, value, readable)
        return self.out(mixed.transpose(1, 2).flatten(-2))

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)


def _padded(absent: Tensor, logits: Tensor) -> Tensor:
    """Extend the mask of absent features to all tokens, (batch, n_tokens); tasks come last."""
    return nn.functional.pad(absent, (0, logits.shape[-1] - absent.shape[1]))
