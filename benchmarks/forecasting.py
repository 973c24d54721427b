"""Forecasts of real panels: our engines and the seasonal naive forecast, by the sets' protocols.

::

    python -m benchmarks.forecasting --sets m4_weekly carparts --models rmtgb
    python -m benchmarks.forecasting --sets m4_weekly --validation  # to compare settings by
    python -m benchmarks.forecasting --sets etth1 --models linear --max-examples 15000
    python -m benchmarks.forecasting --sets beijing --models tcn wavelet
    python -m benchmarks.forecasting --report

Sets, cutoffs and scores are those of the loader beside the data (`SKMTL_DATA`): the model is
fitted to all rows up to a cutoff, and forecasts all rows of the window behind it. Settings are
defaults, the same for all sets, but for what a set is scored by. Sets that are ranked by MASE have
``weight="equal"``, by WAPE ``weight="scale"``, and both the absolute loss, as forecasts of medians
are asked for. Those ranked by RMSSE and bias have ``weight="scale"``, with which the sum of
forecasts is that of the truth, and counts. "tcn" and "wavelet" are networks that read the last
week of beijing, with a direction beside the targets; see `benchmarks._beijing`.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from benchmarks._arguments import parse_with_out
from benchmarks._beijing import READERS, measure_beijing
from benchmarks._data import loader_of
from benchmarks._etth1 import measure_etth1
from benchmarks._results import add_rows
from skmtl import RMTGB, MultiTab, StackedTasks
from skmtl.tasks import Regression
from skmtl.timeseries import Forecaster, SeasonalNaive

BY_MASE = {"weight": "equal", "tasks": Regression("absolute")}
BY_WAPE = {"weight": "scale", "tasks": Regression("absolute")}
BY_RMSSE = {"weight": "scale", "tasks": "count"}
SETTINGS: dict[str, dict[str, Any]] = {
    "m4_weekly": BY_MASE | {"season": 52, "freq": 1},
    "m4_hourly": BY_MASE | {"season": [24, 168], "freq": 1},
    "carparts": BY_RMSSE | {"season": 12},
    "walmart": BY_WAPE | {"season": 52},
    "beijing": BY_WAPE | {"season": 24},
}
ENGINES: dict[str, Callable[[], Any]] = {
    "rmtgb": lambda: RMTGB(n_bags=1, random_state=0),
    "multitab": lambda: MultiTab(n_bags=1, random_state=0),
    "stacked": lambda: StackedTasks(n_bags=2, random_state=0),
}


def roles(spec: Any) -> dict[str, Any]:
    """The columns of a set by their role."""
    return {
        "id": spec.id,
        "time": spec.time,
        "known": getattr(spec, "known", []),
        "past": getattr(spec, "past", []),
        "static": getattr(spec, "static", []),
    }


def make_model(name: str, engine: str, spec: Any, most: int) -> Any:
    settings = SETTINGS[name]
    freq = settings.get("freq", spec.freq)
    if engine == "seasonal_naive":
        return SeasonalNaive(id=spec.id, time=spec.time, freq=freq, season=spec.season)
    return Forecaster(
        ENGINES[engine](),
        **(roles(spec) | settings | {"freq": freq}),
        horizon=spec.horizon,
        max_examples=most,
        random_state=0,
    )


def panel_of(name: str, validation: bool) -> Any:
    """A set, with the cutoffs to compare settings by in place of those of the test."""
    panel = loader_of("timeseries").panel(name)
    if validation:
        panel.cutoffs = panel.valid_cutoffs
    return panel


def forecasts(name: str, engine: str, most: int, panel: Any) -> tuple[pd.DataFrame, float]:
    """Return the forecasts of all windows of a set, and their CPU seconds."""
    load = loader_of("timeseries")
    spec, frame = panel.spec, panel.frame
    columns = [column for names in roles(spec).values() for column in _list(names)]
    truth = load.truth(panel)
    begin, parts, fitted, known = time.process_time(), [], None, panel.cutoffs[0]
    for cutoff in panel.cutoffs:
        past = frame[frame[spec.time] <= cutoff]
        if fitted is None or name != "beijing":  # 59 windows of a day: one fit
            fitted = make_model(name, engine, spec, most)
            fitted.fit(past[columns], past[spec.targets])
        else:
            new = past[past[spec.time] > known]
            fitted.update(new[columns], new[spec.targets])
        known = cutoff
        rows = truth[truth["cutoff"] == cutoff]
        predicted = fitted.predict(rows[columns])
        parts.append(rows[[*spec.id, spec.time, "cutoff"]].join(predicted))
    return pd.concat(parts, ignore_index=True), time.process_time() - begin


def _list(names: Any) -> list[Any]:
    return [names] if isinstance(names, str) else list(names)


def measure(name: str, engine: str, most: int, validation: bool = False) -> pd.DataFrame:
    panel = panel_of(name, validation)
    table, seconds = forecasts(name, engine, most, panel)
    cold = int(table.isna().any(axis=1).sum())
    scores = loader_of("timeseries").score_panel(name, table.fillna(0.0), panel)
    scores.insert(0, "part", "validation" if validation else "test")
    scores.insert(0, "target", scores.index)
    scores.insert(0, "max_examples", most)
    scores.insert(0, "model", engine)
    scores.insert(0, "set", name)
    return scores.assign(cold_as_zero=cold, cpu_seconds=round(seconds, 1))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=[], choices=[*SETTINGS, "etth1"])
    parser.add_argument("--models", nargs="+", default=["seasonal_naive", "rmtgb"])
    parser.add_argument("--max-examples", type=int, default=200_000)
    parser.add_argument("--validation", action="store_true", help="score the validation part")
    parser.add_argument("--report", action="store_true")
    arguments = parse_with_out(parser, "forecasting.csv")
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name in arguments.sets:
        for engine in arguments.models:
            if name == "beijing" and engine in READERS:
                panel = panel_of(name, arguments.validation)
                scores = measure_beijing(engine, panel, arguments.validation)
            else:
                measured = measure_etth1 if name == "etth1" else partial(measure, name)
                scores = measured(engine, arguments.max_examples, arguments.validation)
            print(scores.round(4).to_string(index=False), flush=True)
            add_rows(scores, arguments.out, ["set", "model", "max_examples", "part", "target"])
    if arguments.report:
        print(pd.read_csv(arguments.out).round(4).to_string(index=False))


if __name__ == "__main__":
    main()
