"""Backtests and the scores of their tables."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, root_mean_squared_error
from sklearn.model_selection import GridSearchCV, cross_validate

from skmtl.timeseries import (
    ForecastSplit,
    SeasonalNaive,
    backtest,
    forecast_scorer,
    forecast_table,
)
from tests.timeseries.panels import shops

DATA = Path(os.environ.get("SKMTL_DATA", Path(__file__).parents[3] / "shared" / "data"))


def naive(**keywords) -> SeasonalNaive:
    return SeasonalNaive(**{"id": "shop", "time": "day", "freq": "D", "season": 7} | keywords)


def split(**keywords) -> ForecastSplit:
    return ForecastSplit("day", **{"freq": "D", "horizon": 7, "n_windows": 2} | keywords)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    X, Y = shops()
    table = backtest(naive(season=1), X, Y, split(), season=7)
    spread = table["forecast"].abs() * 0.2
    return table.assign(
        **{"q0.1": table["forecast"] - spread, "q0.5": table["forecast"]},
        **{"q0.9": table["forecast"] + spread},
    )


def test_a_backtest_has_a_row_for_each_window_row_and_target(table):
    X, Y = shops()
    assert len(table) == 2 * 7 * 4 * 2
    assert table.columns[:6].tolist() == ["shop", "time", "cutoff", "step", "target", "truth"]
    row = table.query("shop == 'shop 1' and target == 'visits'").iloc[-1]
    assert row["time"] == X["day"].max()
    assert row["step"] == 7
    assert row["cutoff"] == X["day"].max() - pd.Timedelta(days=7)
    series = Y.loc[X["shop"] == "shop 1", "visits"].to_numpy()
    assert row["truth"] == series[-1]
    assert row["forecast"] == series[-8]
    assert row["seasonal_naive"] == series[-8]
    past = series[:-7]
    first = series[:-14]
    scale = table.query("shop == 'shop 1' and target == 'visits'").iloc[0]["mase_scale"]
    assert row["mase_scale"] == pytest.approx(np.abs(past[7:] - past[:-7]).mean())
    assert scale == pytest.approx(np.abs(first[7:] - first[:-7]).mean())


def test_scores_are_those_of_scikit_learn(table):
    scores = forecast_table(table).loc["sales"]
    rows = table[table["target"] == "sales"]
    truth, forecast = rows["truth"], rows["forecast"]
    assert scores["mae"] == pytest.approx(mean_absolute_error(truth, forecast))
    assert scores["rmse"] == pytest.approx(root_mean_squared_error(truth, forecast))
    assert scores["wape"] == pytest.approx((forecast - truth).abs().sum() / truth.sum())
    assert scores["bias"] == pytest.approx((forecast - truth).sum() / truth.sum())
    pinball = [
        mean_pinball_loss(truth, rows[f"q{level}"], alpha=level) for level in (0.1, 0.5, 0.9)
    ]
    assert scores["pinball"] == pytest.approx(np.mean(pinball))
    inside = (truth >= rows["q0.1"]) & (truth <= rows["q0.9"])
    assert scores["coverage_80"] == pytest.approx(inside.mean())


def test_the_weighted_interval_score_is_that_of_its_definition(table):
    rows = table[table["target"] == "sales"]
    truth, low, high = rows["truth"], rows["q0.1"], rows["q0.9"]
    outside = (low - truth).clip(lower=0) + (truth - high).clip(lower=0)
    interval = (high - low) + 2 / 0.2 * outside
    expected = (0.5 * (truth - rows["q0.5"]).abs() + 0.1 * interval) / 1.5
    assert forecast_table(table).loc["sales", "wis"] == pytest.approx(expected.mean())


def test_mase_is_the_mean_over_series_by_the_scale_of_the_first_cutoff(table):
    rows = table[table["target"] == "sales"]
    expected = [
        (part["forecast"] - part["truth"]).abs().mean() / part["mase_scale"].iloc[0]
        for _, part in rows.groupby("shop")
    ]
    assert forecast_table(table).loc["sales", "mase"] == pytest.approx(np.mean(expected))


def test_undefined_scales_are_left_out_and_counted(table):
    broken = table.copy()
    broken.loc[broken["shop"] == "shop 0", "mase_scale"] = 0.0
    broken.loc[broken["shop"] == "shop 1", "mase_scale"] = np.nan
    scores = forecast_table(broken)
    rest = forecast_table(table[table["shop"].isin(["shop 2", "shop 3"])])
    assert scores["no_scale"].tolist() == [2, 2]
    assert scores["no_rmsse_scale"].tolist() == [0, 0]
    np.testing.assert_allclose(scores["mase"], rest["mase"])


def test_skill_is_against_the_baseline_with_an_interval_over_series(table):
    scores = forecast_table(table).loc["sales"]
    rows = table[table["target"] == "sales"]
    ours = (rows["forecast"] - rows["truth"]).abs().sum()
    theirs = (rows["seasonal_naive"] - rows["truth"]).abs().sum()
    assert scores["skill"] == pytest.approx(1 - ours / theirs)
    assert scores["skill_low"] < scores["skill"] < scores["skill_high"]
    one = forecast_table(rows[rows["shop"] == "shop 0"]).loc["sales"]
    assert np.isnan(one["skill_low"])
    assert "skill" not in forecast_table(table, baseline=None)


def test_the_interval_of_the_skill_covers_as_it_says():
    rng = np.random.default_rng(0)
    n_series, covered = 40, 0
    for _ in range(100):
        size = rng.uniform(0.5, 2.0, n_series)
        table = pd.DataFrame(
            {"id": range(n_series), "target": "y", "truth": 0.0, "mase_scale": 1.0,
             "rmsse_scale": 1.0, "seasonal_naive": size,
             "forecast": size * rng.uniform(0.5, 1.1, n_series)}
        )  # fmt: skip
        scores = forecast_table(table).loc["y"]
        covered += scores["skill_low"] <= 0.2 <= scores["skill_high"]
    assert 88 <= covered <= 99


def test_scores_by_step_and_id(table):
    by_step = forecast_table(table, "step")
    assert by_step.index.names == ["target", "step"]
    assert len(by_step) == 2 * 7
    part = forecast_table(table[table["step"] == 3])
    assert by_step.loc[("sales", 3), "mase"] == pytest.approx(part.loc["sales", "mase"])
    assert len(forecast_table(table, ["shop", "cutoff"])) == 2 * 4 * 2


@settings(max_examples=6, deadline=None)
@given(factor=st.floats(1e-3, 1e3), seed=st.integers(0, 1000))
def test_relative_scores_know_no_unit(factor, seed):
    X, Y = shops(3, 30, seed=seed)
    for unit in (1.0, factor):
        scores = forecast_table(backtest(naive(), X, Y * unit, split(horizon=3)))
        if unit == 1.0:
            first = scores
    names = ["wape", "mase", "rmsse", "smape", "bias", "skill"]
    np.testing.assert_allclose(scores[names], first[names], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(scores["mae"], first["mae"] * factor, rtol=1e-6)


def test_missing_labels_are_not_scored():
    X, Y = shops()
    whole = backtest(naive(), X, Y, split())
    holes = Y.copy()
    last = X["day"] == X["day"].max()
    holes.loc[last, "sales"] = np.nan
    table = backtest(naive(), X, holes, split())
    assert len(whole) - len(table) == last.sum()
    assert forecast_table(table).loc["visits", "mae"] == forecast_table(whole).loc["visits", "mae"]


def test_any_estimator_can_be_backtested():
    X, Y = shops()
    features = X.assign(day=np.tile(np.arange(60), 4)).drop(columns="shop")
    cv = ForecastSplit("day", horizon=5)
    table = backtest(LinearRegression(), features.assign(number=np.repeat(range(4), 60)), Y, cv,
                     id="number", season=7)  # fmt: skip
    assert len(table) == 5 * 4 * 2
    assert np.isfinite(forecast_table(table)["mase"]).all()


def test_models_are_updated_between_fits():
    X, Y = shops()
    each = backtest(naive(), X, Y, split(n_windows=4))
    once = backtest(naive(), X, Y, split(n_windows=4), refit=False)
    second = backtest(naive(), X, Y, split(n_windows=4), refit=2)
    pd.testing.assert_frame_equal(each, once)
    pd.testing.assert_frame_equal(each, second)


def test_an_interrupted_backtest_goes_on(tmp_path):
    pytest.importorskip("pyarrow")
    X, Y = shops()
    whole = backtest(naive(), X, Y, split(n_windows=4), refit=2)

    def interrupt(done, total):
        if done == 2:
            raise KeyboardInterrupt

    call = {"refit": 2, "folder": tmp_path / "windows"}
    with pytest.raises(KeyboardInterrupt):
        backtest(naive(), X, Y, split(n_windows=4), progress=interrupt, **call)
    assert len(list(call["folder"].glob("window-*.parquet"))) == 2
    changed = next(call["folder"].glob("window-00000.parquet"))
    pd.read_parquet(changed).assign(forecast=-1.0).to_parquet(changed)
    table = backtest(naive(), X, Y, split(n_windows=4), **call)
    first = table["cutoff"] == table["cutoff"].min()
    assert (table.loc[first, "forecast"] == -1).all()  # not forecast again
    pd.testing.assert_frame_equal(table[~first], whole[~first], check_dtype=False)
    for other in (naive(season=3), naive()):
        data = Y if other.season == 3 else Y + 1
        with pytest.raises(ValueError, match="another model, other rows or other windows"):
            backtest(other, X, data, split(n_windows=4), **call)


def test_progress_is_told():
    X, Y = shops()
    told = []
    backtest(naive(), X, Y, split(n_windows=3), progress=lambda *counts: told.append(counts))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_search_finds_the_season():
    X, Y = shops()
    search = GridSearchCV(
        naive(), {"season": [1, 3, 7]}, cv=split(), scoring=forecast_scorer("wape"), refit=True
    ).fit(X, Y)
    assert search.best_params_ == {"season": 7}
    table = backtest(search.best_estimator_, X, Y, split())
    parts = [forecast_table(part)["wape"].mean() for _, part in table.groupby("cutoff")]
    assert search.best_score_ == pytest.approx(-np.mean(parts))


@pytest.mark.parametrize("metric", ["mae", "rmse", "mase", "rmsse", "smape", "bias"])
def test_scorers_agree_with_tables(metric):
    X, Y = shops()
    cv = split(n_windows=1)
    scores = cross_validate(naive(), X, Y, cv=cv, scoring=forecast_scorer(metric, season=7))
    table = forecast_table(backtest(naive(), X, Y, cv))
    assert -scores["test_score"][0] == pytest.approx(table[metric].abs().mean())


def test_what_cannot_be_scored_is_refused(table):
    with pytest.raises(ValueError, match="must be one of 'wape'"):
        forecast_scorer("r2")
    with pytest.raises(ValueError, match=r"no columns \['forecast'\]"):
        forecast_table(table.drop(columns="forecast"))
    with pytest.raises(ValueError, match=r"1 of .* rows have no forecast"):
        forecast_table(table.assign(forecast=table["forecast"].where(table.index > 0)))
    X, Y = shops()
    late = X["day"] > "2024-02-01"
    with pytest.raises(ValueError, match="needs forecasts of quantiles"):
        forecast_scorer("pinball")(naive().fit(X, Y), X[late], Y[late])
    with pytest.raises(ValueError, match="8 rows have no forecast"):
        forecast_scorer("mae")(naive().fit(X, Y), X, Y)
    with pytest.raises(TypeError, match="does not store a history"):
        forecast_scorer("mae")(LinearRegression().fit(X[["rain"]], Y), X, Y)
    with pytest.raises(ValueError, match="refit=0 must be"):
        backtest(naive(), X, Y, split(), refit=0)
    for name in ("target", "q0.1"):
        with pytest.raises(ValueError, match="Rename the id columns"):
            backtest(naive(id=name), X.rename(columns={"shop": name}), Y, split())


def official(name: str):
    path = DATA / "timeseries"
    if not (path / name / "meta.json").exists():
        pytest.skip(f"no {name} in {DATA}")
    sys.path.insert(0, str(path))
    try:
        import load
    finally:
        sys.path.pop(0)
    return load.panel(name)


@pytest.mark.slow
def test_the_seasonal_naive_forecast_of_m4_hourly_scores_as_published():
    panel = official("m4_hourly")
    X, Y = panel.frame[["id", "t"]], panel.frame[["y"]]
    cv = ForecastSplit("t", horizon=48)
    table = backtest(SeasonalNaive(id="id", time="t", season=24), X, Y, cv)
    scores = forecast_table(table).loc["y"]
    assert scores["mase"] == pytest.approx(1.193, abs=5e-4)
    assert scores["smape"] == pytest.approx(13.91, abs=5e-3)
    assert scores["skill"] == 0


def test_targets_of_one_table_may_have_other_quantiles(table):
    first = table[table["target"] == "sales"]
    other = first.assign(target="visits").rename(
        columns={"q0.1": "q0.05", "q0.5": "q1e-05", "q0.9": "q0.95"}
    )
    both = forecast_table(pd.concat([first, other], ignore_index=True))
    for target, part in (("sales", first), ("visits", other)):
        alone = forecast_table(part).loc[target]
        pd.testing.assert_series_equal(both.loc[target][alone.index], alone, check_names=False)
    assert both["wis"].isna().tolist() == [False, True]  # nothing is paired with 1e-05
    assert "wis" not in forecast_table(other)
    assert both["n_series"].tolist() == [4, 4]
