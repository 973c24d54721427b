"""Attention between feature tokens and task tokens, with a choice of who may read whom."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from skmtl.networks._layers import Dropout, FeedForward, LayerNorm, Linear

Mask = Literal["none", "task_to_task", "feature_to_task", "both"]


class MaskedBlock(nn.Module):
    """One encoder block of MultiTab-Net (arXiv 2511.09970, section 3).

    Tokens are (batch, n_features, size) and (batch, n_tasks, size). Task tokens always read the
    features. `mask` names the reading that is cut, written reader_to_read: with "task_to_task"
    or "both" a task token does not see the other tasks; with "feature_to_task" or "both" the
    features do not see the tasks.

    Parameters
    ----------
    size, n_heads, feedforward_size : int
    attention_dropout, dropout : float
    mask : {"none", "task_to_task", "feature_to_task", "both"}
    feature_attention : bool
        Whether features read each other (and, by the mask, the tasks). Without it the feature
        tokens pass through unchanged and the cost is linear in their number.
    """

    def __init__(
        self,
        size: int,
        n_heads: int,
        feedforward_size: int,
        attention_dropout: float,
        dropout: float,
        mask: Mask,
        feature_attention: bool,
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.features_read_tasks = mask in ("none", "task_to_task")
        self.tasks_read_tasks = mask in ("none", "feature_to_task")
        self.feature_attention = feature_attention
        self.norm = LayerNorm(size)
        self.query = Linear(size, size)
        self.key_value = Linear(size, 2 * size)
        self.out = Linear(size, size)
        self.attention_dropout = Dropout(attention_dropout)
        self.feedforward = FeedForward(size, feedforward_size, dropout)

    def forward(self, features: Tensor, tasks: Tensor) -> tuple[Tensor, Tensor]:
        normed_features, normed_tasks = self.norm(features), self.norm(tasks)
        key, value = self._key_value(normed_features, normed_tasks)
        read = self._read(normed_tasks, key, value, self._hidden_from_tasks(features, tasks))
        new_tasks = self.feedforward(tasks + read)
        if not self.feature_attention:
            return features, new_tasks
        if not self.features_read_tasks:
            n_features = features.shape[1]
            key, value = key[:, :, :n_features], value[:, :, :n_features]
        read = self._read(normed_features, key, value, None)
        return self.feedforward(features + read), new_tasks

    def task_weights(self, features: Tensor, tasks: Tensor) -> Tensor:
        """Attention of tasks to features, mean over heads: (batch, n_tasks, n_features)."""
        normed_features, normed_tasks = self.norm(features), self.norm(tasks)
        key, _ = self._key_value(normed_features, normed_tasks)
        hidden = self._hidden_from_tasks(features, tasks)
        weights = _weights(self._heads(self.query(normed_tasks)), key, hidden)
        return weights.mean(dim=1)[..., : features.shape[1]]

    def _key_value(self, features: Tensor, tasks: Tensor) -> tuple[Tensor, Tensor]:
        key, value = self.key_value(torch.cat([features, tasks], dim=1)).chunk(2, dim=-1)
        return self._heads(key), self._heads(value)

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)

    def _hidden_from_tasks(self, features: Tensor, tasks: Tensor) -> Tensor | None:
        """Additive mask (n_tasks, n_features + n_tasks) that hides the other tasks."""
        if self.tasks_read_tasks or tasks.shape[1] == 1:
            return None
        n_tasks, n_features = tasks.shape[1], features.shape[1]
        hidden = torch.full((n_tasks, n_tasks), -torch.inf, device=tasks.device)
        hidden.fill_diagonal_(0.0)
        return nn.functional.pad(hidden, (n_features, 0))

    def _read(self, reader: Tensor, key: Tensor, value: Tensor, hidden: Tensor | None) -> Tensor:
        query = self._heads(self.query(reader))
        if self.attention_dropout.active:
            # The fused kernel would draw its dropout from the global generator.
            mixed = self.attention_dropout(_weights(query, key, hidden)) @ value
        else:
            hidden = None if hidden is None else hidden.to(query.dtype)
            mixed = nn.functional.scaled_dot_product_attention(query, key, value, hidden)
        return self.out(mixed.transpose(1, 2).flatten(-2))


def _weights(query: Tensor, key: Tensor, hidden: Tensor | None) -> Tensor:
    logits = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    if hidden is not None:
        logits = logits + hidden
    return logits.softmax(dim=-1)
