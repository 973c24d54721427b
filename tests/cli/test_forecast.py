"""``skmtl fit`` of forecasters, and the forecasts of files."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl import RMTGB
from skmtl.cli import main
from skmtl.tasks import Change
from skmtl.timeseries import Forecaster
from tests.timeseries.panels import shops
from tests.timeseries.test_forecaster import days_after

CONFIG = """
estimator = "RMTGB"
output = "model.skmtl"

[data]
train = "train.csv"
test = "test.csv"
targets = ["sales", "visits"]
drop = ["rain"]

[parameters]
n_bags = 1
n_rounds = 5
blocks = ["shared"]
early_stopping = false
random_state = 0

[tasks]
visits = "count"

[forecast]
id = ["shop"]
time = "day"
freq = "D"
horizon = 3
season = 7
lags = 3
known = ["promotion"]
static = ["size"]
random_state = 0
derived.up = {kind = "change", target = "sales"}
"""


@pytest.fixture
def folder(tmp_path):
    X, Y = shops(2, 40)
    rows = X.join(Y.round())
    late = rows["day"] > "2024-02-06"
    rows[~late].to_csv(tmp_path / "train.csv", index=False)
    rows[late].to_csv(tmp_path / "test.csv", index=False)
    days_after(X, 3).to_csv(tmp_path / "next.csv", index=False)
    return tmp_path


def run(folder, config, capsys, *options):
    (folder / "config.toml").write_text(config)
    code = main(["fit", str(folder / "config.toml"), "--json", *options])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_forecaster_is_the_one_of_python_and_scores_files(folder, capsys):
    code, out, _ = run(folder, CONFIG, capsys)
    assert code == 0
    outcome = json.loads(out)
    assert outcome["estimator"] == "Forecaster"
    assert outcome["tasks"] == {"sales": "regression", "visits": "count", "up": "binary"}
    train = pd.read_csv(folder / "train.csv", parse_dates=["day"])
    inner = RMTGB(n_bags=1, n_rounds=5, blocks=("shared",), early_stopping=False, random_state=0)
    expected = Forecaster(
        inner, id="shop", time="day", freq="D", horizon=3, season=7, lags=3, known="promotion",
        static="size", tasks={"visits": "count"}, derived={"up": Change("sales")}, random_state=0,
    ).fit(train[["shop", "day", "promotion", "size"]], train[["sales", "visits"]])  # fmt: skip
    X_next = pd.read_csv(folder / "next.csv", parse_dates=["day"])
    truth = expected.predict(X_next[["shop", "day", "promotion", "size"]][:0])
    assert truth.columns.tolist() == list(outcome["tasks"])
    paths = [str(folder / name) for name in ("model.skmtl", "test.csv", "scores")]
    assert main(["score", *paths, "--keep", "shop", "--keep", "day"]) == 0
    scores = pd.read_parquet(folder / "scores")
    test = pd.read_csv(folder / "test.csv", parse_dates=["day"])
    predicted = expected.predict(test[["shop", "day", "promotion", "size"]])
    np.testing.assert_allclose(scores["sales_prediction"], predicted["sales"])
    assert {"visits_prediction", "up_proba_True"} <= set(scores.columns)
    capsys.readouterr()
    assert main(["inspect", paths[0]]) == 0
    shown = capsys.readouterr().out
    assert "1 id, 1 time, 1 known, 1 static: shop, day, promotion, size" in shown
    assert skmtl.load(paths[0]).horizon == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('drop = ["rain"]', "", r"\['rain'\] have no role"),
        ("horizon = 3", "horizons = 3", "Did you mean 'horizon'"),
        ("horizon = 3", "horizon = 0", "horizon=0"),
        ("horizon = 3", "horizon = 2", "reach 3 steps beyond those of 'train'"),
        ('time = "day"', "", "has no 'time'"),
        ('time = "day"', 'time = "date"', "no column 'date'"),
        ('time = "day"', 'time = "day"\nzone = "Europe/Bern"', "zone='Europe/Bern'"),
        ('time = "day"', 'time = "day"\nzone = "Europe/Paris"', "have no offset from UTC"),
        ('kind = "change"', 'kind = "rise"', "must be a table with its 'kind'"),
        ('target = "sales"}', 'target = "sales", level = 3}', "The derived target 'up'"),
        ('test = "test.csv"', 'eval = "test.csv"', "has 'eval', which"),
        ('freq = "D"', 'freq = "D"\ncalendar = {part = ["week"]}', "calendar must be a list"),
        ('freq = "D"', 'freq = "D"\ncalendar = ["weak"]', "has no part 'weak'"),
    ],
)
def test_mistakes_are_named_before_the_fit(folder, capsys, old, new, words):
    assert old in CONFIG
    code, _, err = run(folder, CONFIG.replace(old, new), capsys)
    assert code == 2
    assert pd.Series([err]).str.contains(words).all(), err
    assert not (folder / "model.skmtl").exists()


def test_times_that_are_no_iso_text_are_named(folder, capsys):
    text = (folder / "train.csv").read_text().replace("2024-01-01", "01/01/2024")
    (folder / "train.csv").write_text(text)
    code, _, err = run(folder, CONFIG, capsys)
    assert code == 2
    assert "ISO 8601" in err


def test_days_in_a_zone_whose_clocks_change_are_read_from_text(folder, capsys):
    for name in ("train", "test"):
        rows = pd.read_csv(folder / f"{name}.csv", parse_dates=["day"])
        days = rows["day"] + pd.Timedelta(days=77)  # from 18 March on
        rows["day"] = days.dt.tz_localize("Europe/Berlin")
        rows.to_csv(folder / f"{name}.csv", index=False)
    code, _, err = run(folder, CONFIG, capsys)
    assert code == 2
    assert "have several offsets from UTC, +01:00, +02:00" in err
    code, _, err = run(
        folder, CONFIG.replace("[forecast]", "[forecast]\nzone='Europe/Berlin'"), capsys
    )
    assert code == 0, err
    paths = [str(folder / name) for name in ("model.skmtl", "test.csv", "scores")]
    assert main(["score", *paths]) == 0
    predicted = skmtl.load(paths[0]).predict(rows.drop(columns=["rain", "sales", "visits"]))
    np.testing.assert_allclose(pd.read_parquet(paths[2])["sales_prediction"], predicted["sales"])
