"""Held-out predictions for all rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sized
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.utils import _safe_indexing, check_consistent_length

from skmtl.answers import Answers, FittedModel, fitted_model_reading, index_of
from skmtl.model_selection._stratified import MultiTaskStratifiedKFold

Frames = dict[Hashable, pd.DataFrame]


def cross_val_predict(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    method: str = "predict",
    cv: Any = 5,
    groups: Any = None,
    params: Mapping[str, Any] | None = None,
    n_jobs: int | None = None,
) -> pd.DataFrame | Frames:
    """Predict every row with a model that was fitted on the other folds.

    Unlike scikit-learn's function it does not encode y. For probabilities, scikit-learn encodes y
    before `fit`, so that missing labels become a class, and numbers become ranks.

    Parameters
    ----------
    estimator : estimator
        An estimator of skmtl, or a multi-output one of scikit-learn, alone or inside searches and
        pipelines. It is cloned.
    X : table of shape (n_samples, n_features)
    y : labels of shape (n_samples,) or (n_samples, n_tasks)
        As in `fit` of the estimator, including missing labels.
    method : {"predict", "predict_proba", "predict_quantiles", "predict_steps"}, default="predict"
        What to predict.
    cv : int or splitter, default=5
        An integer is the number of folds of `MultiTaskStratifiedKFold` without shuffling.
    groups : array of shape (n_samples,), optional
        Groups for the splitter.
    params : dict, optional
        Further arguments of `fit`, such as ``{"sample_weight": weight}``. Those with an entry for
        each row are split like X.
    n_jobs : int, optional
        Number of folds fitted in parallel, as in joblib.

    Returns
    -------
    DataFrame of shape (n_samples, n_predictions), or dict of target to DataFrame
        Predictions by name, with the index of X. For probabilities there is a DataFrame for each
        target that has classes, with a column for each class; 0 for a class that was missing in
        the training rows of a fold. For quantiles there is a DataFrame for each target that has
        quantiles, with a column for each level; for steps one for each funnel.

    Raises
    ------
    ValueError
        If the method is unknown, if no target has what it predicts, or if the test sets of `cv`
        do not contain every row exactly once.

    See Also
    --------
    skmtl.metrics.score_tasks : Scores of the result.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl import RMTGB
    >>> from skmtl.model_selection import cross_val_predict
    >>> X = pd.DataFrame({"hour": np.arange(40.0)})
    >>> Y = pd.DataFrame({"late": np.where(X["hour"] > 20, "yes", "no")}).mask(X["hour"] == 9)
    >>> model = RMTGB(n_rounds=5, n_bags=1, random_state=0)
    >>> cross_val_predict(model, X, Y, method="predict_proba", cv=2)["late"].columns.tolist()
    ['no', 'yes']
    """
    if method not in _METHODS:
        raise ValueError(f"method must be one of {list(_METHODS)}, got {method!r}.")
    check_consistent_length(X, y, groups)
    splitter = MultiTaskStratifiedKFold(int(cv), shuffle=False) if isinstance(cv, Integral) else cv
    folds = list(splitter.split(X, y) if groups is None else splitter.split(X, y, groups))
    n_rows = len(X)
    order = np.concatenate([test for _, test in folds])
    if not np.array_equal(np.sort(order), np.arange(n_rows)):
        raise ValueError(
            "The test parts of cv must contain every row once, as those of KFold do. Use "
            "cross_validate for other splitters."
        )
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_fold)(estimator, X, y, dict(params or {}), train, test, method)
        for train, test in folds
    )
    back = np.argsort(order)
    index = index_of(X)
    frames = {
        name: _below([part[name] for part in parts if name in part]).iloc[back]
        for name in dict.fromkeys(name for part in parts for name in part)
    }
    if not frames:
        raise ValueError(
            f"method={method!r} has nothing to predict: no target has {_NEEDS[method]}. Set the "
            "kinds of targets with the parameter 'tasks' of the estimator, or use "
            "method='predict'."
        )
    for frame in frames.values():
        frame.index = pd.RangeIndex(n_rows) if index is None else index
    return frames[_ALL] if method == "predict" else frames


_ALL = "predictions"


def _fold(
    estimator: Any,
    X: Any,
    y: Any,
    params: dict[str, Any],
    train: np.ndarray,
    test: np.ndarray,
    method: str,
) -> Frames:
    """Fit on the training rows, and predict the test rows."""
    rows = {
        name: _safe_indexing(value, train) if _has_rows(value, len(X)) else value
        for name, value in params.items()
    }
    labels = _safe_indexing(y, train)
    fitted = clone(estimator).fit(_safe_indexing(X, train), labels, **rows)
    model, X_read = fitted_model_reading(fitted, _safe_indexing(X, test), labels)
    return dict(_METHODS[method](model, model.ask(X_read)))


def _has_rows(value: Any, n_rows: int) -> bool:
    return isinstance(value, Sized) and not isinstance(value, str) and len(value) == n_rows


def _predictions(model: FittedModel, answers: Answers) -> Iterator[tuple[Hashable, pd.DataFrame]]:
    columns = answers.predictions
    frame = pd.DataFrame(dict(enumerate(columns.values())))
    frame.columns = pd.Index(list(columns), tupleize_cols=False)
    yield _ALL, frame


def _probabilities(
    model: FittedModel, answers: Answers
) -> Iterator[tuple[Hashable, pd.DataFrame]]:
    for name, classes in model.classes.items():
        yield name, pd.DataFrame(answers.probabilities(name), columns=list(classes))


def _quantiles(model: FittedModel, answers: Answers) -> Iterator[tuple[Hashable, pd.DataFrame]]:
    for name, levels in model.levels.items():
        yield name, pd.DataFrame(answers.quantiles(name), columns=list(levels))


def _steps(model: FittedModel, answers: Answers) -> Iterator[tuple[Hashable, pd.DataFrame]]:
    for name, funnel in model.funnels.items():
        chances = funnel.probabilities(answers.probabilities(name))
        yield name, pd.DataFrame(chances, columns=list(funnel.names))


# What a target must have, for the methods that do not predict every target.
_NEEDS = {"predict_proba": "classes", "predict_quantiles": "quantiles", "predict_steps": "steps"}
_METHODS = {
    "predict": _predictions,
    "predict_proba": _probabilities,
    "predict_quantiles": _quantiles,
    "predict_steps": _steps,
}


def _below(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate frames, with the column order of the one with the most columns."""
    most = max(frames, key=lambda frame: frame.shape[1])
    additional = [name for frame in frames for name in frame.columns if name not in most.columns]
    columns = [*most.columns, *dict.fromkeys(additional)]
    aligned = [
        frame if list(frame.columns) == columns else frame.reindex(columns=columns, fill_value=0.0)
        for frame in frames
    ]
    return pd.concat(aligned, ignore_index=True)
