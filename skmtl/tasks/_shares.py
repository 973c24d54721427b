"""From columns of shares to one label, and what predicted shares are worth."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import xlogy

from skmtl.tasks._label_values import number_values

# Shares that were rounded to four digits or more are taken as they are.
_TOLERANCE = 1e-4
# Rows that an error names.
_SHOWN = 5


def join_shares(frame: pd.DataFrame, task: Hashable, parts: Sequence[Hashable]) -> pd.Series:
    """One column of labels, which are tuples, from a column of shares for each part.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_columns)
    task : hashable
        Name for error messages.
    parts : sequence of hashable

    Raises
    ------
    ValueError
        If a column is absent, holds something else than numbers from 0, or rows do not sum to one.
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
    """Float64 of shape (n_samples,), NaN where missing."""
    observed = labels.notna().to_numpy()
    values = np.full(len(labels), np.nan)
    if observed.any():
        values[observed] = number_values(labels[observed], part, "composition")
    negative = np.flatnonzero(values < 0)
    if len(negative):
        raise ValueError(
            f"Column {part!r} of task {task!r} has {len(negative)} negative shares, such as "
            f"{values[negative[0]]:.6g} in row {negative[0]}. Shares are numbers from 0 that sum "
            "to one: set these to 0 and divide the row by its sum, or leave the rows missing."
        )
    return values


def share_matrix(labels: pd.Series, parts: Sequence[Hashable]) -> np.ndarray:
    """Observed labels as shares (n_samples, n_parts).

    Raises
    ------
    ValueError
        If a label is not one of a composition.
    """
    n_parts = len(parts)
    widths = [len(label) if isinstance(label, tuple) else 0 for label in labels]
    if set(widths) - {n_parts}:
        strange = labels[np.array(widths) != n_parts].tolist()[0]
        raise ValueError(
            f"Task {labels.name!r} has the label {strange!r}, but a composition reads its label "
            f"from the columns {list(parts)} of y. Name it apart from them: "
            f"tasks={{'shares': Composition(parts={tuple(parts)!r})}}."
        )
    return np.array(labels.tolist(), dtype=np.float64).reshape(len(labels), n_parts)


def d2_divergence_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    r"""Share of the divergence of compositions from their mean that predictions explain.

    .. math::

        D^2 = 1 - \frac{\sum_i w_i \sum_k y_{ik} \log (y_{ik} / p_{ik})}
        {\sum_i w_i \sum_k y_{ik} \log (y_{ik} / \bar y_k)}

    with the Kullback-Leibler divergence where R2 has the squared error: 1 is the best, and 0 as
    good as the mean shares of the rows that are scored.

    Parameters
    ----------
    y_true : array of shape (n_samples, n_parts)
        Shares, each row of which sums to one.
    y_pred : array of shape (n_samples, n_parts)
        Predicted shares. Below 2.2e-16, which is never right where there is any, they are taken
        for that.
    sample_weight : array of shape (n_samples,), optional

    Returns
    -------
    float
        Where all rows are alike, 1 for predictions that are exact and else 0.

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
