"""Linear estimators have what the others have: rows, files, tables on disk, searches, reports."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold

import skmtl
from skmtl import GroupedTasks, MultiTaskLinear, MultiTaskLinearRegressor
from skmtl.inspection import transfer_report
from skmtl.tables import ArrayTable, ParquetTable

FIXED = {"alpha": 1.0, "early_stopping": False}


@pytest.fixture(scope="module")
def simple():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    X["city"] = rng.choice(["Bern", "Oslo", "Rome"], 120)
    Y = pd.DataFrame({"u": X["a"] + (X["city"] == "Bern"), "v": X["b"] - X["a"]})
    return X, Y + 0.1 * rng.normal(size=(120, 2))


def test_a_row_is_scored_the_same_in_any_company(table):
    model = MultiTaskLinear(**FIXED).fit(*table)
    expected = model.predict(table.X)
    alone = pd.concat([model.predict(table.X.iloc[[i]]) for i in range(0, 240, 40)])
    pd.testing.assert_frame_equal(alone, expected.iloc[::40])
    order = np.random.default_rng(0).permutation(240)
    shuffled = model.predict(table.X.iloc[order])
    pd.testing.assert_frame_equal(shuffled, expected.iloc[order])


def test_what_stands_for_a_missing_label_changes_nothing(table):
    model = MultiTaskLinear(penalty="shared", n_bags=1, random_state=0)
    expected = model.fit(*table).coef_
    price = table.Y["price"]
    other = table.Y.assign(price=price.astype(object).where(price.notna(), None).astype("Float64"))
    pd.testing.assert_frame_equal(model.fit(table.X, other).coef_, expected)


def test_units_of_x_and_y_do_not_matter(simple):
    X, Y = simple
    expected = MultiTaskLinearRegressor(random_state=0).fit(X, Y)
    other = X.assign(a=1e6 * X["a"] - 3e7, b=X["b"] / 1e9)
    model = MultiTaskLinearRegressor(random_state=0).fit(other, Y * [1e5, 1e-5] + [7, 0])
    np.testing.assert_allclose(
        (model.predict(other) - [7, 0]) / [1e5, 1e-5], expected.predict(X), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("rows_in_memory", [1000, 60])
def test_tables_on_disk(rows_in_memory, simple, tmp_path):
    X, Y = simple
    X.join(Y).to_parquet(tmp_path / "rows.parquet")
    table = ParquetTable(tmp_path, columns=list(X), rows_in_memory=rows_in_memory)
    stored = MultiTaskLinear(**FIXED).fit(table, ["u", "v"])
    tolerance = 1e-9 if rows_in_memory > len(X) else 0.05  # its scaling is that of a sample
    expected = MultiTaskLinear(**FIXED).fit(X, Y).predict(X)
    np.testing.assert_allclose(stored.predict(X), expected, atol=tolerance)
    numbers, labels = X[["a", "b", "c"]].to_numpy(), (Y > 0).to_numpy()
    mapped = MultiTaskLinear(tasks="binary", penalty="ridge", **FIXED)
    mapped.fit(ArrayTable(numbers, rows_in_memory=rows_in_memory), labels)
    in_memory = MultiTaskLinear(tasks="binary", penalty="ridge", **FIXED).fit(numbers, labels)
    for found, wanted in zip(mapped.predict_proba(numbers), in_memory.predict_proba(numbers),
                             strict=True):  # fmt: skip
        np.testing.assert_allclose(found, wanted, atol=1e-4 if tolerance < 0.05 else 0.05)


@pytest.mark.filterwarnings("ignore:In more than half of the validation rows")
def test_rows_of_an_eval_set_decide_and_are_not_learnt(simple):
    X, Y = simple
    chosen = MultiTaskLinear().fit(X, Y, eval_set=(X.head(30), Y.head(30)))
    alphas = chosen.alpha_
    same = MultiTaskLinear(penalty="ridge", alpha=float(alphas["u"]), early_stopping=False)
    np.testing.assert_allclose(same.fit(X, Y).coef_.loc["u"], chosen.coef_.loc["u"])
    useless = MultiTaskLinear(penalty="ridge").fit(
        X, Y, eval_set=(X, Y.sample(frac=1, random_state=0))
    )
    assert (useless.alpha_ > 100 * alphas).all()


def test_whole_groups_and_splitters_decide(simple):
    X, Y = simple
    X = X.assign(patient=np.arange(120) // 4)
    for validation in ("group", GroupKFold(3)):
        model = MultiTaskLinear(validation=validation, group_column="patient", random_state=0)
        assert model.fit(X, Y).score(X, Y) > 0.9


class Recorder:
    max_estimator_depth = None

    def __init__(self, stop_after=None):
        self.stop_after, self.reports, self.scores = stop_after, [], []

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        if context.task_name == "epoch":
            self.reports.append(dict(estimator.last_epoch_))
            return len(self.reports) == self.stop_after
        return False


def test_callbacks_are_told_of_every_split_and_may_end_the_search(simple):
    recorder = Recorder()
    model = MultiTaskLinear(penalty="shared", n_bags=3, random_state=0).set_callbacks(recorder)
    model.fit(*simple)
    numbers = [report["epoch"] for report in recorder.reports]
    assert numbers == list(range(len(numbers))) and len(numbers) > 3
    assert recorder.reports[-1]["objective"] < 0.5
    stopping = Recorder(stop_after=1)
    stopped = MultiTaskLinear(penalty="shared", random_state=0).set_callbacks(stopping)
    assert stopped.fit(*simple).score(*simple) > 0.9
    assert len(stopping.reports) == 2  # the split, and the fit to all rows


def test_searches_groups_and_reports_take_it(simple):
    X, Y = simple
    search = GridSearchCV(MultiTaskLinear(**FIXED), {"alpha": [0.1, 1e6]}, cv=KFold(3)).fit(X, Y)
    assert search.best_params_ == {"alpha": 0.1}
    grouped = GroupedTasks(MultiTaskLinear(**FIXED), random_state=0).fit(X, Y)
    assert (grouped.score_tasks(X, Y) > 0.9).all()
    report = transfer_report(MultiTaskLinear(**FIXED), X, Y, cv=3, lightgbm=False, random_state=0)
    assert report.table.index.tolist() == ["u", "v"]


def test_frames_are_scored_and_foreign_ones_read(simple, tmp_path):
    pl = pytest.importorskip("polars")
    X, Y = simple
    model = MultiTaskLinear(**FIXED).fit(X, Y)
    scored = skmtl.score_frame(model, X)
    np.testing.assert_array_equal(scored.iloc[:, 0], model.predict(X)["u"])
    same = MultiTaskLinear(**FIXED).fit(pl.DataFrame(X.to_dict("list")), Y)
    np.testing.assert_allclose(same.predict(X), model.predict(X))


def test_unknown_categories_and_missing_cells_are_average(simple):
    X, Y = simple
    model = MultiTaskLinear(penalty="ridge", **FIXED).fit(X, Y)
    row = X.iloc[[0]]
    unknown = model.predict(row.assign(city="Lima"))
    by_city = pd.concat([model.predict(row.assign(city=c)) for c in ("Bern", "Oslo", "Rome")])
    # Effects of levels that are penalised alike sum to about 0.
    np.testing.assert_allclose(unknown.to_numpy()[0], by_city.mean(), atol=0.05)
    missing = model.predict(row.assign(a=np.nan))
    mean = model.predict(row.assign(a=X["a"].mean()))
    np.testing.assert_allclose(missing, mean)
    with pytest.raises(ValueError, match="infinity"):
        model.predict(row.assign(a=np.inf))


def test_rare_levels_share_an_effect():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"code": [*["a"] * 50, *["b"] * 50, "c", "d", "e", "f"]})
    y = (X["code"] == "a") * 1.0 - (~X["code"].isin(["a", "b"])) * 5 + 0.1 * rng.normal(size=104)
    model = MultiTaskLinearRegressor(**FIXED).fit(X, y)
    assert [part for _, part in model.coef_] == ["a", "b", "rare or unknown"]
    new = model.predict(pd.DataFrame({"code": ["c", "z"]}))
    assert new[0] == new[1] < -2


def test_parts_have_names_of_their_own():
    levels = ["missing", "rare or unknown", "(missing)", None] * 20 + ["d", "e", "f"]
    X = pd.DataFrame({"code": levels})
    model = MultiTaskLinearRegressor(**FIXED).fit(X, np.arange(83.0) % 4)
    parts = [part for _, part in model.coef_]
    assert sorted(parts) == sorted([*levels[:3], "((missing))", "(rare or unknown)"])
    effect = model.coef_["code"].iloc[0]
    absent = model.intercept_.iloc[0] + effect["((missing))"]
    np.testing.assert_allclose(model.predict(X.iloc[[3]]), absent)


def test_a_line_goes_on_where_there_were_no_rows():
    x = np.arange(100.0)
    model = MultiTaskLinearRegressor(random_state=0).fit(x[:, None], 3 * x)
    assert model.predict([[150.0]]) == pytest.approx(450, rel=1e-3)


def test_one_feature_that_says_nothing_leaves_the_mean(simple):
    _, Y = simple
    model = MultiTaskLinear(random_state=0).fit(np.zeros((120, 1)), Y)
    np.testing.assert_allclose(model.predict(np.zeros((1, 1)))[["u", "v"]], [Y.mean()])
