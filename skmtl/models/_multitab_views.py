"""What a fitted MultiTab shows of its networks: members of its class."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, cast

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl.engines.network import batch_to_score
from skmtl.networks import ExpertRows, task_attention, task_tokens
from skmtl.tables import as_frame


def embed(self: Any, X: Any) -> np.ndarray:
    """Representation of each row for each task, before the towers.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)

    Returns
    -------
    ndarray of shape (n_samples, n_tasks, n_bags * embedding_size)
        The task tokens after attention, concatenated over the networks; n_tasks is 1 with
        ``task_token="single"``.
    """
    return _over_rows(self, X, task_tokens)


def attention(self: Any, X: Any) -> pd.DataFrame:
    """Attention of each task to each feature, averaged over heads and the rows of X.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)

    Returns
    -------
    DataFrame of shape (n_tasks, n_features)
        Shares of the attention to features in the last block; rows sum to 1. With
        ``task_token="single"`` there is one row, "shared". A history has the sum over its
        tokens.
    """
    check_is_fitted(self)
    config = self._learnt_by_engine.description.config
    if config.n_blocks == 0:
        raise ValueError("attention needs n_blocks >= 1; this model was fitted with 0.")
    weights = _over_rows(self, X, task_attention).mean(axis=0)
    names = ["shared"] if config.single_token else self.task_set_.varying.names
    columns, sizes = _columns_of_tokens(self)
    table = pd.DataFrame(_sums(weights, sizes), index=names, columns=columns)
    return table[self._reader.encoder.columns_].div(weights.sum(axis=1), axis=0)


def expert_use(self: Any) -> pd.DataFrame:
    """Mean weight of each expert for each task, over training rows.

    These are the experts of the last level, with ``row_mixing=Experts(...)``; rows sum to 1.
    Shared experts are called ``shared 0``, ... (``shared expert 0`` if a target is called
    "shared"), task-specific experts by the task and a number. In long data there is a row for
    each id, or for each pair of an id and a target.

    It is the mean over the networks of all bags. Experts of the same name have nothing in common
    but their number, so means over several networks look more even than each of them: set
    ``n_bags=1`` to compare single experts.
    """
    rows = _expert_rows(self, "expert_use_", "mean_use")
    n_shared, names = rows[0].experts.shared, self.task_set_.varying.names
    shared = "shared expert" if "shared" in names else "shared"
    columns = [f"{shared} {number}" for number in range(n_shared)]
    columns += [f"{name} {k}" for name in names for k in range(rows[0].experts.own)]
    return _by_task(self, [path.mean_use.cpu().numpy() for path in rows], columns)


def feature_gates(self: Any) -> pd.DataFrame:
    """Mean factor of each feature in each task's own experts, over training rows.

    Requires ``task_inputs=(FeatureGates(),)`` of `Experts`. A factor of 0 removes a feature, 1
    does not change it, 2 is the maximum. The rows are those of `expert_use_`. A history has
    the mean over its tokens.
    """
    rows = _expert_rows(self, "feature_gates_", "mean_gates")
    columns, sizes = _columns_of_tokens(self)
    gates = [_sums(cast(Any, path.mean_gates).cpu().numpy(), sizes) / sizes for path in rows]
    return _by_task(self, gates, columns)[self._reader.encoder.columns_]


def coefficients(self: Any) -> pd.DataFrame:
    """Learnt coefficients of the equations, see `skmtl.tasks.Residual`.

    A row for each pair of a task and a coefficient. ``value`` is the mean over the networks,
    and ``spread`` their standard deviation: how far they agree, not a standard error.
    """
    check_is_fitted(self)
    networks = list(self._learnt_by_engine.networks)
    if networks[0].equations is None:
        raise AttributeError("coefficients_ needs a Residual among `tasks`.")
    learnt = [network.equations.coefficients() for network in networks]
    values = {
        (task, name): [float(by_task[task][name].detach()) for by_task in learnt]
        for task, coefficients in learnt[0].items()
        for name in coefficients
    }
    index = pd.MultiIndex.from_tuples(list(values), names=["task", "coefficient"])
    table = np.array(list(values.values())).reshape(len(values), len(networks))
    return pd.DataFrame({"value": table.mean(axis=1), "spread": table.std(axis=1)}, index=index)


def _columns_of_tokens(self: Any) -> tuple[list[Hashable], np.ndarray]:
    """The columns of X in the order of their tokens, and the number of tokens of each."""
    encoder, config = self._reader.encoder, self._learnt_by_engine.description.config
    plain = [*encoder.numeric_, *encoder.categorical_]
    sizes = [1] * len(plain) + [history.n_tokens for history in config.histories]
    return [*plain, *encoder.histories], np.array(sizes)


def _expert_rows(self: Any, attribute: str, kept: str) -> list[ExpertRows]:
    """Return the row paths of all networks.

    Raises
    ------
    AttributeError
        If the networks do not have the requested values.
    """
    check_is_fitted(self)
    rows = [network.rows for network in self._learnt_by_engine.networks]
    if getattr(rows[0], kept, None) is None:
        what = "FeatureGates among the task_inputs of " * (kept == "mean_gates")
        raise AttributeError(f"{attribute} needs {what}row_mixing=Experts(...).")
    return rows


def _by_task(self: Any, means: list[np.ndarray], columns: list[Any]) -> pd.DataFrame:
    """Average (n_groups or 1, n_tasks, n_columns) over networks, with names of the tasks."""
    mean = np.mean(means, axis=0)
    names, ids = self.task_set_.varying.names, self._reader.task_ids
    index: pd.Index = pd.Index(names)
    if len(ids):
        index = pd.MultiIndex.from_product([ids, names]) if len(names) > 1 else pd.Index(ids)
    return pd.DataFrame(mean.reshape(len(index), -1), index=index, columns=columns)


def _over_rows(self: Any, X: Any, function: Any) -> np.ndarray:
    """Apply a function of the networks to all rows of X."""
    check_is_fitted(self)
    frame = as_frame(X)  # without a row there would be no mean, and nothing to show
    rows = batch_to_score(self.__skmtl_fitted__().read(frame))
    return self._engine().over_rows(self._learnt_by_engine, rows, function)


def _sums(by_token: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Sum over the tokens of each column, along the last axis."""
    return np.add.reduceat(by_token, np.cumsum(sizes) - sizes, axis=-1)
