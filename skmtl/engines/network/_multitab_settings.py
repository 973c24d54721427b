"""The architecture of MultiTab, and the network that it describes for a table."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import torch
from torch import nn

from skmtl._storable import storable
from skmtl.engines import Problem
from skmtl.engines.network._line_start import ridge_start
from skmtl.networks import (
    Experts,
    LinearPath,
    Mask,
    MultiTabConfig,
    MultiTabNet,
    NumericEmbedding,
    RowMixing,
    SampleContext,
)
from skmtl.tables import EncodedTable, quantile_bins
from skmtl.tasks import Kind, TaskSet
from skmtl.training import Samples

_TOWER_SLOPE = 0.01
"""Below zero, of the towers' units. At 0, all units of a small tower died in some fits, and up to
half of the rows of a table were predicted by the same number."""
# A number in a file must not make a loop run forever or fill the memory by its square.
_MOST_LAYERS, _LONGEST_SERIES = 10_000, 4_096
_LINE_ROWS = 10_000  # of which ridge regression learns where the linear path begins

LinearPathStart = Literal["learnt", "ridge"]


@dataclass(frozen=True, kw_only=True)
class MultiTabSettings:
    """Parameters of the architecture, as the estimators document them.

    Attributes
    ----------
    n_blocks, n_heads : int
    embedding_size : int or "auto"
    feedforward_size : int
    attention_dropout, dropout : float
    mask : {"none", "task_to_task", "feature_to_task", "both"}
    feature_attention : bool
    task_token : {"multi", "single"}
    numeric_embedding : {"linear", "periodic", "piecewise_linear"}
    n_bins : int or "auto"
    row_mixing : {"none", "linear", "mlp", "ensemble"} or Experts
    row_size, row_layers, n_members : int
    tower_size : int or "auto"
    sample_context : {None, "prototypes", "memory"}
    context_size : int
    linear_path : {None, "learnt", "ridge"}
    """

    n_blocks: int
    n_heads: int
    embedding_size: int | Literal["auto"]
    feedforward_size: int
    attention_dropout: float
    dropout: float
    mask: Mask
    feature_attention: bool
    task_token: Literal["multi", "single"]
    numeric_embedding: NumericEmbedding
    n_bins: int | Literal["auto"]
    row_mixing: RowMixing
    row_size: int
    row_layers: int
    n_members: int
    tower_size: int | Literal["auto"]
    sample_context: SampleContext | None
    context_size: int
    linear_path: LinearPathStart | None

    def check(self) -> None:
        """Raise ValueError for settings that contradict each other."""
        if self.embedding_size != "auto" and self.embedding_size % self.n_heads:
            raise ValueError(
                f"embedding_size={self.embedding_size} must be a multiple of "
                f"n_heads={self.n_heads}."
            )
        if self.sample_context is not None and self.row_mixing == "none":
            raise ValueError(
                f"sample_context={self.sample_context!r} is read by the row path, which "
                "row_mixing='none' leaves out. Choose another row_mixing."
            )

    def config(
        self,
        table: EncodedTable,
        cardinalities: Sequence[int],
        heads: Sequence[Kind],
        names: Sequence[Hashable],
        n_groups: int,
    ) -> MultiTabConfig:
        """Shape of the network for a table.

        Parameters
        ----------
        table : EncodedTable
            The training rows.
        cardinalities : sequence of int
            Codes of each categorical feature.
        heads : sequence of Kind
            One per target.
        names : sequence of hashable
            Of the targets.
        n_groups : int
            Task ids of long data; 0 for wide data.
        """
        n_features = table.numeric.shape[1] + len(cardinalities)
        row_mixing, row_size = self.row_mixing, self.row_size
        if isinstance(row_mixing, Experts):
            row_mixing = row_mixing.resolved(names, row_size)
            row_size = cast(int, row_mixing.size)
        return MultiTabConfig(
            cardinalities=tuple(cardinalities),
            n_scores=tuple(head.n_scores for head in heads),
            n_series=tuple(head.n_series for head in heads),
            n_groups=n_groups,
            embedding_size=self.resolved_embedding_size(n_features),
            numeric_embedding=self.numeric_embedding,
            n_blocks=self.n_blocks,
            n_heads=self.n_heads,
            feedforward_size=self.feedforward_size,
            attention_dropout=self.attention_dropout,
            dropout=self.dropout,
            mask=self.mask,
            feature_attention=self.feature_attention,
            single_token=self.task_token == "single",
            row_mixing=row_mixing,
            row_size=row_size,
            row_layers=self.row_layers,
            n_members=self.n_members,
            tower_size=self.resolved_tower_size(len(heads)),
            tower_slope=_TOWER_SLOPE,
            sample_context=self.sample_context,
            n_slots=self.context_size,
            linear_path=self.linear_path is not None,
        )

    def describe(
        self, problem: Problem, training: Samples, base_scores: np.ndarray, seed: int
    ) -> MultiTabDescription:
        """Everything that the network is built from.

        Parameters
        ----------
        problem : Problem
        training : Samples
            The training rows of the first bag, on the CPU.
        base_scores : ndarray of shape (n_scores,)
            The best constant raw scores.
        seed : int
            Decides which training rows are kept, for ``sample_context="memory"``.
        """
        table = EncodedTable(training.inputs.numeric.numpy(), training.inputs.codes.numpy())
        n_rows = len(table.numeric)
        memory = None
        if self.sample_context == "memory":
            size = min(self.context_size, n_rows)
            slots = np.random.RandomState(seed).choice(n_rows, size, replace=False)
            memory = (table.numeric[slots], table.codes[slots])
        return MultiTabDescription(
            self.config(
                table,
                problem.encoder.cardinalities_,
                problem.tasks.heads,
                problem.tasks.names,
                len(problem.task_ids),
            ),
            base_scores,
            quantile_bins(table.numeric, self.resolved_n_bins(n_rows)),
            memory,
        )

    def prepare(
        self, network: nn.Module, tasks: TaskSet, training: Samples, base_scores: np.ndarray
    ) -> None:
        """Start the linear path of a new network from its training rows.

        Parameters
        ----------
        network : MultiTabNet
        tasks : TaskSet
        training : Samples
            In memory, on the CPU.
        base_scores : ndarray of shape (n_scores,)
        """
        if self.linear_path != "ridge":
            return
        path = cast(LinearPath, cast(MultiTabNet, network).line)
        rows = training.take(torch.linspace(0, len(training) - 1, _LINE_ROWS).long().unique())
        design = path.design(rows.inputs.numeric, rows.inputs.codes)
        parts = (part.numpy().astype(np.float64) for part in (design, rows.target, rows.weight))
        design_, target, weight = parts
        start = ridge_start(design_, tasks, target, weight, base_scores)
        path.start_from(torch.tensor(start, dtype=torch.float32))

    def resolved_n_bins(self, n_rows: int) -> int:
        """Bins per numeric feature: a bin with a handful of rows learns their noise."""
        if self.n_bins == "auto":
            return int(np.clip(n_rows**0.5 / 2.5, 4, 48))
        return self.n_bins

    def resolved_embedding_size(self, n_features: int) -> int:
        """Length of a token; shorter where there are many."""
        if self.embedding_size == "auto":
            size = next((s for s, most in ((16, 64), (8, 256)) if n_features <= most), 4)
            return max(size // self.n_heads, 1) * self.n_heads
        return self.embedding_size

    def resolved_tower_size(self, n_tasks: int) -> int:
        """Hidden units of a tower: all towers together stay about as wide for 10 as for 500."""
        if self.tower_size == "auto":
            return int(np.clip(128 // n_tasks, 8, 32))
        return self.tower_size


@storable
@dataclass(frozen=True)
class MultiTabDescription:
    """What a network of MultiTab is built from, as plain data.

    Attributes
    ----------
    config : MultiTabConfig
    base_scores : ndarray of shape (n_scores,)
    bins : list of ndarray
        Edges of the bins of each numeric feature.
    memory : tuple of ndarray, or None
        Numbers and codes of the rows in the memory.
    """

    config: MultiTabConfig
    base_scores: np.ndarray
    bins: list[np.ndarray]
    memory: tuple[np.ndarray, np.ndarray] | None = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        config = self.config
        if sum(config.n_scores) != len(self.base_scores):
            raise ValueError(f"{len(self.base_scores)} base scores, but {config.n_scores} scores")
        mixing, n_levels = config.row_mixing, 1
        if isinstance(mixing, Experts):
            mixing.check()
            n_levels = mixing.n_levels
        if config.n_blocks + n_levels * config.row_layers > _MOST_LAYERS:
            raise ValueError(f"a network has more than {_MOST_LAYERS} layers")
        if any(config.n_series) and max(config.n_scores) > _LONGEST_SERIES:
            raise ValueError(f"a task has series of more than {_LONGEST_SERIES} scores")

    def build(self) -> MultiTabNet:
        """The network with parameters that are not filled yet, on the CPU."""
        memory = self.memory
        return MultiTabNet(
            self.config,
            # Copies: a loaded description may lie in a read-only memory map.
            bins=[torch.tensor(edges) for edges in self.bins],
            base_scores=torch.tensor(self.base_scores, dtype=torch.float32),
            memory=None if memory is None else (torch.tensor(memory[0]), torch.tensor(memory[1])),
        )
