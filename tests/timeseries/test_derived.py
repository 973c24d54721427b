"""Targets that are derived from others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import roc_auc_score

import skmtl
from skmtl import RMTGB
from skmtl.tasks import Change, Exceeds, Hurdle, Occurs, Quantile
from skmtl.timeseries import Forecaster, make_features
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


@pytest.mark.parametrize("steps", ["feature", "tasks"])
def test_the_scale_of_a_series_weighs_numbers_alone(steps, panel):
    """All shops count alike where classes are learnt, but large ones more for numbers."""
    X, Y = panel
    # Trees of one task know nothing of the others.
    inner = RMTGB(blocks=("task",), n_rounds=3, n_bags=1, early_stopping=False, random_state=0)
    by_weight = {
        weight: forecaster(weight=weight, steps=steps, horizon=3, max_examples=400)
        .set_params(estimator=inner)
        .fit(X, Y)
        for weight in ("equal", "scale")
    }
    predicted = {weight: model.predict(X[:20]) for weight, model in by_weight.items()}
    chances = {weight: model.predict_proba_frame(X[:20]) for weight, model in by_weight.items()}
    np.testing.assert_allclose(chances["equal"], chances["scale"], rtol=1e-6)
    assert (predicted["equal"]["sales"] != predicted["scale"]["sales"]).all()


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
        ({"sales": Change("sales")}, "'sales' has the name of a target"),
        ({"up": Change("price")}, "is derived from 'price', which is not a number"),
        ({"up": "sales"}, "must be a Change, Occurs, Exceeds or Hurdle"),
        ([Change("sales")], "must map names to targets"),
    ],
)
def test_what_cannot_be_derived_is_refused(derived, message, panel):
    with pytest.raises(ValueError, match=message):
        forecaster(derived=derived).fit(*panel)


def test_changes_are_since_something():
    with pytest.raises(ValueError, match="since='yesterday'"):
        Change("sales", since="yesterday")


@pytest.fixture(scope="module")
def parts():
    """Create the demand of 40 parts over 60 months: rare, with a different size for each part."""
    rng = np.random.default_rng(0)
    part = np.repeat(np.arange(40), 60)
    X = pd.DataFrame({"part": part, "month": np.tile(np.arange(60), 40)})
    chance, size = 0.1 + 0.01 * part, 3 + 0.5 * part
    sold = rng.uniform(size=len(X)) < chance
    Y = pd.DataFrame({"units": np.where(sold, rng.poisson(size) + 1.0, 0.0)})
    return X, Y, chance * (size + 1)


@pytest.mark.parametrize("steps", ["feature", "tasks"])
@pytest.mark.parametrize("kind", ["count", "regression"])
def test_a_hurdle_is_the_chance_times_the_amount(parts, steps, kind, tmp_path):
    X, Y, expected = parts
    inner = RMTGB(n_rounds=20, n_bags=1, blocks=("shared",), learning_rate=0.2, random_state=0)
    model = Forecaster(
        inner, id="part", time="month", horizon=2, lags=2, windows=24, tasks=kind, steps=steps,
        derived={"mean": Hurdle("units")}, weight="scale", max_examples=4_000, random_state=0,
    )  # fmt: skip
    early = X["month"] < 58
    model.fit(X[early], Y[early])
    X_next = X[~early]
    predicted = model.predict(X_next)
    assert predicted.columns.tolist() == ["units", "mean"]
    assert not hasattr(model, "predict_proba") or len(model.classes_) == 0
    table = make_features(X, Y, 57, model)
    if steps == "feature":
        within = model.estimator_
        ((_, chance),) = [values.T for values in within.predict_proba(table)]
        amount = within.predict(table)["mean amount"]
        scale = predicted["units"].to_numpy() / within.predict(table)["units"]
        np.testing.assert_allclose(predicted["mean"], chance * amount * scale, rtol=1e-9)
    # Means: their sum is that of as many rows of fit.
    total = Y["units"][early].mean() * len(X_next)
    assert predicted["mean"].sum() == pytest.approx(total, rel=0.08)
    assert np.corrcoef(predicted["mean"], expected[~early])[0, 1] > 0.7
    truth = model.derived_labels(X_next, Y[~early])
    pd.testing.assert_series_equal(truth["mean"], Y["units"][~early], check_names=False)
    assert model.score_tasks(X_next, truth).index.tolist() == ["mean"]
    model.save(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(skmtl.load(tmp_path / "model.skmtl").predict(X_next), predicted)


@pytest.mark.parametrize(
    ("kind", "of_amount"), [("count", "count"), (Quantile((0.5,)), "regression")], ids=str
)
def test_the_amount_of_a_hurdle_is_a_mean(parts, kind, of_amount):
    X, Y, _ = parts
    inner = RMTGB(n_rounds=2, n_bags=1, blocks=("shared",), early_stopping=False, random_state=0)
    model = Forecaster(
        inner, id="part", time="month", lags=2, tasks={"units": kind},
        derived={"mean": Hurdle("units")}, max_examples=500, random_state=0,
    ).fit(X, Y)  # fmt: skip
    assert model.estimator_.task_kinds_["mean occurs"] == "binary"
    assert model.estimator_.task_kinds_["mean amount"] == of_amount


def test_a_hurdle_needs_numbers_from_zero_and_an_estimator_that_takes_gaps(parts):
    X, Y, _ = parts
    settings = {"id": "part", "time": "month", "derived": {"mean": Hurdle("units")}}
    with pytest.raises(ValueError, match="has values below zero"):
        Forecaster(INNER, **settings).fit(X, Y - 1)
    with pytest.raises(ValueError, match="need an estimator of skmtl"):
        Forecaster(HistGradientBoostingRegressor(), **settings).fit(X, Y)
    twice = {"mean": Hurdle("units"), "mean occurs": Occurs("units")}
    with pytest.raises(ValueError, match="two tasks would be called 'mean occurs'"):
        Forecaster(INNER, **settings | {"derived": twice}).fit(X, Y)
