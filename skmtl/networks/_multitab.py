"""MultiTab-Net: feature tokens, task tokens, masked attention, a row path and task towers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from skmtl._storable import storable
from skmtl.networks._activations import Activation
from skmtl.networks._attention import Mask, MaskedBlock
from skmtl.networks._batch import Batch
from skmtl.networks._context import ContextAttention, Prototypes, SampleContext
from skmtl.networks._equations import Equation, Equations
from skmtl.networks._expert_settings import Experts
from skmtl.networks._experts import ExpertRows
from skmtl.networks._history_tokens import HistoryInput
from skmtl.networks._hubs import HubTokens
from skmtl.networks._layers import LayerNorm, parameter, weight
from skmtl.networks._linear_path import LinearPath
from skmtl.networks._protocol import NetworkOutput, SharedOutput, scores_of
from skmtl.networks._row_input import RowInput, RowOutput, TokenShape
from skmtl.networks._rows import RowMixing, row_path
from skmtl.networks._sources import ColumnSources, SourceMask
from skmtl.networks._tokens import FeatureTokens, HashedColumns, NumericEmbedding
from skmtl.networks._towers import Towers
from skmtl.networks._waves import wave_matrix

_ROWS_AT_ONCE = 1024


@storable
@dataclass(frozen=True)
class MultiTabConfig:
    """Configuration of a `MultiTabNet`, with every setting of the estimators resolved.

    Attributes
    ----------
    cardinalities : tuple of int
        Number of codes of each categorical feature.
    n_scores : tuple of int
        Number of raw scores of each task.
    n_series : tuple of int
        Number of series that the raw scores of each task form, 0 for a task whose scores form
        none. Empty if no task has series.
    n_groups : int
        Number of groups of rows with their own tasks (long data); 0 for wide data.
    linear_path : bool
        Whether a linear model of the features is added to the scores; False for old files.
    tower_slope : float
        Slope of the towers' units below zero; 0 for old files.
    histories : tuple of HistoryInput
        The columns of histories; empty for old files.
    hashed : HashedColumns or None
        None for old files.
    sources : ColumnSources or None
        None for old files.
    equations : tuple of Equation
        Differential equations of the outputs; empty for old files.
    """

    cardinalities: tuple[int, ...]
    n_scores: tuple[int, ...]
    n_series: tuple[int, ...] = ()
    n_groups: int = 0
    embedding_size: int = 16
    numeric_embedding: NumericEmbedding = "piecewise_linear"
    n_blocks: int = 1
    n_heads: int = 4
    feedforward_size: int = 64
    attention_dropout: float = 0.0
    dropout: float = 0.1
    mask: Mask = "both"
    feature_attention: bool | HubTokens = False
    single_token: bool = False
    row_mixing: RowMixing = "ensemble"
    row_size: int = 256
    row_layers: int = 2
    n_members: int = 4
    tower_size: int = 32
    tower_slope: float = 0.0
    sample_context: SampleContext | None = None
    n_slots: int = 64
    linear_path: bool = False
    histories: tuple[HistoryInput, ...] = ()
    hashed: HashedColumns | None = None
    sources: ColumnSources | None = None
    equations: tuple[Equation, ...] = ()

    @property
    def activation(self) -> Activation:
        """Nonlinearity of all layers between the features and the scores."""
        return "silu" if self.equations else "relu"

    @property
    def n_history_tokens(self) -> int:
        """Number of tokens of all columns of histories."""
        return sum(column.n_tokens for column in self.histories)


class MultiTabNet(nn.Module):
    """A network that returns raw scores of all tasks, (batch, members, sum of n_scores).

    Parameters
    ----------
    config : MultiTabConfig
    bins : sequence of float tensor
        Bin edges of the numeric features.
    base_scores : float tensor of shape (sum of n_scores,)
        The best constant prediction; the network learns the difference from it.
    memory : tuple of tensor (numeric, codes), optional
        Encoded training rows as context, for ``sample_context="memory"``.

    Notes
    -----
    The scores of a row do not depend on the other rows of the batch. Context from other samples
    comes from slots that are fixed after training.
    """

    def __init__(
        self,
        config: MultiTabConfig,
        bins: Sequence[Tensor],
        base_scores: Tensor,
        memory: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        super().__init__()
        c = self.config = config
        n_tasks, size = len(c.n_scores), c.embedding_size
        self.base_scores: Tensor
        self.register_buffer("base_scores", base_scores)
        self.tokens = FeatureTokens(
            bins, c.cardinalities, size, c.numeric_embedding, c.hashed, c.activation
        )
        self.histories = nn.ModuleList(
            column.tokens.build(column.shape, size, c.dropout) for column in c.histories
        )
        self.sources = None
        if c.sources is not None:
            self.sources = SourceMask(c.sources, [column.n_tokens for column in c.histories])
        n_tokens = 1 if c.single_token else n_tasks
        self.task_tokens = weight(n_tokens, size, fan_in=size)
        if c.n_groups:
            # Deviations of a group from the shared tokens and intercepts; unseen groups have none.
            self.group_tokens = parameter(c.n_groups, n_tokens, size, bound=0.1 / size**0.5)
            self.group_bias = parameter(c.n_groups, sum(c.n_scores))
        self.blocks = nn.ModuleList(
            MaskedBlock(
                size, c.n_heads, c.feedforward_size, c.attention_dropout, c.dropout, c.mask,
                c.feature_attention, c.activation,
            )
            for _ in range(c.n_blocks)
        )  # fmt: skip
        self.norm = LayerNorm(size)
        shape = TokenShape(len(bins), tuple(c.cardinalities), size, c.n_history_tokens, c.hashed)
        self.rows = row_path(
            c.row_mixing,
            shape,
            n_tasks,
            size=c.row_size,
            n_layers=c.row_layers,
            dropout=c.dropout,
            n_members=c.n_members,
            n_groups=c.n_groups,
            activation=c.activation,
        )
        has_experts = isinstance(c.row_mixing, Experts)
        self.n_members = c.n_members if has_experts or c.row_mixing == "ensemble" else 1
        row_size = 0 if self.rows is None else c.row_size
        self.context = ContextAttention(row_size) if c.sample_context else None
        self.prototypes = None
        if c.sample_context == "prototypes":
            n_rows = self.n_members * (n_tasks if has_experts else 1)
            self.prototypes = Prototypes(c.n_slots, n_rows, row_size)
        self.memory_numeric: Tensor
        self.memory_codes: Tensor
        if memory is not None:
            self.register_buffer("memory_numeric", memory[0])
            self.register_buffer("memory_codes", memory[1])
        self.towers = Towers(
            c.n_scores, row_size, self.n_members, size, c.tower_size, c.dropout, c.tower_slope,
            c.activation,
        )  # fmt: skip
        self.line = LinearPath(shape, sum(c.n_scores)) if c.linear_path else None
        self.equations = Equations(c.equations) if c.equations else None
        waves = wave_matrix(c.n_scores, c.n_series) if c.n_series else None
        self.waves: Tensor | None
        self.register_buffer("waves", waves, persistent=False)

    def forward(self, batch: Batch) -> Tensor | NetworkOutput:
        """Return the raw scores of the rows."""
        representation = self.represent(batch)
        if not isinstance(representation, SharedOutput):
            return self.answer(representation, batch)
        scores = self.answer(representation.representation, batch)
        return NetworkOutput(scores, representation.auxiliary)

    def represent(self, batch: Batch) -> tuple[Tensor, ...] | SharedOutput:
        """Return the input of the towers.

        This is the row representation (1 or n_tasks, batch, members, row_size), if there is a row
        path, and the task tokens (n_tokens, batch, size). In training, auxiliary losses are
        returned as well, if there are any.
        """
        row = self.row_input(batch)
        output = self._row(row)
        if output is None:
            return (row.tasks,)
        representation = (output.rows, row.tasks)
        if not output.auxiliary:
            return representation
        return SharedOutput(representation, output.auxiliary)

    def row_input(self, batch: Batch) -> RowInput:
        """Return the input of the row path."""
        batch, absent = self.present(batch)
        features, tasks = self._start(batch, absent)
        for block in self.blocks:
            features, tasks = block(features, tasks, absent)
        features = _without(features, absent)
        return RowInput(features, self.norm(tasks).transpose(0, 1), batch.codes)

    def present(self, batch: Batch) -> tuple[Batch, Tensor | None]:
        """Return the batch without values of absent sources, and a mask of their tokens."""
        return (batch, None) if self.sources is None else self.sources(batch)

    def answer(self, representation: tuple[Tensor, ...], batch: Batch) -> Tensor:
        """Return scores from the output of `represent`, by the task-specific layers."""
        return self.scores_from(self.hidden(representation), batch)

    def hidden(self, representation: tuple[Tensor, ...]) -> Tensor:
        """Return the hidden layers of the towers; see `Towers.hidden`."""
        *row, tokens = representation
        return self.towers.hidden(row[0] if row else None, tokens)

    def maps(self) -> tuple[Tensor, ...]:
        """Return the maps from each tensor of the representation to the hidden layers."""
        return self.towers.maps()

    @property
    def n_groups(self) -> int:
        """Number of known task ids of long data; 0 for wide data."""
        return self.config.n_groups

    def scores_from(self, hidden: Tensor, batch: Batch) -> Tensor:
        """Return scores from the hidden layers of the towers."""
        scores = self.towers.scores(hidden)
        if self.line is not None:
            known, _ = self.present(batch)
            codes = self.tokens.plain(known.codes)
            scores = scores + self.line(known.numeric, codes)[:, None]
        if batch.group is not None:
            scores = scores + _by_group(self.group_bias, batch.group)[:, None]
        if self.waves is not None:
            scores = scores @ self.waves
        return self.base_scores + scores

    def task_attention(self, batch: Batch) -> Tensor:
        """Return the attention of task tokens to features in the last block, mean over heads."""
        batch, absent = self.present(batch)
        features, tasks = self._start(batch, absent)
        for block in self.blocks[:-1]:
            features, tasks = block(features, tasks, absent)
        return self.blocks[-1].task_weights(features, tasks, absent)  # type: ignore[operator]

    def _start(self, batch: Batch, absent: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return feature tokens and task tokens before the blocks."""
        features = _without(self._feature_tokens(batch), absent)
        tasks = self.task_tokens.expand(len(features), -1, -1)
        if batch.group is not None:
            tasks = tasks + _by_group(self.group_tokens, batch.group)
        return features, tasks

    def _feature_tokens(self, batch: Batch) -> Tensor:
        """Return tokens of the table and of the histories, (batch, n_features, size)."""
        columns = zip(self.config.histories, self.histories, strict=True)
        parts = [layer(batch.extras[column.name]) for column, layer in columns]
        if self.tokens.n_features:
            parts.insert(0, self.tokens(batch.numeric, batch.codes))
        return torch.cat(parts, dim=1)

    def equation_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of each differential equation by name; see `Equations`."""
        if self.equations is None:
            return {}
        return self.equations.losses(lambda rows: scores_of(self(rows)), batch)

    @torch.no_grad()
    def after_training(self, rows: Batch) -> None:
        """Store how much experts and features are used in these rows."""
        if isinstance(self.rows, ExpertRows):
            starts = range(0, len(rows), _ROWS_AT_ONCE)
            parts = (rows.take(slice(start, start + _ROWS_AT_ONCE)) for start in starts)
            self.rows.keep_use((self.row_input(part), part.group) for part in parts)

    def _row(self, row: RowInput) -> RowOutput | None:
        if self.rows is None:
            return None
        output: RowOutput = self.rows(row)
        if self.context is None:
            return output
        rows = self.context(_side_by_side(output.rows), self.slots())
        rows = rows.unflatten(1, (len(output.rows), -1)).movedim(1, 0)
        return RowOutput(rows, output.auxiliary)

    def slots(self) -> Tensor:
        """Return the slots for context, (slots, 1 or n_tasks times members, row_size)."""
        if self.prototypes is not None:
            return self.prototypes()
        row = self.row_input(Batch(self.memory_numeric, self.memory_codes))
        return _side_by_side(self.rows(row).rows)  # type: ignore[misc]


def _without(features: Tensor, absent: Tensor | None) -> Tensor:
    """Return tokens (batch, n_features, size), with zeros for those of absent sources."""
    return features if absent is None else features.masked_fill(absent[..., None], 0.0)


def _side_by_side(rows: Tensor) -> Tensor:
    """Reshape rows (n, batch, members, size) to (batch, n * members, size)."""
    return rows.movedim(0, 1).flatten(1, 2)


def _by_group(values: Tensor, group: Tensor) -> Tensor:
    """Return the entry of each row's group, or zeros for an unseen group (-1)."""
    seen = (group >= 0).to(values.dtype)
    by_row = values[group.clamp_min(0)]
    return by_row * seen.view(-1, *[1] * (by_row.ndim - 1))
