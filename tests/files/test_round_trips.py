"""Every estimator through every format: the same answers, bit for bit."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import textwrap

import joblib
import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl.callbacks import ProgressBar
from tests.files.cases import CASES, Case, answers, plain, table


def through_file(model, folder):
    model.save(folder / "model.skmtl")
    return skmtl.load(folder / "model.skmtl")


def through_joblib(model, folder):
    joblib.dump(model, folder / "model.joblib")
    return joblib.load(folder / "model.joblib")


def through_skops(model, folder):
    from skops import io as skops_io

    data = skops_io.dumps(model)
    strange = skops_io.get_untrusted_types(data=data)
    assert all(name.startswith(("skmtl.", "pandas.", "numpy.", "lightgbm.")) for name in strange)
    return skops_io.loads(data, trusted=strange)


WAYS = {
    "save": through_file,
    "pickle": lambda model, folder: pickle.loads(pickle.dumps(model)),
    "joblib": through_joblib,
    "skops": through_skops,
}


def fitted_frames(model):
    """Names of the public fitted attributes that are frames."""
    public = [name for name in dir(model) if name.endswith("_") and not name.startswith("_")]
    return [name for name in public if isinstance(getattr(model, name, None), pd.DataFrame)]


def test_every_estimator_is_tried(case_of):
    """One that is new needs a case, in `CASES` and so in the corpus."""
    public = {getattr(skmtl, name) for name in skmtl.__all__}
    estimators = {thing for thing in public if hasattr(thing, "get_params")}
    assert {type(case_of(name).model) for name in CASES} == estimators


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_a_loaded_model_answers_the_same(name, way, case_of, tmp_path):
    model, X = case_of(name)
    loaded = WAYS[way](model, tmp_path)
    assert type(loaded) is type(model)
    np.testing.assert_equal(plain(answers(Case(loaded, X))), plain(answers(Case(model, X))))
    assert fitted_frames(loaded) == fitted_frames(model)
    for attribute in fitted_frames(model):
        mine, theirs = getattr(loaded, attribute), getattr(model, attribute)
        pd.testing.assert_frame_equal(mine, theirs, check_exact=True)
    assert repr(loaded.get_params()) == repr(model.get_params())
    assert loaded.__getstate__().keys() == model.__getstate__().keys()


def test_a_new_process_loads_it(case_of, tmp_path):
    model, X = case_of("rmtgb")
    model.save(tmp_path / "model.skmtl")
    pd.to_pickle(X, tmp_path / "X.pkl")
    code = """
        import sys, pandas as pd, skmtl
        model = skmtl.load(sys.argv[1])
        model.predict(pd.read_pickle(sys.argv[2])).to_pickle(sys.argv[3])
    """
    names = [str(tmp_path / name) for name in ("model.skmtl", "X.pkl", "answer.pkl")]
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), *names], check=True)
    pd.testing.assert_frame_equal(pd.read_pickle(names[2]), model.predict(X), check_exact=True)


def test_a_model_of_another_device_is_loaded_and_predicts(case_of, tmp_path):
    model, X = case_of("multitab")
    elsewhere = through_file(copy.deepcopy(model).set_params(device="cuda:7"), tmp_path)
    assert elsewhere.device == "cuda:7"
    pd.testing.assert_frame_equal(elsewhere.predict(X), model.predict(X), check_exact=True)


def test_a_loaded_network_goes_on_training(case_of, tmp_path):
    model = through_file(case_of("multitab")[0], tmp_path)
    before = model.n_epochs_
    model.set_params(warm_start=True).fit(*table())
    assert model.n_epochs_ > before


def test_saving_a_loaded_model_gives_the_same_bytes(case_of, tmp_path):
    for name in ("multitab", "rmtgb-long", "survival-competing"):
        case_of(name)[0].save(tmp_path / "first.skmtl")
        skmtl.load(tmp_path / "first.skmtl").save(tmp_path / "second.skmtl")
        first, second = ((tmp_path / f"{n}.skmtl").read_bytes() for n in ("first", "second"))
        assert first == second


def test_intervals_dates_and_tuples_as_categories_and_labels(tmp_path):
    X, Y = table()
    X = X[["size"]].assign(
        band=pd.cut(X["size"], [-9, 0, 1, 9]),
        day=pd.Categorical(pd.to_datetime(["2026-01-01", "2026-01-02"] * 40)),
    )
    X.columns = pd.Index([("a", 1), ("a", 2), ("b", 1)], tupleize_cols=False)
    model = skmtl.RMTGBRegressor(n_rounds=2, n_bags=1, task_weight=[2.0, 1.0])
    model.fit(X, Y[["price", "delay"]])
    loaded = through_file(model, tmp_path)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded._reader.encoder.columns_ == model._reader.encoder.columns_


def test_callbacks_are_not_part_of_the_file(tmp_path, capsys):
    X, Y = table()
    model = skmtl.RMTGB(n_rounds=1, n_bags=1).set_callbacks(ProgressBar())
    model.fit(X, Y[["price"]])
    assert not hasattr(through_file(model, tmp_path), "_skl_callbacks")
