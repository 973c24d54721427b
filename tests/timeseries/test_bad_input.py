"""Unusual input works, or raises an error with the ids and a remedy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from dateutil import tz

from skmtl import RMTGB
from skmtl.tasks import Funnel, Survival
from skmtl.timeseries import Calendar, Forecaster, ForecastSplit, backtest
from tests.timeseries.panels import shops

INNER = RMTGB(n_rounds=3, n_bags=1, blocks=("shared",), random_state=0)
SETTINGS = {"id": "shop", "time": "day", "freq": "D", "horizon": 5, "season": 7, "lags": 2,
            "windows": 7, "known": "promotion", "past": "rain", "static": "size",
            "random_state": 0}  # fmt: skip


def forecaster(**keywords) -> Forecaster:
    return Forecaster(INNER, **SETTINGS | keywords)


def panel() -> tuple[pd.DataFrame, pd.DataFrame]:
    return shops(3, 40)


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    return forecaster().fit(*panel())


X_FIT, Y_FIT = panel()
DAY = X_FIT["day"]
FIRST = X_FIT.index == 0
REFUSED_IN_FIT = {
    "a row twice": (pd.concat([X_FIT, X_FIT[:2]]), pd.concat([Y_FIT, Y_FIT[:2]]), {},
                    r"an id and a time \(2 in all\): 'shop 0' at 2024-01-01.*drop_duplicates"),
    "off the grid": (X_FIT.assign(day=DAY.mask(X_FIT.index == 7, DAY + pd.Timedelta("5h"))), Y_FIT,
                     {}, "1 times in the column 'day' are not on the grid.*2024-01-08 05:00"),
    "another grid": (X_FIT, Y_FIT, {"freq": "W-SUN"}, "not on the grid of freq='W-SUN'"),
    "no role": (X_FIT.assign(extra=1), Y_FIT, {}, r"no role: \['extra'\].*known=.*past=.*static="),
    "no such column": (X_FIT, Y_FIT, {"id": "shops"}, "no column 'shops'. Did you mean 'shop'?"),
    "ids and times in the index": (X_FIT.set_index(["shop", "day"]), Y_FIT, {},
                                   r"\['shop', 'day'\] are in the index of X.*reset_index"),
    "two roles": (X_FIT, Y_FIT, {"known": ["promotion", "rain"]}, r"two roles: \['rain'\]"),
    "no time column": (X_FIT, Y_FIT, {"time": None}, "Name the column of the times"),
    "a time is missing": (X_FIT.assign(day=DAY.mask(FIRST)), Y_FIT, {}, "1 rows have no time"),
    "an id is missing": (X_FIT.assign(shop=X_FIT["shop"].mask(FIRST)), Y_FIT, {},
                         "1 rows have no id in the column 'shop'"),
    "times as text": (X_FIT.assign(day=DAY.astype(str)), Y_FIT, {}, "pd.to_datetime"),
    "times as dates": (X_FIT.assign(day=DAY.dt.date), Y_FIT, {}, "pd.to_datetime"),
    "no label": (X_FIT, Y_FIT.assign(sales=np.nan), {}, "target 'sales' has no label"),
    "infinity": (X_FIT, Y_FIT.replace(Y_FIT.iloc[3, 0], np.inf), {}, "'sales' has infinity"),
    "text as number": (X_FIT, Y_FIT.assign(sales="many"), {"tasks": {"sales": "regression"}},
                       "'sales' has the kind 'regression'"),
    "labels of several types": (X_FIT, Y_FIT.assign(sales=[1, "a", True] * 40), {},
                                "'sales' has labels of several types"),
    "an event": (X_FIT, Y_FIT, {"tasks": {"sales": "survival"}}, "'sales' is a time to an event"),
    "an event of two columns": (
        X_FIT, Y_FIT, {"tasks": {"sold": Survival(event="sales", time="visits")}},
        "'sold' is a time to an event"),
    "a funnel": (X_FIT, Y_FIT, {"tasks": {"shop": Funnel(("visits", "sales"))}},
                 "'shop' of kind 'funnel' has its label in several columns"),
    "unknown target": (X_FIT, Y_FIT, {"tasks": {"sale": "count"}}, r"`tasks` names \['sale'\]"),
    "names that are the same as text": (X_FIT, Y_FIT.set_axis([3, "3"], axis=1), {},
                                        "features called '3'. Rename one"),
    "a name like that of a class": (
        X_FIT, pd.DataFrame({"sales": np.where(Y_FIT["sales"] > 30, "high", "low"),
                             "sales is low": Y_FIT["visits"]}), {},
        "features called 'sales is low'"),
    "a static column that changes": (X_FIT.assign(size=X_FIT.index), Y_FIT, {},
                                     "'size' changes within series, such as 'shop 0'"),
    "infinite covariate": (X_FIT.assign(rain=np.inf), Y_FIT, {}, "'rain' of X has infinite"),
    "shorter y": (X_FIT, Y_FIT[:-1], {}, "inconsistent numbers of samples"),
    "horizon": (X_FIT, Y_FIT, {"horizon": 0}, "horizon=0"),
    "season": (X_FIT, Y_FIT, {"season": -7}, "season=-7"),
    "lags": (X_FIT, Y_FIT, {"lags": [1, 0]}, r"lags=\[1, 0\]"),
    "windows": (X_FIT, Y_FIT, {"windows": 2.5}, "windows=2.5"),
    "calendar": (X_FIT, Y_FIT, {"calendar": "weekday"}, "calendar='weekday'"),
    "anchor": (X_FIT, Y_FIT, {"anchor": "median"}, "anchor='median' of the target 'sales'"),
    "anchor of another name": (X_FIT, Y_FIT, {"anchor": {"sale": "last"}},
                               r"`anchor` names \['sale'\], but .* \['sales', 'visits'\]"),
    "a set of columns": (X_FIT, Y_FIT, {"past": {"rain"}}, "columns {'rain'} as a list"),
    "anchored count": (X_FIT, Y_FIT, {"anchor": "last", "tasks": "count"}, "'sales' is a count"),
    "ids that name rows": (X_FIT.assign(shop=range(len(X_FIT))), Y_FIT, {},
                           "No series has two rows within the horizon"),
    "days without some holidays": (X_FIT, Y_FIT, {
        "freq": pd.offsets.CustomBusinessDay(holidays=["2024-01-01"])}, "has no name"),
    "a relative offset": (X_FIT, Y_FIT, {"freq": pd.DateOffset(days=1)}, "has no name"),
    "every second period": (X_FIT.assign(day=DAY.dt.to_period("D")), Y_FIT, {"freq": 2},
                            "holds periods of 'D', but freq is 2"),
    "a zone without a name": (X_FIT.assign(day=DAY.dt.tz_localize(tz.gettz("Europe/Berlin"))),
                              Y_FIT, {}, "has no name from which it could be restored"),
    "a calendar of whole numbers": (X_FIT.assign(day=X_FIT.groupby("shop").cumcount()), Y_FIT,
                                    {"freq": None, "calendar": Calendar("week")},
                                    "holds whole numbers"),
    "too many steps": (
        X_FIT.loc[X_FIT.index.repeat(20)].assign(day=np.tile([-(2.0**52), 2.0**52], 1200),
                                                 shop=np.arange(1200).repeat(2)),
        Y_FIT.loc[Y_FIT.index.repeat(20)], {"freq": None, "static": None, "known": "size",
                                            "past": ["rain", "promotion"]},
        "spans 9,007,199,254,740,993 steps, too many for 1,200 series"),
    "dates as a covariate": (X_FIT.assign(rain=DAY), Y_FIT, {}, "'rain' of X holds dates"),
    "frequency of whole numbers": (X_FIT.assign(day=X_FIT.groupby("shop").cumcount()), Y_FIT, {},
                                   "freq must be the whole"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_IN_FIT)
def test_what_cannot_be_learnt_is_refused(case):
    X, Y, keywords, message = REFUSED_IN_FIT[case]
    with pytest.raises(ValueError, match=rf"(?s){message}"):
        forecaster(**keywords).fit(X, Y)


NEXT = X_FIT[X_FIT["day"] == DAY.max()].assign(day=DAY.max() + pd.Timedelta(days=1))
REFUSED_IN_PREDICT = {
    "too far": (NEXT.assign(day=NEXT["day"] + pd.Timedelta(days=5)),
                "3 rows are more than horizon=5 steps after .* 'shop 0', 'shop 1', 'shop 2'"),
    "ids of another type": (NEXT.assign(shop=[0, 1, 2]), "not text, but those of fit are text"),
    "no covariate": (NEXT.drop(columns="promotion"), "no column 'promotion'"),
    "another column": (NEXT.assign(extra=1), r"no role: \['extra'\]"),
    "off the grid": (NEXT.assign(day=NEXT["day"] + pd.Timedelta("3h")), "not on the grid"),
    "a zone": (NEXT.assign(day=NEXT["day"].dt.tz_localize("UTC")), "has one, but .* had none"),
    "no time": (NEXT.assign(day=range(3)), "must hold timestamps as in fit"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_IN_PREDICT)
def test_what_cannot_be_forecast_is_refused(case, fitted):
    X, message = REFUSED_IN_PREDICT[case]
    with pytest.raises(ValueError, match=message):
        fitted.predict(X)


def test_histories_must_suit(fitted):
    with pytest.raises(ValueError, match=r"part of the history: 2024-01-01.* of 'shop 0'"):
        fitted.update(X_FIT[:1], Y_FIT[:1])
    with pytest.raises(ValueError, match=r"no columns for the targets \['visits'\]"):
        fitted.predict(NEXT, history=(X_FIT, Y_FIT[["sales"]]))
    for history in (X_FIT, {"X": X_FIT, "y": Y_FIT}):
        with pytest.raises(ValueError, match=r"must be a pair \(X_past, y_past\)"):
            fitted.predict(NEXT, history=history)
    n = len(X_FIT)
    for weight, message in (
        (np.ones(3), "shape"),
        (-np.ones(n), "not negative"),
        (np.zeros(n), "zero for all rows"),
    ):
        with pytest.raises(ValueError, match=message):
            forecaster().fit(X_FIT, Y_FIT, sample_weight=weight)


@pytest.fixture(scope="module")
def with_classes() -> Forecaster:
    return forecaster(horizon=1).fit(X_FIT, CLASSES)


CLASSES = Y_FIT.assign(visits=np.where(Y_FIT["visits"] > 60, "many", "few"))
REFUSED_IN_UPDATE = {
    "text": (NEXT, Y_FIT[:3].assign(sales="12,5"), "'sales' are not numbers, such as '12,5'"),
    "text in a past column": (NEXT.assign(rain="wet"), CLASSES[:3], "'rain' .* must hold numb"),
    "a new class": (NEXT, CLASSES[:3].assign(visits="none"), "such as 'none', are not among"),
    "classes of another type": (NEXT, Y_FIT[:3].assign(visits=True), "are not among its classes"),
}


@pytest.mark.parametrize("case", REFUSED_IN_UPDATE)
def test_a_past_that_does_not_suit_is_refused(case, with_classes):
    X_new, Y_new, message = REFUSED_IN_UPDATE[case]
    with pytest.raises(ValueError, match=message):
        with_classes.update(X_new, Y_new)
    assert len(with_classes.history_.panel.codes) == len(X_FIT)


def test_a_target_among_the_known_columns_is_told():
    with pytest.warns(UserWarning, match="known column 'plan' equals the target 'sales'"):
        forecaster(known=["promotion", "plan"]).fit(X_FIT.assign(plan=Y_FIT["sales"]), Y_FIT)


@pytest.mark.parametrize("start", ["2018-10-20", "2018-11-04"])
def test_days_without_a_midnight_are_days(start):
    days = pd.date_range(start, periods=40).tz_localize(
        "America/Sao_Paulo", nonexistent="shift_forward"
    )
    X = X_FIT.assign(day=np.tile(days, 3))
    model = forecaster().fit(X, Y_FIT)
    clock = model.history_.panel.clock[:40]
    assert np.unique(np.diff(clock)).tolist() == [1]
    times = model.history_.clock.times(clock)
    assert times.as_unit("ns").equals(days.as_unit("ns"))  # pandas before 3 has nanoseconds


def ends_early(X, Y):
    """Create series with one row, with two rows, and one that ends early."""
    place = X.groupby("shop").cumcount()
    kept = (place < X["shop"].map({"shop 0": 1, "shop 1": 20, "shop 2": 99})).to_numpy()
    return X[kept], Y[kept]


def zone(start, freq, name="Europe/Berlin"):
    def change(X, Y):
        times = pd.date_range(start, periods=40, freq=freq, tz=name)
        return X.assign(day=np.tile(times, 3)), Y

    return change


def edges_missing(X, Y):
    place = X.groupby("shop").cumcount().to_numpy()
    return X, Y[(place >= 6) & (place <= 33)].reindex(Y.index)


TAKEN = {
    "any order": (lambda X, Y: (X.sample(frac=1, random_state=0),
                                Y.sample(frac=1, random_state=0)), {}),
    "series of other lengths": (ends_early, {}),
    "labels missing at both ends": (edges_missing, {"horizon": 6}),
    "a constant series": (lambda X, Y: (X, Y.where(X["shop"] != "shop 1", 7.0)), {}),
    "nothing but zeros": (lambda X, Y: (X, Y * 0), {}),
    "a horizon longer than the series": (lambda X, Y: (X, Y), {"horizon": 60}),
    "gaps": (lambda X, Y: (X[X.index % 3 > 0], Y[X.index % 3 > 0]), {}),
    "the clocks are set back": (zone("2024-10-26 12:00", "h"), {"freq": "h"}),
    "the clocks are set forward": (zone("2024-03-30 12:00", "h"), {"freq": "h"}),
    "days across a change of the clocks": (zone("2024-10-10", "D"), {}),
    "whole numbers, some negative": (
        lambda X, Y: (X.assign(day=X.groupby("shop").cumcount() - 20), Y), {"freq": None}),
    "every second number": (
        lambda X, Y: (X.assign(day=X.groupby("shop").cumcount() * 2), Y), {"freq": 2}),
    "periods before 1970": (
        lambda X, Y: (X.assign(day=np.tile(pd.period_range("1969-12", periods=40, freq="M"), 3)),
                      Y), {"freq": None}),
    "business days": (
        lambda X, Y: (X.assign(day=np.tile(pd.date_range("2024-01-01", periods=40, freq="B"), 3)),
                      Y), {"freq": "B"}),
    "months": (
        lambda X, Y: (X.assign(day=np.tile(pd.date_range("2020-01-31", periods=40, freq="ME"), 3)),
                      Y), {"freq": "ME"}),
    "categories as ids": (lambda X, Y: (X.astype({"shop": "category"}), Y), {}),
    "several ids": (
        lambda X, Y: (X.assign(town=np.where(X["shop"] == "shop 1", 1, 2)), Y),
        {"id": ["town", "shop"]}),
    "one series without id": (
        lambda X, Y: (X[X["shop"] == "shop 1"].drop(columns="shop"), Y[X["shop"] == "shop 1"]),
        {"id": None}),
    "missing covariates": (
        lambda X, Y: (X.assign(promotion=np.nan, rain=X["rain"].mask(X.index % 2 == 0)), Y), {}),
    "text as covariates": (
        lambda X, Y: (X.assign(promotion=np.where(X["promotion"] > 0, "yes", "no"),
                               rain=np.where(X["rain"] > 0, "wet", "dry"),
                               size=X["shop"].str[-1]), Y), {}),
    "an index of its own": (lambda X, Y: (X.set_index(X.index % 5), Y.set_index(Y.index % 5)), {}),
    "an array of labels": (lambda X, Y: (X, Y.to_numpy()), {}),
    "one column of labels": (lambda X, Y: (X, Y["sales"]), {}),
    "nullable labels": (
        lambda X, Y: (X, Y.assign(sales=(Y["sales"] > 30).astype("boolean").mask(X.index % 4 == 0),
                                  visits=Y["visits"].round().astype("Int64"))), {}),
    "classes": (
        lambda X, Y: (X, Y.assign(visits=pd.cut(Y["visits"], 3, labels=["low", "mid", "high"])
                                  .astype(str))), {}),
    "huge and tiny numbers": (lambda X, Y: (X, Y * [1e12, 1e-12]), {}),
    "no season, lags or windows": (
        lambda X, Y: (X, Y), {"season": None, "lags": None, "windows": None, "calendar": None}),
    "arrays of names and numbers": (
        lambda X, Y: (X, Y), {"known": pd.Index(["promotion"]), "lags": np.array([1, 3]),
                              "season": np.array([7]), "windows": range(3, 9, 3)}),
    "levels as features": (lambda X, Y: (X, Y), {"scale": "none"}),
}  # fmt: skip


@pytest.mark.parametrize("case", TAKEN)
def test_what_users_bring_is_learnt(case):
    change, keywords = TAKEN[case]
    X, Y = change(*panel())
    model = forecaster(**keywords).fit(X, Y)
    predicted = model.predict(X)
    assert len(predicted) == len(X)
    assert predicted.index.equals(X.index)
    assert predicted.notna().all(axis=None)
    last = X[X["day"] == X["day"].max()]
    after = model.history_.clock.times(np.array([model.history_.panel.clock.max() + 1]))
    assert model.predict(last.assign(day=after[0])).notna().all(axis=None)


def test_ids_may_be_of_several_types():
    ids = {"shop 0": 1, "shop 1": "b", "shop 2": 2.5}
    model = forecaster().fit(X_FIT.assign(shop=X_FIT["shop"].map(ids)), Y_FIT)
    expected = forecaster().fit(X_FIT, Y_FIT).predict(NEXT)
    for row, name in enumerate(ids):
        rows = NEXT[NEXT["shop"] == name]
        alone = model.predict(rows.assign(shop=ids[name]))
        np.testing.assert_allclose(alone, expected.iloc[[row]])


def test_windows_do_not_reach_beyond_the_horizon():
    cv = ForecastSplit("day", freq="D", horizon=5, gap=2)
    with pytest.raises(ValueError, match=r"reach 7 steps .* the model forecasts 5: raise"):
        backtest(forecaster(), X_FIT, Y_FIT, cv)


def test_a_step_that_is_too_short_is_told():
    X, Y = panel()
    with pytest.warns(UserWarning, match="a multiple of 24 steps apart"):
        forecaster(freq="h").fit(X, Y)


def test_columns_known_ahead_that_are_empty_are_told(fitted):
    X_next = pd.concat([NEXT, NEXT.assign(day=NEXT["day"] + pd.Timedelta(days=1))])
    with pytest.warns(UserWarning, match=r"columns \['promotion'\] have no values"):
        fitted.predict(X_next.assign(promotion=np.nan, rain=np.nan))


def test_nothing_to_forecast_is_an_empty_frame(fitted):
    assert fitted.predict(X_FIT[:0]).shape == (0, 2)


def test_polars_tables_are_panels():
    pl = pytest.importorskip("polars")
    X, Y = panel()
    X_pl = pl.DataFrame({name: X[name].to_numpy() for name in X if name != "shop"}
                        | {"shop": X["shop"].tolist()})  # fmt: skip
    model = forecaster().fit(X_pl, pl.DataFrame({name: Y[name].to_numpy() for name in Y}))
    expected = forecaster().fit(X, Y).predict(X)
    np.testing.assert_allclose(model.predict(X_pl), expected)


def test_text_that_is_new_in_a_past_column_is_missing():
    X, Y = panel()
    X = X.assign(rain=np.where(X["rain"] > 0, "wet", "dry"))
    model = forecaster().fit(X, Y)
    model.update(NEXT.assign(rain="snow"), Y[:3])
    later = NEXT.assign(day=NEXT["day"] + pd.Timedelta(days=1), rain="wet")
    assert model.predict(later).notna().all(axis=None)


def test_targets_of_text_that_are_numbers_are_told():
    X, _ = panel()
    prices = pd.DataFrame({"price": (np.arange(len(X)) % 24 / 8).astype(str)})
    with pytest.warns(UserWarning, match=r"Task 'price' is text, but 120 of its 120 values"):
        forecaster(max_examples=40).fit(X, prices)
