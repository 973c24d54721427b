"""Joining columns of shares into one label, and the score of predicted shares."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import xlogy

from skmtl.tasks._label_values import number_values

# Tolerance of sums of shares, which allows for rounding to four digits.
_TOLERANCE = 1e-4
# Number of rows listed in an error.
_SHOWN = 5


def join_shares(frame: pd.DataFrame, task: Hashable, parts: Sequence[Hashable]) -> pd.Series:
    """Join one column of shares per part into one column of labels, which are tuples.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_columns)
    task : hashable
        Name for error messages.
    parts : sequence of hashable

    Raises
    ------
    ValueError
        If a column is absent or has values other than non-negative numbers, or if rows do not sum
        to one.
    """
    absent = [part for part in parts if part not in frame.columns]
    if absent:
        raise ValueError(
            f"Task {task!r} needs the columns {list(parts)} of y, but {absent} are not among "
            f"{list(frame.columns)}."
        )
    shares = np.column_stack([_share(frame[part], part, task) for part in parts])
    missing, total = np.isnan(shares), np.nansum(shares, axis=1)
    follows = np.abs(total - 1) <= _TOLERANCE
    shares[missing & follows[:, None]] = 0.0
    alone = missing & (missing.sum(axis=1) == 1)[:, None] & (total < 1 - _TOLERANCE)[:, None]
    shares[alone] = (1 - total)[alone.any(axis=1)]
    known = ~np.isnan(shares).any(axis=1)
    wrong = (known & (np.abs(shares.sum(axis=1) - 1) > _TOLERANCE)) | (total > 1 + _TOLERANCE)
    if wrong.any():
        rows = np.flatnonzero(wrong)
        raise ValueError(
            f"Task {task!r} has {len(rows)} rows whose shares {list(parts)} do not sum to one, "
            f"such as row {rows[0]} with the sum {total[rows[0]]:.6g} (rows "
            f"{rows[:_SHOWN].tolist()}). Divide them by their sums: y[parts] = "
            "y[parts].div(y[parts].sum(axis=1), axis=0)."
        )
    labels = np.full(len(shares), None, dtype=object)
    whole = shares[known] / shares[known].sum(axis=1, keepdims=True)
    labels[known] = pd.Series(map(tuple, whole.tolist()), dtype=object).to_numpy()
    return pd.Series(labels, index=frame.index, dtype=object)


def _share(labels: pd.Series, part: Hashable, task: Hashable) -> np.ndarray:
    """Return shares as float64 of shape (n_samples,), NaN if missing."""
    observed = labels.notna().to_numpy()
    values = np.full(len(labels), np.nan)
    if observed.any():
        values[observed] = number_values(labels[observed], part, "composition")
    negative = np.flatnonzero(values < 0)
    if len(negative):
        raise ValueError(
            f"Column {part!r} of task {task!r} has {len(negative)} negative shares, such as "
            f"{values[negative[0]]:.6g} in row {negative[0]}. Shares are non-negative and sum to "
            "one: set these to 0 and divide the row by its sum, or set the row to missing."
        )
    return values


def share_matrix(labels: pd.Series, parts: Sequence[Hashable]) -> np.ndarray:
    """Return observed labels as shares (n_samples, n_parts).

    Raises
    ------
    ValueError
        If a label is not a tuple of shares.
    """
    n_parts = len(parts)
    widths = [len(label) if isinstance(label, tuple) else 0 for label in labels]
    if set(widths) - {n_parts}:
        strange = labels[np.array(widths) != n_parts].tolist()[0]
        raise ValueError(
            f"Task {labels.name!r} has the label {strange!r}, but a composition reads its label "
            f"from the columns {list(parts)} of y. Use another name for the task: "
            f"tasks={{'shares': Composition(parts={tuple(parts)!r})}}."
        )
    return np.array(labels.tolist(), dtype=np.float64).reshape(len(labels), n_parts)


def d2_divergence_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    r"""Return the share of the divergence of compositions from their mean that is explained.

    .. math::

        D^2 = 1 - \frac{\sum_i w_i \sum_k y_{ik} \log (y_{ik} / p_{ik})}
        {\sum_i w_i \sum_k y_{ik} \log (y_{ik} / \bar y_k)}

    This is R2 with the Kullback-Leibler divergence instead of the squared error: 1 is the best
    value, and 0 is as good as the mean shares of the scored rows.

    Parameters
    ----------
    y_true : array of shape (n_samples, n_parts)
        Shares; each row sums to one.
    y_pred : array of shape (n_samples, n_parts)
        Predicted shares. Shares below 2.2e-16 are replaced with this value, because a positive
        share with prediction 0 has an infinite divergence.
    sample_weight : array of shape (n_samples,), optional

    Returns
    -------
    float
        The score. If all rows are identical, it is 1 for exact predictions and 0 otherwise.

    Examples
    --------
    >>> from skmtl.metrics import d2_divergence_score
    >>> truth = [[0.5, 0.5, 0.0], [0.1, 0.2, 0.7]]
    >>> d2_divergence_score(truth, truth), d2_divergence_score(truth, [[0.3, 0.35, 0.35]] * 2)
    (1.0, 0.0)
    """
    truth, answer = np.asarray(y_true, dtype=np.float64), np.asarray(y_pred, dtype=np.float64)
    if truth.ndim != 2 or truth.shape != answer.shape:
        raise ValueError(
            f"y_true and y_pred must be shares of the same shape (n_samples, n_parts), got "
            f"{truth.shape} and {answer.shape}."
        )
    missed = np.average(_divergence(truth, answer), weights=sample_weight)
    mean = np.average(truth, axis=0, weights=sample_weight)
    if (truth == truth[0]).all():
        return float(np.allclose(missed, 0))
    return float(1 - missed / np.average(_divergence(truth, mean), weights=sample_weight))


def _divergence(truth: np.ndarray, answer: np.ndarray) -> np.ndarray:
    least = np.finfo(np.float64).eps
    return (xlogy(truth, truth) - xlogy(truth, np.maximum(answer, least))).sum(axis=1)
