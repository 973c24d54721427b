"""Checks of RMTGB's parameters that go beyond their types."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from lightgbm.basic import _ConfigAliases

from skmtl._suggestions import did_you_mean
from skmtl.boosting import BLOCKS
from skmtl.tables import TreeEncoder

# LightGBM's parameters that are set by parameters of the estimator.
_OURS = {
    "learning_rate": "learning_rate",
    "num_leaves": "num_leaves",
    "min_data_in_leaf": "min_data_in_leaf",
    "num_iterations": "n_rounds",
    "monotone_constraints": "monotone_constraints",
    "early_stopping_round": "patience",
    "num_threads": "n_jobs",
    "seed": "random_state",
    "objective": "tasks",
    "num_class": "tasks",
    "metric": "tasks",
}
# Parameters that LightGBM would silently ignore, and what to do instead: trees are grown from
# derivatives that skmtl computes, on rows, labels and weights that it prepares.
_BY_KIND = "The kind of the task decides the loss: set the parameter 'tasks' of the estimator"
_WITHOUT_EFFECT = {
    **dict.fromkeys(
        ("scale_pos_weight", "is_unbalance"),
        "Weight the classes by task: tasks={'clicked': skmtl.tasks.Binary(class_weight="
        "'balanced')}, or pass weights as sample_weight of fit",
    ),
    **dict.fromkeys(("pos_bagging_fraction", "neg_bagging_fraction"), "Use bagging_fraction"),
    "alpha": f"{_BY_KIND}, to Quantile((0.1, 0.9)) or Regression('huber') of skmtl.tasks",
    "tweedie_variance_power": f"{_BY_KIND}, to 'count' or a custom kind",
    **dict.fromkeys(
        (
            "fair_c",
            "poisson_max_delta_step",
            "reg_sqrt",
            "sigmoid",
            "boost_from_average",
            "objective_seed",
            "lambdarank_norm",
            "lambdarank_position_bias_regularization",
            "lambdarank_truncation_level",
            "label_gain",
        ),
        _BY_KIND,
    ),
    **dict.fromkeys(
        (
            "eval_at",
            "multi_error_top_k",
            "auc_mu_weights",
            "metric_freq",
            "is_provide_training_metric",
            "first_metric_only",
            "early_stopping_min_delta",
        ),
        "Rounds are chosen by the loss of the task in held-out rows: see 'patience'",
    ),
    "weight_column": "Pass the weights as sample_weight of fit",
    "categorical_feature": "Text and dtype category are categorical: convert the columns of X",
    "group_column": "Set the parameter 'group_column' of the estimator",
    "bagging_by_query": "Use bagging_fraction",
    **dict.fromkeys(
        (
            "data",
            "valid",
            "header",
            "label_column",
            "ignore_column",
            "two_round",
            "pre_partition",
            "parser_config_file",
            "precise_float_parser",
            "save_binary",
            "input_model",
            "config",
            "task",
        ),
        "The rows are those passed to fit: change X, y or eval_set",
    ),
    **dict.fromkeys(
        (
            "output_model",
            "output_result",
            "convert_model",
            "convert_model_language",
            "snapshot_freq",
            "saved_feature_importance_type",
        ),
        "Use model.save(path) or skmtl.export.to_onnx",
    ),
    **dict.fromkeys(
        (
            "predict_contrib",
            "predict_disable_shape_check",
            "predict_leaf_index",
            "predict_raw_score",
            "pred_early_stop",
            "pred_early_stop_freq",
            "pred_early_stop_margin",
            "num_iteration_predict",
            "start_iteration_predict",
        ),
        "It only affects predictions: see the methods predict, staged_predict and shap_values",
    ),
    **dict.fromkeys(
        (
            "machines",
            "machine_list_filename",
            "num_machines",
            "local_listen_port",
            "time_out",
            "top_k",
        ),
        "Use skmtl.distributed.fit_with_dask",
    ),
    **dict.fromkeys(
        (
            "drop_rate",
            "drop_seed",
            "max_drop",
            "skip_drop",
            "uniform_drop",
            "xgboost_dart_mode",
            "linear_lambda",
            "refit_decay_rate",
        ),
        "It belongs to boosting that does not go with blocks, such as DART: leave it out",
    ),
}
# Parameters that LightGBM silently ignores unless another one is set: that one, the value that it
# must not have, and a value that it may have.
_BY_ANOTHER: dict[str, tuple[str, Any, Any]] = {
    "bagging_fraction": ("bagging_freq", 0, 1),
    "bagging_freq": ("bagging_fraction", 1, 0.8),
    "top_rate": ("data_sample_strategy", "bagging", "goss"),
    "other_rate": ("data_sample_strategy", "bagging", "goss"),
    "extra_seed": ("extra_trees", False, True),
    "num_grad_quant_bins": ("use_quantized_grad", False, True),
    "quant_train_renew_leaf": ("use_quantized_grad", False, True),
    "stochastic_rounding": ("use_quantized_grad", False, True),
}
# Values of the parameters above that mean the same as leaving them out.
_OFF = {"bagging_fraction": 1, "bagging_freq": 0}
# Accepted values. In other modes, trees do not add up to the score whose gradients they are fitted
# to, or need other data; the last three are set by skmtl itself.
_ACCEPTED = {
    "boosting": ("gbdt", "gbrt"),
    "linear_tree": (False,),
    "tree_learner": ("serial",),
    "verbosity": (-1,),
    "feature_pre_filter": (False,),
}


def _names() -> dict[str, str]:
    """Return LightGBM's main name of parameters by all their aliases."""
    aliases = _ConfigAliases._get_all_param_aliases()
    return {
        alias: name for name, alternatives in aliases.items() for alias in (name, *alternatives)
    }


