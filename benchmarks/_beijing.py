"""Beijing by networks that read the last week: six targets and a direction, 24 hours ahead.

A row is a station and an hour, the origin: the history of a week of all variables, the station,
and the hour and month. Its labels are all targets at the next 24 hours, less their last value
and divided by the mean absolute change of the station, and whether PM2.5 is then higher than its
last value. Training stops after as many CPU seconds as `RMTGB` took from 3,000 examples.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks._data import loader_of
from skmtl import MultiTab
from skmtl.histories import Histories
from skmtl.tasks import Regression

WEEK, N_ORIGINS, CPU_SECONDS = 168, 4_000, 144
READERS = ("tcn", "wavelet")
DIRECTION = "pm25 up"


class Budget:
    """Ends the training when the process has used some CPU seconds."""

    def __init__(self, seconds: float) -> None:
        self.end = time.process_time() + seconds

    def setup(self, estimator: Any, context: Any) -> None: ...

    def teardown(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        return bool(context.task_name == "epoch" and time.process_time() > self.end)


class Windows:
    """The weeks before some hours, and the days behind them.

    Parameters
    ----------
    panel : namespace
        As loaded; all stations have the same hours.
    """

    def __init__(self, panel: Any) -> None:
        self.spec = panel.spec
        frame = panel.frame.sort_values([*self.spec.id, self.spec.time])
        self.stations = frame[self.spec.id[0]].unique()
        self.hours = pd.DatetimeIndex(frame[self.spec.time].unique())
        numbers = [*self.spec.targets, *(name for name in self.spec.past if name != "wd")]
        self.numbers = numbers
        shape = (len(self.stations), len(self.hours), len(numbers))
        self.values = frame[numbers].to_numpy(dtype=np.float64).reshape(shape)
        n_targets = len(self.spec.targets)
        self.targets = self.values[..., :n_targets]
        self.last = np.stack(
            [pd.DataFrame(station).ffill().to_numpy() for station in self.targets]
        )

    def features(self, station: np.ndarray, origin: np.ndarray) -> pd.DataFrame:
        """A row for each station and origin, by their positions."""
        back = np.arange(-WEEK + 1, 1)
        weeks = self.values[station[:, None], origin[:, None] + back].transpose(0, 2, 1)
        hours = self.hours[origin]
        return pd.DataFrame(
            {
                "station": self.stations[station],
                "hour": hours.hour.to_numpy(),
                "month": hours.month.to_numpy(),
                "week": Histories.from_array(weeks, rate=1.0, variables=self.numbers),
            }
        )

    def labels(self, station: np.ndarray, origin: np.ndarray, scale: np.ndarray) -> pd.DataFrame:
        """The labels of these rows, with a column for each target and step."""
        steps = range(1, self.spec.horizon + 1)
        columns: dict[str, Any] = {}
        for step in steps:
            change = self.targets[station, origin + step] - self.last[station, origin]
            for place, name in enumerate(self.spec.targets):
                columns[f"{name} {step}"] = change[:, place] / scale[station, place]
            up = pd.Series(change[:, 0] > 0, dtype="boolean").mask(np.isnan(change[:, 0]))
            columns[f"{DIRECTION} {step}"] = up
        return pd.DataFrame(columns)


def measure_beijing(way: str, panel: Any, validation: bool) -> pd.DataFrame:
    """Return a row with the scores of each target, and one with those of the direction."""
    windows, spec = Windows(panel), panel.spec
    first = windows.hours.get_loc(panel.cutoffs[0])
    rng = np.random.default_rng(0)
    known = windows.targets[:, : first + 1]
    scale = np.nanmean(np.abs(np.diff(known, axis=1)), axis=1)
    station = rng.integers(0, len(windows.stations), N_ORIGINS)
    origin = rng.integers(WEEK, first - spec.horizon, N_ORIGINS)
    begin = time.process_time()
    Y = windows.labels(station, origin, scale)
    kinds = {name: Regression("absolute") for name in Y if not name.startswith(DIRECTION)}
    model = MultiTab(series={"week": way}, tasks=kinds, n_bags=1, random_state=0)
    model.set_callbacks(Budget(CPU_SECONDS)).fit(windows.features(station, origin), Y)
    cutoffs = windows.hours.get_indexer(pd.DatetimeIndex(panel.cutoffs))
    station = np.repeat(np.arange(len(windows.stations)), len(cutoffs))
    origin = np.tile(cutoffs, len(windows.stations))
    X = windows.features(station, origin)
    scores = _scores(windows, model.predict(X), station, origin, scale, panel)
    directions = _direction(model.predict_proba_frame(X), windows.labels(station, origin, scale))
    scores.loc[DIRECTION, "auc"] = directions
    seconds = round(time.process_time() - begin, 1)
    return scores.rename_axis("target").reset_index().assign(
        set="beijing", model=way, max_examples=N_ORIGINS, cold_as_zero=0, cpu_seconds=seconds,
        part="validation" if validation else "test",
    )  # fmt: skip


def _scores(
    windows: Windows,
    predicted: pd.DataFrame,
    station: np.ndarray,
    origin: np.ndarray,
    scale: np.ndarray,
    panel: Any,
) -> pd.DataFrame:
    spec, parts = panel.spec, []
    for step in range(1, spec.horizon + 1):
        part = {
            spec.id[0]: windows.stations[station],
            spec.time: windows.hours[origin + step],
            "cutoff": windows.hours[origin],
        }
        for place, name in enumerate(spec.targets):
            change = predicted[f"{name} {step}"].to_numpy() * scale[station, place]
            part[name] = np.maximum(windows.last[station, origin, place] + change, 0.0)
        parts.append(pd.DataFrame(part))
    forecasts = pd.concat(parts, ignore_index=True)
    return loader_of("timeseries").score_panel(panel.name, forecasts, panel)


def _direction(chances: pd.DataFrame, labels: pd.DataFrame) -> float:
    names = [name for name in labels if name.startswith(DIRECTION)]
    truth = pd.concat([labels[name] for name in names], ignore_index=True)
    chance = pd.concat([chances[name, True] for name in names], ignore_index=True)
    return float(roc_auc_score(truth[truth.notna()].astype(bool), chance[truth.notna()]))
