"""What the parameters of MultiTab may be, and which of them shape its network."""

from __future__ import annotations

from skmtl.estimators._balance import balance_check
from skmtl.estimators._parameters import Check, boolean, integer, one_of, real, seed

PARAMETER_CHECKS: dict[str, Check] = {
    "balance": balance_check,
    "balance_at": one_of("representation", "trunk"),
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
    "n_bins": integer(1) | one_of("auto"),
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
    "n_bags": integer(1) | one_of("auto"),
    "max_epochs": integer(1),
    "max_time": real(0, open_low=True) | one_of(None),
    "early_stopping": boolean,
    "validation_fraction": real(0, 0.5, open_low=True),
    "patience": integer(1),
    "precision": one_of("auto", "float32", "bfloat16"),
    "compile": boolean,
    "warm_start": boolean,
    "random_state": seed,
}
SHAPING = ("tasks", "task", "n_blocks", "n_heads", "embedding_size", "feedforward_size",
           "attention_dropout", "dropout", "mask", "feature_attention", "task_token",
           "numeric_embedding", "n_bins", "row_mixing", "row_size", "row_layers", "n_members",
           "tower_size", "sample_context", "context_size", "n_bags")  # fmt: skip
