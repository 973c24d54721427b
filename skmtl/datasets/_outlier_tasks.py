"""Tasks that share a random function, and outlier tasks that share another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
import pandas as pd

from skmtl.datasets._checks import RandomState, check_sizes, generator, is_noise, is_size, per_task
from skmtl.datasets._fourier import FourierFunction, Mixture

_KINDS = ("regression", "binary")
_SCENARIOS = (1, 2, 3, 4)
_FIXED_WEIGHT = {1: 1.0, 2: 0.0}
_TASK = "task"


@dataclass(frozen=True, eq=False, repr=False)
class OutlierTasksTruth:
    """What `make_outlier_tasks` planted in a table.

    Attributes
    ----------
    outlier : Series of shape (n_tasks,), bool
        Whether each task is an outlier. All False except in scenario 4.
    signals : Series of shape (n_rows,)
        Noise-free value of each row of the table; `signal` returns that of any other row.
    common_weight : float
        Weight of the function that a task shares with others: 1 in scenario 1, 0 in scenario 2.
    noise : float
        Standard deviation of the noise, the root mean squared error of the true function.
    threshold : Series of shape (n_tasks,)
        Value above which a binary label is True; NaN for regression.
    features : list of str
        Names of the columns in the order in which the functions take them.
    functions : dict of str to callable
        By task, its noise-free function of an array of shape (n_rows, n_features).
    """

    outlier: pd.Series
    signals: pd.Series
    common_weight: float
    noise: float
    threshold: pd.Series
    features: Sequence[str]
    functions: Mapping[str, Mixture]

    def signal(self, X: pd.DataFrame) -> pd.Series:
        """Return the noise-free values of any rows, including new ones.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_features + 1)
            The columns returned by `make_outlier_tasks`, in any order.

        Returns
        -------
        Series of shape (n_rows,)
            With the index of X.

        Raises
        ------
        ValueError
            If a column is missing, or a task is unknown.
        """
        if absent := [name for name in [_TASK, *self.features] if name not in X]:
            raise ValueError(f"X lacks the columns {absent}; it has {list(X)}.")
        if unknown := sorted(set(X[_TASK].astype(str)) - set(self.functions)):
            raise ValueError(
                f"column {_TASK!r} of X holds {unknown}; the tasks that were made are "
                f"{list(self.functions)}."
            )
        return _signal(X, self.features, self.functions)


@overload
def make_outlier_tasks(
    n_samples: int | Sequence[int] = ...,
    n_features: int = ...,
    n_tasks: int = ...,
    n_outlier_tasks: int = ...,
    *,
    scenario: int = ...,
    kind: str = ...,
    common_weight: float = ...,
    noise: float = ...,
    length_scale: float | None = ...,
    n_fourier_features: int = ...,
    random_state: RandomState = ...,
    return_truth: Literal[False] = False,
) -> tuple[pd.DataFrame, pd.Series]: ...


@overload
def make_outlier_tasks(
    n_samples: int | Sequence[int] = ...,
    n_features: int = ...,
    n_tasks: int = ...,
    n_outlier_tasks: int = ...,
    *,
    scenario: int = ...,
    kind: str = ...,
    common_weight: float = ...,
    noise: float = ...,
    length_scale: float | None = ...,
    n_fourier_features: int = ...,
    random_state: RandomState = ...,
    return_truth: Literal[True],
) -> tuple[pd.DataFrame, pd.Series, OutlierTasksTruth]: ...


def make_outlier_tasks(
    n_samples: int | Sequence[int] = 300,
    n_features: int = 5,
    n_tasks: int = 10,
    n_outlier_tasks: int = 2,
    *,
    scenario: int = 4,
    kind: str = "regression",
    common_weight: float = 0.9,
    noise: float = 0.0,
    length_scale: float | None = None,
    n_fourier_features: int = 500,
    random_state: RandomState = None,
    return_truth: bool = False,
) -> tuple[pd.DataFrame, pd.Series] | tuple[pd.DataFrame, pd.Series, OutlierTasksTruth]:
    r"""Generate long data whose tasks share a function, except for a few outlier tasks.

    The features are uniform on :math:`[-1, 1]`. Task :math:`t` has the function

    .. math:: f_t(x) = w \, c_{g(t)}(x) + (1 - w) \, s_t(x),

    where :math:`c_g` is common to a group of tasks, :math:`s_t` belongs to the task and
    :math:`w` is the common weight. Each of these is a sum of random Fourier features,
    :math:`\sqrt{2 / m} \sum_{j=1}^m a_j \cos(\omega_j^\top x / \ell + b_j)`, with standard
    normal :math:`a_j` and :math:`\omega_j` and uniform :math:`b_j`: nearly a draw from a
    Gaussian process of variance 1 with a squared exponential kernel of length :math:`\ell`.

    ========  ==================  ============  ======================================
    scenario  groups              weight        what should predict best
    ========  ==================  ============  ======================================
    1         one                 1             one model for all tasks
    2         every task its own  0             one model per task
    3         one                 as given      multi-task learning
    4         ordinary, outlier   as given      multi-task learning that keeps them apart
    ========  ==================  ============  ======================================

    Parameters
    ----------
    n_samples : int or sequence of n_tasks int, default=300
        Number of rows of each task (300 for training in the paper).
    n_features : int, default=5
        Number of features besides the task column.
    n_tasks : int, default=10
        Number of tasks.
    n_outlier_tasks : int, default=2
        Number of outlier tasks in scenario 4, fewer than half of the tasks. Which ones they are
        is random. The other scenarios have none.
    scenario : {1, 2, 3, 4}, default=4
        What the tasks share. With the same `random_state`, the features and functions of all
        scenarios are the same.
    kind : {"regression", "binary"}, default="regression"
        A binary label is True if the noisy value is above the median of the rows of all tasks that
        share a common function, so that both classes are equally frequent.
    common_weight : float, default=0.9
        Weight :math:`w` in scenarios 3 and 4, from 0 to 1.
    noise : float, default=0.0
        Standard deviation of Gaussian noise on the values. The values have a variance of about
        ``w ** 2 + (1 - w) ** 2``. None in the paper.
    length_scale : float or None, default=None
        Length :math:`\ell` over which the functions vary. None is a quarter of `n_features`, as
        in the paper: more features would make the functions harder to learn otherwise.
    n_fourier_features : int, default=500
        Number :math:`m` of cosines in a function.
    random_state : int, RandomState instance or None, default=None
        Seed. None takes fresh entropy from the system; the global random state is never used.
    return_truth : bool, default=False
        Also return the truth behind the table.

    Returns
    -------
    X : DataFrame of shape (sum of n_samples, n_features + 1)
        Column ``task`` (category: ``task_0``, ``task_1``, ...) and the features ``x_0``,
        ``x_1``, ... The rows are sorted by task and independent within a task.
    y : Series of shape (sum of n_samples,)
        Labels, float64 for regression and bool for binary ones.
    truth : OutlierTasksTruth
        If `return_truth`. Its method ``signal`` returns the noise-free value of any row.

    Raises
    ------
    ValueError
        If a number, the scenario or the kind is out of range.

    Notes
    -----
    This differs from the published generator in two ways:

    - In the published generator the outlier tasks are the last ones, so that the order reveals
      them.
    - Its binary labels are signs, and whole data sets are redrawn until each class has 10 % of the
      rows of every task. With a median the classes are balanced from the start.

    References
    ----------
    S. Emami, G. Martínez-Muñoz, D. Hernández-Lobato, "Robust Multi-Task Gradient Boosting",
    arXiv:2507.11411 (section on synthetic data).

    A. Rahimi, B. Recht, "Random Features for Large-Scale Kernel Machines", NeurIPS 2007.

    Examples
    --------
    >>> from skmtl.datasets import make_outlier_tasks
    >>> X, y, truth = make_outlier_tasks(random_state=0, return_truth=True)
    >>> X.shape
    (3000, 6)
    >>> truth.outlier[truth.outlier].index.tolist()
    ['task_2', 'task_8']

    Training and test rows are parts of one table:

    >>> X, y = make_outlier_tasks(n_samples=1300, random_state=0)
    >>> is_train = X.groupby("task", observed=True).cumcount() < 300
    >>> X[is_train].shape, X[~is_train].shape
    ((3000, 6), (10000, 6))
    """
    check_sizes(n_features=n_features, n_tasks=n_tasks, n_fourier_features=n_fourier_features)
    sizes = per_task("n_samples", n_samples, n_tasks, is_size, "an integer from 1")
    _check_choices(scenario, kind)
    _check_numbers(common_weight, noise, length_scale)
    _check_outliers(scenario, n_outlier_tasks, n_tasks)
    rng = generator(random_state)

    features, index = _names("x", n_features), pd.Index(_names("task", n_tasks), name=_TASK)
    # The random draws do not depend on the scenario, so scenarios with the same seed are
    # comparable.
    unlike = np.isin(np.arange(n_tasks), rng.permutation(n_tasks)[:n_outlier_tasks])
    outlier = pd.Series(unlike & (scenario == 4), index=index, name="outlier")
    length = n_features / 4 if length_scale is None else length_scale
    drawn = [
        FourierFunction.draw(n_features, n_fourier_features, length, rng)
        for _ in range(n_tasks + 2)
    ]
    weight = _FIXED_WEIGHT.get(scenario, float(common_weight))
    functions = _mixtures(outlier, drawn[0], drawn[1], drawn[2:], weight)

    X = pd.DataFrame(rng.uniform(-1.0, 1.0, (sum(sizes), n_features)), columns=features)
    of_rows = pd.Categorical(np.repeat(index, sizes), categories=index)
    X.insert(0, _TASK, pd.Series(of_rows, index=X.index))
    signals = _signal(X, features, functions)
    y = (signals + noise * rng.standard_normal(len(X))).rename("y")
    threshold = pd.Series(np.nan, index=index, name="threshold")
    if kind == "binary":
        group = pd.Series(index, index=index) if scenario == 2 else outlier
        threshold = _medians(y, X[_TASK], group).rename("threshold")
        y = y > X[_TASK].map(threshold).astype(float)
    if not return_truth:
        return X, y
    truth = OutlierTasksTruth(
        outlier=outlier,
        signals=signals,
        common_weight=weight,
        noise=float(noise),
        threshold=threshold,
        features=features,
        functions=functions,
    )
    return X, y, truth


def _mixtures(
    outlier: pd.Series,
    ordinary: FourierFunction,
    unlike: FourierFunction,
    specific: Sequence[FourierFunction],
    weight: float,
) -> dict[str, Mixture]:
    """Return the function of each task: the part of its group plus a task-specific part."""
    return {
        str(task): Mixture(unlike if is_outlier else ordinary, own, weight)
        for (task, is_outlier), own in zip(outlier.items(), specific, strict=True)
    }


def _names(stem: str, n: int) -> list[str]:
    return [f"{stem}_{i}" for i in range(n)]


def _signal(
    X: pd.DataFrame, features: Sequence[str], functions: Mapping[str, Mixture]
) -> pd.Series:
    """Evaluate the function of each row's task."""
    x, tasks = X[list(features)].to_numpy(dtype=np.float64), X[_TASK].astype(str).to_numpy()
    values = np.empty(len(x))
    for task, function in functions.items():
        rows = tasks == task
        values[rows] = function(x[rows])
    return pd.Series(values, index=X.index, name="signal")


