"""R-MTGB on the workers of a Dask cluster is the model that one process learns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl import RMTGB, MultiTab, RMTGBClassifier, RMTGBRegressor, RMTGBSurvival
from skmtl.datasets import make_outlier_tasks, make_survival
from skmtl.distributed import fit_with_dask
from skmtl.tasks import Quantile, Regression

dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

# When it is distributed, LightGBM estimates the rows of a leaf, bin by bin: here their least
# number does not matter, and bins have many of them.
SETTINGS = {
    "n_rounds": 15,
    "n_bags": 1,
    "min_data_in_leaf": 1,
    "lightgbm_params": {"min_sum_hessian_in_leaf": 5.0, "max_bin": 15},
    "random_state": 0,
}


@pytest.fixture(scope="module")
def client():
    """Two workers that are threads of this process; LightGBM has a network per thread."""
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def tasks() -> tuple[pd.DataFrame, pd.Series]:
    return make_outlier_tasks(100, random_state=0)


def spread(X: pd.DataFrame, *columns: pd.DataFrame | pd.Series):
    return dd.from_pandas(pd.concat([X, *columns], axis=1), npartitions=3)


@pytest.mark.parametrize(
    "blocks",
    [("shared", "task"), ("signature", "partition", "task"), ("task",), ("partition",)],
    ids="-".join,
)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_long_data_give_the_model_of_one_process(blocks, early_stopping, tasks, client):
    X, y = tasks
    settings = SETTINGS | {
        "blocks": blocks,
        "early_stopping": early_stopping,
        "task_column": "task",
    }
    alone = RMTGBRegressor(**settings).fit(X, y)
    together = fit_with_dask(RMTGBRegressor(**settings), spread(X, y), y.name, client=client)
    np.testing.assert_allclose(together.predict(X), alone.predict(X), atol=1e-6)
    assert together.blocks_ == alone.blocks_
    assert np.std(alone.predict(X)) > 0.3


@pytest.mark.parametrize("kind", [Regression("absolute"), Quantile((0.2, 0.8))], ids=str)
def test_leaves_of_quantiles_are_those_of_one_process(kind, tasks, client):
    X, y = tasks
    settings = SETTINGS | {"blocks": ("shared", "task"), "tasks": kind, "task_column": "task"}
    settings |= {"early_stopping": False, "n_rounds": 5}
    alone = RMTGB(**settings).fit(X, y)
    together = fit_with_dask(RMTGB(**settings), spread(X, y), y.name, client=client)
    np.testing.assert_allclose(together.predict(X), alone.predict(X), atol=1e-6)
    assert np.std(alone.predict(X)) > 0.3


def wide() -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Mixed kinds, labels missing, weights some of which are 0."""
    rng = np.random.default_rng(0)
    n = 600
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=["a", "b", "c"])
    X["a"] = X["a"].mask(rng.random(n) < 0.1)
    signal = X["a"].fillna(0) + X["b"] ** 2
    Y = pd.DataFrame({"price": 100 + 20 * signal, "sold": np.where(signal > 1, "yes", "no")})
    Y["size"] = pd.cut(X["c"], 3, labels=["s", "m", "l"]).astype(object)
    return X, Y.mask(rng.random(Y.shape) < 0.2), pd.Series(rng.integers(0, 3, n), name="weight")


def test_wide_data_of_mixed_kinds_give_the_model_of_one_process(client, tmp_path):
    X, Y, weight = wide()
    settings = SETTINGS | {"blocks": ("shared", "task"), "early_stopping": False}
    alone = RMTGB(**settings).fit(X, Y, weight)
    together = fit_with_dask(
        RMTGB(**settings), spread(X, Y, weight), list(Y), "weight", client=client
    )
    pd.testing.assert_frame_equal(together.predict(X), alone.predict(X), atol=1e-6)
    for of_both, of_one in zip(together.predict_proba(X), alone.predict_proba(X), strict=True):
        if of_one is not None:
            np.testing.assert_allclose(of_both, of_one, atol=1e-6)
    together.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), together.predict(X), check_exact=True)


