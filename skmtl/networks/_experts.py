"""Experts as a row path, with a mixture for each task: (n_tasks, batch, members, size)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from skmtl.networks._expert_settings import Experts
from skmtl.networks._gates import Gates
from skmtl.networks._layers import Dropout, matrix, parameter, weight
from skmtl.networks._row_input import RowInput, RowOutput, TokenShape
from skmtl.networks._task_inputs import GatedFeatures


@dataclass(frozen=True)
class ExpertShape:
    """Shape of the layers of an expert."""

    size: int
    n_layers: int
    n_members: int
    dropout: float
    activation: str


class ExpertLayer(nn.Module):
    """A layer of several experts, (experts or 1, batch, members or 1, n_in) to (..., size).

    Experts have two axes: readers, each with its own input, and the experts of a reader. Members
    share the weight and have their own scales and biases, as in `MemberLinear`. In the first
    layer, whose input has no members, random scales make the members differ.
    """

    def __init__(
        self, n_readers: int, n_experts: int, n_in: int, shape: ExpertShape, *, splits: bool
    ) -> None:
        super().__init__()
        experts, members = (n_readers, n_experts), (1, shape.n_members, shape.size)
        self.weight = matrix(*experts, n_in, shape.size, fan_in=n_in)
        split = {"bound": 3**0.5} if splits else {"fill": 1.0}
        self.scale = parameter(*experts, *members, **split)
        self.bias = weight(*experts, *members, fan_in=n_in)
        self.dropout = Dropout(shape.dropout)
        self.normalises = shape.activation == "normalised_swish"
        if self.normalises:
            self.norm_scale = parameter(*experts, 1, 1, shape.size, fill=1.0)
            self.norm_shift = parameter(*experts, 1, 1, shape.size)

    def forward(self, x: Tensor) -> Tensor:
        mapped = (x.flatten(2, 3) @ self.weight).unflatten(2, x.shape[2:4])
        return self.dropout(self._activation(torch.addcmul(self.bias, mapped, self.scale)))

    def _activation(self, x: Tensor) -> Tensor:
        if not self.normalises:
            return nn.functional.relu(x)
        x = nn.functional.layer_norm(x, x.shape[-1:])
        return nn.functional.silu(torch.addcmul(self.norm_shift, x, self.norm_scale))


class ExpertBank(nn.Module):
    """Experts of several readers.

    Maps (1 or readers, batch, members or 1, n_in) to (readers, n_experts, batch, members, size).
    """

    def __init__(
        self, n_readers: int, n_experts: int, n_in: int, shape: ExpertShape, *, splits: bool
    ) -> None:
        super().__init__()
        widths = [n_in] + [shape.size] * shape.n_layers
        self.layers = nn.ModuleList(
            ExpertLayer(n_readers, n_experts, a, shape, splits=splits and layer == 0)
            for layer, (a, _) in enumerate(pairwise(widths))
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, None]
        for layer in self.layers:
            x = layer(x)
        return x


class LevelOutput(NamedTuple):
    """Output of a level of experts.

    Attributes
    ----------
    streams : tensor
        Mixture of each reader.
    shared : tensor or None
        Mixture for the shared experts of the next level; None in the last level.
    weights : tensor
        Weights of the experts.
    """

    streams: Tensor
    shared: Tensor | None
    weights: Tensor


class ExpertLevel(nn.Module):
    """A mixture of shared and own experts for each reader, which is a task or a group of tasks.

    Gates and weights list the experts of a reader in this order: shared experts, own experts and,
    if readers use each other's experts, the own experts of all readers, where those of the reader
    itself are masked.

    Parameters
    ----------
    n_in : int
        Length of the rows.
    n_readers : int
    experts : Experts
    shape : ExpertShape
    gate_size : int
        Length of the inputs of the gates.
    is_first, is_last : bool
    """

    def __init__(
        self,
        n_in: int,
        n_readers: int,
        experts: Experts,
        shape: ExpertShape,
        gate_size: int,
        *,
        is_first: bool,
        is_last: bool,
    ) -> None:
        super().__init__()
        n_shared, n_own = self.n_shared, self.n_own = experts.shared, experts.own
        self.reads_others = experts.others == "detached"
        self.shared = self.own = self.shared_gate = None
        if n_shared:
            self.shared = ExpertBank(1, n_shared, n_in, shape, splits=is_first)
        if n_own:
            self.own = ExpertBank(n_readers, n_own, n_in, shape, splits=is_first)
        readable = torch.ones(n_readers, n_shared + n_own, dtype=torch.bool)
        if self.reads_others:
            others = ~torch.eye(n_readers, dtype=torch.bool).repeat_interleave(n_own, dim=1)
            readable = torch.cat([readable, others], dim=1)
        self.gates = Gates(gate_size, readable, experts.routing)
        if n_shared and not is_last:
            every = torch.ones(1, n_shared + n_readers * n_own, dtype=torch.bool)
            self.shared_gate = Gates(n_in, every, experts.routing)

    def forward(self, streams: Tensor, shared: Tensor, gate_input: Tensor) -> LevelOutput:
        """Return the mixtures.

        Parameters
        ----------
        streams : tensor of shape (1 or readers, batch, members or 1, n_in)
            Inputs of own experts.
        shared : tensor of shape (1, batch, members or 1, n_in)
            Input of shared experts.
        gate_input : tensor of shape (1 or readers, batch, members or 1, gate_size)
        """
        weights = self.gates(gate_input)
        of_shared, of_own, of_others = weights.tensor_split(
            (self.n_shared, self.n_shared + self.n_own), dim=-1
        )
        parts, every = [], []
        if self.shared is not None:
            outputs = self.shared(shared)[0]
            parts.append(_mixture(of_shared, outputs))
            every.append(outputs)
        if self.own is not None:
            outputs = self.own(streams)
            parts.append(torch.einsum("rbme,rebmd->rbmd", _by_member(of_own, outputs), outputs))
            every.append(outputs.flatten(0, 1))
        if self.reads_others:
            parts.append(_mixture(of_others, every[-1].detach()))
        next_shared = None
        if self.shared_gate is not None:
            next_shared = _mixture(self.shared_gate(shared), torch.cat(every))
        return LevelOutput(cast(Tensor, sum(parts)), next_shared, weights)

    def use(self, weights: Tensor) -> Tensor:
        """Return the weights of all experts, (batch, readers, n_shared + readers * n_own)."""
        shared, own, others = weights.mean(dim=2).tensor_split(
            (self.n_shared, self.n_shared + self.n_own), dim=-1
        )
        n_readers = len(weights)
        placed = torch.eye(n_readers, device=own.device)[:, None, :, None] * own[:, :, None]
        placed = placed.flatten(2)
        if self.reads_others:
            placed = placed + others
        return torch.cat([shared, placed], dim=-1).transpose(0, 1)


def _mixture(weights: Tensor, outputs: Tensor) -> Tensor:
    """Mix outputs (experts, batch, members, size) with weights (readers, batch, ..., experts)."""
    return torch.einsum("rbme,ebmd->rbmd", _by_member(weights, outputs), outputs)


def _by_member(weights: Tensor, outputs: Tensor) -> Tensor:
    return weights.expand(-1, -1, outputs.shape[-2], -1)


class ExpertRows(nn.Module):
    """Levels of experts, from the row to the input of each task's tower.

    Parameters
    ----------
    experts : Experts
        Settings returned by `Experts.resolved`.
    tokens : TokenShape
    n_tasks : int
    n_layers, n_members : int
    dropout : float
    n_groups : int
        Number of task ids of long data, by which the use of experts is stored; 0 for wide data.

    Attributes
    ----------
    mean_use : tensor of shape (n_groups or 1, n_tasks, n_experts)
        Mean weights of the experts of the last level over training rows; zero before `keep_use`.
    mean_gates : tensor of shape (n_groups or 1, n_tasks, n_features), or None
        Mean factors of the feature gates; None without feature gates.
    """

    def __init__(
        self,
        experts: Experts,
        tokens: TokenShape,
        n_tasks: int,
        n_layers: int,
        n_members: int,
        dropout: float,
        n_groups: int,
    ) -> None:
        super().__init__()
        self.experts = experts
        size = cast(int, experts.size)
        shape = ExpertShape(size, n_layers, n_members, dropout, experts.activation)
        groups = experts.groups or [[task] for task in range(n_tasks)]
        group_of_task = [g for t in range(n_tasks) for g, group in enumerate(groups) if t in group]
        self.group_of_task: Tensor
        self.register_buffer("group_of_task", torch.tensor(group_of_task), persistent=False)
        n_levels = experts.n_levels
        n_readers = [len(groups)] * (n_levels - 1) + [n_tasks]
        widths = [tokens.n_features * tokens.size] + [size] * (n_levels - 1)
        self.task_inputs = nn.ModuleList(
            made.build(tokens, n_readers[0]) for made in experts.task_inputs
        )
        self.levels = nn.ModuleList(
            ExpertLevel(
                n_in, readers, experts, shape, tokens.size if experts.gate == "token" else n_in,
                is_first=level == 0, is_last=level == n_levels - 1,
            )
            for level, (n_in, readers) in enumerate(zip(widths, n_readers, strict=True))
        )  # fmt: skip
        by_id, n_experts = max(n_groups, 1), experts.shared + experts.own * n_tasks
        self.mean_use: Tensor
        self.register_buffer("mean_use", torch.zeros(by_id, n_tasks, n_experts))
        has_gates = any(isinstance(layer, GatedFeatures) for layer in self.task_inputs)
        gates = torch.zeros(by_id, n_tasks, tokens.n_features) if has_gates else None
        self.mean_gates: Tensor | None
        self.register_buffer("mean_gates", gates)

    def forward(self, row: RowInput) -> RowOutput:
        outputs = self._outputs(row)
        routing = self.experts.routing
        if routing is None or not self.training:
            return RowOutput(outputs[-1].streams)
        uneven = torch.stack([
            cast(ExpertLevel, level).gates.load_imbalance(output.weights)
            for level, output in zip(self.levels, outputs, strict=True)
        ])  # fmt: skip
        return RowOutput(
            outputs[-1].streams, {"load_balance": routing.load_balance * uneven.mean()}
        )

    def use(self, row: RowInput) -> Tensor:
        """Return the weights of the experts of the last level, (batch, n_tasks, n_experts)."""
        return cast(ExpertLevel, self.levels[-1]).use(self._outputs(row)[-1].weights)

    def keep_use(self, rows: Iterable[tuple[RowInput, Tensor | None]]) -> None:
        """Compute `mean_use` and `mean_gates` from parts of the training rows and their ids."""
        kept = [(self.use, self.mean_use), (self.feature_gates, self.mean_gates)]
        for _, mean in kept:
            if mean is not None:
                mean.zero_()
        counts = self.mean_use.new_zeros(len(self.mean_use))
        for row, ids in rows:
            n_rows = len(row.features)
            places = row.codes.new_zeros(n_rows) if ids is None else ids
            counts.index_add_(0, places, counts.new_ones(n_rows))
            for function, mean in kept:
                if mean is not None:
                    mean.index_add_(0, places, function(row))
        for _, mean in kept:
            if mean is not None:
                mean.div_(counts.clamp_min(1)[:, None, None])

    def feature_gates(self, row: RowInput) -> Tensor:
        """Return the product of the factors of all feature gates, (batch, n_tasks, n_features)."""
        tokens = row.features[None]
        factors = tokens.new_ones(len(self.group_of_task), *tokens.shape[1:3])
        for task_input in self.task_inputs:
            if isinstance(task_input, GatedFeatures):
                by_reader = task_input.factors(tokens)
                grouped = self.experts.groups is not None
                factors = factors * (by_reader[self.group_of_task] if grouped else by_reader)
            tokens = task_input(tokens, row.codes)
        return factors.transpose(0, 1)

    def _outputs(self, row: RowInput) -> list[LevelOutput]:
        shared: Tensor = row.flat[None, :, None]
        streams = self._task_rows(row)
        outputs: list[LevelOutput] = []
        for level, module in enumerate(self.levels):
            by_group = self.experts.groups is not None and level < len(self.levels) - 1
            if self.experts.groups is not None and not by_group:
                streams = streams[self.group_of_task]
            tokens = self._by_group(row.tasks) if by_group else row.tasks
            gate_input = tokens[:, :, None] if self.experts.gate == "token" else streams
            output: LevelOutput = module(streams, shared, gate_input)
            outputs.append(output)
            streams = output.streams
            shared = streams if output.shared is None else output.shared
        return outputs

    def _task_rows(self, row: RowInput) -> Tensor:
        """Return the input of gates and own experts in the first level.

        Its shape is (1 or readers, batch, 1, n_in).
        """
        tokens = row.features[None]
        for task_input in self.task_inputs:
            tokens = task_input(tokens, row.codes)
        return tokens.flatten(2)[:, :, None]

    def _by_group(self, tokens: Tensor) -> Tensor:
        """Return the mean task token of each group."""
        if len(tokens) == 1:
            return tokens
        groups = cast(tuple[tuple[int, ...], ...], self.experts.groups)
        return torch.stack([tokens[list(group)].mean(dim=0) for group in groups])
