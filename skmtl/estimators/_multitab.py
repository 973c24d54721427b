"""MultiTab: the masked-attention transformer behind fit and predict."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from sklearn.base import ClassifierMixin, RegressorMixin

from skmtl.estimators._network import NetworkEstimator
from skmtl.estimators._outputs import ArrayOutputs, ClassOutputs, FrameOutputs, QuantileOutputs
from skmtl.estimators._parameters import Check, boolean, integer, one_of, real
from skmtl.networks import MultiTabConfig, MultiTabNet
from skmtl.tables import EncodedTable, quantile_bins
from skmtl.tasks import TasksLike, class_kind, mixed_kind, number_kind
from skmtl.training import TrainingOptions


class MultiTabBase(NetworkEstimator):
    """Parameters and network of the MultiTab estimators."""

    network_: MultiTabNet
    _parameter_checks: ClassVar[dict[str, Check]] = {
        "n_blocks": integer(0),
        "n_heads": integer(1),
        "embedding_size": integer(1) | one_of("auto"),
        "feedforward_size": integer(1),
        "attention_dropout": real(0, 0.99),
        "dropout": real(0, 0.99),
        "mask": one_of("none", "task_to_task", "feature_to_task", "both"),
        "feature_attention": boolean,
        "task_token": one_of("multi", "single"),
        "numeric_embedding": one_of("linear", "periodic", "piecewise_linear"),
        "n_bins": integer(1),
        "row_mixing": one_of("none", "linear", "mlp", "ensemble"),
        "row_size": integer(1),
        "row_layers": integer(1),
        "n_members": integer(1),
        "tower_size": integer(1) | one_of("auto"),
        "sample_context": one_of(None, "prototypes", "memory"),
        "context_size": integer(1),
        "learning_rate": real(0, open_low=True),
        "schedule": one_of("constant", "cosine"),
        "weight_decay": real(0),
        "gradient_clip": real(0, open_low=True),
        "averaging": real(0, 0.99999),
        "batch_size": integer(1) | one_of("auto"),
        "max_epochs": integer(1),
        "max_time": real(0, open_low=True) | one_of(None),
        "early_stopping": boolean,
        "validation_fraction": real(0, 0.5, open_low=True),
        "patience": integer(1),
        "precision": one_of("auto", "float32", "bfloat16"),
        "compile": boolean,
        "warm_start": boolean,
    }

    def __init__(
        self,
        *,
        tasks: TasksLike = None,
        task: Hashable | None = None,
        task_weight: Mapping[Hashable, float] | Sequence[float] | None = None,
        n_blocks: int = 1,
        n_heads: int = 4,
        embedding_size: int | Literal["auto"] = "auto",
        feedforward_size: int = 64,
        attention_dropout: float = 0.0,
        dropout: float = 0.1,
        mask: Literal["none", "task_to_task", "feature_to_task", "both"] = "both",
        feature_attention: bool = False,
        task_token: Literal["multi", "single"] = "multi",
        numeric_embedding: Literal["linear", "periodic", "piecewise_linear"] = "piecewise_linear",
        n_bins: int = 48,
        row_mixing: Literal["none", "linear", "mlp", "ensemble"] = "ensemble",
        row_size: int = 256,
        row_layers: int = 2,
        n_members: int = 8,
        tower_size: int | Literal["auto"] = "auto",
        sample_context: Literal["prototypes", "memory"] | None = None,
        context_size: int = 64,
        learning_rate: float = 2e-3,
        schedule: Literal["constant", "cosine"] = "constant",
        weight_decay: float = 3e-4,
        gradient_clip: float = 1.0,
        averaging: float = 0.99,
        batch_size: int | Literal["auto"] = "auto",
        max_epochs: int = 200,
        max_time: float | None = None,
        early_stopping: bool = True,
        validation_fraction: float = 0.15,
        patience: int = 16,
        device: str = "auto",
        precision: Literal["auto", "float32", "bfloat16"] = "auto",
        compile: bool = False,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.tasks = tasks
        self.task = task
        self.task_weight = task_weight
        self.n_blocks = n_blocks
        self.n_heads = n_heads
        self.embedding_size = embedding_size
        self.feedforward_size = feedforward_size
        self.attention_dropout = attention_dropout
        self.dropout = dropout
        self.mask = mask
        self.feature_attention = feature_attention
        self.task_token = task_token
        self.numeric_embedding = numeric_embedding
        self.n_bins = n_bins
        self.row_mixing = row_mixing
        self.row_size = row_size
        self.row_layers = row_layers
        self.n_members = n_members
        self.tower_size = tower_size
        self.sample_context = sample_context
        self.context_size = context_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.gradient_clip = gradient_clip
        self.averaging = averaging
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.max_time = max_time
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.device = device
        self.precision = precision
        self.compile = compile
        self.warm_start = warm_start
        self.random_state = random_state

    def embed(self, X: Any) -> np.ndarray:
        """What the network makes of each row for each task, before the towers.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_tasks, embedding_size)
            The task tokens after attention; n_tasks is 1 with ``task_token="single"``.
        """
        return self._over_rows(
            self._read_inputs(X),
            lambda rows: self.network_.represent(rows.numeric, rows.codes, rows.group)[1],
        )

    def attention(self, X: Any) -> pd.DataFrame:
        """How much each task reads each feature, averaged over heads and the rows of X.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        DataFrame of shape (n_tasks, n_features)
            Shares of the last block's attention to features; rows sum to 1. One row, "shared",
            with ``task_token="single"``.
        """
        if self.n_blocks == 0:
            raise ValueError("attention needs n_blocks >= 1; this model was fitted with 0.")
        weights = self._over_rows(
            self._read_inputs(X),
            lambda rows: self.network_.task_attention(rows.numeric, rows.codes, rows.group),
        ).mean(axis=0)
        encoder = self._reader.encoder
        names = self.task_set_.names if self.task_token == "multi" else ["shared"]
        table = pd.DataFrame(weights, index=names, columns=encoder.numeric_ + encoder.categorical_)
        return table[encoder.columns_].div(weights.sum(axis=1), axis=0)

    def _training_options(self) -> TrainingOptions:
        return TrainingOptions(
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            weight_decay=self.weight_decay,
            gradient_clip=self.gradient_clip,
            patience=self.patience,
            max_time=float("inf") if self.max_time is None else self.max_time,
            averaging=self.averaging,
            precision=self.precision,
            compile=self.compile,
        )

    def _describe_network(self, table: EncodedTable, base_scores: np.ndarray, seed: int) -> dict:
        cardinalities = self._reader.encoder.cardinalities_
        n_features = table.numeric.shape[1] + len(cardinalities)
        n_scores = [head.n_scores for head in self.task_set_.heads]
        config = MultiTabConfig(
            cardinalities=tuple(cardinalities),
            n_scores=tuple(n_scores),
            n_groups=self._reader.n_groups,
            embedding_size=self._embedding_size(n_features),
            numeric_embedding=self.numeric_embedding,
            n_blocks=self.n_blocks,
            n_heads=self.n_heads,
            feedforward_size=self.feedforward_size,
            attention_dropout=self.attention_dropout,
            dropout=self.dropout,
            mask=self.mask,
            feature_attention=self.feature_attention,
            single_token=self.task_token == "single",
            row_mixing=self.row_mixing,
            row_size=self.row_size,
            row_layers=self.row_layers,
            n_members=self.n_members,
            tower_size=self._tower_size(len(n_scores)),
            sample_context=self.sample_context,
            n_slots=self.context_size,
        )
        description: dict[str, Any] = {"config": config, "base_scores": base_scores}
        description["bins"] = quantile_bins(table.numeric, self.n_bins)
        if self.sample_context == "memory":
            size = min(self.context_size, len(table.numeric))
            slots = np.random.RandomState(seed).choice(len(table.numeric), size, replace=False)
            description["memory"] = (table.numeric[slots], table.codes[slots])
        return description

    def _embedding_size(self, n_features: int) -> int:
        if self.embedding_size == "auto":
            size = next((s for s, most in ((16, 64), (8, 256)) if n_features <= most), 4)
            return max(size // self.n_heads, 1) * self.n_heads
        if self.embedding_size % self.n_heads:
            raise ValueError(
                f"embedding_size={self.embedding_size} must be a multiple of "
                f"n_heads={self.n_heads}."
            )
        return self.embedding_size

    def _tower_size(self, n_tasks: int) -> int:
        # All towers together stay about as wide for 10 tasks as for 500.
        return (
            int(np.clip(512 // n_tasks, 8, 64)) if self.tower_size == "auto" else self.tower_size
        )

    @staticmethod
    def _make_network(description: dict) -> MultiTabNet:
        memory = description.get("memory")
        return MultiTabNet(
            description["config"],
            # Copies: a loaded description may lie in a read-only memory map.
            bins=[torch.tensor(edges) for edges in description["bins"]],
            base_scores=torch.tensor(description["base_scores"], dtype=torch.float32),
            memory=None if memory is None else (torch.tensor(memory[0]), torch.tensor(memory[1])),
        )


class MultiTabRegressor(QuantileOutputs, ArrayOutputs, RegressorMixin, MultiTabBase):
    _infer_kind = staticmethod(number_kind)


class MultiTabClassifier(ClassOutputs, ArrayOutputs, ClassifierMixin, MultiTabBase):
    _infer_kind = staticmethod(class_kind)


class MultiTab(QuantileOutputs, FrameOutputs, MultiTabBase):
    _infer_kind = staticmethod(mixed_kind)
