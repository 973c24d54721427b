"""Write the row path of experts, `skmtl.networks.ExpertRows`, as operators."""

from __future__ import annotations

from typing import cast

import numpy as np

from skmtl.export._graph import Graph, Value
from skmtl.export._layers import array_of, linear, swish
from skmtl.networks import (
    ExpertBank,
    ExpertLayer,
    ExpertLevel,
    ExpertRows,
    GatedFeatures,
    Gates,
    TaskTokens,
)


def expert_rows(
    path: ExpertRows, features: Value, tasks: Value, codes: Value | None, n_tokens: int
) -> Value:
    """Return rows (n_tasks, batch, members, size).

    Parameters
    ----------
    path : ExpertRows
    features : Value of shape (batch, n_features, size)
    tasks : Value of shape (batch, n_tokens, size)
        Normalised task tokens.
    codes : Value of shape (batch, n_categorical), int64, or None
    n_tokens : int
        Number of task tokens: one per task, or one for all.
    """
    graph = features.graph
    tasks = tasks.transpose(1, 0, 2)
    tokens = features.unsqueeze(0)
    shared = _flat(tokens)
    for task_input in path.task_inputs:
        tokens = _task_input(cast(GatedFeatures | TaskTokens, task_input), tokens, codes)
    streams = _flat(tokens)
    for number, level in enumerate(path.levels):
        by_group = path.experts.groups is not None and number < len(path.levels) - 1
        if path.experts.groups is not None and not by_group:
            streams = graph.op("Gather", streams, array_of(path.group_of_task), axis=0)
        gate_input = streams
        if path.experts.gate == "token":
            reads_groups = by_group and n_tokens > 1
            gate_input = (_by_group(path, tasks) if reads_groups else tasks).unsqueeze(2)
        streams, shared = _level(graph, cast(ExpertLevel, level), streams, shared, gate_input)
    return streams


def _flat(tokens: Value) -> Value:
    """Flatten tokens (readers, batch, n_features, size) to rows (readers, batch, 1, n_in)."""
    return tokens.reshape(0, 0, -1).unsqueeze(2)


def _task_input(layer: GatedFeatures | TaskTokens, tokens: Value, codes: Value | None) -> Value:
    if isinstance(layer, GatedFeatures):
        squeezed = swish(linear(layer.squeeze, tokens.mean(axis=3)))
        factors = squeezed @ array_of(layer.excite) + array_of(layer.bias)
        return tokens * (factors.op("Tanh") + np.float32(1)).unsqueeze(3)
    if layer.categories is None or codes is None:
        return tokens
    offsets = array_of(layer.offsets)
    table = array_of(layer.categories).copy()
    table[offsets] = 0  # code 0, an unseen category, has no effect
    parts = tokens.graph.op("Gather", table, codes + offsets)
    parts = parts.reshape(0, 0, layer.n_tasks, -1).transpose(2, 0, 1, 3)
    pads = np.array([0, 0, layer.n_numeric, 0, 0, 0, 0, 0])
    return tokens + parts.op("Pad", pads)


def _by_group(path: ExpertRows, tokens: Value) -> Value:
    """Return the mean task token of each group."""
    groups = (np.array(group) for group in path.experts.groups or ())
    means = [tokens.op("Gather", group, axis=0).mean(axis=0).unsqueeze(0) for group in groups]
    return tokens.graph.concat(means, axis=0)


def _level(
    graph: Graph, level: ExpertLevel, streams: Value, shared: Value, gate_input: Value
) -> tuple[Value, Value]:
    """Write `ExpertLevel.forward`: the readers' mixtures, and the shared stream."""
    n_shared, n_read = level.n_shared, level.n_shared + level.n_own
    weights = _gates(level.gates, gate_input)
    parts, every = [], []
    if level.shared is not None:
        outputs = _bank(level.shared, shared)
        parts.append(_mixture(_some(weights, 0, n_shared), outputs))
        every.append(outputs.squeeze(0))
    if level.own is not None:
        outputs = _bank(level.own, streams)
        parts.append(_mixture(_some(weights, n_shared, n_read), outputs))
        every.append(_together(outputs))
    if level.reads_others:
        n_experts = level.gates.readable.shape[1]
        parts.append(_mixture(_some(weights, n_read, n_experts), every[-1].unsqueeze(0)))
    mixed = parts[0]
    for part in parts[1:]:
        mixed = mixed + part
    if level.shared_gate is None:
        return mixed, mixed
    outputs = graph.concat(every, axis=0).unsqueeze(0)
    return mixed, _mixture(_gates(level.shared_gate, shared), outputs)


def _gates(gates: Gates, x: Value) -> Value | np.ndarray:
    """Write `Gates.forward`, experts before the batch: (readers, n_experts, batch, m, 1)."""
    if gates.weight is None or gates.bias is None:
        return np.ones((len(gates.readable), 1, 1, 1, 1), np.float32)
    logits = x @ array_of(gates.weight)[:, None] + array_of(gates.bias)[:, None]
    hidden = np.where(array_of(gates.readable), np.float32(0), np.float32(-np.inf))
    logits = logits + hidden[:, None, None]
    if gates.routing is not None and gates.routing.k < gates.readable.shape[1]:
        k = gates.routing.k
        least = logits.op("TopK", np.array([k]), n_outputs=2, axis=3).columns(k - 1, k, axis=3)
        logits = logits.op("Less", least).op("Where", np.float32(-np.inf), logits)
    return logits.op("Softmax", axis=3).transpose(0, 3, 1, 2).unsqueeze(4)


def _some(weights: Value | np.ndarray, start: int, stop: int) -> Value | np.ndarray:
    """Select the weights of some of the experts."""
    if isinstance(weights, Value):
        return weights.columns(start, stop, axis=1)
    return weights[:, start:stop]


def _mixture(weights: Value | np.ndarray, outputs: Value) -> Value:
    """Average outputs (1 or readers, experts, batch, members, size) with weights."""
    return (outputs * weights).sum(axis=1)


def _together(outputs: Value) -> Value:
    """Merge the first two axes of outputs (readers, experts, batch, members, size)."""
    remaining_shape = outputs.op("Shape", start=2)
    return outputs.op(
        "Reshape", outputs.graph.op("Concat", np.array([-1]), remaining_shape, axis=0)
    )


def _bank(bank: ExpertBank, x: Value) -> Value:
    """Write `ExpertBank.forward`."""
    x = x.unsqueeze(1)
    for layer in bank.layers:
        x = _layer(cast(ExpertLayer, layer), x)
    return x


def _layer(layer: ExpertLayer, x: Value) -> Value:
    """Write `ExpertLayer.forward`; matrix products keep the members' axis in place."""
    mapped = x @ array_of(layer.weight)[:, :, None]
    mapped = mapped * array_of(layer.scale) + array_of(layer.bias)
    if not layer.normalises:
        return mapped.op("Relu")
    scale, shift = array_of(layer.norm_scale), array_of(layer.norm_shift)
    plain = np.ones(scale.shape[-1], np.float32)
    centred = mapped.op("LayerNormalization", plain, 0 * plain, epsilon=1e-5)
    return swish(centred * scale + shift)
