"""Scorers of several tasks for GridSearchCV and cross_validate."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Self

import pandas as pd
from sklearn.utils.metadata_routing import MetadataRequest

from skmtl.metrics._models import read_model, read_scored
from skmtl.metrics._scores import score_each
from skmtl.metrics._sklearn import MetricLike, check_metric

_AVERAGES: dict[str, Callable[[pd.Series], float]] = {
    "mean": pd.Series.mean,
    "median": pd.Series.median,
    "min": pd.Series.min,
}


def make_multitask_scorer(
    metric: MetricLike = "auto", *, task: Hashable | None = None, average: str = "mean"
) -> MultitaskScorer:
    """Make a scorer that summarises several tasks in one number.

    Unlike scikit-learn's own scorers it supports missing labels and tasks of different kinds.

    Parameters
    ----------
    metric : str, scorer, callable, or mapping of task to one of these, default="auto"
        See :mod:`skmtl.metrics`. Scores that are averaged should have a common scale.
    task : hashable, optional
        Only score this task. By default all tasks are scored. A funnel or a composition is scored
        as a whole by its name, and one of its parts by the pair (task, part).
    average : {"mean", "median", "min"}, default="mean"
        How the tasks' scores are combined; "min" is the score of the worst task. Tasks with the
        score NaN, because no scored row has a label, are left out.

    Returns
    -------
    callable
        ``scorer(estimator, X, y, sample_weight=None) -> float``, higher is better.

    Raises
    ------
    ValueError
        If the metric or the average is unknown. The scorer raises an error that names the task if
        a metric is not suitable for it.

    See Also
    --------
    task_scorers : One number per task.

    Notes
    -----
    Works with every estimator of skmtl, also inside Pipeline and GridSearchCV, and with
    scikit-learn's multi-output estimators, whose tasks are named by the columns of y. The
    estimator predicts once for all tasks. For a survival estimator, the tasks are its events, or
    the numbers of the competing causes, each of which treats the others as censoring;
    `skmtl.survival.survival_scorer` scores whole curves.

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skmtl.metrics import make_multitask_scorer
    >>> X, Y = load_linnerud(return_X_y=True, as_frame=True)
    >>> scorer = make_multitask_scorer("neg_mean_absolute_error")
    >>> search = GridSearchCV(Ridge(), {"alpha": [1, 100, 1e4]}, scoring=scorer, cv=3)
    >>> search.fit(X, Y).best_params_
    {'alpha': 10000.0}
    """
    return MultitaskScorer(metric, task, average)


def task_scorers(metric: MetricLike = "auto", *, average: str = "mean") -> TaskScorers:
    """Make a scorer that returns one score per task and their average.

    Parameters
    ----------
    metric : str, scorer, callable, or mapping of task to one of these, default="auto"
        See :mod:`skmtl.metrics`.
    average : {"mean", "median", "min"}, default="mean"
        Which average to add under its own name, for ``refit="mean"``.

    Returns
    -------
    callable
        ``scorer(estimator, X, y, sample_weight=None) -> dict`` of task name to float, including
        the average. Names are converted to text, since `cv_results_` has keys
        ``mean_test_<name>``.

    Raises
    ------
    ValueError
        If the metric or the average is unknown. The scorer raises an error if a task has the name
        of the average.

    See Also
    --------
    make_multitask_scorer : One number.

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import cross_validate
    >>> from skmtl.metrics import task_scorers
    >>> X, Y = load_linnerud(return_X_y=True, as_frame=True)
    >>> results = cross_validate(Ridge(1e4), X, Y, scoring=task_scorers(), cv=3)
    >>> sorted(key for key in results if key.startswith("test_"))
    ['test_Pulse', 'test_Waist', 'test_Weight', 'test_mean']
    """
    return TaskScorers(metric, average)


class _Scorer:
    """Common parts of both scorers: settings, repr and the request for sample weights."""

    def __init__(self, metric: MetricLike, average: str) -> None:
        check_metric(metric)
        if average not in _AVERAGES:
            raise ValueError(f"Unknown average {average!r}; choose from {list(_AVERAGES)}.")
        self.metric = metric
        self.average = average
        self._weight_request: bool | str | None = None

    def set_score_request(self, *, sample_weight: bool | str | None) -> Self:
        """Request sample weights if metadata routing is enabled, as sklearn's scorers do."""
        self._weight_request = sample_weight
        return self

    def get_metadata_routing(self) -> MetadataRequest:
        """The scorer's metadata request."""
        request = MetadataRequest(owner=self)
        request.score.add_request(param="sample_weight", alias=self._weight_request)
        return request

    def _scores(
        self, estimator: Any, X: Any, y: Any, sample_weight: Any, only: Hashable | None = None
    ) -> pd.Series:
        tasks = read_scored(estimator, X, y)
        if any(task.target == only for task in tasks.values() if only is not None):
            tasks = read_model(estimator, X, y)
        if only is not None and only not in tasks:
            raise ValueError(f"y has no task {only!r}; its tasks are {list(tasks)}.")
        return score_each(tasks, self.metric, sample_weight, only=only)

    def _arguments(self) -> dict[str, tuple[Any, Any]]:
        return {"metric": (self.metric, "auto"), "average": (self.average, "mean")}

    def _repr(self, function: str) -> str:
        shown = [
            f"{name}={getattr(value, '__name__', repr(value))}"
            for name, (value, default) in self._arguments().items()
            if value is not default and value != default
        ]
        return f"{function}({', '.join(shown)})"


class MultitaskScorer(_Scorer):
    """The scorer returned by :func:`make_multitask_scorer`."""

    def __init__(self, metric: MetricLike, task: Hashable | None, average: str) -> None:
        super().__init__(metric, average)
        self.task = task

    def __call__(self, estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score a fitted estimator on X and y; missing labels are left out."""
        scores = self._scores(estimator, X, y, sample_weight, only=self.task)
        return float(_AVERAGES[self.average](scores))

    def __repr__(self) -> str:
        return self._repr("make_multitask_scorer")

    def _arguments(self) -> dict[str, tuple[Any, Any]]:
        return super()._arguments() | {"task": (self.task, None)}


class TaskScorers(_Scorer):
    """The scorer returned by :func:`task_scorers`."""

    def __call__(
        self, estimator: Any, X: Any, y: Any, sample_weight: Any = None
    ) -> dict[str, float]:
        """Score a fitted estimator on X and y; missing labels are left out."""
        scores = self._scores(estimator, X, y, sample_weight)
        by_name = {str(name): float(score) for name, score in scores.items()}
        if self.average in by_name:
            raise ValueError(
                f"A task is called {self.average!r}, which is the name of the average. Rename the "
                f"task, or choose another average from {list(_AVERAGES)}."
            )
        return by_name | {self.average: float(_AVERAGES[self.average](scores))}

    def __repr__(self) -> str:
        return self._repr("task_scorers")
