"""Intervals from the errors of past forecasts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import skmtl
from skmtl import RMTGB
from skmtl.tasks import Quantile
from skmtl.timeseries import Forecaster, ForecastSplit, backtest, forecast_table

INNER = RMTGB(n_rounds=10, n_bags=1, learning_rate=0.3, random_state=0)


@pytest.fixture(scope="module")
def walks():
    """Create random walks in different units, whose errors grow with the step."""
    rng = np.random.default_rng(0)
    n_series, n_times = 150, 90
    X = pd.DataFrame(
        {"id": np.repeat(np.arange(n_series), n_times), "t": np.tile(np.arange(n_times), n_series)}
    )
    steps = rng.standard_t(4, size=(n_series, n_times)).cumsum(axis=1)
    unit = 10.0 ** rng.uniform(-2, 3, n_series)
    return X, pd.DataFrame({"y": (steps * unit[:, None]).ravel()})


def forecaster(**keywords) -> Forecaster:
    settings = {"horizon": 4, "lags": 2, "windows": 8, "max_examples": 4_000, "random_state": 0}
    return Forecaster(INNER, id="id", time="t", **settings | keywords)


def test_intervals_cover_as_they_say_at_every_step(walks):
    cv = ForecastSplit("t", horizon=4, n_windows=6)
    table = backtest(forecaster(conformal=(0.5, 0.8)), *walks, cv, refit=False)
    scores = forecast_table(table, by="step")
    np.testing.assert_allclose(scores["coverage_80"], 0.8, atol=0.04)
    np.testing.assert_allclose(scores["coverage_50"], 0.5, atol=0.05)
    width = (table["q0.9"] - table["q0.1"]).groupby([table["id"], table["step"]]).mean().unstack()
    assert (width[4] > 1.5 * width[1]).mean() > 0.9


def test_they_are_in_the_units_of_the_series_and_saved(walks, tmp_path):
    X, Y = walks
    model = forecaster(conformal=True).fit(X, Y)
    X_next = pd.DataFrame({"id": 3, "t": [90, 91, 92, 93]}, index=list("abcd"))
    quantiles = model.predict_quantiles(X_next)
    assert quantiles.columns.tolist() == [("y", 0.1), ("y", 0.9)]
    assert quantiles.index.tolist() == list("abcd")
    more = model.predict_quantiles(X_next, history=(X, Y * 1000 + 5))
    np.testing.assert_allclose(more, quantiles * 1000 + 5, rtol=1e-6)
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict_quantiles(X_next), quantiles)


def test_forecasts_are_as_without_intervals_and_quantile_targets_keep_their_own(walks):
    X, Y = walks
    model = forecaster(conformal=0.9, tasks=Quantile((0.2, 0.8)), max_examples=2_000)
    fitted = model.fit(X, pd.concat([Y, Y.set_axis(["other"], axis=1)], axis=1))
    assert fitted.predict_quantiles(X[:3]).columns.get_level_values(1).tolist() == [0.2, 0.8] * 2


def test_learnt_quantiles_are_corrected_to_cover_as_they_say_at_every_step(walks, tmp_path):
    X, Y = walks
    # Five rounds know little of the spread, and nothing of its growth with the step.
    inner = RMTGB(n_rounds=5, n_bags=1, learning_rate=0.1, blocks=("shared",), random_state=0)
    plain = forecaster(tasks=Quantile((0.1, 0.5, 0.9))).set_params(estimator=inner)
    corrected = clone(plain).set_params(conformal=0.8)
    cv = ForecastSplit("t", horizon=4, n_windows=6)

    def coverage(model):
        table = backtest(model, X, Y, cv, refit=False)
        return forecast_table(table, by="step")["coverage_80"]

    assert (coverage(plain) - 0.8).abs().max() > 0.1
    np.testing.assert_allclose(coverage(corrected), 0.8, atol=0.04)
    X_next = pd.DataFrame({"id": np.repeat([3, 4], 4), "t": np.tile(np.arange(90, 94), 2)})
    quantiles = corrected.fit(X, Y).predict_quantiles(X_next)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    more = corrected.predict_quantiles(X_next, history=(X, Y * 1000 + 5))
    np.testing.assert_allclose(more, quantiles * 1000 + 5, rtol=1e-6)
    corrected.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict_quantiles(X_next), quantiles)


@pytest.mark.parametrize("conformal", [0, 1.0, 80, "0.8", (0.5, 1.5)])
def test_coverages_lie_between_0_and_1(conformal, walks):
    with pytest.raises(ValueError, match="coverages between 0 and 1"):
        forecaster(conformal=conformal).fit(*walks)


def test_a_panel_may_be_too_short(walks):
    X, Y = walks
    early = X["t"] < 7
    with pytest.raises(ValueError, match="need a panel of at least 8 steps, but it has 7"):
        forecaster(conformal=True).fit(X[early], Y[early])


@pytest.mark.parametrize("kind", [None, Quantile((0.005, 0.5, 0.995))])
def test_too_few_errors_for_a_coverage_are_told(walks, kind):
    X, Y = walks
    few = (X["id"] < 3) & (X["t"] < 40)
    model = forecaster(tasks=kind, max_examples=100)
    with pytest.warns(UserWarning, match=r"'y' with a coverage of 0.99 needs 199 errors, .* 100:"):
        model.set_params(conformal=0.99).fit(X[few], Y[few])
    model.set_params(conformal=0.9).fit(X[few], Y[few])  # 19 are enough


def test_intervals_of_counts_are_not_negative_even_on_a_short_panel():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"id": np.repeat(np.arange(100), 9), "t": np.tile(np.arange(9), 100)})
    Y = pd.DataFrame({"y": rng.poisson(0.7, len(X))})
    model = forecaster(conformal=0.8, tasks="count").fit(X, Y)
    X_next = pd.DataFrame(
        {"id": np.repeat(np.arange(100), 4), "t": np.tile(np.arange(9, 13), 100)}
    )
    limits = model.predict_interval(X_next)["y"]
    assert (limits["lower"] >= 0).all()
    assert (limits["lower"] == 0).mean() > 0.3
    truth = rng.poisson(0.7, len(X_next))
    assert 0.7 < ((limits["lower"] <= truth) & (truth <= limits["upper"])).mean() <= 1.0
