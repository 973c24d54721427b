"""Which auxiliary tasks help a target task."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import Lasso, LassoCV
from sklearn.utils import check_random_state

from skmtl.sharing import HeldOut, read_splits, read_tasks, task_column

_N_FOLDS = 5  # for the choice of the penalty


@dataclass(frozen=True, eq=False)
class SourceSelection:
    """Result of `select_sources`.

    Attributes
    ----------
    sources : list of hashable
        The tasks that help, most relevant first.
    relevance : Series of shape (n_tasks - 1,)
        Weight of each source in the best sparse combination, in standard deviations of the
        target per standard deviation of the source's predictions; 0 for irrelevant sources,
        negative for sources with the opposite sign. Most relevant first.
    penalty : float
        Penalty of the L1 norm.
    error : float
        Error of the combination on held-out rows, divided by that of the best constant.
    """

    sources: list[Hashable]
    relevance: pd.Series
    penalty: float
    error: float


def select_sources(
    estimator: Any,
    X: Any,
    Y: Any,
    target: Hashable,
    *,
    cv: Any = 3,
    sample_weight: Any = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> SourceSelection:
    r"""Find the tasks that a target task should be learnt with, by an L1-regularised relevance.

    A separate model is fitted for each other task, and its held-out predictions for the rows of
    the target are a feature :math:`f_s`. The relevance is the sparse combination of these features
    that is closest to the target's labels,

    .. math:: \hat\nu = \arg\min_\nu \frac{1}{2 n} \sum_{i=1}^n
        \Bigl( y_i - \nu_0 - \sum_s \nu_s f_s(x_i) \Bigr)^2 + \lambda \|\nu\|_1,

    with labels and features standardised. The penalty is the largest one whose error in
    cross-validation is within a standard error of the lowest.

    Parameters
    ----------
    estimator : estimator
        Any estimator of skmtl, alone or as the last step of a pipeline. It is cloned.
    X : table of shape (n_samples, n_features)
    Y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)
        Labels, some of which may be missing; one column for long data, whose tasks are the ids.
    target : hashable
        Name of the target task: a column of Y, or an id of long data.
    cv : int, splitter or iterable of (train, test), default=3
        Folds of the models; an integer is the number of folds of
        :class:`skmtl.model_selection.MultiTaskStratifiedKFold`.
    sample_weight : array of shape (n_samples,), optional
        Weights of the rows.
    n_jobs : int or None, default=None
        Number of processes, as in joblib; None is 1.
    random_state : int, RandomState or None, default=None
        Random state of the folds.

    Returns
    -------
    SourceSelection

    Raises
    ------
    ValueError
        If the task does not exist or is the only one, if the target has too few labels or more
        than two unordered classes, and for times to events.

    See Also
    --------
    suggest_groups : Groups for all tasks at once.

    Notes
    -----
    Wang et al. write the head of the target as a combination of the sources' heads on a common
    linear representation, :math:`w_t = W \nu`, and show that the vector with the smallest L1 norm
    needs fewer labels than that with the smallest L2 norm. For such models this method is the
    same, with distances between heads measured at the rows. It only needs predictions, so it works
    for trees as well. Among redundant sources, the combination keeps as few as possible.

    References
    ----------
    Y. Wang, Y. Chen, K. Jamieson, S. S. Du, "Improved Active Multi-Task Representation Learning
    via Lasso", ICML 2023, arXiv:2306.02556.

    Examples
    --------
    >>> from skmtl import RMTGBRegressor
    >>> from skmtl.datasets import make_task_groups
    >>> from skmtl.inspection import select_sources
    >>> X, Y = make_task_groups(
    ...     400, groups=(0, 0, 1, 1), missing=(0.8, 0, 0, 0), random_state=0
    ... )
    >>> model = RMTGBRegressor(n_rounds=50, n_bags=1, random_state=0)
    >>> select_sources(model, X, Y, "task_0", random_state=0).sources
    ['task_1']
    """
    table = read_tasks(estimator, X, Y, sample_weight)
    sources = [name for name in table.names if name != target]
    if target not in table.names or not sources:
        raise ValueError(
            f"target={target!r} must be one of several tasks; the tasks are {table.names}."
        )
    rng = check_random_state(random_state)
    splits = read_splits(table, cv, rng, task_column(estimator))
    held_out = HeldOut(estimator, table, splits, n_jobs)
    held_out.fit([(name,) for name in table.names])
    target_labels = held_out.target(target)
    if target_labels.values.shape[1] != 1:
        raise ValueError(
            f"The target {target!r} has {target_labels.values.shape[1]} unordered classes; "
            "sources can be selected for numbers, ordered classes or two classes."
        )
    parts = {name: held_out.served(name, target) for name in sources}
    rows = target_labels.weight > 0
    features = _standardised(np.hstack(list(parts.values())), target_labels.weight)
    labels = _standardised(target_labels.values, target_labels.weight)[:, 0]
    if rows.sum() < 2 * _N_FOLDS:
        raise ValueError(
            f"The target {target!r} has {rows.sum()} held-out labels; at least "
            f"{2 * _N_FOLDS} are needed to choose sources."
        )
    model = _sparse(features[rows], labels[rows], target_labels.weight[rows])
    numbers = model.predict(features)[:, None]
    centre, scale = _moments(target_labels.values, target_labels.weight)
    relevance = _by_source(model.coef_, parts)
    return SourceSelection(
        sources=relevance.index[relevance > 0].tolist(),
        relevance=relevance,
        penalty=float(model.alpha),
        error=target_labels.relative_error(centre + scale * numbers),
    )


def _sparse(features: np.ndarray, labels: np.ndarray, weight: np.ndarray) -> Lasso:
    """Fit the sparsest combination within one standard error of the best."""
    weight = weight / weight.mean()
    path = LassoCV(cv=_N_FOLDS, fit_intercept=True).fit(features, labels, sample_weight=weight)
    mean = path.mse_path_.mean(axis=1)
    best = int(mean.argmin())
    bound = mean[best] + path.mse_path_[best].std(ddof=1) / np.sqrt(_N_FOLDS)
    penalty = path.alphas_[mean <= bound].max()
    return Lasso(alpha=penalty).fit(features, labels, sample_weight=weight)


def _by_source(coefficients: np.ndarray, parts: dict[Hashable, np.ndarray]) -> pd.Series:
    """Return one number per source; for classes, the sum of the absolute coefficients."""
    ends = np.cumsum([part.shape[1] for part in parts.values()])
    by_source = np.split(coefficients, ends[:-1])
    values = [part[0] if len(part) == 1 else np.abs(part).sum() for part in by_source]
    relevance = pd.Series(values, index=pd.Index(parts, tupleize_cols=False), name="relevance")
    return relevance.iloc[np.argsort(-relevance.abs().to_numpy(), kind="stable")]


def _standardised(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    centre, scale = _moments(values, weight)
    return (values - centre) / scale


def _moments(values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weighted mean and standard deviation, which is 1 for a constant."""
    centre = np.average(values, axis=0, weights=weight)
    scale = np.sqrt(np.average((values - centre) ** 2, axis=0, weights=weight))
    return centre, np.where(scale > 0, scale, 1.0)
