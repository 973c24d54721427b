"""Labels from histories on real sets: by summaries and our engines or LightGBM, or by networks.

::

    python -m benchmarks.histories --sets physionet2012 --models constant lightgbm rmtgb
    python -m benchmarks.histories --sets hydraulic --models lightgbm rmtgb
    python -m benchmarks.histories --sets physionet2012 --models events tcn
    python -m benchmarks.histories --speed
    python -m benchmarks.histories --report

Sets and splits are those of the loader beside the data (`SKMTL_DATA`). Features are those of
`SeriesSummary` with the windows of `WINDOWS`, for all models but the networks of `READERS`, which
read the histories themselves. Models have their defaults, but for one bag; the networks of
`READERS` have as many as by default, and a dropout of 0.3, chosen on rows of physionet2012 that
were taken out of its training part. The scores are those that the sets are known by: for two
classes AUROC and AUPRC (physionet2012) or balanced accuracy (hydraulic), for numbers R2, for the
remaining life of engines RMSE and the asymmetric score of the PHM08 challenge.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import lightgbm
import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    r2_score,
    roc_auc_score,
)

from benchmarks._arguments import parse_with_out
from benchmarks._data import loader_of
from benchmarks._timing import in_turns
from skmtl import RMTGB, MultiTab, MultiTaskLinear, StackedTasks, score_frame
from skmtl.histories import Histories, HistoriesDtype, SeriesSummary, landmarks
from skmtl.tasks import EventTimes

WINDOWS = {"physionet2012": (6, 24), "hydraulic": (10, 30), "cmapss": (5, 20, 50)}
LONGEST_LIFE = 125
MODELS: dict[str, Callable[[], Any]] = {
    "rmtgb": lambda: RMTGB(n_bags=1, random_state=0),
    "linear": lambda: MultiTaskLinear(random_state=0),
    "multitab": lambda: MultiTab(n_bags=1, random_state=0),
    "stacked": lambda: StackedTasks(random_state=0),
}
READERS = ("events", "tcn", "wavelet")
"""Networks that read histories, by what `series` of MultiTab calls the way they do."""


class Split(NamedTuple):
    """Features and labels of one split."""

    X: pd.DataFrame
    X_test: pd.DataFrame
    Y: pd.DataFrame
    Y_test: pd.DataFrame


def physionet(transform: Callable[..., Any]) -> Iterator[Split]:
    data = loader_of("timeseries").events("physionet2012")
    Y = data.labels.drop(columns="survival_days")
    Y["length_of_stay"] = np.log1p(Y["length_of_stay"])
    Y["death"] = Y["death"].astype(bool)
    X = data.static.assign(
        vitals=Histories.from_events(
            data.events, Y.index, id="id", variable="variable", value="value", end=48.0
        )
    )
    train, test = (X.loc[rows] for rows in (data.train, data.test))
    yield Split(*transform(train, test), Y.loc[data.train], Y.loc[data.test])


def hydraulic(transform: Callable[..., Any]) -> Iterator[Split]:
    data = loader_of("timeseries").series("hydraulic")
    X = pd.DataFrame({"cycle": Histories.from_array(data.X, variables=data.channels)})
    Y = data.Y.astype("category")
    for train, test in data.folds:
        tables = transform(X.iloc[train], X.iloc[test])
        yield Split(*tables, Y.iloc[train], Y.iloc[test])


def cmapss(transform: Callable[..., Any]) -> Iterator[Split]:
    frame = loader_of("timeseries").runs("cmapss")
    tables = {}
    for part, rows in frame.groupby("split"):
        sensors = rows.drop(columns=["split", "rul"])
        lives = rows.groupby("engine")["cycle"].max()
        X = pd.DataFrame(index=lives.index)
        X["run"] = Histories.from_frame(sensors, lives.index, id="engine", time="cycle")
        if part == "train":
            failures = pd.DataFrame({"fails": EventTimes(np.ones(len(X)), lives)}, X.index)
            at: Any = range(5, int(lives.max()), 3)
        else:
            rest = rows.groupby("engine")["rul"].last()
            failures = pd.DataFrame({"fails": EventTimes(np.ones(len(X)), lives + rest)}, X.index)
            at = lives
        X, Y = landmarks(X, failures, at=at, horizon=[10, 30])
        Y["rul"] = landmarks_left(failures, X).clip(upper=LONGEST_LIFE)
        tables[part] = X, Y.astype({"fails 10": bool, "fails 30": bool})
    (X, Y), (X_test, Y_test) = tables["train"], tables["test"]
    yield Split(*transform(X, X_test), Y, Y_test)


def landmarks_left(failures: pd.DataFrame, X: pd.DataFrame) -> pd.Series:
    """Cycles from each landmark to the failure."""
    ends = pd.Series(failures["fails"].array.time, index=failures.index)
    return pd.Series(ends.loc[X.index.get_level_values(0)].to_numpy() - X["landmark"], X.index)


SETS = {"physionet2012": physionet, "hydraulic": hydraulic, "cmapss": cmapss}


class LightGBMAlone:
    """A model of LightGBM for each label, on the rows that have it."""

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame) -> LightGBMAlone:
        self.models = {}
        for name in Y:
            rows = Y[name].notna()
            is_number = Y[name].dtype.kind == "f"
            cls = lightgbm.LGBMRegressor if is_number else lightgbm.LGBMClassifier
            model = cls(n_estimators=200, learning_rate=0.05, n_jobs=1, verbose=-1, random_state=0)
            self.models[name] = model.fit(_plain(X)[rows], Y.loc[rows, name])
        return self

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({n: m.predict(_plain(X)) for n, m in self.models.items()}, X.index)

    def positive(self, X: pd.DataFrame, name: str) -> np.ndarray:
        return self.models[name].predict_proba(_plain(X))[:, 1]


class Constant:
    """The mean, or the most frequent class."""

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame) -> Constant:
        self.values = {n: Y[n].mean() if Y[n].dtype.kind == "f" else Y[n].mode()[0] for n in Y}
        self.rates = {n: Y[n].mean() for n in Y if Y[n].dtype == bool}
        return self

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame(self.values, X.index)

    def positive(self, X: pd.DataFrame, name: str) -> np.ndarray:
        return np.full(len(X), self.rates[name])


class Ours:
    """An estimator of skmtl."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame) -> Ours:
        self.model.fit(X, Y)
        return self

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        return self.model.predict(X)

    def positive(self, X: pd.DataFrame, name: str) -> np.ndarray:
        return score_frame(self.model, X)[f"{name}_proba_True"].to_numpy()


