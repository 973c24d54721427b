"""Items judged by raters of known severity."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Literal, overload

import numpy as np
import pandas as pd
from scipy.special import expit

from skmtl.datasets._checks import RandomState, check_sizes, generator, is_noise

# Distance between the thresholds of a question, in logits.
_STEP = 1.0


@dataclass(frozen=True, eq=False, repr=False)
class RatingsTruth:
    """What `make_ratings` planted in a table, in logits.

    Attributes
    ----------
    measure : Series by item
    severity : Series by rater
        Severities, which sum to zero.
    difficulty : Series by question
        Mean of the thresholds of each question.
    """

    measure: pd.Series
    severity: pd.Series
    difficulty: pd.Series


@overload
def make_ratings(
    n_items: int = ...,
    n_features: int = ...,
    *,
    n_raters: int = ...,
    n_questions: int = ...,
    n_levels: int = ...,
    ratings_per_item: int = ...,
    explained: float = ...,
    severity_scale: float = ...,
    selection: float = ...,
    random_state: RandomState = ...,
    return_truth: Literal[False] = False,
) -> tuple[pd.DataFrame, pd.DataFrame]: ...


@overload
def make_ratings(
    n_items: int = ...,
    n_features: int = ...,
    *,
    n_raters: int = ...,
    n_questions: int = ...,
    n_levels: int = ...,
    ratings_per_item: int = ...,
    explained: float = ...,
    severity_scale: float = ...,
    selection: float = ...,
    random_state: RandomState = ...,
    return_truth: Literal[True],
) -> tuple[pd.DataFrame, pd.DataFrame, RatingsTruth]: ...


def make_ratings(
    n_items: int = 500,
    n_features: int = 5,
    *,
    n_raters: int = 20,
    n_questions: int = 4,
    n_levels: int = 5,
    ratings_per_item: int = 3,
    explained: float = 0.8,
    severity_scale: float = 0.8,
    selection: float = 0.0,
    random_state: RandomState = None,
    return_truth: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame] | tuple[pd.DataFrame, pd.DataFrame, RatingsTruth]:
    r"""Generate a table of items that were judged by raters of different severity.

    The probability of a level above k is :math:`\sigma(\theta - \xi - \tau_k)`, with the measure
    :math:`\theta` of the item, which has variance 1, the severity :math:`\xi` of the rater and a
    threshold :math:`\tau_k` of the question.

    Parameters
    ----------
    n_items : int, default=500
    n_features : int, default=5
    n_raters : int, default=20
    n_questions : int, default=4
    n_levels : int, default=5
        Number of levels of every question.
    ratings_per_item : int, default=3
        Number of raters of each item, at most `n_raters`.
    explained : float, default=0.8
        Share of the variance of the measure, from 0 to 1, that is a linear function of the
        features.
    severity_scale : float, default=0.8
        Standard deviation of the severities.
    selection : float, default=0.0
        How strongly raters choose their items: rater r is drawn for item i with a weight of
        :math:`e^{\text{selection} \, \xi_r \theta_i}`. With a positive number, severe raters judge
        items with a high measure.
    random_state : int, RandomState or None, default=None
    return_truth : bool, default=False
        Whether to also return the truth.

    Returns
    -------
    X : DataFrame of shape (n_items * ratings_per_item, n_features + 2)
        "item", "rater" and standard normal features ``x_0``, ``x_1``, ... of the item.
    Y : DataFrame of shape (n_items * ratings_per_item, n_questions)
        Levels from 0.
    truth : RatingsTruth
        With ``return_truth=True``.

    Examples
    --------
    >>> from skmtl.datasets import make_ratings
    >>> X, Y = make_ratings(100, 2, random_state=0)
    >>> X.columns.tolist(), Y.shape
    (['item', 'rater', 'x_0', 'x_1'], (300, 4))
    """
    check_sizes(
        n_items=n_items,
        n_features=n_features,
        n_raters=n_raters,
        n_questions=n_questions,
        n_levels=n_levels,
        ratings_per_item=ratings_per_item,
    )
    if n_raters < 2 or n_levels < 2:
        raise ValueError(
            f"n_raters and n_levels must be at least 2, got {n_raters!r} and {n_levels!r}."
        )
    if ratings_per_item > n_raters:
        raise ValueError(
            f"ratings_per_item must be at most n_raters={n_raters}, got {ratings_per_item!r}."
        )
    if not (isinstance(explained, Real) and 0 <= explained <= 1):
        raise ValueError(f"explained must lie between 0 and 1, got {explained!r}.")
    if not is_noise(severity_scale):
        raise ValueError(f"severity_scale must be from 0, got {severity_scale!r}.")
    rng = generator(random_state)
    x = rng.standard_normal((n_items, n_features))
    slope = rng.standard_normal(n_features)
    line = x @ (slope / np.linalg.norm(slope))
    noise = rng.standard_normal(n_items)
    measure = np.sqrt(explained) * line + np.sqrt(1 - explained) * noise
    severity = rng.standard_normal(n_raters) * severity_scale
    severity -= severity.mean()
    difficulty = rng.standard_normal(n_questions)
    steps = _STEP * (np.arange(n_levels - 1) - (n_levels - 2) / 2)
    thresholds = difficulty[:, None] + steps

    # Taking the largest log weights with Gumbel noise samples without replacement.
    preference = selection * np.outer(measure, severity) + rng.gumbel(size=(n_items, n_raters))
    rater = np.argsort(-preference, axis=1)[:, :ratings_per_item].ravel()
    item = np.repeat(np.arange(n_items), ratings_per_item)
    location = measure[item] - severity[rater]
    higher = expit(location[:, None, None] - thresholds)
    levels = (rng.random_sample((len(item), n_questions, 1)) < higher).sum(axis=2)

    features = {f"x_{j}": x[item, j] for j in range(n_features)}
    X = pd.DataFrame({"item": item, "rater": rater} | features)
    questions = [f"question_{q}" for q in range(n_questions)]
    Y = pd.DataFrame(levels, columns=questions)
    if not return_truth:
        return X, Y
    truth = RatingsTruth(
        pd.Series(measure, pd.RangeIndex(n_items, name="item"), name="measure"),
        pd.Series(severity, pd.RangeIndex(n_raters, name="rater"), name="severity"),
        pd.Series(difficulty, pd.Index(questions, name="question"), name="difficulty"),
    )
    return X, Y, truth
