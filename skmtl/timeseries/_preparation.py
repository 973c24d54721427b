"""How a forecaster interprets X and y, by its parameters."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from warnings import warn

import numpy as np
import pandas as pd

from skmtl.panels import (
    CalendarFeatures,
    Columns,
    Freq,
    History,
    PanelColumns,
    make_clock,
)
from skmtl.tasks import TasksLike
from skmtl.timeseries._derived import read_derived
from skmtl.timeseries._layout import StepLayout
from skmtl.timeseries._past import PastColumns
from skmtl.timeseries._planning import make_plan
from skmtl.timeseries._recipe import Recipe, past_values
from skmtl.timeseries._settings import LagSettings, Steps, read_calendar
from skmtl.timeseries._step_feature import StepFeature
from skmtl.timeseries._step_tasks import StepTasks
from skmtl.timeseries._targets import ForecastTargets


class ForecastParameters(Protocol):
    """The parameters of a `Forecaster` that define the roles of columns and the features."""

    id: Columns
    time: Hashable
    freq: Freq
    horizon: int
    season: Steps
    lags: Steps
    windows: Steps
    calendar: Any
    known: Columns
    past: Columns
    static: Columns
    tasks: TasksLike
    anchor: str | Mapping[Hashable, str]
    scale: Any
    derived: Any
    steps: Literal["feature", "tasks"]


_LAYOUTS: dict[str, type[StepLayout]] = {"feature": StepFeature, "tasks": StepTasks}


@dataclass(frozen=True)
class Prepared:
    """A panel that is prepared for training.

    Attributes
    ----------
    recipe : Recipe
    history : History
    order : ndarray of int64, shape (n_rows,)
        The row of X at each position of the history's panel.
    frame, labels : DataFrame of shape (n_rows, n_columns) and (n_rows, n_targets)
        X and y.
    """

    recipe: Recipe
    history: History
    order: np.ndarray
    frame: pd.DataFrame
    labels: pd.DataFrame


def prepare(parameters: ForecastParameters, X: Any, y: Any) -> Prepared:
    """Read a panel, and choose anchors, units and features from it.

    Raises
    ------
    ValueError
        If a column has no role, two rows have the same id and time, or times are not on the grid.
    """
    settings = LagSettings.read(parameters.season, parameters.lags, parameters.windows)
    calendar = read_calendar(parameters.calendar)
    columns = PanelColumns.read(
        parameters.id, parameters.time, parameters.known, parameters.past, parameters.static
    )
    frame = columns.frame(X)
    targets = ForecastTargets.learn(y, parameters.tasks)
    derived = read_derived(parameters.derived, targets)
    labels = targets.labels(y)
    past = PastColumns.learn(frame[list(columns.past)])
    values = past_values(targets, past, frame, labels)
    clock = make_clock(frame[columns.time], parameters.freq)
    history, order = History.read(frame, values, columns.id, columns.time, clock)
    if clock.counts_numbers and calendar not in (None, CalendarFeatures()):
        raise ValueError(
            f"calendar={calendar!r} needs timestamps or periods, but the time column "
            f"{columns.time!r} holds whole numbers."
        )
    _check_static(history, order, frame, columns.static)
    _warn_of_leaks(frame[list(columns.known)], labels)
    _warn_of_coarse_times(history)
    scaled = parameters.scale == "auto"
    plan = make_plan(
        history,
        targets,
        past,
        settings,
        calendar,
        horizon=int(parameters.horizon),
        anchor=parameters.anchor if scaled else "none",
        scaled=scaled,
    )
    end = int(history.panel.clock.max())
    given = frame[[*columns.known, *columns.static]]
    recipe = Recipe(
        columns,
        targets,
        past,
        plan,
        derived,
        {name: float(given[name].isna().mean()) for name in given},
        PastColumns.learn(given).categories | past.categories,
        settings.season,
        int(parameters.horizon),
        end,
        _LAYOUTS[parameters.steps](),
    )
    _warn_of_late_labels(end - int(recipe.label_ends(history).max()), recipe.horizon)
    return Prepared(recipe, history, order, frame, labels)


def _check_static(
    history: History, order: np.ndarray, frame: pd.DataFrame, static: tuple[Hashable, ...]
) -> None:
    """Raise an error if a static column has several values within a series."""
    codes = history.panel.codes
    for name in static:
        values, _ = pd.factorize(frame[name].iloc[order])
        seen = np.flatnonzero(values >= 0)
        same_series = codes[seen[1:]] == codes[seen[:-1]]
        changes = seen[1:][same_series & (values[seen[1:]] != values[seen[:-1]])]
        if len(changes):
            raise ValueError(
                f"The static column {name!r} changes within series, such as "
                f"{history.ids.labels(codes[changes])}. Move it to known=[...] if its values are "
                "known in advance, or else to past=[...]."
            )


def _warn_of_leaks(known: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Warn about covariates that equal a target, and so cannot be known in advance."""
    for target in labels:
        seen = np.flatnonzero(labels[target].notna())
        truth = labels[target].iloc[seen].to_numpy(dtype=object)
        if not (truth != truth[0]).any():
            continue
        for name in known:
            if np.array_equal(known[name].iloc[seen].to_numpy(dtype=object), truth):
                warn(
                    f"The known column {name!r} equals the target {target!r} in all rows, so it "
                    "is hardly known in advance. Drop it, or move it to past=[...].",
                    stacklevel=4,
                )


def _warn_of_late_labels(n_steps: int, horizon: int) -> None:
    """Warn if the table ends with more steps without labels than can be forecast."""
    if n_steps > horizon:
        warn(
            f"The last {n_steps} steps of X have no labels, more than horizon={horizon}, so that "
            "the latest would be forecast without recent values. Raise the horizon, or pass rows "
            "to forecast to predict instead of fit.",
            stacklevel=4,
        )


def _warn_of_coarse_times(history: History) -> None:
    """Warn if all distances between rows of a series are multiples of more than one step."""
    codes, clock = history.panel.codes, history.panel.clock
    gaps = np.diff(clock)[codes[1:] == codes[:-1]]
    step = int(np.gcd.reduce(gaps)) if len(gaps) else 1
    if step > 1:
        warn(
            f"All rows of a series are a multiple of {step} steps apart, so most lags will be "
            f"missing. The step of {history.time!r} may be longer than freq.",
            stacklevel=4,
        )