def _plain(X: pd.DataFrame) -> np.ndarray:
    return X.to_numpy(dtype=np.float64)


def make_model(name: str, X: pd.DataFrame) -> Any:
    if name == "constant":
        return Constant()
    if name in READERS:
        columns = [column for column in X if isinstance(X[column].dtype, HistoriesDtype)]
        series = dict.fromkeys(columns, name)
        return Ours(MultiTab(series=series, dropout=0.3, random_state=0))
    return LightGBMAlone() if name == "lightgbm" else Ours(MODELS[name]())


def scores_of(model: Any, split: Split) -> list[dict[str, Any]]:
    predicted, rows = model.predict(split.X_test), []
    for name in split.Y_test:
        known = split.Y_test[name].notna().to_numpy()
        truth, said = split.Y_test[name][known], predicted[name][known]
        if truth.dtype == bool:
            chance = model.positive(split.X_test, name)[known]
            scores = {
                "auroc": roc_auc_score(truth, chance),
                "auprc": average_precision_score(truth, chance),
                "brier": brier_score_loss(truth, chance),
            }
        elif truth.dtype.kind == "f":
            error = (said - truth).to_numpy(dtype=np.float64)
            scores = {"r2": r2_score(truth, said), "rmse": float(np.sqrt(np.mean(error**2)))}
            if name == "rul":
                scores["phm08"] = float(
                    np.sum(np.expm1(np.where(error < 0, -error / 13, error / 10)))
                )
        else:
            scores = {
                "balanced_accuracy": balanced_accuracy_score(truth, said.astype(truth.dtype))
            }
        rows += [{"task": name, "score": score, "value": value} for score, value in scores.items()]
    return rows


def measure(name: str, model: str) -> pd.DataFrame:
    def transform(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        if model in READERS:
            return train, test
        summary = SeriesSummary(WINDOWS[name], window_statistics=("count", "mean", "slope"))
        return summary.fit_transform(train), summary.transform(test)

    rows, seconds = [], 0.0
    for split in SETS[name](transform):
        begin = time.process_time()
        fitted = make_model(model, split.X).fit(split.X, split.Y)
        rows += scores_of(fitted, split)
        seconds += time.process_time() - begin
    table = pd.DataFrame(rows).groupby(["task", "score"], sort=False)["value"].mean().reset_index()
    n_features = split.X.shape[1]
    head = {"set": name, "model": model, "features": n_features, "cpu_seconds": round(seconds, 1)}
    return table.assign(**head)[
        ["set", "model", "features", "task", "score", "value", "cpu_seconds"]
    ]


def speed(repeats: int = 5) -> pd.DataFrame:
    """CPU seconds of a summary of 3.5 million events, beside NumPy's bincount of the same."""
    data = loader_of("timeseries").events("physionet2012")
    vitals = Histories.from_events(
        data.events, data.labels.index, id="id", variable="variable", value="value", end=48.0
    )
    X = pd.DataFrame({"vitals": vitals})
    row = np.repeat(np.arange(len(vitals)), vitals.n_events)
    code = row * 37 + data.events["variable"].cat.codes.to_numpy()
    value = data.events["value"].to_numpy()

    def bincount() -> Any:
        count = np.bincount(code, minlength=len(vitals) * 37)
        sums = [np.bincount(code, value**power, len(count)) for power in (1, 2)]
        low, high = np.full(len(count), np.inf), np.full(len(count), -np.inf)
        np.minimum.at(low, code, value)
        np.maximum.at(high, code, value)
        return count, sums, low, high

    summary = SeriesSummary().fit(X)
    calls = {
        "bincount: count, two sums, min, max": bincount,
        "SeriesSummary: 377 columns": lambda: summary.transform(X),
        "SeriesSummary, two windows: 525 columns": lambda: (
            SeriesSummary((6, 24)).fit(X).transform(X)
        ),
    }
    return pd.DataFrame(in_turns(calls, repeats)).median().rename("cpu_seconds").to_frame()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=[], choices=list(SETS))
    parser.add_argument("--models", nargs="+", default=["constant", "lightgbm", "rmtgb"])
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--report", action="store_true")
    arguments = parse_with_out(parser, "histories.csv")
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name in arguments.sets:
        for model in arguments.models:
            scores = measure(name, model)
            print(scores.round(4).to_string(index=False), flush=True)
            old = [pd.read_csv(arguments.out)] if arguments.out.exists() else []
            rows = pd.concat([*old, scores], ignore_index=True)
            key = ["set", "model", "features", "task", "score"]
            rows.drop_duplicates(key, keep="last").to_csv(arguments.out, index=False)
    if arguments.speed:
        print(speed().round(3).to_string())
    if arguments.report:
        print(pd.read_csv(arguments.out).round(4).to_string(index=False))


if __name__ == "__main__":
    main()
