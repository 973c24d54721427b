"""An engine from outside of the package has all that does not depend on the engine."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skmtl
from skmtl.export import to_onnx
from skmtl.inspection import transfer_report
from skmtl.tables import ArrayTable
from tests.extending.ridge import Ridge

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(200, 3)), columns=list("abc"))
Y = pd.DataFrame({"u": 2 * X["a"] - X["b"] + 5, "v": X["a"] + X["c"]})
Y += 0.1 * RNG.normal(size=Y.shape)
GAPS = Y.mask(RNG.random(Y.shape) < 0.3)
ALL = {"early_stopping": False}


def test_it_learns_what_ridge_learns_from_the_observed_labels():
    model = Ridge(alpha=1e-9, **ALL).fit(X, GAPS)
    for name, labels in GAPS.items():
        seen = labels.notna()
        expected = SklearnRidge(1e-9).fit(X[seen], labels[seen]).predict(X)
        np.testing.assert_allclose(model.predict(X)[name], expected, rtol=1e-6)
    assert model.score_tasks(X, GAPS).min() > 0.98


def test_missing_labels_have_no_influence():
    other = GAPS.astype(object).where(GAPS.notna(), None)
    pd.testing.assert_frame_equal(
        Ridge(**ALL).fit(X, GAPS).predict(X), Ridge(**ALL).fit(X, other).predict(X)
    )


def test_bags_hold_out_other_rows_and_are_averaged():
    model = Ridge(n_bags=3, random_state=0).fit(X, Y)
    assert len(model._fitted) == 3
    assert not np.array_equal(model._fitted[0], model._fitted[1])
    assert model.score(X, Y) > 0.98


def test_long_data_and_unseen_tasks():
    rows = X.assign(shop=RNG.choice(["p", "q"], 200))
    model = Ridge(task_column="shop", **ALL).fit(rows, Y["u"])
    assert model.score_tasks(rows, Y["u"]).index.tolist() == ["p", "q"]
    assert np.isfinite(model.predict(rows.assign(shop="r"))).all().all()


def test_tables_on_disk(tmp_path):
    path = tmp_path / "table.parquet"
    X.join(GAPS).to_parquet(path)
    expected = Ridge(**ALL).fit(X, GAPS).predict(X)
    stored = skmtl.tables.ParquetTable(path, columns=list(X), rows_in_memory=50)
    pd.testing.assert_frame_equal(Ridge(**ALL).fit(stored, list(GAPS)).predict(X), expected)
    arrays = ArrayTable(X.to_numpy(), rows_in_memory=50)
    from_arrays = Ridge(**ALL).fit(arrays, GAPS.to_numpy()).predict(X.to_numpy())
    np.testing.assert_allclose(from_arrays, expected)


def test_an_eval_set_is_what_the_callbacks_hear_of():
    model = Ridge().fit(X[:150], Y[:150], eval_set=(X[150:], Y[150:]))
    assert model.last_epoch_["validation_loss"] < 0.05
    with pytest.raises(ValueError, match="eval_set cannot be used"):
        Ridge().fit(X, Y, eval_set=(X, Y * np.nan))


class Recorder:
    """Keeps which bags were reported, and asks to stop after so many."""

    def __init__(self, stop):
        self.stop, self.bags = stop, []

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            self.bags.append(estimator.last_epoch_["bag"])
        return len(self.bags) == self.stop


def test_callbacks_hear_of_every_bag_and_may_stop():
    recorder = Recorder(stop=2)
    model = Ridge(n_bags=4, random_state=0).set_callbacks(recorder).fit(X, Y)
    assert recorder.bags == [0, 1]
    assert len(model._fitted) == 2


def test_groups_are_held_out_together():
    rows = X.assign(patient=np.arange(200) // 10)
    model = Ridge(validation="group", group_column="patient", n_bags=2, random_state=0)
    assert model.fit(rows, Y).score(rows, Y) > 0.98
    assert len(model._fitted[0]) == 4  # the patient is not a feature


def test_files_searches_frames_and_reports(tmp_path):
    model = Ridge(random_state=0).fit(X, GAPS)
    model.save(tmp_path / "ridge.skmtl")
    loaded = skmtl.load(tmp_path / "ridge.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), model.predict(X))
    scores = skmtl.score_frame(loaded, X)
    assert scores.columns.tolist() == ["u_prediction", "v_prediction"]
    search = GridSearchCV(
        make_pipeline(FunctionTransformer(), Ridge()), {"ridge__alpha": [1.0, 1e9]}, cv=3
    )
    assert search.fit(X, Y).best_params_ == {"ridge__alpha": 1.0}
    grouped = skmtl.GroupedTasks(Ridge(**ALL), groups="alone").fit(X, GAPS)
    assert grouped.score(X, Y) > 0.98
    report = transfer_report(Ridge(**ALL), X, GAPS, cv=2, random_state=0)
    assert set(report.table.index) == {"u", "v"}


def test_what_it_cannot_do_is_refused():
    with pytest.raises(ValueError, match="'n' has kind 'count'; ridge learns"):
        Ridge(tasks={"n": "count"}).fit(X, pd.DataFrame({"n": [0, 1] * 100}))
    with pytest.raises(TypeError, match="RidgeEngine has no graph"):
        to_onnx(Ridge(**ALL).fit(X, Y))
