"""Tasks in groups that share a function, with tasks for which sharing should hurt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
import pandas as pd

from skmtl.datasets._checks import RandomState, check_sizes, generator, is_noise, per_task
from skmtl.datasets._fourier import FourierFunction

_KINDS, _LAYOUTS = ("regression", "binary"), ("wide", "long")
_TASK = "task"
_N_COSINES = 300
_N_POINTS = 2000  # points used to make the functions uncorrelated


@dataclass(frozen=True, eq=False, repr=False)
class TaskGroupsTruth:
    """What `make_task_groups` planted in a table.

    Attributes
    ----------
    group : Series of shape (n_tasks,)
        Number of the group of each task.
    sign : Series of shape (n_tasks,)
        -1 for an adversarial task, which follows the opposite of its group's function, else 1.
    groups : list of list of str
        Tasks that belong together: those of one group and one sign.
    signals : DataFrame of shape (n_rows, n_tasks) or Series of shape (n_rows,)
        Noise-free values, before scaling or thresholding. A Series for long data.
    noise : Series of shape (n_tasks,)
        Standard deviation of the noise; that of the signal is about 1.
    """

    group: pd.Series
    sign: pd.Series
    groups: list[list[str]]
    signals: pd.DataFrame | pd.Series
    noise: pd.Series


@overload
def make_task_groups(
    n_samples: int = ...,
    n_features: int = ...,
    groups: Sequence[int] = ...,
    *,
    layout: str = ...,
    kind: str | Sequence[str] = ...,
    sign: int | Sequence[int] = ...,
    common_weight: float = ...,
    noise: float | Sequence[float] = ...,
    scale: float | Sequence[float] = ...,
    missing: float | Sequence[float] = ...,
    length_scale: float | None = ...,
    random_state: RandomState = ...,
    return_truth: Literal[False] = False,
) -> tuple[pd.DataFrame, pd.DataFrame | pd.Series]: ...


@overload
def make_task_groups(
    n_samples: int = ...,
    n_features: int = ...,
    groups: Sequence[int] = ...,
    *,
    layout: str = ...,
    kind: str | Sequence[str] = ...,
    sign: int | Sequence[int] = ...,
    common_weight: float = ...,
    noise: float | Sequence[float] = ...,
    scale: float | Sequence[float] = ...,
    missing: float | Sequence[float] = ...,
    length_scale: float | None = ...,
    random_state: RandomState = ...,
    return_truth: Literal[True],
) -> tuple[pd.DataFrame, pd.DataFrame | pd.Series, TaskGroupsTruth]: ...


def make_task_groups(
    n_samples: int = 500,
    n_features: int = 5,
    groups: Sequence[int] = (0, 0, 0, 1, 1, 1),
    *,
    layout: str = "wide",
    kind: str | Sequence[str] = "regression",
    sign: int | Sequence[int] = 1,
    common_weight: float = 0.9,
    noise: float | Sequence[float] = 0.5,
    scale: float | Sequence[float] = 1.0,
    missing: float | Sequence[float] = 0.0,
    length_scale: float | None = None,
    random_state: RandomState = None,
    return_truth: bool = False,
) -> (
    tuple[pd.DataFrame, pd.DataFrame | pd.Series]
    | tuple[pd.DataFrame, pd.DataFrame | pd.Series, TaskGroupsTruth]
):
    r"""Generate tasks that only have something in common within groups.

    The features are uniform on :math:`[-1, 1]`. Task :math:`t` of group :math:`g` has the values

    .. math:: c_t \, \bigl( \pm \, [w \, f_g(x) + \sqrt{1 - w^2} \, h_t(x)]
        + \sigma_t \, \varepsilon \bigr)

    with one smooth random function :math:`f_g` for each group and one :math:`h_t` for each task,
    a sign, a scale :math:`c_t` and standard normal noise. The functions are random Fourier
    features, made uncorrelated and of mean 0 and variance 1. So the signals of two tasks of a
    group have the correlation :math:`w^2` (with the product of their signs) and those of others 0.

    The difficulties of sharing can be planted: groups, an adversarial task (``sign=-1``), an easy
    task among hard ones (`noise`), labels on different scales (`scale`) and few labels
    (`missing`).

    Parameters
    ----------
    n_samples : int, default=500
        Number of rows; of each task in long data.
    n_features : int, default=5
        Number of features.
    groups : sequence of int, default=(0, 0, 0, 1, 1, 1)
        Number of the group of each task; its length is the number of tasks.
    layout : {"wide", "long"}, default="wide"
        Tasks as columns of Y, or as a column ``task`` of X.
    kind : {"regression", "binary"} or a sequence by task, default="regression"
        A binary label is True if the noisy value is positive.
    sign : {1, -1} or a sequence by task, default=1
        -1 for tasks that follow the opposite of their group's function.
    common_weight : float, default=0.9
        Weight :math:`w` of the group's function, from 0 to 1.
    noise : float or a sequence by task, default=0.5
        Standard deviation :math:`\sigma_t`; the best R2 is :math:`1 / (1 + \sigma_t^2)`.
    scale : float or a sequence by task, default=1.0
        Factor :math:`c_t` of regression labels.
    missing : float or a sequence by task, default=0.0
        Share of the labels that are missing at random; of the rows in long data.
    length_scale : float or None, default=None
        Length over which the functions vary. None is half of `n_features`, so smooth that a few
        hundred rows are enough to learn them; smaller lengths are harder.
    random_state : int, RandomState instance or None, default=None
        Seed. None takes fresh entropy; the global random state is never used.
    return_truth : bool, default=False
        Also return the truth behind the table.

    Returns
    -------
    X : DataFrame of shape (n_samples, n_features)
        Columns ``x_0``, ``x_1``, ...; for long data the category ``task`` first, with
        ``n_samples`` rows per task.
    Y : DataFrame of shape (n_samples, n_tasks) or Series of shape (n_rows,)
        Columns ``task_0``, ``task_1``, ...; for long data one Series ``y``.
    truth : TaskGroupsTruth
        If `return_truth`.

    Raises
    ------
    ValueError
        If a parameter is invalid, or if kinds are mixed in long data.

    Examples
    --------
    >>> from skmtl.datasets import make_task_groups
    >>> X, Y, truth = make_task_groups(
    ...     groups=(0, 0, 0, 1), sign=(1, 1, -1, 1), random_state=0, return_truth=True
    ... )
    >>> truth.groups
    [['task_0', 'task_1'], ['task_2'], ['task_3']]
    >>> Y.corr().round(1).loc["task_0"].to_dict()
    {'task_0': 1.0, 'task_1': 0.7, 'task_2': -0.7, 'task_3': 0.0}
    """
    check_sizes(n_samples=n_samples, n_features=n_features)
    _check_choices(groups, layout, common_weight, length_scale)
    tasks = _settings(groups, kind, sign, noise, scale, missing)
    if layout == "long" and tasks["kind"].nunique() > 1:
        raise ValueError("kind must be one for all tasks of long data, which have one column y.")
    rng = generator(random_state)
    length = n_features / 2 if length_scale is None else length_scale
    is_long = layout == "long"
    x = rng.uniform(-1.0, 1.0, (len(tasks) if is_long else 1, n_samples, n_features))
    errors = rng.standard_normal((n_samples, len(tasks))) * tasks["noise"].to_numpy()
    hidden = rng.uniform(size=(n_samples, len(tasks))) < tasks["missing"].to_numpy()
    signals = _signals(tasks, x, common_weight, length, rng)
    Y = (signals + errors) * tasks["scale"].to_numpy()
    for name in tasks.index[tasks["kind"] == "binary"]:
        Y[name] = Y[name] > 0
    X = pd.DataFrame(x.reshape(-1, n_features), columns=[f"x_{i}" for i in range(n_features)])
    if is_long:
        is_observed = ~hidden.T.ravel()
        ids = pd.Categorical(np.repeat(tasks.index, n_samples), categories=tasks.index)
        X.insert(0, _TASK, pd.Series(ids))
        X, labels, signal = (  # type: ignore[assignment]
            part[is_observed].reset_index(drop=True)
            for part in (X, _stacked(Y, "y"), _stacked(signals, "signal"))
        )
    else:
        labels, signal = Y.mask(hidden) if hidden.any() else Y, signals
    if not return_truth:
        return X, labels
    together = tasks.groupby(["group", "sign"], sort=False).groups.values()
    truth = TaskGroupsTruth(
        group=tasks["group"],
        sign=tasks["sign"],
        groups=[list(names) for names in together],
        signals=signal,
        noise=tasks["noise"],
    )
    return X, labels, truth


def _settings(groups: Sequence[int], *values: Any) -> pd.DataFrame:
    """Return the parameters of the tasks, one row per task."""
    n = len(groups)
    kind, sign, noise, scale, missing = values
    index = pd.Index([f"task_{t}" for t in range(n)])
    table = {
        "group": list(groups),
        "kind": per_task("kind", kind, n, lambda v: v in _KINDS, f"one of {_KINDS}"),
        "sign": per_task("sign", sign, n, lambda v: v in (1, -1), "1 or -1"),
        "noise": per_task("noise", noise, n, is_noise, "a finite number from 0"),
        "scale": per_task("scale", scale, n, lambda v: is_noise(v) and v > 0, "a number above 0"),
        "missing": per_task(
            "missing", missing, n, lambda v: is_noise(v) and v < 1, "a share from 0, below 1"
        ),
    }
    return pd.DataFrame(table, index=index)


def _signals(
    tasks: pd.DataFrame, x: np.ndarray, weight: float, length: float, rng: np.random.RandomState
) -> pd.DataFrame:
    """Evaluate every task's function, at separate or at common rows.

    x has the shape (n_tasks or 1, n_samples, n_features).
    """
    groups = sorted(set(tasks["group"]))
    functions = [
        FourierFunction.draw(x.shape[-1], _N_COSINES, length, rng)
        for _ in range(len(groups) + len(tasks))
    ]

    def values(rows: np.ndarray) -> np.ndarray:
        return np.column_stack([function(rows) for function in functions])

    points = values(rng.uniform(-1.0, 1.0, (_N_POINTS, x.shape[-1])))
    centre = points.mean(axis=0)
    # Combine the functions so that they are uncorrelated and have variance 1 over the cube.
    _, triangle = np.linalg.qr(points - centre)
    basis = np.linalg.inv(triangle) * np.sqrt(_N_POINTS)
    columns = {}
    for t, (name, task) in enumerate(tasks.iterrows()):
        mixture = np.zeros(len(functions))
        mixture[groups.index(task["group"])] = weight
        mixture[len(groups) + t] = np.sqrt(1 - weight**2)
        values_of_task = (values(x[t % len(x)]) - centre) @ basis @ mixture
        columns[name] = task["sign"] * values_of_task
    return pd.DataFrame(columns)


def _stacked(frame: pd.DataFrame, name: str) -> pd.Series:
    """Concatenate the columns."""
    return pd.Series(frame.to_numpy().T.ravel(), name=name)


def _check_choices(groups: Any, layout: Any, weight: Any, length_scale: Any) -> None:
    if len(groups) < 1:
        raise ValueError("groups must have the number of a group for each task, but it is empty.")
    if layout not in _LAYOUTS:
        raise ValueError(f"layout must be one of {_LAYOUTS}, got {layout!r}.")
    if not is_noise(weight) or weight > 1:
        raise ValueError(f"common_weight must be a number from 0 to 1, got {weight!r}.")
    if length_scale is not None and (not is_noise(length_scale) or length_scale == 0):
        raise ValueError(
            f"length_scale must be a finite number above 0 or None, got {length_scale!r}."
        )
