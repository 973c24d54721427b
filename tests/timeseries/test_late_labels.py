"""Rows after the last label of a series, such as rows to forecast that were part of `fit`."""

from __future__ import annotations

import pandas as pd
import pytest

from skmtl.timeseries import ForecastSplit, backtest, forecast_scorer
from tests.timeseries.panels import shops
from tests.timeseries.test_forecaster import days_after, forecaster


@pytest.fixture(scope="module")
def panel():
    X, Y = shops(3)
    return X, Y.assign(busy=(Y["visits"] > Y["visits"].median()).astype("boolean"))


def with_next_days(X, Y, n):
    """Append the next days, with the weather but without labels."""
    longer = pd.concat([X, days_after(X, n).assign(rain=1e6)], ignore_index=True)
    return longer, Y.reindex(longer.index)


@pytest.mark.parametrize(
    "keywords", [{}, {"steps": "tasks", "horizon": 3, "known": ()}, {"conformal": 0.8}]
)
def test_rows_to_forecast_may_be_part_of_fit(panel, keywords):
    X, Y = panel
    if "known" in keywords:  # otherwise the last examples would have more of them
        X = X.drop(columns="promotion")
    n = keywords.get("horizon", 7)
    alone, together = (
        forecaster(max_examples=200, **keywords).fit(*data)
        for data in ((X, Y), with_next_days(X, Y, n))
    )
    X_next = days_after(X, n)
    pd.testing.assert_frame_equal(
        together.predict(X_next), alone.predict(X_next), check_dtype=False
    )
    assert together.anchors_ == alone.anchors_
    if "conformal" in keywords:
        pd.testing.assert_frame_equal(
            together.predict_interval(X_next), alone.predict_interval(X_next)
        )


def test_each_series_is_known_up_to_its_last_label(panel):
    X, Y = panel
    is_late = (X["shop"] == "shop 1") & (X["day"] > "2024-02-20")
    model = forecaster(max_examples=200).fit(X, Y[~is_late].reindex(Y.index))
    shorter = model.with_history(X[~is_late], Y[~is_late])
    X_next = days_after(X, 2)
    pd.testing.assert_frame_equal(model.predict(X_next), shorter.predict(X_next))
    score = model.score_tasks(X[is_late], Y[["busy"]][is_late], by="step")
    assert score.index.get_level_values("step").tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_an_update_without_labels_changes_nothing(panel):
    X, Y = panel
    model = forecaster(max_examples=200).fit(X, Y)
    X_next = days_after(X, 9)
    near = X_next["day"] <= "2024-03-07"
    expected = model.predict(X_next[near])
    model.update(X_next, Y[:0].reindex(range(len(X_next))))
    pd.testing.assert_frame_equal(model.predict(X_next[near]), expected)
    with pytest.raises(ValueError, match="6 rows are more than horizon=7 steps after the end"):
        model.predict(X_next)


def test_labels_that_end_too_early_are_told(panel):
    X, Y = panel
    with pytest.warns(UserWarning, match=r"last 9 steps of X have no labels, more than horizon=7"):
        forecaster(max_examples=200).fit(*with_next_days(X, Y, 9))


def test_windows_without_labels_cannot_be_scored(panel):
    X, Y = with_next_days(*panel, 9)
    cv = ForecastSplit("day", freq="D", horizon=7, n_windows=2)
    model = forecaster(max_examples=200)
    with pytest.raises(ValueError, match=r"cutoff 2024-03-02 .* no labels"):
        backtest(model, X, Y, cv, refit=False)
    is_next = X["day"] > X["day"].max() - pd.Timedelta(days=9)
    fitted = model.fit(*panel)
    first = is_next & (X["day"] < "2024-03-04")
    with pytest.raises(ValueError, match="no labels"):
        forecast_scorer("wape")(fitted, X[first], Y[first])
