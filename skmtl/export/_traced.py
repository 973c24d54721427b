"""Trace any network with torch, and add the graph of its raw scores.

Tracing takes seconds, and some of torch's functions have no operators. In exchange, networks do
not have to be written a second time, as `_network` does for MultiTab.
"""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from skmtl._extras import needed
from skmtl.export._encoders import GraphRows
from skmtl.export._graph import OPSET, Value
from skmtl.networks import BaggedNetworks, Batch

# Not 0 or 1: torch treats these as sizes that never change.
_TRACED_ROWS = 5
# Compare fewer rows than were traced, and more: a graph may be wrong for other batch sizes.
_CHECKED_ROWS = (1, 40)
# Tolerance for rounding of different kernels, as a share of the largest score.
_TOLERANCE = 1e-4


class _MeanScores(nn.Module):
    """Computes the mean raw scores from plain tensors, which torch can trace."""

    def __init__(self, networks: BaggedNetworks) -> None:
        super().__init__()
        self.networks = networks

    def forward(
        self, numeric: torch.Tensor, codes: torch.Tensor, group: torch.Tensor | None = None
    ) -> torch.Tensor:
        return self.networks(Batch(numeric, codes, group)).mean(dim=1)


def traced_scores(
    networks: BaggedNetworks, rows: GraphRows, group: Value | None, groups: range
) -> Value:
    """Return raw scores (batch, n_scores), averaged over all members of all networks.

    Parameters
    ----------
    networks : BaggedNetworks
    rows : GraphRows
    group : Value of shape (batch,), int64, or None
        Index of the row's task in long data; unseen tasks have the index after the last.
    groups : range
        The task indices that the network can get, -1 for an unseen task; empty for wide data.

    Raises
    ------
    ImportError
        Without onnxscript or onnxruntime, which are in the extra ``skmtl[onnx]``.
    TypeError
        If torch cannot export the network, or the scores of the graph differ from the network's.
    """
    with needed("onnxscript", "onnx", "to_onnx of this network"):
        import onnxscript  # noqa: F401
    with needed("onnxruntime", "onnx", "to_onnx of this network"):
        import onnxruntime  # noqa: F401
    name = ", ".join(sorted({type(network).__name__ for network in networks}))
    # Copy the networks: the model must keep its device and its state.
    module = _MeanScores(copy.deepcopy(networks).cpu()).eval()
    try:
        traced = _trace(module, _some_rows(_TRACED_ROWS, rows, groups))
        differences = [
            _difference(module, traced, _some_rows(n, rows, groups)) for n in _CHECKED_ROWS
        ]
        scores = rows.graph.inline(traced, _network_inputs(rows, group, groups))
    except Exception as error:  # torch and the network can raise anything
        raise TypeError(
            f"Networks of class {name} cannot be exported, because torch has no graph of them: "
            f"{_reason(error)}"
        ) from error
    if max(differences) > _TOLERANCE:
        raise TypeError(
            f"Networks of class {name} cannot be exported: the graph that torch makes of them "
            f"returns other scores; they differ by {max(differences):.1g} of the largest. Scores "
            "must follow from the row alone, without chance."
        )
    return scores


def _network_inputs(rows: GraphRows, group: Value | None, groups: range) -> dict[str, Value]:
    """Return the fields of `Batch` as values of the graph."""
    inputs = {"numeric": rows.with_gaps(), "codes": rows.all_codes()}
    if group is not None:
        unseen = group.op("Equal", np.array(groups.stop))
        inputs["group"] = unseen.op("Where", np.array(-1), group)
    return inputs


def _some_rows(n_rows: int, rows: GraphRows, groups: range) -> tuple[torch.Tensor, ...]:
    """Generate encoded rows with all codes and tasks, some with missing values."""
    generator = np.random.default_rng(0)
    numeric = generator.normal(size=(n_rows, rows.n_numeric)).astype(np.float32)
    numeric[generator.random(numeric.shape) < 0.1] = np.nan
    codes = generator.integers(0, rows.cardinalities, (n_rows, len(rows.cardinalities)))
    tensors = [torch.from_numpy(numeric), torch.from_numpy(codes)]
    if groups:
        numbers = generator.integers(groups.start, groups.stop, n_rows)
        tensors.append(torch.from_numpy(numbers))
    return tuple(tensors)


def _trace(module: nn.Module, example: tuple[torch.Tensor, ...]) -> Any:
    """Convert a module to an onnx.ModelProto with the inputs of its forward method."""
    with _quiet(), torch.no_grad():
        exported = torch.onnx.export(
            # With a module, torch.onnx would silently fix the batch size if a dynamic one fails.
            _program(module, example),
            dynamo=True,
            opset_version=OPSET,
            verbose=False,
            input_names=["numeric", "codes", "group"][: len(example)],
        )
    assert exported is not None
    return exported.model_proto


def _program(module: nn.Module, example: tuple[torch.Tensor, ...]) -> torch.export.ExportedProgram:
    """Export the module for any batch size."""
    batch = torch.export.Dim("batch")
    shapes = tuple({0: batch} for _ in example)
    try:
        return torch.export.export(module, example, dynamic_shapes=shapes, strict=False)
    except Exception as error:
        # Strict mode is slower and supports less of Python, but treats len(batch) as dynamic.
        try:
            return torch.export.export(module, example, dynamic_shapes=shapes, strict=True)
        except Exception:
            raise error from None


def _difference(module: nn.Module, traced: Any, rows: tuple[torch.Tensor, ...]) -> float:
    """Return the largest difference between graph and module, relative to the largest score."""
    import onnxruntime

    with torch.no_grad():
        expected = module(*rows).numpy().astype(np.float64)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        traced.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [port.name for port in session.get_inputs()]
    feed = {name: tensor.numpy() for name, tensor in zip(names, rows, strict=True)}
    (scores,) = session.run(None, feed)
    if scores.shape != expected.shape or (np.isnan(scores) != np.isnan(expected)).any():
        return float("inf")
    gaps = np.nan_to_num(np.abs(scores - expected))
    return float(gaps.max(initial=0.0) / max(np.nan_to_num(np.abs(expected)).max(), 1e-30))


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence messages of torch about its internals, which users cannot act on."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _reason(error: BaseException) -> str:
    """Return the first lines of the last error in a chain, joined."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]) or type(error).__name__
