"""Does sharing help? Compare joint training with separate models and with LightGBM."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.utils import check_random_state

from skmtl.metrics import MetricLike, check_metric, multitask_gain, read_metrics
from skmtl.sharing import (
    Run,
    Split,
    TaskTable,
    corrected_interval,
    read_splits,
    read_tasks,
    run_lightgbm,
    run_together,
    task_column,
)
from skmtl.tasks import Kind

_ROUNDING = 1e-10  # without sharing, the order of sums can still cause rounding differences
JOINT, ALONE, LIGHTGBM = "joint", "alone", "lightgbm"
# Baselines of the joint model: prefix of the columns, and names of the verdicts.
_COMPARISONS = {
    ALONE: ("", ("gains", "neutral", "hurts")),
    LIGHTGBM: ("lightgbm_", ("ahead", "level", "behind")),
}


@dataclass(frozen=True, eq=False, repr=False)
class TransferReport:
    """Result of `transfer_report`.

    It is printed as a table, in notebooks as an HTML table.

    Attributes
    ----------
    table : DataFrame, one row per task
        ``kind`` and ``metric``; the mean scores ``joint``, ``alone`` and ``lightgbm``;
        ``difference`` of joint and alone with the limits ``low`` and ``high`` of its interval and
        the ``verdict``; ``lightgbm_difference`` of joint and LightGBM with ``lightgbm_low``,
        ``lightgbm_high`` and ``lightgbm_verdict``. Higher scores are better. Sharing "gains" or
        "hurts" if the interval is above or below zero. If the interval contains zero, sharing is
        "neutral" if the interval is within the margin on both sides, and "unclear" if it is wider,
        so that the rows do not decide. Against LightGBM the verdicts are "ahead", "behind",
        "level" and "unclear". The verdict is "unknown" if there are fewer than two splits with a
        score.
    gain : Series
        Multi-task gain of the joint model over ``alone`` and over ``lightgbm``, in percent
        (:func:`skmtl.metrics.multitask_gain` of the mean scores); NaN where a baseline is 0.
    cost : DataFrame, one row per way to model
        ``n_models`` for all tasks, ``fit_seconds`` on the training rows of a split and
        ``size_bytes`` of the pickled models, both of all models together, mean over the splits.
    scores : DataFrame
        Every score: columns ``split``, ``model``, ``task``, ``score``.
    confidence : float
        Level of the intervals.

    See Also
    --------
    transfer_report : Computes the report.
    TransferReportDisplay : Plots the report.
    """

    table: pd.DataFrame
    gain: pd.Series
    cost: pd.DataFrame
    scores: pd.DataFrame
    confidence: float

    def __str__(self) -> str:
        lines = [self._shown().to_string(), "", self._gain_words(), "", self._costs().to_string()]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"{self._shown().to_html()}<p>{self._gain_words()}</p>{self._costs().to_html()}"

    def _shown(self) -> pd.DataFrame:
        """Format the table: three digits, intervals in one column."""
        interval = f"{100 * self.confidence:g} % interval"
        shown = self.table[["metric", JOINT, ALONE]].copy()
        shown["joint - alone"] = self.table["difference"].map(_signed)
        shown[interval] = _intervals(self.table, "low", "high")
        shown["sharing"] = self.table["verdict"]
        if LIGHTGBM in self.table:
            shown[LIGHTGBM] = self.table[LIGHTGBM]
            shown["joint - lightgbm"] = self.table["lightgbm_difference"].map(_signed)
            shown["against lightgbm"] = self.table["lightgbm_verdict"]
        numbers = [name for name in (JOINT, ALONE, LIGHTGBM) if name in shown]
        shown[numbers] = shown[numbers].map("{:.3f}".format)
        return shown

    def _gain_words(self) -> str:
        parts = [
            f"unknown over {name}" if np.isnan(gain) else f"{gain:+.1f} % over {name}"
            for name, gain in self.gain.items()
        ]
        return f"Multi-task gain of the joint model: {', '.join(parts)}."

    def _costs(self) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "models": self.cost["n_models"],
                "fit, seconds": self.cost["fit_seconds"].map("{:.2f}".format),
                "size, kB": (self.cost["size_bytes"] / 1000).map("{:,.0f}".format),
            }
        )


def transfer_report(
    estimator: Any,
    X: Any,
    Y: Any,
    *,
    cv: Any = 5,
    n_repeats: int = 2,
    groups: Any = None,
    sample_weight: Any = None,
    scoring: MetricLike = "auto",
    lightgbm: bool = True,
    confidence: float = 0.95,
    margin: float = 0.02,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> TransferReport:
    r"""Report for each task whether it gains from being learnt with the others.

    On the same splits, the estimator is fitted to all tasks, the same estimator to each task
    alone, and LightGBM to each task alone; their scores are compared in pairs.

    Parameters
    ----------
    estimator : estimator
        Any estimator of skmtl, alone or as the last step of a pipeline or within a search; or a
        multi-output estimator of scikit-learn. It is cloned, not fitted.
    X : table of shape (n_samples, n_features)
        As the estimator takes it. For long data it has the column named by the estimator's
        parameter `task_column`, and the tasks are the ids in this column.
    Y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)
        Labels, some of which may be missing; one column for long data.
    cv : int, splitter or iterable of (train, test), default=5
        An integer is the number of folds of
        :class:`skmtl.model_selection.MultiTaskStratifiedKFold`. If rows belong together, use a
        splitter that keeps them together, such as `GroupKFold`.
    n_repeats : int, default=2
        Number of times that the folds are drawn, if `cv` is a number; ignored for a splitter.
    groups : array of shape (n_samples,), optional
        Groups for the splitter; ignored if `cv` is a number.
    sample_weight : array of shape (n_samples,), optional
        Weights of the rows, in fitting and in scoring.
    scoring : str, scorer, callable, or mapping of task to one of these, default="auto"
        As `metric` in :mod:`skmtl.metrics`: R2 for numbers, accuracy for classes by default.
    lightgbm : bool, default=True
        Whether to compare with LightGBM: untuned, with early stopping on 15 % of the training rows
        (without early stopping if there are fewer than 40), and with the objective of the task's
        kind. For times to events and custom kinds, which LightGBM does not support, the columns
        are NaN.
    confidence : float, default=0.95
        Confidence level of the intervals, for a single task. If sharing has no effect, one of
        twenty tasks is expected to be outside its interval: use a higher level if there are many
        tasks.
    margin : float, default=0.02
        The largest difference that does not matter: sharing is neutral only if the interval is
        within the margin. For metrics whose best score is 1 (R2, accuracy, areas, concordance) it
        is a difference of scores; for others, such as ``"neg_..."`` errors and functions, it is a
        share of the score of the task alone.
    n_jobs : int or None, default=None
        Number of processes for the fits, as in joblib; None is 1. Several at a time make
        `fit_seconds` longer.
    random_state : int, RandomState or None, default=None
        Random state of the folds, and of the held-out rows of LightGBM. The estimator has its own.

    Returns
    -------
    TransferReport
        Its `table` has a row per task.

    Raises
    ------
    ValueError
        If there are fewer than two tasks, an argument is out of range, or the labels in the
        training rows of a split cannot be learnt from; the message names the task.

    See Also
    --------
    TransferReportDisplay : The differences as a plot.
    skmtl.GroupedTasks : Learns together only the tasks that should be.

    Notes
    -----
    The training rows of the splits overlap, so that the differences :math:`d_1, \ldots, d_J` of
    a task are correlated. The interval is that of the corrected resampled t-test,

    .. math:: \bar d \pm t_{J - 1} \sqrt{\Bigl(\frac{1}{J} +
        \frac{n_\text{test}}{n_\text{train}}\Bigr) s^2},

    with the standard deviation :math:`s` of the differences. Without the second term, the
    interval would be far too narrow.

    References
    ----------
    C. Nadeau, Y. Bengio, "Inference for the Generalization Error", Machine Learning 52 (2003),
    https://doi.org/10.1023/A:1024068626366.

    Examples
    --------
    A task with the opposite sign, and trees that all tasks must share:

    >>> from skmtl import RMTGBRegressor
    >>> from skmtl.datasets import make_task_groups
    >>> from skmtl.inspection import transfer_report
    >>> X, Y = make_task_groups(300, groups=(0, 0, 0), sign=(1, 1, -1), random_state=0)
    >>> model = RMTGBRegressor(blocks=("shared",), n_bags=1, random_state=0)
    >>> report = transfer_report(model, X, Y, cv=3, n_repeats=1, random_state=0)
    >>> report.table["verdict"].to_dict()
    {'task_0': 'hurts', 'task_1': 'hurts', 'task_2': 'hurts'}
    """
    check_metric(scoring)
    if not (isinstance(confidence, Real) and 0 < confidence < 1):
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence!r}.")
    if not (isinstance(margin, Real) and 0 <= margin < np.inf):
        raise ValueError(f"margin must be a number from 0, got {margin!r}.")
    table = read_tasks(estimator, X, Y, sample_weight)
    if len(table.names) < 2:
        raise ValueError(
            f"There is only one task, {table.names}: nothing is shared. Long data need an "
            "estimator whose parameter `task_column` names the column with the ids."
        )
    metrics = read_metrics(scoring, table.names)
    rng = check_random_state(random_state)
    splits = read_splits(table, cv, rng, task_column(estimator), n_repeats, groups)
    seed = rng.randint(2**31 - 1)
    runs = _all_runs(estimator, table, splits, scoring, lightgbm, n_jobs, seed)
    return _report(runs, table.names, metrics, splits, confidence, margin)


def _all_runs(
    estimator: Any,
    table: TaskTable,
    splits: list[Split],
    metric: MetricLike,
    with_lightgbm: bool,
    n_jobs: int | None,
    seed: int,
) -> dict[str, list[list[Run]]]:
    """Return the runs of each approach on each split."""
    parallel = Parallel(n_jobs=n_jobs)
    together = [
        delayed(run_together)(estimator, table, split, names, metric)
        for split in splits
        for names in (table.names, *([name] for name in table.names))
    ]
    done = _by_split(parallel(together), len(splits))
    runs = {JOINT: [own[:1] for own in done], ALONE: [own[1:] for own in done]}
    if with_lightgbm:
        kinds: dict[Hashable, Kind] = done[0][0].kinds
        alone = [
            delayed(run_lightgbm)(kinds[name], table, split, name, metric, seed)
            for split in splits
            for name in table.names
        ]
        runs[LIGHTGBM] = _by_split(parallel(alone), len(splits))
    return runs


def _by_split(runs: list[Run], n_splits: int) -> list[list[Run]]:
    size = len(runs) // n_splits
    return [runs[i * size : (i + 1) * size] for i in range(n_splits)]


def _report(
    runs: dict[str, list[list[Run]]],
    names: list[Hashable],
    metrics: Mapping[Hashable, Any],
    splits: list[Split],
    confidence: float,
    margin: float,
) -> TransferReport:
    scores = {
        model: pd.DataFrame([pd.concat([run.scores for run in repeats]) for repeats in by_split])[
            names
        ]
        for model, by_split in runs.items()
    }
    kinds = runs[JOINT][0][0].kinds
    test_share = float(np.mean([len(test) / len(train) for train, test in splits]))
    table = pd.DataFrame(
        {
            "kind": [kinds[name].name for name in names],
            "metric": [_metric_name(_chosen(metrics[name], kinds[name])) for name in names],
        },
        index=pd.Index(names, name="task", tupleize_cols=False),
    )
    for model, by_task in scores.items():
        table[model] = by_task.mean().to_numpy()
    for model, (prefix, words) in _COMPARISONS.items():
        if model in scores:
            differences = scores[JOINT] - scores[model]
            ends = [
                corrected_interval(differences[name].to_numpy(), test_share, confidence)
                for name in names
            ]
            columns = [prefix + name for name in ("difference", "low", "high")]
            table[columns] = np.array(ends)
            table[prefix + "verdict"] = [
                _verdict(low, high, words, margin * _unit(_chosen(metrics[n], kinds[n]), score))
                for n, (_, low, high), score in zip(names, ends, table[model], strict=True)
            ]
    return TransferReport(table, _gain(table), _cost(runs), _long_scores(scores), confidence)


def _verdict(low: float, high: float, words: tuple[str, str, str], margin: float) -> str:
    better, level, worse = words
    if np.isnan(low):
        return "unknown"
    if low > _ROUNDING or high < -_ROUNDING:
        return better if low > 0 else worse
    return level if max(-low, high) <= max(margin, _ROUNDING) else "unclear"


def _unit(metric: Any, score: float) -> float:
    """Return the unit of differences: 1 if 1 is the best score, otherwise the score alone."""
    best_is_one = isinstance(metric, str) and not metric.startswith("neg_")
    return 1.0 if best_is_one else abs(score)


def _chosen(metric: Any, kind: Kind) -> Any:
    return kind.default_metric if metric == "auto" else metric


def _metric_name(metric: Any) -> str:
    return metric if isinstance(metric, str) else getattr(metric, "__name__", repr(metric))


def _gain(table: pd.DataFrame) -> pd.Series:
    """Compute the gain over tasks that have both scores."""
    gains = {}
    for model in _COMPARISONS:
        if model in table:
            pair = table[[JOINT, model]].dropna()
            comparable = len(pair) > 0 and (pair[model] != 0).all()
            gains[model] = multitask_gain(pair[JOINT], pair[model]) if comparable else np.nan
    return pd.Series(gains, name="gain")


def _cost(runs: dict[str, list[list[Run]]]) -> pd.DataFrame:
    rows = {
        model: {
            "n_models": len(by_split[0]),
            "fit_seconds": np.mean([sum(run.fit_seconds for run in own) for own in by_split]),
            "size_bytes": np.mean([sum(run.size_bytes for run in own) for own in by_split]),
        }
        for model, by_split in runs.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _long_scores(scores: dict[str, pd.DataFrame]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"split": split, "model": model, "task": by_task.columns, "score": row})
        for model, by_task in scores.items()
        for split, row in enumerate(by_task.to_numpy())
    ]
    return pd.concat(parts, ignore_index=True)


def _intervals(table: pd.DataFrame, low: str, high: str) -> list[str]:
    ends = table[[low, high]].to_numpy()
    return ["" if np.isnan(a + b) else f"{_signed(a)} to {_signed(b)}" for a, b in ends]


def _signed(number: float) -> str:
    return "" if np.isnan(number) else f"{number:+.3f}"
