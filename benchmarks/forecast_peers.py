"""Forecasts of real panels by statistical models of each series, in an environment of their own.

::

    python -m venv peers
    peers/bin/pip install statsforecast scikit-learn lightgbm narwhals pyarrow
    peers/bin/python -m benchmarks.forecast_peers --sets carparts --models tsb croston
    peers/bin/python -m benchmarks.forecast_peers --sets m4_weekly --models autoets autotheta

statsforecast needs a pandas before 3. Sets, cutoffs and scores are those of
`benchmarks.forecasting`, to whose file results are added. The models have the season of the set
(AutoETS none where it is longer than 24 steps) and no covariates. Gaps within a series are filled
with its last value, because the library needs complete series. Series without a past are forecast
as zero, and counted as "cold".
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd

from benchmarks._arguments import parse_with_out
from benchmarks._data import loader_of
from benchmarks._results import add_rows

SETS = ("m4_weekly", "m4_hourly", "carparts", "walmart", "beijing")
SEASONS = {"m4_weekly": 52, "m4_hourly": 24}
"""Where the season of the data, which scores use, is 1 or one of several."""

ID, TIME, VALUE = "unique_id", "ds", "y"


def statistical(name: str, season: int) -> Any:
    """A model of statsforecast."""
    from statsforecast import models

    makers: dict[str, Callable[[], Any]] = {
        "seasonal_naive": lambda: models.SeasonalNaive(season_length=season),
        "autoets": lambda: models.AutoETS(season_length=season if season <= 24 else 1),
        "autotheta": lambda: models.AutoTheta(season_length=season),
        "croston": models.CrostonClassic,
        "tsb": lambda: models.TSB(alpha_d=0.2, alpha_p=0.2),
    }
    return makers[name]()


MODELS = ("seasonal_naive", "autoets", "autotheta", "croston", "tsb")


def forecast(model: str, past: pd.DataFrame, freq: Any, season: int, horizon: int) -> pd.DataFrame:
    """Return a table with id, time and one more column, the forecast."""
    from statsforecast import StatsForecast

    fitted = StatsForecast([statistical(model, season)], freq=freq, n_jobs=1)
    return fitted.forecast(df=past, h=horizon)


def ids_of(rows: pd.DataFrame, spec: Any) -> pd.Series:
    return rows[spec.id].astype(str).agg("/".join, axis=1)


def series_of(rows: pd.DataFrame, spec: Any, target: str, freq: Any) -> pd.DataFrame:
    """Return complete series of a target, from its first to its last value."""
    long = rows.assign(**{ID: ids_of(rows, spec)})
    long = long.rename(columns={spec.time: TIME, target: VALUE})[[ID, TIME, VALUE]].dropna()
    parts = []
    for name, one in long.sort_values(TIME).groupby(ID):
        ends = one[TIME].iloc[0], one[TIME].iloc[-1]
        grid = range(ends[0], ends[1] + 1) if freq == 1 else pd.date_range(*ends, freq=freq)
        values = one.set_index(TIME)[VALUE].reindex(pd.Index(grid)).ffill()
        parts.append(pd.DataFrame({ID: name, TIME: values.index, VALUE: values.to_numpy()}))
    return pd.concat(parts, ignore_index=True)


def measure(name: str, model: str) -> pd.DataFrame:
    """Return a row with the scores of each target."""
    load = loader_of("timeseries")
    panel = load.panel(name)
    spec, frame = panel.spec, panel.frame
    freq = 1 if name.startswith("m4") else spec.freq
    season, truth = SEASONS.get(name, spec.season), load.truth(panel)
    begin, parts = time.process_time(), []
    for cutoff in panel.cutoffs:
        rows = truth[truth["cutoff"] == cutoff]
        asked = rows[[*spec.id, spec.time, "cutoff"]].copy()
        asked[ID] = ids_of(asked, spec)
        for target in spec.targets:
            past = series_of(frame[frame[spec.time] <= cutoff], spec, target, freq)
            found = asked.merge(
                _forecasts(model, past, freq, season, spec.horizon, cutoff),
                left_on=[ID, spec.time],
                right_on=[ID, TIME],
                how="left",
            )
            asked[target] = found["forecast"].to_numpy()
        parts.append(asked.drop(columns=ID))
    table = pd.concat(parts, ignore_index=True)
    cold = int(table[spec.targets].isna().any(axis=1).sum())
    scores = load.score_panel(name, table.fillna(dict.fromkeys(spec.targets, 0.0)), panel)
    seconds = round(time.process_time() - begin, 1)
    head = {"set": name, "model": model, "max_examples": "all", "part": "test"}
    return scores.rename_axis("target").reset_index().assign(
        **head, cold_as_zero=cold, cpu_seconds=seconds
    )  # fmt: skip


def _forecasts(
    model: str,
    past: pd.DataFrame,
    freq: Any,
    season: int,
    horizon: int,
    cutoff: Any,
) -> pd.DataFrame:
    """Forecast series that reach the cutoff together, and the others from their own ends."""
    parts, ends = [], past.groupby(ID)[TIME].max()
    for end, names in ends.groupby(ends).groups.items():
        gap = cutoff - end if freq == 1 else len(pd.date_range(end, cutoff, freq=freq)) - 1
        of_end = past[past[ID].isin(names)]
        found = forecast(model, of_end, freq, season, int(horizon + gap))
        parts.append(found.set_axis([*found.columns[:-1], "forecast"], axis=1))
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--report", action="store_true")
    arguments = parse_with_out(parser, "forecasting.csv")
    warnings.simplefilter("ignore")
    if arguments.report:
        print(pd.read_csv(arguments.out).round(4).to_string(index=False))
        return
    for name in arguments.sets:
        for model in arguments.models:
            scores = measure(name, model)
            print(scores.round(4).to_string(index=False), flush=True)
            add_rows(scores, arguments.out, ["set", "model", "max_examples", "part", "target"])


if __name__ == "__main__":
    main()
