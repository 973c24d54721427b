"""Write the raw scores of MultiTab's networks as a graph.

The graph is written operator by operator from the networks' weights, following `skmtl.networks`.
Tracing by torch, as in `_traced`, takes seconds for each model and does not support searches in
sorted numbers. Everything that does not depend on the row is computed once, here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from skmtl.export._encoders import GraphRows
from skmtl.export._experts import expert_rows
from skmtl.export._graph import Graph, Operand, Value
from skmtl.export._layers import activated, array_of, linear, normalised
from skmtl.networks import (
    LARGEST_CLIPPED,
    BaggedNetworks,
    ContextAttention,
    EnsembleRows,
    ExpertRows,
    FeatureTokens,
    FeedForward,
    HubGate,
    LayerNorm,
    LinearEmbedding,
    LinearPath,
    LinearRows,
    MaskedBlock,
    MLPRows,
    MultiTabNet,
    PeriodicEmbedding,
    PiecewiseLinearEmbedding,
    Towers,
)


class Sizes(NamedTuple):
    """Numbers of feature tokens and task tokens."""

    features: int
    tasks: int


def is_multitab(bag: BaggedNetworks) -> bool:
    """Whether `network_scores` supports the networks; subclasses may compute something else."""
    return all(type(network) is MultiTabNet for network in bag)


def network_scores(
    graph: Graph, bag: BaggedNetworks[MultiTabNet], rows: GraphRows, group: Value | None
) -> Value:
    """Return raw scores (batch, n_scores), float32: means over all members of all networks."""
    by_network = [_scores(graph, network, rows, group).unsqueeze(0) for network in bag]
    return graph.concat(by_network, axis=0).mean(axis=0)


def _scores(graph: Graph, network: MultiTabNet, rows: GraphRows, group: Value | None) -> Value:
    """Write `MultiTabNet.forward`, averaged over the members."""
    features = _feature_tokens(graph, network.tokens, rows)
    tasks = _task_tokens(network, features, group)
    sizes = Sizes(network.tokens.n_features, len(network.task_tokens))
    for block in network.blocks:
        features, tasks = _block(block, features, tasks, sizes)  # type: ignore[arg-type]
    shared = _shared_rows(network, features)
    tokens = _norm(network.norm, tasks)
    by_task = _rows_by_task(network, features, tokens, rows.codes)
    scores = _towers(network.towers, shared, by_task, tokens)
    if network.line is not None:
        scores = _line(network.line, rows, scores)
    if group is not None:
        scores = scores + _of_group(network.group_bias, group)
    if network.waves is not None:
        scores = scores @ array_of(network.waves)
    return scores + array_of(network.base_scores)


def _norm(layer: LayerNorm, x: Value) -> Value:
    return normalised(x, layer.scale, layer.shift)


def _feedforward(layer: FeedForward, x: Value) -> Value:
    hidden = activated(linear(layer.up, _norm(layer.norm, x)), layer.activation)
    return x + linear(layer.down, hidden)


def _feature_tokens(graph: Graph, tokens: FeatureTokens, rows: GraphRows) -> Value:
    """Return feature tokens (batch, n_features, size)."""
    parts = []
    if rows.numeric is not None and rows.absent is not None:
        embedding = tokens.numeric
        assert isinstance(embedding, LinearEmbedding)
        x = rows.numeric.unsqueeze(2)
        line = (
            x * array_of(embedding.slope)
            + array_of(embedding.bias)
            + _bends(embedding, rows.numeric)
        )
        parts.append(rows.absent.unsqueeze(2).op("Where", array_of(embedding.missing), line))
    if rows.codes is not None and tokens.categories is not None:
        offsets = array_of(tokens.offsets)
        table = array_of(tokens.categories).copy()
        table[offsets] = 0  # code 0, an unseen category, has no effect
        parts.append(graph.op("Gather", table, rows.codes + offsets))
    return graph.concat(parts, axis=1)


def _bends(embedding: LinearEmbedding, x: Value) -> Operand:
    """Return what an embedding adds to its linear part; x is (batch, n_features)."""
    if isinstance(embedding, PiecewiseLinearEmbedding):
        return _piecewise(embedding, x)
    if isinstance(embedding, PeriodicEmbedding):
        phase = x.unsqueeze(2) * (2 * np.pi * array_of(embedding.frequency)).astype(np.float32)
        waves = phase.op("Sin").op("Concat", phase.op("Cos"), axis=2)
        return activated(waves @ array_of(embedding.mix), embedding.activation)
    return np.float32(0)


def _piecewise(embedding: PiecewiseLinearEmbedding, x: Value) -> Value:
    """Multiply the share of each bin that x fills with the weights of the bins.

    The network looks up the sum over the filled bins instead; the function is the same.
    """
    edges, bends = array_of(embedding.edges), array_of(embedding.bends)
    # Features with fewer bins are padded with infinite edges: bins that are never filled.
    real = np.isfinite(edges[:, 1:])
    edges = np.where(np.isfinite(edges), edges, 0)
    low, width = edges[:, :-1], np.where(real, np.diff(edges), 1)
    bends = np.where(real[:, :, None], bends, 0)
    filled = ((x.unsqueeze(2) - low) / width).op("Clip", np.float32(0), np.float32(1))
    # (n_features, batch, n_bins) times (n_features, n_bins, size)
    return (filled.transpose(1, 0, 2) @ bends).transpose(1, 0, 2)


def _task_tokens(network: MultiTabNet, features: Value, group: Value | None) -> Value:
    """Return the task tokens before the blocks, (batch, n_tokens, size)."""
    tokens = array_of(network.task_tokens)
    if group is not None:
        return _of_group(network.group_tokens, group) + tokens
    batch = features.op("Shape", start=0, end=1)
    shape = batch.op("Concat", np.array(tokens.shape, dtype=np.int64), axis=0)
    return features.graph.op("Expand", tokens, shape)


def _of_group(values: torch.Tensor, group: Value) -> Value:
    """Look up the row's group; zeros for an unseen group, whose index is the last."""
    table = array_of(values)
    return group.graph.op("Gather", np.concatenate([table, np.zeros_like(table[:1])]), group)