def _medians(values: pd.Series, tasks: pd.Series, group: pd.Series) -> pd.Series:
    """Return, for each task, the median value over all rows of its group of tasks."""
    return group.map(values.groupby(tasks.astype(object).map(group)).median())


def _check_choices(scenario: Any, kind: Any) -> None:
    for name, value, known in (("scenario", scenario, _SCENARIOS), ("kind", kind, _KINDS)):
        if value not in known:
            raise ValueError(f"{name} must be one of {known}, got {value!r}.")


def _check_numbers(common_weight: Any, noise: Any, length_scale: Any) -> None:
    if not is_noise(common_weight) or common_weight > 1:
        raise ValueError(f"common_weight must be a number from 0 to 1, got {common_weight!r}.")
    if not is_noise(noise):
        raise ValueError(f"noise must be a finite number from 0, got {noise!r}.")
    if length_scale is not None and (not is_noise(length_scale) or length_scale == 0):
        raise ValueError(
            f"length_scale must be a finite number above 0 or None, got {length_scale!r}."
        )


def _check_outliers(scenario: int, n_outlier_tasks: Any, n_tasks: int) -> None:
    if not (n_outlier_tasks == 0 or is_size(n_outlier_tasks)):
        raise ValueError(f"n_outlier_tasks must be an integer from 0, got {n_outlier_tasks!r}.")
    if scenario == 4 and 2 * n_outlier_tasks >= n_tasks:
        raise ValueError(
            f"n_outlier_tasks={n_outlier_tasks} is not fewer than half of n_tasks={n_tasks}: the "
            f"outlier tasks would be the ordinary ones. Choose fewer outlier tasks or more tasks."
        )
