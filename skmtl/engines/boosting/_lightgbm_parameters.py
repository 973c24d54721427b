"""Parameters of RMTGB that need more than a look at their type."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from lightgbm.basic import _ConfigAliases

from skmtl._suggestions import did_you_mean
from skmtl.boosting import BLOCKS
from skmtl.tables import TreeEncoder

# Parameters of the estimator, and LightGBM's names of what they decide.
_OURS = {
    "learning_rate": ("learning_rate", "shrinkage_rate", "eta"),
    "num_leaves": ("num_leaves", "num_leaf", "max_leaves", "max_leaf", "max_leaf_nodes"),
    "min_data_in_leaf": (
        "min_data_in_leaf",
        "min_data_per_leaf",
        "min_data",
        "min_child_samples",
        "min_samples_leaf",
    ),
    "n_rounds": (
        "num_iterations",
        "num_iteration",
        "n_iter",
        "num_tree",
        "num_trees",
        "num_round",
        "num_rounds",
        "nrounds",
        "num_boost_round",
        "n_estimators",
        "max_iter",
    ),
    "monotone_constraints": ("monotone_constraints", "mc", "monotone_constraint", "monotonic_cst"),
    "patience": (
        "early_stopping_round",
        "early_stopping_rounds",
        "early_stopping",
        "n_iter_no_change",
    ),
    "n_jobs": ("num_threads", "num_thread", "nthread", "nthreads", "n_jobs"),
    "random_state": ("seed", "random_seed", "random_state"),
    "tasks": (
        "objective",
        "objective_type",
        "app",
        "application",
        "loss",
        "num_class",
        "num_classes",
        "metric",
        "metrics",
        "metric_types",
    ),
}
_OURS_BY_ALIAS = {alias: name for name, aliases in _OURS.items() for alias in aliases}
# Values that are accepted: trees of other modes do not add up to a score from the gradients that
# they are given, or need other data.
_ACCEPTED = {
    "boosting": ("gbdt", "gbrt"),
    "boosting_type": ("gbdt", "gbrt"),
    "boost": ("gbdt", "gbrt"),
    "linear_tree": (False,),
    "linear_trees": (False,),
}


def value_of_block(value: Any, block: str, default: Mapping[str, Any]) -> Any:
    """A parameter's value in one block; the default for "auto" and for absent keys."""
    if isinstance(value, Mapping):
        return value.get(block, default[block])
    return default[block] if isinstance(value, str) else value


def check_blocks(blocks: Any, *, is_long: bool) -> None:
    """Raise ValueError unless `blocks` is "auto" or names of blocks."""
    if isinstance(blocks, str) and blocks == "auto":
        return
    if isinstance(blocks, str) or not isinstance(blocks, Sequence) or not len(blocks):
        raise ValueError(
            f"blocks must be 'auto' or a sequence of names out of {BLOCKS}, got {blocks!r}."
        )
    for name in blocks:
        if name not in BLOCKS:
            hint = did_you_mean(name, BLOCKS)
            raise ValueError(f"blocks names {name!r}; choose from {BLOCKS}.{hint}")
    if len(set(blocks)) < len(blocks):
        raise ValueError(f"blocks={blocks!r} names a block twice.")
    if "signature" in blocks and not is_long:
        raise ValueError(
            "The block 'signature' reads which task a row belongs to, so it needs long data: name "
            "the column of X with the task in `task_column`, or leave the block out."
        )


def check_lightgbm_params(parameters: Any) -> None:
    """Raise ValueError for what LightGBM cannot be told through `lightgbm_params`."""
    if parameters is None:
        return
    if not isinstance(parameters, Mapping):
        raise ValueError(
            f"lightgbm_params must be a mapping of names to values, got {parameters!r}."
        )
    # LightGBM itself would leave out a name that it does not know.
    aliases = _ConfigAliases._get_all_param_aliases()
    all_aliases = {alias for names in aliases.values() for alias in names}
    for name, value in parameters.items():
        if name not in all_aliases:
            hint = did_you_mean(name, sorted(all_aliases))
            raise ValueError(f"lightgbm_params has {name!r}, which LightGBM does not know.{hint}")
        if name in _OURS_BY_ALIAS:
            raise ValueError(
                f"lightgbm_params has {name!r}: set the parameter {_OURS_BY_ALIAS[name]!r} of the "
                "estimator instead."
            )
        if name in _ACCEPTED and value not in _ACCEPTED[name]:
            raise ValueError(
                f"lightgbm_params has {name}={value!r}, which does not go with blocks that are "
                "fitted one after the other. Leave it out."
            )


def constraint_signs(constraints: Any, encoder: TreeEncoder) -> list[int]:
    """The sign of each feature's monotone constraint; empty without constraints."""
    if constraints is None:
        return []
    columns = encoder.columns_
    if isinstance(constraints, Mapping):
        unknown = [name for name in constraints if name not in columns]
        if unknown:
            raise ValueError(
                f"monotone_constraints names {unknown}, but the features are {columns}."
            )
        signs = [constraints.get(name, 0) for name in columns]
    else:
        if isinstance(constraints, str) or not isinstance(constraints, Sequence | np.ndarray):
            raise ValueError(
                "monotone_constraints must be a mapping of features to 1, -1 or 0, or a sequence "
                f"of these, got {constraints!r}."
            )
        signs = list(constraints)
        if len(signs) != len(columns):
            raise ValueError(
                f"monotone_constraints has {len(signs)} entries, but there are {len(columns)} "
                f"features besides the task column: {columns}."
            )
    for name, sign in zip(columns, signs, strict=True):
        if not isinstance(sign, numbers.Integral) or sign not in (-1, 0, 1):
            raise ValueError(
                f"monotone_constraints has {sign!r} for {name!r}; give 1 (rising), -1 (falling) "
                "or 0."
            )
        if sign and name in encoder.categorical_:
            raise ValueError(
                f"monotone_constraints has {sign} for {name!r}, whose categories have no order."
            )
    return [int(sign) for sign in signs]
