"""Fits models, forks, and lets the forked processes compute. Started by `test_processes`.

Prints how each forked process has ended: nothing for well, else what it says.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd

import skmtl

SECONDS = 60
N_ROWS = 1000  # so many that torch and LightGBM use their threads

BOOSTING = {"n_rounds": 3, "n_bags": 1, "n_jobs": 2, "random_state": 0}
NETWORK = {
    "max_epochs": 1, "batch_size": 500, "row_size": 64, "n_bags": 1, "n_jobs": 2,
    "random_state": 0,
}  # fmt: skip
LINEAR = {"n_bags": 2, "alpha": 1.0}


def tables():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(N_ROWS, 6)), columns=list("abcdef"))
    Y = pd.DataFrame({"number": X["a"], "class": X["b"] > 0})
    events = pd.DataFrame({"event": X["c"] < 1, "duration": rng.exponential(np.exp(X["a"]))})
    return X, Y, events


def models(names):
    X, Y, events = tables()
    ids, number = X.assign(id=np.arange(N_ROWS) % 5), Y["number"]
    cases = {
        "RMTGB": (skmtl.RMTGB(**BOOSTING), X, Y),
        "RMTGBRegressor": (skmtl.RMTGBRegressor(task_column="id", **BOOSTING), ids, number),
        "RMTGBClassifier": (skmtl.RMTGBClassifier(**BOOSTING), X, Y["class"]),
        "RMTGBSurvival": (skmtl.RMTGBSurvival(**BOOSTING), X, events),
        "MultiTab": (skmtl.MultiTab(**NETWORK), X, Y),
        "MultiTabRegressor": (skmtl.MultiTabRegressor(task_column="id", **NETWORK), ids, number),
        "MultiTabClassifier": (skmtl.MultiTabClassifier(**NETWORK), X, Y["class"]),
        "MultiTabSurvival": (skmtl.MultiTabSurvival(**NETWORK), X, events),
        "GroupedTasks": (
            skmtl.GroupedTasks(skmtl.RMTGB(**BOOSTING), groups=[["number"], ["class"]]), X, Y,
        ),
        "MultiTaskLinear": (skmtl.MultiTaskLinear(**LINEAR), X, Y),
        "MultiTaskLinearRegressor": (
            skmtl.MultiTaskLinearRegressor(task_column="id", **LINEAR), ids, number,
        ),
        "MultiTaskLinearClassifier": (skmtl.MultiTaskLinearClassifier(**LINEAR), X, Y["class"]),
        "MultiTaskLinearSurvival": (skmtl.MultiTaskLinearSurvival(**LINEAR), X, events),
        "StackedTasks": (
            skmtl.StackedTasks(
                estimators=[
                    ("trees", skmtl.RMTGB(**BOOSTING)), ("network", skmtl.MultiTab(**NETWORK)),
                ],
                n_bags=2,
            ), X, Y,
        ),
        "FacetedRasch": (
            skmtl.FacetedRasch(),
            X[["a"]].assign(rater=np.arange(N_ROWS) % 3),
            Y["class"].astype(int),
        ),
        "TunedThresholds": (skmtl.TunedThresholds(skmtl.RMTGB(**BOOSTING), cv=2), X, Y),
        "CalibratedTasks": (skmtl.CalibratedTasks(skmtl.RMTGB(**BOOSTING), cv=2), X, Y),
    }  # fmt: skip
    return {name: cases[name] for name in names}


def tasks_of_a_child(model, X, y, path):
    expected = pd.DataFrame(model.predict(X))

    def predict():
        assert pd.DataFrame(model.predict(X)).equals(expected)
        assert len(model.predict(X[:1])) == 1

    def load():
        assert pd.DataFrame(skmtl.load(path).predict(X)).equals(expected)

    def fit():
        model.fit(X, y).predict(X)

    def in_a_thread():
        errors = []

        def run():
            try:
                predict()
                fit()
            except BaseException as error:
                errors.append(error)

        thread = Thread(target=run)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]

    return [predict, load, fit, in_a_thread]


def ending(task):
    """What a forked process that does the task says in the end."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        try:
            task()
        except BaseException:
            os.write(writer, traceback.format_exc().encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as stream:
        said = stream.read()
    status = os.waitpid(child, 0)[1]
    return said if status == 0 else f"killed by signal {status}, after {SECONDS} s or at once"


def main(names):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.skmtl"
        endings = {}
        for name, (model, X, y) in models(names).items():
            model.fit(X, y).save(path)
            for task in tasks_of_a_child(model, X, y, path):
                endings[f"{name}: {task.__name__}"] = ending(task)
    print(json.dumps(endings))


if __name__ == "__main__":
    main(sys.argv[1:])