def _block(block: MaskedBlock, features: Value, tasks: Value, n: Sizes) -> tuple[Value, Value]:
    """Write `MaskedBlock.forward`."""
    normed_features, normed_tasks = _norm(block.norm, features), _norm(block.norm, tasks)
    tokens = normed_features.op("Concat", normed_tasks, axis=1)
    read = _read_by_tasks(block, normed_tasks, tokens, n)
    new_tasks = _feedforward(block.feedforward, tasks + read)
    keys = tokens if block.features_read_tasks else normed_features
    if block.hubs is not None:
        return features * _hub_gate(block.hubs, keys), new_tasks
    if not block.feature_attention:
        return features, new_tasks
    read = _read_by_features(block, normed_features, keys)
    return _feedforward(block.feedforward, features + read), new_tasks


def _hub_gate(gate: HubGate, tokens: Value) -> Value:
    """Write `HubGate.forward`."""
    n_hubs, size = gate.queries.shape
    queries = array_of(gate.queries) * np.float32(size**-0.5)
    weights = (tokens @ queries.T).op("Softmax", axis=1).transpose(0, 2, 1)
    hubs = (weights @ tokens).reshape(0, n_hubs * size)
    hidden = activated(linear(gate.up, hubs), gate.activation)
    factor = (hidden @ array_of(gate.down).T + array_of(gate.bias)).op("Sigmoid")
    return (factor + np.float32(0.5)).unsqueeze(1)