@pytest.mark.parametrize("kind", ["single", "competing", "several"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_times_to_events_give_the_model_of_one_process(kind, early_stopping, client):
    X, y = make_survival(600, kind=kind, missing=0.2 * (kind == "several"), random_state=0)
    parameters = SETTINGS["lightgbm_params"] | {"extra_trees": False}
    blocks = ("shared",) if early_stopping else ("shared", "task")
    settings = SETTINGS | {"lightgbm_params": parameters, "blocks": blocks}
    settings["early_stopping"] = early_stopping
    alone = RMTGBSurvival(**settings).fit(X, y)
    together = fit_with_dask(RMTGBSurvival(**settings), spread(X, y), list(y), client=client)
    for one, both in zip(incidences(alone, X), incidences(together, X), strict=True):
        np.testing.assert_allclose(both, one, atol=1e-6)
    assert np.ptp(incidences(alone, X)[0][:, 1]) > 0.1
    assert together.follow_up_ == alone.follow_up_


def incidences(model: RMTGBSurvival, X: pd.DataFrame) -> list[np.ndarray]:
    found = model.predict_cumulative_incidence(X, [1.0, 4.0, 8.0])
    by_event = [found] if len(model.event_names_) == 1 else found.values()
    return [values for by_cause in by_event for values in by_cause.values()]


def test_a_sample_is_enough_for_times_to_events(client):
    X, y = make_survival(4000, random_state=0)
    data = spread(X, y)
    model = RMTGBSurvival(n_rounds=30, blocks=("shared",), random_state=0)
    fit_with_dask(model, data, list(y), client=client, rows_in_memory=400)
    assert model.follow_up_ < y["duration"].max()  # of the sample
    assert model.score(X, y) > 0.7


def test_a_sample_is_enough_for_what_is_no_tree(client):
    X, y, truth = make_outlier_tasks(400, random_state=0, return_truth=True)
    settings = {"task_column": "task", "n_rounds": 40, "random_state": 0}
    model, data = RMTGBRegressor(**settings), spread(X, y)
    fit_with_dask(model, data, y.name, client=client, rows_in_memory=1000)
    scores = model.outlier_score_
    assert scores[truth.outlier].min() > scores[~truth.outlier].max()
    assert model.score(X, y) > 0.85
    again = fit_with_dask(
        RMTGBRegressor(**settings), data, y.name, client=client, rows_in_memory=1000
    )
    np.testing.assert_allclose(again.predict(X), model.predict(X), atol=1e-9)


@pytest.mark.parametrize("grades", [["a", "b", "c"], [1, 2, 3]], ids=["text", "numbers"])
def test_classes_and_tasks_of_a_single_row_are_in_the_sample(grades, client):
    frame = pd.DataFrame({"size": np.arange(600.0), "grade": grades[:2] * 300})
    frame["shop"] = np.arange(600) // 300
    frame.loc[567, ["grade", "shop"]] = [grades[2], 7]
    model = RMTGBClassifier(task_column="shop", n_rounds=2, random_state=0)
    data = dd.from_pandas(frame, npartitions=2)
    fit_with_dask(model, data, "grade", client=client, rows_in_memory=60)
    assert model.classes_.tolist() == grades
    scores = model.score_tasks(frame.drop(columns="grade"), frame["grade"])
    assert scores.index.tolist() == [0, 1, 7]


@pytest.mark.parametrize(
    ("model", "y", "error", "message"),
    [
        (MultiTab(), "target", TypeError, "data_parallel"),
        (RMTGB(n_bags=2), "target", ValueError, "n_bags=2: fit_with_dask fits one bag"),
        (RMTGB(), ["target", "price"], ValueError, r"no columns \['price'\]"),
        (RMTGB(blocks=("task", "shared")), ["target", "x"], ValueError, "'task' must be the last"),
        (RMTGB(blocks=("linear", "shared")), "target", ValueError, "'linear' out"),
    ],
    ids=["network", "bags", "column", "order", "line"],
)
def test_what_cannot_be_fitted_is_refused(model, y, error, message, client):
    frame = pd.DataFrame({"x": range(40), "z": range(40), "target": range(40)})
    with pytest.raises(error, match=message):
        fit_with_dask(model, dd.from_pandas(frame, npartitions=2), y, client=client)


@pytest.mark.parametrize("rows", [0, -5, 1.5, "x", None])
def test_the_sample_must_have_rows(rows, client):
    data = dd.from_pandas(pd.DataFrame({"x": range(40), "target": range(40)}), npartitions=2)
    with pytest.raises(ValueError, match="rows_in_memory must be a whole number of at least 2"):
        fit_with_dask(RMTGB(), data, "target", client=client, rows_in_memory=rows)


def test_what_one_worker_cannot_read_is_an_error_and_not_a_wait(client):
    """The sample does not have that row, so the client does not see it."""
    frame = pd.DataFrame({"x": np.arange(4000.0), "target": np.arange(4000.0)})
    frame.loc[3999, "target"] = np.inf
    data = dd.from_pandas(frame, npartitions=2)
    with pytest.raises(ValueError, match="Task 'target' has infinity among its labels"):
        fit_with_dask(RMTGB(random_state=0), data, "target", client=client, rows_in_memory=100)


def test_tables_in_the_place_of_names_are_refused():
    rows = pd.DataFrame({"x": range(40), "target": range(40)})
    data = dd.from_pandas(rows, npartitions=2)
    for tables in [rows[["target"]], rows["target"], rows["target"].to_numpy(), data[["target"]]]:
        with pytest.raises(TypeError, match=r"y says which columns .* got a"):
            fit_with_dask(RMTGB(), data, tables, client=object())
        with pytest.raises(TypeError, match=r"sample_weight says which columns"):
            fit_with_dask(RMTGB(), data, "target", tables, client=object())


def test_a_frame_in_memory_is_refused(client):
    with pytest.raises(TypeError, match="must be a Dask DataFrame, got DataFrame"):
        fit_with_dask(RMTGB(), pd.DataFrame({"x": [1], "y": [2]}), "y", client=client)
