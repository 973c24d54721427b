"""MultiTab: the masked-attention transformer behind fit and predict."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from skmtl._storable import storable
from skmtl.balancing import Equal
from skmtl.estimators._balance import BalanceLike, resolve_balance
from skmtl.estimators._curve_outputs import EventTaskOutputs
from skmtl.estimators._multitab_docs import with_shared_sections
from skmtl.estimators._multitab_parameters import PARAMETER_CHECKS, SHAPING
from skmtl.estimators._network import NetworkEstimator
from skmtl.estimators._outputs import ArrayOutputs, ClassOutputs, FrameOutputs, QuantileOutputs
from skmtl.estimators._parameters import Check
from skmtl.estimators._survival_docs import with_event_attributes
from skmtl.networks import MultiTabConfig, MultiTabNet, task_attention, task_tokens
from skmtl.tables import EncodedTable, quantile_bins
from skmtl.tasks import TasksLike, class_kind, mixed_kind, number_kind
from skmtl.training import TrainingOptions, current_processes


class MultiTabBase(NetworkEstimator):
    """Parameters and network of the MultiTab estimators; `_multitab_docs` explains them."""

    _parameter_checks: ClassVar[dict[str, Check]] = PARAMETER_CHECKS
    _SHAPING = SHAPING

    def __init__(
        self,
        *,
        tasks: TasksLike = None,
        task: Hashable | None = None,
        task_weight: Mapping[Hashable, float] | Sequence[float] | None = None,
        balance: BalanceLike = "equal",
        balance_at: Literal["representation", "trunk"] = "representation",
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
        n_bins: int | Literal["auto"] = "auto",
        row_mixing: Literal["none", "linear", "mlp", "ensemble"] = "ensemble",
        row_size: int = 256,
        row_layers: int = 2,
        n_members: int = 4,
        tower_size: int | Literal["auto"] = "auto",
        sample_context: Literal["prototypes", "memory"] | None = None,
        context_size: int = 64,
        learning_rate: float = 5e-3,
        schedule: Literal["constant", "cosine"] = "constant",
        weight_decay: float = 3e-2,
        gradient_clip: float = 1.0,
        averaging: float = 0.99,
        batch_size: int | Literal["auto"] = "auto",
        n_bags: int | Literal["auto"] = "auto",
        max_epochs: int = 200,
        max_time: float | None = None,
        early_stopping: bool = True,
        validation_fraction: float = 0.15,
        patience: int = 12,
        device: str = "auto",
        precision: Literal["auto", "float32", "bfloat16"] = "auto",
        compile: bool = False,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.tasks = tasks
        self.task = task
        self.task_weight = task_weight
        self.balance = balance
        self.balance_at = balance_at
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
        self.n_bags = n_bags
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
        ndarray of shape (n_samples, n_tasks, n_bags * embedding_size)
            The task tokens after attention, those of several networks side by side; n_tasks is
            1 with ``task_token="single"``.
        """
        return self._over_rows(
            self._read_batch(X), lambda batch: task_tokens(self.network_, batch)
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
        check_is_fitted(self)
        config = self._description["config"]
        if config.n_blocks == 0:
            raise ValueError("attention needs n_blocks >= 1; this model was fitted with 0.")
        weights = self._over_rows(
            self._read_batch(X), lambda batch: task_attention(self.network_, batch)
        ).mean(axis=0)
        encoder = self._reader.encoder
        names = ["shared"] if config.single_token else self.task_set_.names
        table = pd.DataFrame(weights, index=names, columns=encoder.numeric_ + encoder.categorical_)
        return table[encoder.columns_].div(weights.sum(axis=1), axis=0)

    def _check_parameters(self) -> None:
        super()._check_parameters()
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
        if current_processes().count > 1 and self.balance not in ("equal", Equal()):
            raise ValueError(
                f"balance={self.balance!r} is for one process: data_parallel() takes "
                "balance='equal' alone. Weights of the targets may be given by task_weight."
            )

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
            balance=resolve_balance(self.balance, self._balanced_names()),
            balance_at=self.balance_at,
        )

    def _describe_network(self, table: EncodedTable, base_scores: np.ndarray, seed: int) -> dict:
        cardinalities = self._reader.encoder.cardinalities_
        n_features = table.numeric.shape[1] + len(cardinalities)
        n_scores = [head.n_scores for head in self.task_set_.heads]
        config = MultiTabConfig(
            cardinalities=tuple(cardinalities),
            n_scores=tuple(n_scores),
            n_series=tuple(head.n_series for head in self.task_set_.heads),
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
        description["bins"] = quantile_bins(table.numeric, self._bins(len(table.numeric)))
        if self.sample_context == "memory":
            size = min(self.context_size, len(table.numeric))
            slots = np.random.RandomState(seed).choice(len(table.numeric), size, replace=False)
            description["memory"] = (table.numeric[slots], table.codes[slots])
        return description

    def _n_bags(self, n_samples: int) -> int:
        if self.n_bags != "auto":
            return int(self.n_bags)
        # Where rows are few, which of them stop the training is chance: several networks
        # average it out, and together learn from every row.
        return 4 if n_samples <= 5_000 else 2 if n_samples <= 20_000 else 1

    def _bins(self, n_samples: int) -> int:
        if self.n_bins == "auto":
            # A bin with a handful of rows learns their noise.
            return int(np.clip(n_samples**0.5 / 2.5, 4, 48))
        return self.n_bins

    def _embedding_size(self, n_features: int) -> int:
        if self.embedding_size == "auto":
            size = next((s for s, most in ((16, 64), (8, 256)) if n_features <= most), 4)
            return max(size // self.n_heads, 1) * self.n_heads
        return self.embedding_size

    def _tower_size(self, n_tasks: int) -> int:
        if self.tower_size != "auto":
            return self.tower_size
        # All towers together stay about as wide for 10 tasks as for 500.
        return int(np.clip(128 // n_tasks, 8, 32))

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


@storable
@with_shared_sections
class MultiTabRegressor(QuantileOutputs, ArrayOutputs, RegressorMixin, MultiTabBase):
    """One network for several numbers per row: scikit-learn's multi-output regression.

    y is a table with one column per target, in which labels may be missing, or one column. Every
    target is a regression unless `tasks` says "count" or "quantile". `predict` gives an array
    of shape (n_samples, n_targets), or (n_samples,) where y was 1-D.

    See Also
    --------
    MultiTab : Numbers and classes in one model.
    MultiTabClassifier : Classes.

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from skmtl import MultiTabRegressor
    >>> X, Y = load_linnerud(return_X_y=True, as_frame=True)
    >>> Y.iloc[3, 1] = None  # a label is missing
    >>> model = MultiTabRegressor(max_epochs=5, random_state=0).fit(X, Y)
    >>> model.predict(X).shape
    (20, 3)
    >>> model.score_tasks(X, Y).index.tolist()
    ['Weight', 'Waist', 'Pulse']

    Long data, in which a column of X names the task of the row:

    >>> import pandas as pd
    >>> X = pd.DataFrame({"school": ["a", "b"] * 10, "hours": range(20)})
    >>> points = X["hours"] * 2.0 + (X["school"] == "a") * 30
    >>> model = MultiTabRegressor(task="school", max_epochs=5, random_state=0).fit(X, points)
    >>> model.score_tasks(X, points).index.tolist()
    ['a', 'b']
    """

    _infer_kind = staticmethod(number_kind)
    _classes_only = False


@storable
@with_shared_sections
class MultiTabClassifier(ClassOutputs, ArrayOutputs, ClassifierMixin, MultiTabBase):
    """One network for several classifications per row: scikit-learn's multi-output conventions.

    y is a table with one column per target, in which labels may be missing, or one column. Every
    target is binary or multiclass, whatever its dtype, unless `tasks` says "ordinal". `predict`
    gives an array of class labels, `predict_proba` a list of arrays, one per target, in the
    order of `classes_`; for a 1-D y both are plain arrays.

    See Also
    --------
    MultiTab : Numbers and classes in one model.
    MultiTabRegressor : Numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.datasets import load_iris
    >>> from skmtl import MultiTabClassifier
    >>> X, species = load_iris(return_X_y=True, as_frame=True)
    >>> Y = pd.DataFrame({"species": species, "long": X.pop("petal length (cm)") > 4})
    >>> model = MultiTabClassifier(max_epochs=5, random_state=0).fit(X, Y)
    >>> model.predict(X).shape
    (150, 2)
    >>> [probabilities.shape for probabilities in model.predict_proba(X)]
    [(150, 3), (150, 2)]
    >>> [classes.tolist() for classes in model.classes_]
    [[0, 1, 2], [False, True]]
    """

    _infer_kind = staticmethod(class_kind)
    _classes_only = True


@storable
@with_event_attributes
@with_shared_sections
class MultiTab(QuantileOutputs, EventTaskOutputs, FrameOutputs, MultiTabBase):
    """One network for several targets of mixed kinds, some of whose labels may be missing.

    y is a table with one column per target. By dtype, numbers are regression, booleans,
    categories and text binary or multiclass, ordered categories ordinal; whole numbers that are
    all 0 or 1 are binary. `tasks` overrides that. `predict` gives a DataFrame with the targets'
    names and the index of X, `predict_proba` a list of arrays, one per target with classes.
    Targets that are times to events have curves as in `MultiTabSurvival`, in a dict where they
    are several.

    See Also
    --------
    MultiTabRegressor : Numbers only, with scikit-learn's arrays.
    MultiTabClassifier : Classes only, with scikit-learn's arrays.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl import MultiTab
    >>> X = pd.DataFrame({"hour": [6, 9, 12, 18] * 6, "airport": ["JFK", "LGA", None] * 8})
    >>> Y = pd.DataFrame({"delay": X["hour"] * 2.5, "late": X["hour"] > 9})
    >>> Y.loc[5, "delay"] = None  # cancelled: nobody knows the delay
    >>> model = MultiTab(max_epochs=5, random_state=0).fit(X, Y)
    >>> model.task_kinds_
    {'delay': 'regression', 'late': 'binary'}
    >>> model.predict(X).columns.tolist()
    ['delay', 'late']

    An interval instead of a mean:

    >>> model = MultiTab(tasks={"delay": "quantile"}, max_epochs=5, random_state=0).fit(X, Y)
    >>> model.predict_quantiles(X).columns.tolist()
    [('delay', 0.1), ('delay', 0.5), ('delay', 0.9)]
    """

    _infer_kind = staticmethod(mixed_kind)
