"""Score a data frame in memory, a few rows at a time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Literal, overload
from warnings import warn

import numpy as np
import pandas as pd

from skmtl.answers import fitted_model
from skmtl.scoring._columns import check_keep, feature_names, read_columns
from skmtl.scoring._drift import column_report, lost_columns, with_names
from skmtl.scoring._model import PathLike, open_model
from skmtl.scoring._outputs import Outputs, Times, renamed
from skmtl.tables import as_frame, sum_of_counts

# Number of cells of the table to score at a time: 64 MB for each copy.
_CELLS = 2**23
_LEAST_ROWS, _MOST_ROWS = 2**10, 2**17


def rows_at_a_time(batch_rows: int | None, n_columns: int) -> int:
    """Return the number of rows of a batch, by default so many that copies stay small."""
    if batch_rows is None:
        return min(max(_CELLS // max(n_columns, 1), _LEAST_ROWS), _MOST_ROWS)
    return whole_number("batch_rows", batch_rows)


def whole_number(name: str, value: Any) -> int:
    """Check a number of rows, which can be of any integer type."""
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not is_number or value % 1 or value < 1:
        raise ValueError(f"{name} must be a whole number from 1, got {value!r}.")
    return int(value)


@overload
def score_frame(
    model: Any | PathLike,
    df: Any,
    *,
    batch_rows: int | None = ...,
    columns: Sequence[Hashable] | None = ...,
    keep: Sequence[Hashable] = ...,
    proba: bool = ...,
    quantiles: bool = ...,
    times: Times | None = ...,
    report: Literal[False] = ...,
    horizons: Times | None = ...,
) -> pd.DataFrame: ...


@overload
def score_frame(
    model: Any | PathLike,
    df: Any,
    *,
    batch_rows: int | None = ...,
    columns: Sequence[Hashable] | None = ...,
    keep: Sequence[Hashable] = ...,
    proba: bool = ...,
    quantiles: bool = ...,
    times: Times | None = ...,
    report: Literal[True],
    horizons: Times | None = ...,
) -> tuple[pd.DataFrame, pd.DataFrame | None]: ...


def score_frame(
    model: Any | PathLike,
    df: Any,
    *,
    batch_rows: int | None = None,
    columns: Sequence[Hashable] | None = None,
    keep: Sequence[Hashable] = (),
    proba: bool = True,
    quantiles: bool = True,
    times: Times | None = None,
    report: bool = False,
    horizons: Times | None = None,
) -> pd.DataFrame | tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return everything that a model predicts for a table in memory, in one data frame.

    The model processes the rows only once. The names of the columns only depend on the model:

    ====================================  ===========================================
    ``{task}_prediction``                 the result of `predict`: a number, or a class
    ``{task}_share_{part}``               of a composition, the share of each part
    ``{task}_proba_{class}``              probability of each class
    ``{task}_step_{step}``                of a funnel, P(step) among all rows, and as
                                          ``{step}_given_{before}`` among those that took
                                          the step before
    ``{task}_quantile_{level}``           each quantile of a quantile task
    ``{event}_risk``                      the result of `predict` for a time to an event
    ``{event}_survival_{time}``           survival at each of the `times`
    ``{event}_risk_{cause}``              the risk of each of several competing causes
    ``{event}_incidence_{cause}_{time}``  and its incidence at each of the `times`
    ====================================  ===========================================

    Targets without names, from arrays, are called ``target_0`` and so on.

    Parameters
    ----------
    model : fitted estimator, or path
        An estimator of skmtl, alone or as the last step of a pipeline or a search; or a file
        that `skmtl.load` reads.
    df : table of shape (n_samples, n_columns)
        The columns may be in any order, and there may be additional ones. Those of sources that
        the model does not read (`with_sources`) may be missing.
    batch_rows : int, default=None
        Number of rows scored at a time. None means 131,072, or fewer for wide tables, so that the
        copies made while scoring have about 64 MB each.
    columns : sequence, default=None
        The columns that the model reads; None means those of `fit`, or, for a model that was
        fitted on data without names, all columns that are not in `keep`.
    keep : sequence, default=()
        Columns of `df` to copy in front of the outputs, such as ids.
    proba, quantiles : bool, default=True
        Whether to include probabilities and quantiles.
    times : sequence of float or mapping of event to one, default=None
        Times of the survival and incidence columns, for all events or by event; None for no such
        columns.
    report : bool, default=False
        Whether to also return counts of missing and unknown cells.
    horizons : sequence of float or mapping of event to one, default=None
        The old name of `times`.

    Returns
    -------
    scores : DataFrame of shape (n_samples, n_keep + n_outputs)
        With the index of `df`.
    columns : DataFrame of shape (n_features, 6), or None
        With ``report=True``, for each feature: the number of "missing" cells and of cells with an
        "unknown" category; their shares "missing_share" and "unknown_share"; and the shares
        "fit_missing_share" and "fit_unknown_share" in `fit`, where a category counts as unknown if
        it occurs in no other row. The last two are NaN for models of version 0.1.0. None if there
        are no rows, and for models that do not provide this information.

    Warns
    -----
    UserWarning
        If a column has lost all its values since `fit`, as in `predict`.
    FutureWarning
        If times are passed as `horizons`.

    Raises
    ------
    ValueError
        If columns are missing, if a time is beyond the follow-up, or if the model cannot score
        a row.

    See Also
    --------
    score_files : The same for files of any size.

    Examples
    --------
    >>> import pandas as pd
    >>> import skmtl
    >>> X = pd.DataFrame({"id": range(60), "size": [1.0, 2.0, 3.0] * 20})
    >>> Y = pd.DataFrame({"price": 10 * X["size"], "sold": X["size"] > 1})
    >>> model = skmtl.RMTGB(n_rounds=3, n_bags=1, random_state=0).fit(X[["size"]], Y)
    >>> scores = skmtl.score_frame(model, X, keep=["id"])
    >>> scores.columns.tolist()
    ['id', 'price_prediction', 'sold_prediction', 'sold_proba_False', 'sold_proba_True']
    >>> _, columns = skmtl.score_frame(model, X[:4].assign(size=[1, 2, None, None]), report=True)
    >>> columns[["missing", "missing_share", "fit_missing_share"]]
          missing  missing_share  fit_missing_share
    size        2            0.5                0.0
    """
    times = renamed(times, horizons)
    fitted = open_model(model)
    frame = as_frame(df, name="df", min_rows=0)
    outputs = Outputs(fitted, times=times, proba=proba, quantiles=quantiles)
    keep = check_keep(keep, list(outputs.columns))
    names = feature_names(fitted, columns, keep, frame.columns.tolist())
    features = read_columns(fitted, names)
    there = frame.columns.tolist()
    missing = [*features.lacking(there), *(name for name in keep if name not in there)]
    if missing:
        raise ValueError(f"df has no columns {missing[:5]}; its columns are {there[:20]}.")
    pairs = zip(names, features.labels, strict=True)
    labels = {name: label for name, label in pairs if name in there}
    together = fitted_model(fitted).reads_rows_together
    size = max(len(frame), 1) if together else rows_at_a_time(batch_rows, len(names))
    parts = []
    for start in range(0, max(len(frame), 1), size):
        rows = frame.iloc[start : start + size]
        parts.append(outputs.values(rows[list(labels)].set_axis(list(labels.values()), axis=1)))
    values = {
        name: np.concatenate([part.columns[name] for part in parts]) for name in outputs.columns
    }
    scores = pd.concat([frame[keep], pd.DataFrame(values, index=frame.index)], axis=1)
    counts = sum_of_counts(part.counts for part in parts)
    learnt = outputs.learnt_counts
    lost = lost_columns(counts, learnt)
    if lost is not None:
        warn(lost, stacklevel=2)
    if not report:
        return scores
    named = None if counts is None else with_names(counts, features)
    return scores, column_report(named, learnt)