def _read_by_tasks(block: MaskedBlock, tasks: Value, tokens: Value, n: Sizes) -> Value:
    """Write the attention of each head of each task token to all tokens.

    Everything before and after the softmax is linear. So two products suffice instead of four: the
    maps of queries and keys are multiplied beforehand, and those of values and output.
    """
    size, n_heads = len(array_of(block.out.bias)), block.n_heads
    key, value = (_wide(part) for part in block.head_maps())  # (n_heads, size / n_heads, size)
    query = _wide(block.query.weight).reshape(key.shape)
    query_bias = _wide(block.query.bias).reshape(n_heads, -1)
    root = key.shape[1] ** 0.5
    to_logits = np.einsum("hot,hox->thx", query, key).reshape(size, -1) / root
    to_logits_bias = np.einsum("ho,hox->hx", query_bias, key).ravel() / root
    out = _wide(block.out.weight).reshape(size, n_heads, -1)
    to_out = np.einsum("hox,sho->hxs", value, out).reshape(-1, size)
    value_bias = _wide(block.key_value.bias)[size:].reshape(n_heads, -1)
    to_out_bias = np.einsum("ho,sho->s", value_bias, out) + _wide(block.out.bias)

    projected = tasks @ to_logits.astype(np.float32) + to_logits_bias.astype(np.float32)
    projected = projected.reshape(0, n.tasks * n_heads, size)
    logits = projected @ tokens.transpose(0, 2, 1)
    if not block.tasks_read_tasks:
        every = torch.empty(n.tasks, n.features + n.tasks)
        hidden = array_of(block.other_tasks_hidden(n.tasks, every))
        logits = logits + np.repeat(hidden, n_heads, axis=0)
    read = (logits.op("Softmax", axis=2) @ tokens).reshape(0, n.tasks, n_heads * size)
    return read @ to_out.astype(np.float32) + to_out_bias.astype(np.float32)


def _wide(tensor: torch.Tensor) -> np.ndarray:
    return array_of(tensor).astype(np.float64)


def _read_by_features(block: MaskedBlock, features: Value, tokens: Value) -> Value:
    size, n_heads = len(array_of(block.out.bias)), block.n_heads
    head_size = size // n_heads

    def heads(x: Value) -> Value:
        return x.reshape(0, 0, n_heads, head_size).transpose(0, 2, 1, 3)

    weight, bias = array_of(block.key_value.weight), array_of(block.key_value.bias)
    key, value = (
        heads(tokens @ weight[part].T + bias[part]) for part in (slice(size), slice(size, None))
    )
    query = heads(linear(block.query, features)) * np.float32(head_size**-0.5)
    weights = (query @ key.transpose(0, 1, 3, 2)).op("Softmax", axis=3)
    mixed = (weights @ value).transpose(0, 2, 1, 3).reshape(0, 0, size)
    return linear(block.out, mixed)


def _line(path: LinearPath, rows: GraphRows, scores: Value) -> Value:
    """Add the scores of `LinearPath.forward`."""
    coefficients, n_numbers = array_of(path.coefficients), 2 * rows.n_numeric
    scores = scores + array_of(path.start)[-1]
    if rows.numeric is not None and rows.absent is not None:
        present = rows.absent.op("Where", np.float32(0), rows.numeric)
        limit = np.float32(LARGEST_CLIPPED)
        present = present.op("Clip", -limit, limit)
        root = (present * present * np.float32(-1 / 9) + np.float32(1)).op("Sqrt")
        numbers = (present / root).op("Concat", rows.absent.cast(np.float32), axis=1)
        scores = scores + numbers @ coefficients[:n_numbers]
    if rows.codes is not None:
        offsets, table = array_of(path.offsets), coefficients[n_numbers:].copy()
        table[offsets] = 0  # code 0, an unseen category, has no effect
        scores = scores + scores.graph.op("Gather", table, rows.codes + offsets).sum(axis=1)
    return scores


def _rows_by_task(
    network: MultiTabNet, features: Value, tokens: Value, codes: Value | None
) -> Value | None:
    """Return the row path of experts, (members, n_tasks, batch, row_size)."""
    if not isinstance(network.rows, ExpertRows):
        return None
    rows = expert_rows(network.rows, features, tokens, codes, len(network.task_tokens))
    if network.context is None:
        return rows.transpose(2, 0, 1, 3)
    n_tasks, n_members, size = network.towers.n_tasks, network.n_members, network.config.row_size
    side_by_side = rows.transpose(0, 2, 1, 3).reshape(n_tasks * n_members, -1, size)
    read = _with_context(network, side_by_side).reshape(n_tasks, n_members, -1, size)
    return read.transpose(1, 0, 2, 3)


