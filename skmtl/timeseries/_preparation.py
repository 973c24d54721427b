"""What a forecaster takes X and y for, by its parameters."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from skmtl.panels import Columns, Freq, History, PanelColumns, make_clock
from skmtl.tasks import TasksLike
from skmtl.timeseries._derived import read_derived
from skmtl.timeseries._past import PastColumns
from skmtl.timeseries._planning import make_plan
from skmtl.timeseries._recipe import Recipe, past_values
from skmtl.timeseries._settings import LagSettings, Steps, read_calendar
from skmtl.timeseries._targets import ForecastTargets


class ForecastParameters(Protocol):
    """The parameters of a `Forecaster` that say what X and y are, and which features there are."""

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


@dataclass(frozen=True)
class Prepared:
    """A panel that was read to learn from.

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
    """Read a panel, and choose anchors, units and features by it.

    Raises
    ------
    ValueError
        If a column has no role, two rows have one id and time, or times are not on the grid.
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
    recipe = Recipe(
        columns, targets, past, plan, derived, settings.season, int(parameters.horizon), end
    )
    return Prepared(recipe, history, order, frame, labels)
