"""An engine from outside of skmtl has all that those of skmtl have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.callback import ProgressBar
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.model_selection import GridSearchCV, KFold

import skmtl
from skmtl import GroupedTasks
from skmtl.export import to_onnx
from skmtl.inspection import task_affinity, transfer_report
from skmtl.tables import ArrayTable, ParquetTable
from tests.extending.ridge import Ridge


@pytest.fixture(scope="module")
def wide():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    X["colour"] = rng.choice(["red", "blue"], 200)
    noise = 0.1 * rng.normal(size=(2, 200))
    Y = pd.DataFrame({"u": X["a"] - X["b"] + noise[0], "v": X["c"] + noise[1]})
    return X, Y + (X["colour"] == "red").to_numpy()[:, None] * 3


@pytest.fixture(scope="module")
def long(wide):
    X, Y = wide
    X = X.assign(shop=np.arange(len(X)) % 3)
    return X, Y["u"] + X["shop"] * 5.0


def test_it_is_ridge_regression(wide):
    """Of standardised labels and encoded features, which scikit-learn fits as well."""
    X, Y = wide
    model = Ridge(alpha=2.0, early_stopping=False).fit(X, Y)
    design = model._reader.encoder.transform(X)
    for name in Y:
        expected = SklearnRidge(alpha=2.0).fit(design, Y[name]).predict(design)
        np.testing.assert_allclose(model.predict(X)[name], expected, rtol=1e-6)


def test_long_data_have_a_constant_by_task(long):
    X, y = long
    model = Ridge(task_column="shop").fit(X, y)
    assert (model.score_tasks(X, y) > 0.9).all()
    unseen = model.predict(X.assign(shop=99)).mean().item()
    assert model.predict(X.assign(shop=0)).mean().item() < unseen
    assert unseen < model.predict(X.assign(shop=2)).mean().item()


def test_missing_labels_have_no_influence(wide):
    X, Y = wide
    known = np.arange(200) % 3 > 0
    some = Y.assign(u=Y["u"].where(known))
    alone = Ridge(early_stopping=False).fit(X[known], Y.loc[known, ["u"]])
    settings = {"early_stopping": False}
    both = Ridge(**settings).fit(X, some)
    weighted = Ridge(**settings).fit(X, Y[["u"]], known.astype(float))
    np.testing.assert_allclose(weighted.predict(X)["u"], alone.predict(X)["u"])
    # The features' scaling is that of other rows, so the penalty is a little different.
    np.testing.assert_allclose(both.predict(X)["u"], alone.predict(X)["u"], atol=0.05)


@pytest.mark.parametrize("rows_in_memory", [1000, 60])
def test_tables_on_disk(rows_in_memory, wide, tmp_path):
    X, Y = wide
    X.join(Y).to_parquet(tmp_path / "rows.parquet")
    settings = {"early_stopping": False}
    table = ParquetTable(tmp_path, columns=list(X), rows_in_memory=rows_in_memory)
    stored = Ridge(**settings).fit(table, ["u", "v"])
    tolerance = 1e-9 if rows_in_memory > len(X) else 0.05  # its scaling is that of a sample
    expected = Ridge(**settings).fit(X, Y).predict(X)
    np.testing.assert_allclose(stored.predict(X), expected, atol=tolerance)
    numbers = X[["a", "b", "c"]].to_numpy()
    mapped = Ridge(**settings).fit(
        ArrayTable(numbers, rows_in_memory=rows_in_memory), Y.to_numpy()
    )
    expected = Ridge(**settings).fit(numbers, Y.to_numpy()).predict(numbers)
    np.testing.assert_allclose(mapped.predict(numbers), expected, atol=tolerance)


def test_numbers_of_one_squared_loss_only(wide):
    X, Y = wide
    with pytest.raises(ValueError, match=r"Task 'u' is Regression\(loss='huber'"):
        Ridge(tasks={"u": skmtl.tasks.Regression("huber")}).fit(X, Y)
    with pytest.raises(ValueError, match=r"Task 'v' is Count\(\)"):
        Ridge(tasks={"v": "count"}).fit(X, Y.clip(lower=0).round())
    with pytest.raises(ValueError, match="kind 'binary', but Ridge predicts numbers only"):
        Ridge(tasks={"v": "binary"}).fit(X, Y > 0)


class Recorder:
    max_estimator_depth = None

    def __init__(self, stop_after=None):
        self.stop_after, self.reports, self.scores = stop_after, [], []

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.reports.append(dict(estimator.last_epoch_))
        self.scores.append(fitted_estimator.score(X, y))
        return len(self.reports) == self.stop_after


def test_callbacks_see_every_bag(wide, capsys):
    recorder = Recorder()
    model = Ridge(n_bags=3, random_state=0).set_callbacks(recorder, ProgressBar()).fit(*wide)
    reports, whole = recorder.reports[:-1], recorder.scores[-1]
    assert [report["bag"] for report in reports] == [0, 1, 2]
    assert all(report["validation_loss"] == report["objective"] for report in reports)
    assert whole == model.score(*wide)
    assert "Ridge" in capsys.readouterr().out
    stopped = Ridge(n_bags=3).set_callbacks(Recorder(stop_after=2)).fit(*wide)
    assert len(stopped._fitted) == 2


def test_bags_are_averaged_and_whole_groups_held_out(wide):
    X, Y = wide
    X = X.assign(patient=np.arange(len(X)) // 4)
    model = Ridge(n_bags=3, validation="group", group_column="patient", random_state=0)
    model.fit(X, Y)
    assert len(model._fitted) == 3
    assert not np.allclose(model._fitted[0], model._fitted[1])
    pd.testing.assert_frame_equal(model.predict(X.assign(patient=0)), model.predict(X))
    assert len(model._fitted[0]) == 3 + 4 + 1  # no column for the patient
    whole, bags, by_bag = model.predict(X), model._fitted, []
    for bag in bags:
        model._fitted = [bag]
        by_bag.append(model.predict(X))
    np.testing.assert_allclose(whole, np.mean(by_bag, axis=0))


@pytest.mark.filterwarnings("ignore:In more than half of the validation rows")
def test_rows_of_an_eval_set_are_judged_and_not_learnt(wide):
    X, Y = wide
    recorder = Recorder()
    model = Ridge().set_callbacks(recorder).fit(X, Y, eval_set=(X.head(50), Y.head(50) + 7))
    alone = Ridge(early_stopping=False).fit(X, Y)
    pd.testing.assert_frame_equal(model.predict(X), alone.predict(X))
    assert recorder.reports[0]["validation_loss"] > 10 * recorder.reports[0]["loss"]


@pytest.mark.parametrize("form", ["wide", "long"])
def test_a_file_holds_it(form, request, tmp_path):
    X, y = request.getfixturevalue(form)
    model = Ridge(task_column=None if form == "wide" else "shop", alpha=0.5).fit(X, y)
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), model.predict(X))
    scored = skmtl.score_frame(loaded, X)
    np.testing.assert_array_equal(scored.iloc[:, 0], model.predict(X).iloc[:, 0])


def test_searches_groups_and_reports_take_it(wide):
    X, Y = wide
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1e6]}, cv=KFold(3)).fit(X, Y)
    assert search.best_params_ == {"alpha": 0.1}
    grouped = GroupedTasks(Ridge(), random_state=0).fit(X, Y)
    assert (grouped.score_tasks(X, Y) > 0.9).all()
    report = transfer_report(Ridge(), X, Y, cv=3, lightgbm=False, random_state=0)
    assert report.table.index.tolist() == ["u", "v"]
    # Each task is solved by itself, so that learning them together gains nothing.
    np.testing.assert_allclose(report.table["difference"], 0, atol=0.05)
    assert task_affinity(Ridge(), X, Y, random_state=0).lookahead is None


def test_it_has_no_graph(wide):
    with pytest.raises(TypeError, match=r"engine RidgeEngine has no graph.*skmtl\.score_files"):
        to_onnx(Ridge().fit(*wide))