def _shared_rows(network: MultiTabNet, features: Value) -> Value | None:
    """Return the row path that all tasks share, (members, batch, row_size)."""
    path = network.rows
    if path is None or isinstance(path, ExpertRows):
        return None
    row = features.reshape(0, network.tokens.n_features * network.tokens.size)
    if isinstance(path, EnsembleRows):
        rows = _ensemble_rows(path, row)
    elif isinstance(path, MLPRows):
        for layer in path.layers:
            row = activated(linear(layer, row), path.activation)  # type: ignore[arg-type]
        rows = row.unsqueeze(0)
    else:
        assert isinstance(path, LinearRows)
        rows = linear(path.map, row).unsqueeze(0)
    return _with_context(network, rows)


def _with_context(network: MultiTabNet, rows: Value) -> Value:
    """Let rows read the slots."""
    if network.context is None:
        return rows
    with torch.no_grad():
        slots = network.slots()
        keys = network.context.key(slots)
    return _read_slots(network.context, rows, slots, keys)


def _ensemble_rows(path: EnsembleRows, row: Value) -> Value:
    first = linear(path.first, row)
    rows = first * _members(path.split_scale) + _members(path.split_bias)
    rows = activated(rows, path.activation)
    for layer in path.layers:
        mapped = rows @ array_of(layer.weight)  # type: ignore[arg-type]
        scale, bias = _members(layer.scale), _members(layer.bias)  # type: ignore[arg-type]
        rows = activated(mapped * scale + bias, path.activation)
    return rows


def _members(values: torch.Tensor) -> np.ndarray:
    """Reshape (members, ...) to broadcast with (members, batch, ...)."""
    return array_of(values)[:, None]


def _read_slots(
    context: ContextAttention, rows: Value, slots: torch.Tensor, keys: torch.Tensor
) -> Value:
    """Write `ContextAttention.forward`; slots and keys are (slots, members, ...)."""
    root = np.float32(keys.shape[-1] ** 0.5)
    logits = linear(context.query, rows) @ array_of(keys.permute(1, 2, 0)) / root
    read = logits.op("Softmax", axis=2) @ array_of(slots.permute(1, 0, 2))
    return rows + read @ array_of(context.value)


def _towers(towers: Towers, shared: Value | None, by_task: Value | None, tokens: Value) -> Value:
    """Return the raw scores (batch, n_scores), averaged over the members.

    The batch is the second to last axis, (members, n_tasks, batch, hidden), so that there are
    products of large matrices instead of one for each row.
    """
    _, n_tasks, n_hidden = towers.bias.shape
    # One token for all tasks, or one per task.
    hidden = tokens.transpose(1, 0, 2) @ array_of(towers.from_token)
    hidden = hidden.unsqueeze(0) + array_of(towers.bias)[:, :, None]
    if shared is not None and towers.from_row is not None:
        read = (shared @ array_of(towers.from_row)).reshape(0, 0, n_tasks, n_hidden)
        hidden = hidden + read.transpose(0, 2, 1, 3)
    if by_task is not None:
        hidden = hidden + by_task @ array_of(towers.maps()[0])
    out, out_bias = array_of(towers.out), array_of(towers.out_bias)
    if towers.activation == "relu" and towers.slope:
        hidden = hidden.op("LeakyRelu", alpha=towers.slope)
    else:
        hidden = activated(hidden, towers.activation)
    scores = hidden @ out.transpose(1, 0, 2, 3) + out_bias[:, :, None]
    widest = out.shape[-1]
    scores = scores.mean(axis=0).transpose(1, 0, 2).reshape(0, n_tasks * widest)
    return scores.op("Gather", array_of(towers.used), axis=1)
