"""Raw scores of any network as a graph, which torch makes by tracing it.

Tracing takes seconds, and for some of torch's functions there are no operators. In exchange no
network has to be written once more, as `_network` does by hand for MultiTab.
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

# Not 0 or 1: torch takes these for sizes that never change.
_TRACED_ROWS = 5
# Fewer rows than were traced, and more: a graph may be wrong for them.
_CHECKED_ROWS = (1, 40)
# Kernels round differently; a share of the largest score.
_TOLERANCE = 1e-4


class _MeanScores(nn.Module):
    """From tensors, which torch traces, to the mean raw scores."""

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
    """Raw scores (batch, n_scores), the mean over all members of all networks.

    Parameters
    ----------
    networks : BaggedNetworks
    rows : GraphRows
    group : Value of shape (batch,), int64, or None
        Number of the row's task in long data, one more than the last for a task not seen.
    groups : range
        The tasks as the network may meet them, -1 for one not seen; empty for wide data.

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
    # The model stays where it is, and as it is.
    module = _MeanScores(copy.deepcopy(networks).cpu()).eval()
    try:
        traced = _trace(module, _some_rows(_TRACED_ROWS, rows, groups))
        differences = [
            _difference(module, traced, _some_rows(n, rows, groups)) for n in _CHECKED_ROWS
        ]
        scores = rows.graph.inline(traced, _network_inputs(rows, group, groups))
    except Exception as error:  # whatever torch or the network raises
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
    """What `Batch` holds."""
    inputs = {"numeric": rows.with_gaps(), "codes": rows.all_codes()}
    if group is not None:
        unseen = group.op("Equal", np.array(groups.stop))
        inputs["group"] = unseen.op("Where", np.array(-1), group)
    return inputs


def _some_rows(n_rows: int, rows: GraphRows, groups: range) -> tuple[torch.Tensor, ...]:
    """Rows as an encoder might make them, some with gaps, of each code and each task."""
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
    """The module as an onnx.ModelProto whose inputs are those of its forward."""
    with _quiet(), torch.no_grad():
        exported = torch.onnx.export(
            # Given the module, torch.onnx would fix the batch where a free one fails.
            _program(module, example),
            dynamo=True,
            opset_version=OPSET,
            verbose=False,
            input_names=["numeric", "codes", "group"][: len(example)],
        )
    assert exported is not None
    return exported.model_proto


def _program(module: nn.Module, example: tuple[torch.Tensor, ...]) -> torch.export.ExportedProgram:
    """The module for a batch of any size."""
    batch = torch.export.Dim("batch")
    shapes = tuple({0: batch} for _ in example)
    try:
        return torch.export.export(module, example, dynamic_shapes=shapes, strict=False)
    except Exception as error:
        # Slower, and knows less of Python, but len(batch) is a size that may change in it.
        try:
            return torch.export.export(module, example, dynamic_shapes=shapes, strict=True)
        except Exception:
            raise error from None


def _difference(module: nn.Module, traced: Any, rows: tuple[torch.Tensor, ...]) -> float:
    """How far the graph is from the module, as a share of the largest score."""
    import onnxruntime

    with torch.no_grad():
        expected = module(*rows).numpy().astype(np.float64)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        traced.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [each.name for each in session.get_inputs()]
    feed = {name: tensor.numpy() for name, tensor in zip(names, rows, strict=True)}
    (scores,) = session.run(None, feed)
    if scores.shape != expected.shape or (np.isnan(scores) != np.isnan(expected)).any():
        return float("inf")
    gaps = np.nan_to_num(np.abs(scores - expected))
    return float(gaps.max(initial=0.0) / max(np.nan_to_num(np.abs(expected)).max(), 1e-30))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what torch says of its own workings, about which users can do nothing."""
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
    """What torch says in the end of a chain of errors: its first lines, in one."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]) or type(error).__name__
