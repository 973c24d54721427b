"""Columns of X with the entity or the time of a row are not features."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl import RMTGB, MultiTab
from skmtl.export import onnx_inputs, to_onnx
from skmtl.reading import Roles, TableReader
from skmtl.tables import TreeEncoder

ROLES = {
    "group": {"validation": "group", "group_column": "patient"},
    "time": {"validation": "time", "time_column": "day"},
    "both": {"validation": "group", "group_column": "patient", "time_column": "day"},
}
MODELS = {
    "network": MultiTab(max_epochs=2, row_size=4, n_members=1, n_bags=1, random_state=0),
    "boosting": RMTGB(n_rounds=10, n_bags=1, blocks=("shared", "task"), random_state=0),
}


@pytest.fixture(scope="module")
def visits():
    rng = np.random.default_rng(0)
    n = 160
    X = pd.DataFrame(
        {
            "patient": [f"p{i // 4}" for i in range(n)],
            "age": rng.integers(20, 90, n),
            "ward": rng.choice(["north", "south"], n),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 30, n), "D"),
            "sex": rng.choice(["f", "m"], n),
        }
    )
    Y = pd.DataFrame({"pressure": X["age"] + (X["ward"] == "north") * 20.0, "old": X["age"] > 55})
    return X, Y


@pytest.fixture(params=[(model, roles, form) for model in MODELS for roles in ROLES
                        for form in ("wide", "long")], ids="-".join)  # fmt: skip
def fitted(request, visits):
    """A model, and the columns of X that have a role."""
    model, roles, form = request.param
    X, Y = visits
    taken = [
        ROLES[roles][name] for name in ("group_column", "time_column") if name in ROLES[roles]
    ]
    X = X.drop(columns=[name for name in ("patient", "day") if name not in taken])
    settings = ROLES[roles] | {"task_column": "ward" if form == "long" else None}
    inner = MODELS[model]
    return type(inner)(**inner.get_params() | settings).fit(X, Y), X, taken


def test_predictions_do_not_depend_on_them(fitted):
    model, X, taken = fitted
    assert model.n_features_in_ == X.shape[1]
    expected = model.predict(X)
    for column in taken:
        pd.testing.assert_frame_equal(model.predict(X.assign(**{column: "anything"})), expected)
        pd.testing.assert_frame_equal(model.predict(X.assign(**{column: None})), expected)
        with pytest.raises(ValueError, match=f"now missing:\n- {column}"):
            model.predict(X.drop(columns=column))


def test_they_explain_nothing(fitted):
    model, X, taken = fitted
    if isinstance(model, MultiTab):
        assert not set(taken) & set(model.attention(X).columns)
        return
    assert model.feature_importances_.shape == (model.n_features_in_,)
    assert model.feature_importances_.sum() == pytest.approx(1)
    shares = pd.Series(model.feature_importances_, index=X.columns)
    assert (shares[taken] == 0).all()
    assert shares.idxmax() == "age"
    pd.testing.assert_series_equal(
        shares.drop(taken).sort_index(),
        model.block_importances_.sum().reindex(X.columns.drop(taken), fill_value=0).sort_index(),
        check_names=False,
    )
    explained = model.shap_values(X).columns.get_level_values("part")
    assert not set(taken) & set(explained)
    assert not set(taken) & set(model.block_importances_)
    assert not set(taken) & set(model.task_importances_)


def test_files_and_frames_are_scored(fitted, tmp_path):
    model, X, taken = fitted
    expected = model.predict(X)
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), expected)
    if isinstance(model, RMTGB):
        np.testing.assert_array_equal(loaded.feature_importances_, model.feature_importances_)
    frame = skmtl.score_frame(loaded, X)
    np.testing.assert_array_equal(frame["pressure_prediction"], expected["pressure"])
    for name in ("rows.parquet", "rows.csv"):
        table = X.to_parquet if name.endswith("parquet") else X.to_csv
        table(tmp_path / name, index=False)
        out = tmp_path / f"scores of {name}"
        skmtl.score_files(tmp_path / "model.skmtl", tmp_path / name, out, keep=taken)
        scored = pd.read_parquet(out)
        assert set(taken) <= set(scored)
        np.testing.assert_allclose(scored["pressure_prediction"], expected["pressure"], rtol=1e-5)


def test_graphs_do_not_read_them(fitted):
    runtime = pytest.importorskip("onnxruntime")
    model, X, taken = fitted
    session = runtime.InferenceSession(to_onnx(model).SerializeToString())
    names = {given.name for given in session.get_inputs()}
    assert names == set(X.columns) - set(taken)
    feed = onnx_inputs(model, X)
    assert set(feed) == names
    (pressure,) = session.run(["pressure"], feed)
    np.testing.assert_allclose(pressure, model.predict(X)["pressure"], rtol=1e-4)


def test_importances_stand_at_the_columns_of_an_array(visits):
    X, Y = visits
    age, ward = X["age"].to_numpy(float), (X["ward"] == "north").to_numpy(float)
    who = np.arange(len(X)) // 4
    model = RMTGB(
        task_column=-1, validation="group", group_column=1, n_rounds=5, n_bags=1, random_state=0
    ).fit(np.column_stack([age, who, np.zeros(len(X)), ward]), Y["pressure"])
    assert model.feature_importances_[0] > 0.5
    assert model.feature_importances_[1] == 0


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ({"group": "a", "time": "a"}, r"group_column='a', time_column='a'"),
        ({"task": "a", "time": 0}, r"task_column='a', time_column=0"),
        ({"group": "a", "task": "b"}, r"no column besides the task ids 'b' and the groups 'a'"),
        ({"group": "c"}, r"group_column='c'"),
        ({"time": 5}, r"time_column=5"),
    ],
)
def test_roles_that_do_not_go_together(roles, words):
    with pytest.raises(ValueError, match=words):
        Roles(**roles).split(pd.DataFrame({"a": [1, 2], "b": [3, 4]}))


def test_a_reader_knows_where_they_stand():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [3.0, 4.0], "d": [0, 0]})
    reader = TableReader(Roles(task="b", group=-1), TreeEncoder())
    reader.fit(frame, reader.roles.split(frame).ids)
    assert reader.role_positions == {1: "task", 3: "group"}
    assert reader.roles_of(["d", "b", "x"]) == {1: "task", 2: "group"}
    assert reader.task_label == "b"
    assert reader.task_ids == ["x", "y"]


def test_rows_are_not_refused_for_what_stands_in_them(visits, tmp_path):
    X, Y = visits
    X = X[["patient", "age"]].assign(patient=np.arange(len(X)) // 4 * 1.0)
    model = RMTGB(validation="group", group_column="patient", n_rounds=3, n_bags=1).fit(X, Y)
    strange = X.assign(patient=np.inf)
    strange["age"] = strange["age"].astype(float)
    strange.loc[3, "age"] = np.inf
    strange.to_parquet(tmp_path / "rows.parquet")
    report = skmtl.score_files(
        model, tmp_path / "rows.parquet", tmp_path / "scores", on_error="quarantine"
    )
    assert report.n_refused == 1
