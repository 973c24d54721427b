"""The architecture of MultiTab, and how it describes its network for a table."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
import torch
from torch import nn

from skmtl.engines import Problem
from skmtl.engines.network._equations import NO_BEND, equations_of
from skmtl.engines.network._hidden_sources import column_sources
from skmtl.engines.network._line_start import ridge_start
from skmtl.engines.network._multitab_description import MultiTabDescription
from skmtl.histories import EventReader
from skmtl.networks import (
    Equation,
    Experts,
    HashedColumns,
    HistoryInput,
    HistoryShape,
    HistoryTokens,
    HubTokens,
    LinearPath,
    Mask,
    MultiTabConfig,
    MultiTabNet,
    NumericEmbedding,
    Places,
    RowMixing,
    SampleContext,
    take_over,
)
from skmtl.tables import (
    EncodedTable,
    FrameEncoder,
    HistoryTableEncoder,
    SourceEncoder,
    TableEncoder,
    quantile_bins,
)
from skmtl.tasks import Kind, Residual, TaskSet
from skmtl.training import Samples

_TOWER_SLOPE = 0.01
"""Below zero, of the towers' units. At 0, all units of a small tower died in some fits, and up to
half of the rows of a table were predicted by the same number."""
_CHECKED_ROWS = 8  # for which equations are computed once, to see whether they can be
_LINE_ROWS = 10_000  # rows for the ridge regression that initialises the linear path

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
    feature_attention : bool or HubTokens
    task_token : {"multi", "single"}
    numeric_embedding : {"linear", "periodic", "piecewise_linear"}
    n_bins : int or "auto"
    row_mixing : {"none", "linear", "mlp", "ensemble"} or Experts
    row_size, row_layers, n_members : int
    tower_size : int or "auto"
    sample_context : {None, "prototypes", "memory"}
    context_size : int
    linear_path : {None, "learnt", "ridge"}
    series : mapping of column to HistoryTokens
    residuals : mapping of name to Residual
    """

    n_blocks: int
    n_heads: int
    embedding_size: int | Literal["auto"]
    feedforward_size: int
    attention_dropout: float
    dropout: float
    mask: Mask
    feature_attention: bool | HubTokens
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
    series: Mapping[Hashable, HistoryTokens]
    residuals: Mapping[Hashable, Residual]

    def check(self) -> None:
        """Raise a ValueError for settings that contradict each other."""
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
        for tokens in self.series.values():
            tokens.check()
        if self.residuals:
            self._check_smooth()
        if self.sample_context == "memory" and self.series:
            raise ValueError(
                "sample_context='memory' stores rows of numbers and categories, but no histories, "
                f"which series={list(self.series)} has. Choose 'prototypes' or None."
            )

    def _check_smooth(self) -> None:
        """Raise ValueError for settings without the derivatives that residuals need."""
        name = next(iter(self.residuals))
        if self.feature_attention is True:
            raise ValueError(
                "feature_attention=True has no second derivatives, which the Residual "
                f"{name!r} needs. Set it to False, or to HubTokens()."
            )
        if isinstance(self.row_mixing, Experts) and self.row_mixing.activation == "relu":
            raise ValueError(
                f"The Residual {name!r} needs smooth layers, but row_mixing has experts with "
                "activation='relu'. Use activation='normalised_swish', or row_mixing='ensemble'."
            )

    def config(
        self,
        encoder: FrameEncoder,
        heads: Sequence[Kind],
        names: Sequence[Hashable],
        n_groups: int,
        equations: tuple[Equation, ...] = (),
    ) -> MultiTabConfig:
        """Return the shape of the network for a table.

        Parameters
        ----------
        encoder : FrameEncoder
            Encoder of the table's columns.
        heads : sequence of Kind
            One per target.
        names : sequence of hashable
            Names of the targets.
        n_groups : int
            Task ids of long data; 0 for wide data.
        equations : tuple of Equation
        """
        histories, hashed = tuple(self._history_inputs(encoder)), _hashed_columns(encoder)
        n_features = len(encoder.numeric_) + len(encoder.cardinalities_)
        n_features += sum(column.n_tokens for column in histories)
        embedding_size = self.resolved_embedding_size(n_features)
        if hashed is not None and embedding_size % hashed.n_hashes:
            raise ValueError(
                f"HashedCategories: n_hashes={hashed.n_hashes} must divide "
                f"embedding_size={embedding_size}, the length of a token."
            )
        row_mixing, row_size = self.row_mixing, self.row_size
        if isinstance(row_mixing, Experts):
            row_mixing = row_mixing.resolved(names, row_size)
            row_size = cast(int, row_mixing.size)
        return MultiTabConfig(
            cardinalities=tuple(encoder.cardinalities_),
            n_scores=tuple(head.n_scores for head in heads),
            n_series=tuple(head.n_series for head in heads),
            n_groups=n_groups,
            embedding_size=embedding_size,
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
            histories=histories,
            hashed=hashed,
            sources=column_sources(encoder) if isinstance(encoder, SourceEncoder) else None,
            equations=equations,
        )

    def _history_inputs(self, encoder: FrameEncoder) -> Iterator[HistoryInput]:
        """Iterate over columns of histories with their settings."""
        for name, tokens in self.series.items():
            reader = cast(EventReader, encoder.histories[name])
            names = tuple(reader.variables_)
            shape = HistoryShape(len(names), reader.span_, reader.step_, names)
            yield HistoryInput(str(name), shape, tokens)

    def describe(
        self, problem: Problem, training: Samples, base_scores: np.ndarray, seed: int
    ) -> MultiTabDescription:
        """Return the description of the network.

        Parameters
        ----------
        problem : Problem
        training : Samples
            The training rows of the first bag, on the CPU.
        base_scores : ndarray of shape (n_scores,)
            The best constant raw scores.
        seed : int
            Determines which training rows are stored for ``sample_context="memory"``.
        """
        table = EncodedTable(training.inputs.numeric.numpy(), training.inputs.codes.numpy())
        n_rows = len(table.numeric)
        memory = None
        if self.sample_context == "memory":
            size = min(self.context_size, n_rows)
            slots = np.random.RandomState(seed).choice(n_rows, size, replace=False)
            memory = (table.numeric[slots], table.codes[slots])
        equations = equations_of(self.residuals, problem)
        for equation in equations:
            equation.check(training.inputs.take(slice(0, _CHECKED_ROWS)), len(base_scores))
        bins = quantile_bins(table.numeric, self.resolved_n_bins(n_rows))
        for equation in equations:
            bins[equation.time] = NO_BEND
        return MultiTabDescription(
            self.config(
                problem.encoder,
                problem.tasks.heads,
                problem.tasks.names,
                len(problem.task_ids),
                equations,
            ),
            base_scores,
            bins,
            memory,
        )

    def prepare(
        self, network: nn.Module, tasks: TaskSet, training: Samples, base_scores: np.ndarray
    ) -> None:
        """Initialise the linear path of a new network from its training rows.

        Parameters
        ----------
        network : MultiTabNet
        tasks : TaskSet
        training : Samples
            Training rows in memory, on the CPU.
        base_scores : ndarray of shape (n_scores,)
        """
        if self.linear_path != "ridge":
            return
        network = cast(MultiTabNet, network)
        path = cast(LinearPath, network.line)
        rows = training.take(torch.linspace(0, len(training) - 1, _LINE_ROWS).long().unique())
        known, _ = network.present(rows.inputs)
        design = path.design(known.numeric, network.tokens.plain(known.codes))
        parts = (part.numpy().astype(np.float64) for part in (design, rows.target, rows.weight))
        design_, target, weight = parts
        start = ridge_start(design_, tasks, target, weight, base_scores)
        path.start_from(torch.tensor(start, dtype=torch.float32))

    def widened(
        self, before: MultiTabDescription, fresh: MultiTabDescription, places: Places
    ) -> MultiTabDescription:
        """Extend the description of an earlier fit by targets, categories or columns.

        Parameters
        ----------
        before : MultiTabDescription
            The earlier description; its sizes, bins and base scores are kept.
        fresh : MultiTabDescription
            Description of a new network for all targets and columns.
        places : mapping
            New positions of the earlier targets and columns; see `take_over`.

        Raises
        ------
        ValueError
            If there are more targets than tasks of experts.
        """
        mixing, now = before.config.row_mixing, fresh.config
        if isinstance(mixing, Experts) and len(now.n_scores) > len(before.config.n_scores):
            raise ValueError(
                f"warm_start=True cannot add a target to a network with row_mixing={mixing!r}: "
                "its experts belong to the targets of the last fit. Use warm_start=False to start "
                "over, or row_mixing='ensemble'."
            )
        base_scores, bins = fresh.base_scores.copy(), list(fresh.bins)
        base_scores[list(places["scores"])] = before.base_scores
        for place, edges in zip(places["numbers"], before.bins, strict=True):
            bins[place] = edges
        memory = before.memory
        if memory is not None:  # new columns are missing in the memory
            numeric = np.full((len(memory[0]), len(bins)), np.nan, dtype=np.float32)
            codes = np.zeros((len(numeric), len(now.cardinalities)), dtype=np.int64)
            numeric[:, list(places["numbers"])] = memory[0]
            codes[:, list(places["categories"])] = memory[1]
            memory = (numeric, codes)
        config = replace(
            before.config,
            cardinalities=now.cardinalities,
            n_scores=now.n_scores,
            n_series=now.n_series,
        )
        return MultiTabDescription(config, base_scores, bins, memory)

    def take_over(self, network: nn.Module, learnt: nn.Module, places: Places) -> None:
        """Copy the weights of a trained network into its extended form."""
        take_over(cast(MultiTabNet, network), cast(MultiTabNet, learnt), places)

    def resolved_n_bins(self, n_rows: int) -> int:
        """Return the number of bins per numeric feature; bins with few rows would learn noise."""
        if self.n_bins == "auto":
            return int(np.clip(n_rows**0.5 / 2.5, 4, 48))
        return self.n_bins

    def resolved_embedding_size(self, n_features: int) -> int:
        """Return the length of a token, which is shorter for many features."""
        if self.embedding_size == "auto":
            size = next((s for s, most in ((16, 64), (8, 256)) if n_features <= most), 4)
            return max(size // self.n_heads, 1) * self.n_heads
        return self.embedding_size

    def resolved_tower_size(self, n_tasks: int) -> int:
        """Return the hidden units per tower; the total hardly depends on the number of tasks."""
        if self.tower_size == "auto":
            return int(np.clip(128 // n_tasks, 8, 32))
        return self.tower_size


def _hashed_columns(encoder: FrameEncoder) -> HashedColumns | None:
    """Return the hashed categorical features for the network."""
    hashing = cast(TableEncoder | HistoryTableEncoder | SourceEncoder, encoder).hashing_
    if hashing is None:
        return None
    places: dict[Hashable, int] = {label: at for at, label in enumerate(encoder.categorical_)}
    positions = tuple(places[label] for label in hashing.labels)
    return HashedColumns(positions, hashing.n_rows, hashing.n_hashes)
