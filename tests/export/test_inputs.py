"""Inputs of graphs, their names, and the metadata."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl.export import onnx_inputs, to_onnx
from tests.files.cases import BOOSTING, KINDS, NETWORK, long_table, table

pytest.importorskip("onnx", reason='needs the extra "onnx"')
pytest.importorskip("onnxruntime", reason='needs the extra "onnx"')

from tests.export.graphs import assert_equal, assert_same_outputs, new_rows, run, session_of

ENGINES = {"network": (skmtl.MultiTab, NETWORK), "boosting": (skmtl.RMTGB, BOOSTING)}


@pytest.fixture(params=ENGINES)
def model(request):
    estimator, parameters = ENGINES[request.param]
    return estimator(tasks=KINDS, **parameters).fit(*table())


@pytest.mark.parametrize("n_rows", [0, 1, 2, 1000])
def test_the_batch_is_free_and_its_rows_do_not_meet(model, n_rows):
    session, X = session_of(model), new_rows(1000)
    whole = run(session, onnx_inputs(model, X))
    for name, values in run(
        session, {k: v[:n_rows] for k, v in onnx_inputs(model, X).items()}
    ).items():
        assert values.shape == whole[name][:n_rows].shape
        assert_equal(values, whole[name][:n_rows], name)


def test_a_feed_made_by_hand(model):
    X = pd.DataFrame({
        "size": [0.5, np.nan, -1.0], "age": [30.0, 40.0, np.nan], "new": [True, False, True],
        "colour": ["red", "pink", None], "city": ["Łódź", None, "Atlantis"],
    })  # fmt: skip
    feed = {
        "size": np.array([0.5, np.nan, -1.0]),
        "age": np.array([30.0, 40.0, np.nan]),
        "new": np.array([1.0, 0.0, 1.0]),
        "colour": np.array(["red", "pink", ""]),
        "city": np.array(["Łódź", "", "Atlantis"]),
    }
    found, by_skmtl = (run(session_of(model), each) for each in (feed, onnx_inputs(model, X)))
    for name, values in by_skmtl.items():
        np.testing.assert_array_equal(found[name], values)
    assert_equal(found["price"], model.predict(X)["price"])


def test_categories_that_are_numbers_empty_or_look_like_a_sign():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({
        "code": pd.Categorical(rng.integers(1, 4, 90)),
        "text": rng.choice(["", "<missing>", "<unknown>", "a"], 90),
        "band": pd.cut(rng.normal(size=90), [-9, 0, 9]),
    })  # fmt: skip
    y = X["code"].cat.codes + (X["text"] == "") * 5.0 + (X["text"] == "<missing>") * 3.0
    model = skmtl.RMTGBRegressor(**BOOSTING | {"n_rounds": 20}).fit(X, y)
    X.loc[0, "text"], X.loc[1, "text"] = None, "never seen"
    X["code"] = X["code"].astype("Int64").astype("category").cat.add_categories([7])
    X.loc[2, "code"], X.loc[3, "code"] = None, 7
    assert_same_outputs(model, X)
    feed = onnx_inputs(model, X)
    assert set(feed["code"][4:]) == {"1", "2", "3"}
    described = json.loads(session_of(model).get_modelmeta().custom_metadata_map["inputs"])
    assert {each["name"]: each["missing"] for each in described} == {
        "code": "", "text": "<missing>_", "band": "",
    }  # fmt: skip


@pytest.mark.parametrize("task", [0, -3])
def test_arrays_and_a_task_by_its_position(task):
    X, y = long_table()
    X = np.column_stack([X["shop"], X["size"], X["size"] ** 2])
    model = skmtl.RMTGBRegressor(task_column=task, **BOOSTING).fit(X, y.to_numpy())
    assert_same_outputs(model, X)
    assert list(onnx_inputs(model, X)) == ["x1", "x2", "x0"]


def test_a_task_by_its_position_in_a_frame_has_the_name_of_the_column():
    X, y = long_table()
    model = skmtl.MultiTabRegressor(task_column=1, **NETWORK).fit(X, y)
    assert_same_outputs(model, X)
    assert list(onnx_inputs(model, X)) == ["size", "city", "shop"]


@pytest.mark.parametrize("ids", [["b", "a"], [2.0, 3.5], [2**63 - 1, 5]], ids=str)
def test_task_ids_of_other_types(ids):
    X = pd.DataFrame({"id": ids * 30, "x": np.arange(60.0)})
    model = skmtl.RMTGBRegressor(task_column="id", **BOOSTING)
    model.fit(X, X["x"] * (X["id"] == ids[0]))
    X["id"] = X["id"].where(X["x"] < 50, type(ids[0])(7))
    assert_same_outputs(model, X)


def test_targets_that_bear_the_name_of_a_column_or_of_another_output():
    X, Y = table()
    Y = pd.DataFrame(
        {"sold": Y["sold"], "sold_proba": Y["price"], "size": Y["delay"], 3: Y["price"]}
    )
    model = skmtl.RMTGB(**BOOSTING).fit(X, Y)
    session = session_of(model)
    found = run(session, onnx_inputs(model, X))
    assert list(found) == ["sold", "sold_proba", "sold_proba_", "size_", "y3"]
    np.testing.assert_allclose(found["size_"], model.predict(X)["size"])
    described = json.loads(session.get_modelmeta().custom_metadata_map["outputs"])
    assert [each["task"] for each in described] == ["sold", "sold", "sold_proba", "size", 3]


def test_the_metadata_says_what_the_outputs_are():
    X, Y = table()
    Y["death_event"], Y["death_time"] = 1, np.arange(80.0)
    kinds = {**KINDS, "death": skmtl.tasks.CompetingRisks([20, 60])}
    Y.loc[::2, "death_event"] = 2
    model = skmtl.RMTGB(tasks=kinds, **BOOSTING).fit(X, Y)
    described = json.loads(session_of(model).get_modelmeta().custom_metadata_map["outputs"])
    about = {each.pop("name"): each for each in described}
    assert about["price"] == {"task": "price", "gives": "prediction"}
    assert about["sold_proba"] == {"task": "sold", "gives": "proba", "classes": ["no", "yes"]}
    assert about["delay_quantiles"]["quantiles"] == [0.25, 0.75]
    assert about["death_survival"]["times"] == [20, 60]
    assert about["death_incidence"]["causes"] == [1, 2]


def test_a_graph_from_a_file_runs_without_skmtl(model, tmp_path):
    X = new_rows()
    (tmp_path / "model.onnx").write_bytes(to_onnx(model).SerializeToString())
    np.savez(tmp_path / "feed.npz", **{k: v.astype("U") if v.dtype == object else v
                                       for k, v in onnx_inputs(model, X).items()})  # fmt: skip
    code = """
        import sys
        import numpy as np
        import onnxruntime
        session = onnxruntime.InferenceSession(sys.argv[1])
        price, = session.run(["price"], dict(np.load(sys.argv[2])))
        np.save(sys.argv[3], price)
        assert not {"skmtl", "torch", "lightgbm", "pandas", "sklearn"} & set(sys.modules)
    """
    names = [str(tmp_path / name) for name in ("model.onnx", "feed.npz", "price.npy")]
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), *names], check=True)
    assert_equal(np.load(names[2]), model.predict(X)["price"])


def test_a_loaded_model_gives_the_same_graph(model, tmp_path):
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    assert to_onnx(loaded).SerializeToString() == to_onnx(model).SerializeToString()


def test_exporting_leaves_the_model_as_it_was(model):
    X = new_rows()
    before = model.predict(X)
    to_onnx(model)
    pd.testing.assert_frame_equal(model.predict(X), before, check_exact=True)