def by_first_name(parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return parameters by LightGBM's main names, so that none is set twice."""
    if not parameters:
        return {}
    names = _names()
    return {names[name]: value for name, value in parameters.items()}


def value_of_block(value: Any, block: str, default: Mapping[str, Any]) -> Any:
    """Return a parameter's value in a block; the default for "auto" and missing keys."""
    if isinstance(value, Mapping):
        return value.get(block, default[block])
    return default[block] if isinstance(value, str) else value


def check_blocks(blocks: Any, *, is_long: bool) -> None:
    """Raise a ValueError unless `blocks` is "auto" or a sequence of block names."""
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
    if "linear" in blocks[1:]:
        raise ValueError(
            f"blocks={blocks!r}: the block 'linear' must be the first one, since trees learn what "
            "lines leave."
        )
    if "signature" in blocks and not is_long:
        raise ValueError(
            "The block 'signature' reads which task a row belongs to, so it needs long data: name "
            "the column of X with the task in `task_column`, or remove the block."
        )


def check_constraints_of_blocks(blocks: Any, constraints: Any) -> None:
    """Raise a ValueError for constraints that a block would violate."""
    if constraints is not None and "linear" in blocks:
        raise ValueError(
            f"monotone_constraints={constraints!r} apply to trees, but not to the block "
            "'linear': remove one of them."
        )


def check_lightgbm_params(parameters: Any) -> None:
    """Raise a ValueError for parameters that `lightgbm_params` must not have."""
    if parameters is None:
        return
    if not isinstance(parameters, Mapping):
        raise ValueError(
            f"lightgbm_params must be a mapping of names to values, got {parameters!r}."
        )
    # LightGBM itself would ignore unknown names.
    names = _names()
    chosen: dict[str, str] = {}
    for alias, value in parameters.items():
        if alias in ("class_weight", "pos_weight"):
            raise ValueError(
                f"lightgbm_params has {alias!r}, which LightGBM does not know. "
                f"{_WITHOUT_EFFECT['scale_pos_weight']}."
            )
        if alias not in names:
            hint = did_you_mean(alias, sorted(names))
            raise ValueError(f"lightgbm_params has {alias!r}, which LightGBM does not know.{hint}")
        name = names[alias]
        if name in chosen:
            raise ValueError(
                f"lightgbm_params has {chosen[name]!r} and {alias!r}, which are the same "
                "parameter: remove one of them."
            )
        chosen[name] = alias
        if name in _OURS:
            raise ValueError(
                f"lightgbm_params has {alias!r}: set the parameter {_OURS[name]!r} of the "
                "estimator instead."
            )
        if name in _WITHOUT_EFFECT:
            raise ValueError(
                f"lightgbm_params has {alias!r}, which would have no effect. "
                f"{_WITHOUT_EFFECT[name]}."
            )
        if name in _ACCEPTED and value not in _ACCEPTED[name]:
            raise ValueError(
                f"lightgbm_params has {alias}={value!r}, which does not work with blocks that are "
                "fitted one after the other. Remove it."
            )
    _check_combinations(parameters, chosen)


def _check_combinations(parameters: Mapping[str, Any], chosen: Mapping[str, str]) -> None:
    """Raise a ValueError for parameters without effect, because another one is not set.

    Parameters
    ----------
    parameters : mapping of name to value
    chosen : mapping of str to str
        The names among `parameters` by LightGBM's main names.
    """
    for name, (other, off, example) in _BY_ANOTHER.items():
        if name not in chosen or parameters[chosen[name]] == _OFF.get(name):
            continue
        if other not in chosen or parameters[chosen[other]] == off:
            raise ValueError(
                f"lightgbm_params has {chosen[name]!r}, which has no effect without {other!r}: "
                f"add {other}={example!r}, or remove it."
            )


def constraint_signs(constraints: Any, encoder: TreeEncoder) -> list[int]:
    """Return the sign of each feature's monotone constraint; empty without constraints."""
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
                f"monotone_constraints has {sign!r} for {name!r}; pass 1 (rising), -1 (falling) "
                "or 0."
            )
        if sign and name in encoder.categorical_:
            raise ValueError(
                f"monotone_constraints has {sign} for {name!r}, whose categories have no order."
            )
    return [int(sign) for sign in signs]
