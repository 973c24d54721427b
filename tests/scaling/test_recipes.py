"""The recipes of docs/scaling.md do what they say, on clusters of this machine."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV

from skmtl import MultiTab, load
from skmtl.datasets import load_flights_nyc, make_outlier_tasks
from tests.scaling.recipes import RECIPES, ROOT

# Runs recipes one after the other. What they import is loaded once, and the workers of Dask start
# once: each of them loads everything as well.
SCRIPT = """
import runpy, sys
from contextlib import nullcontext
from functools import cache

if __name__ == "__main__":
    import dask.distributed

    started = cache(dask.distributed.LocalCluster)
    dask.distributed.LocalCluster = lambda **settings: nullcontext(started(**settings))
    for recipe in sys.argv[1:]:
        runpy.run_path(recipe, run_name="__main__")
    started(n_workers=2, threads_per_worker=1).close()
"""


def run(folder: Path, *names: str) -> None:
    """Run recipes as scripts in `folder`, in one process."""
    for name in names:
        (folder / f"{name}.py").write_text(RECIPES[name])
    (folder / "script.py").write_text(SCRIPT)
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    # A dashboard would open a port; reports of use would go out.
    quiet = {"DASK_DISTRIBUTED__DASHBOARD__LINK": "", "RAY_USAGE_STATS_ENABLED": "0"}
    quiet["PYSPARK_PYTHON"] = sys.executable  # its workers have the same packages
    subprocess.run(
        [sys.executable, "script.py", *(f"{name}.py" for name in names)],
        cwd=folder,
        env=os.environ | quiet | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        check=True,
        timeout=600,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the recipes have left their results, those for Ray only if it is installed."""
    for package in ("pyarrow", "dask.dataframe", "distributed"):
        pytest.importorskip(package)
    path = tmp_path_factory.mktemp("recipes")
    on_ray = ["ray-scoring", "ray-search"] if find_spec("ray") else []
    run(path, "start", "dask-scoring", "dask-search", "dask-boosting", *on_ray)
    return path


def frames(folder: Path) -> list[pd.DataFrame]:
    return [pd.read_parquet(path) for path in sorted((folder / "flights").glob("*.parquet"))]


def expected(folder: Path) -> pd.DataFrame:
    rows = pd.concat(frames(folder), ignore_index=True)
    model = joblib.load(folder / "model.joblib")
    return rows[["row"]].join(model.predict(rows.drop(columns="row")))


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_python(name):
    ast.parse(RECIPES[name])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "package"), [("dask", "dask.dataframe"), ("ray", "ray.data")])
def test_a_cluster_scores_as_the_model_does(name, package, folder):
    pytest.importorskip(package)
    scored = pd.read_parquet(folder / f"scored_{name}").sort_values("row", ignore_index=True)
    wanted = expected(folder)
    # Ray writes pyarrow's dtypes.
    pd.testing.assert_frame_equal(scored.astype(wanted.dtypes), wanted, check_exact=True)


@pytest.mark.slow
def test_spark_scores_as_the_model_does(folder):
    pytest.importorskip("pyspark")
    run(folder, "spark-scoring")
    scored = pd.read_parquet(folder / "scored_spark").sort_values("row", ignore_index=True)
    wanted = expected(folder)
    pd.testing.assert_frame_equal(scored.astype(wanted.dtypes), wanted, check_exact=True)


@pytest.mark.slow
def test_the_function_for_spark_scores_partitions(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", SimpleNamespace(SparkSession=None))
    names: dict = {"__name__": "recipe"}
    exec(RECIPES["spark-scoring"], names)
    broadcast = SimpleNamespace(value=joblib.load(folder / "model.joblib"))
    parts = frames(folder)
    scored = list(names["scorer"](broadcast)(iter([*parts, parts[0].head(0)])))
    wanted = expected(folder)
    pd.testing.assert_frame_equal(pd.concat(scored, ignore_index=True), wanted, check_exact=True)
    schema = re.findall(r"(\w+) (?:long|double|boolean)\b", RECIPES["spark-scoring"])
    assert schema == list(wanted)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "package"), [("dask", "distributed"), ("ray", "ray.util")])
def test_a_search_on_a_cluster_finds_what_one_process_finds(name, package, folder):
    pytest.importorskip(package)
    on_cluster = joblib.load(folder / f"search_{name}.joblib")
    X, Y = load_flights_nyc(return_X_y=True)
    search = GridSearchCV(
        MultiTab(n_bags=1, max_epochs=2, random_state=0), {"dropout": [0.0, 0.2]}, cv=2
    ).fit(X[:400], Y[:400])
    np.testing.assert_allclose(
        on_cluster.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"], rtol=1e-5
    )
    pd.testing.assert_frame_equal(on_cluster.predict(X[:1000]), search.predict(X[:1000]))


@pytest.mark.slow
def test_boosting_on_dask_finds_the_outlier_tasks(folder):
    model = load(folder / "boosted.skmtl")
    X, y, truth = make_outlier_tasks(300, random_state=0, return_truth=True)
    assert model.outlier_score_[truth.outlier].min() > model.outlier_score_[~truth.outlier].max()
    assert model.score(X, y) > 0.85
