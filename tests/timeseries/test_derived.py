"""Targets that follow from others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import skmtl
from skmtl import RMTGB
from skmtl.tasks import Change, Exceeds, Occurs
from skmtl.timeseries import Forecaster
from tests.timeseries.panels import shops

INNER = RMTGB(n_rounds=20, n_bags=1, learning_rate=0.3, random_state=0)
DERIVED = {
    "up": Change("sales"),
    "up on last week": Change("sales", since="season"),
    "any": Occurs("visits"),
    "many": Exceeds("sales", 300.0),
}


@pytest.fixture(scope="module")
def panel():
    X, Y = shops(4, 70)
    rng = np.random.default_rng(1)
    return X, Y.assign(visits=np.where(rng.uniform(size=len(Y)) < 0.5, 0.0, Y["visits"]))


def forecaster(**keywords) -> Forecaster:
    settings = {"horizon": 7, "season": 7, "lags": 7, "windows": 7, "derived": DERIVED}
    roles = {"known": "promotion", "past": "rain", "static": "size"}
    return Forecaster(
        INNER, id="shop", time="day", freq="D", random_state=0, **settings | roles | keywords
    )


@pytest.fixture(scope="module")
def fitted(panel):
    X, Y = panel
    early = X["day"] < "2024-03-01"
    return forecaster().fit(X[early], Y[early])


def test_their_labels_are_those_of_the_origin(fitted, panel):
    X, Y = panel
    rows = (X["day"] >= "2024-03-01") & (X["day"] <= "2024-03-07")
    labels = fitted.derived_labels(X[rows], Y[rows])
    assert labels.index.equals(X.index[rows])
    for shop in X["shop"].unique():
        sales = Y.loc[X["shop"] == shop].set_index(X.loc[X["shop"] == shop, "day"])["sales"]
        mine = labels[X.loc[rows, "shop"] == shop]
        ahead = sales["2024-03-01":"2024-03-07"].to_numpy()
        np.testing.assert_array_equal(mine["up"], ahead > sales["2024-02-29"])
        week = sales["2024-02-23":"2024-02-29"].to_numpy()
        np.testing.assert_array_equal(mine["up on last week"], ahead > week)
        np.testing.assert_array_equal(mine["many"], ahead > 300)
    np.testing.assert_array_equal(labels["any"], Y.loc[rows, "visits"] > 0)


def test_they_are_forecast_beside_the_values(fitted, panel):
    X, Y = panel
    rows = (X["day"] >= "2024-03-01") & (X["day"] <= "2024-03-07")
    predicted = fitted.predict(X[rows])
    assert predicted.columns.tolist() == ["sales", "visits", *DERIVED]
    truth = fitted.derived_labels(X[rows], Y[rows])
    up, on_last_week, _, many = fitted.predict_proba(X[rows])
    assert roc_auc_score(truth["up"].astype(bool), up[:, 1]) > 0.8
    assert roc_auc_score(truth["up on last week"].astype(bool), on_last_week[:, 1]) > 0.7
    assert roc_auc_score(truth["many"].astype(bool), many[:, 1]) > 0.9
    assert set(fitted.score_tasks(X[rows], Y[rows]).index) == {"sales", "visits"}
    both = pd.concat([Y[rows], truth], axis=1)
    assert len(fitted.score_tasks(X[rows], both)) == 6
    assert len(fitted.score_tasks(X[rows], Y[rows].to_numpy())) == 2


def test_a_missing_value_says_nothing(panel):
    X, Y = panel
    holes = Y.assign(sales=Y["sales"].mask(X["day"] == "2024-01-20"))
    model = forecaster(derived={"up": Change("sales")}).fit(X, holes)
    labels = model.derived_labels(X, holes)["up"]
    first = X.groupby("shop").cumcount() == 0
    assert labels[first | (X["day"] == "2024-01-20")].isna().all()
    assert labels[~first & (X["day"] != "2024-01-20")].notna().all()


def test_they_are_saved(fitted, panel, tmp_path):
    fitted.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    X, _ = panel
    rows = X["day"] == "2024-03-01"
    pd.testing.assert_frame_equal(loaded.predict(X[rows]), fitted.predict(X[rows]))
    assert loaded.derived == DERIVED


@pytest.mark.parametrize(
    ("derived", "message"),
    [
        ({"sales": Change("sales")}, "'sales' is called as one of y"),
        ({"up": Change("price")}, "follows from 'price', which is no number"),
        ({"up": "sales"}, "must be a Change, Occurs or Exceeds"),
        ([Change("sales")], "must map names to targets"),
    ],
)
def test_what_cannot_be_derived_is_refused(derived, message, panel):
    with pytest.raises(ValueError, match=message):
        forecaster(derived=derived).fit(*panel)


def test_changes_are_since_something():
    with pytest.raises(ValueError, match="since='yesterday'"):
        Change("sales", since="yesterday")
