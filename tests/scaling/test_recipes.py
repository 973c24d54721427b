"""The recipes of docs/scaling.md do what they say, on clusters of this machine."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV

from skmtl import MultiTab, load
from skmtl.datasets import load_flights_nyc, make_outlier_tasks
from tests.scaling.torchrun import torchrun

ROOT = Path(__file__).parents[2]
RECIPE = re.compile(r"^<!-- recipe: (\S+) -->\n```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
RECIPES = dict(RECIPE.findall((ROOT / "docs/scaling.md").read_text()))


def run(name: str, folder: Path) -> None:
    """Run a recipe as a script of its own in `folder`, as a user would."""
    script = folder / f"{name}.py"
    script.write_text(RECIPES[name])
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    # A dashboard would open a port; reports of use would go out.
    quiet = {"DASK_DISTRIBUTED__DASHBOARD__LINK": "", "RAY_USAGE_STATS_ENABLED": "0"}
    subprocess.run(
        [sys.executable, str(script)],
        cwd=folder,
        env=os.environ | quiet | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        check=True,
        timeout=240,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the first recipe has left its model and its Parquet files."""
    pytest.importorskip("pyarrow")
    path = tmp_path_factory.mktemp("recipes")
    run("start", path)
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
    run(f"{name}-scoring", folder)
    scored = pd.read_parquet(folder / f"scored_{name}").sort_values("row", ignore_index=True)
    wanted = expected(folder)
    # Ray writes pyarrow's dtypes.
    pd.testing.assert_frame_equal(scored.astype(wanted.dtypes), wanted, check_exact=True)


@pytest.mark.slow
def test_the_function_for_spark_scores_partitions(folder):
    names: dict = {}
    exec(RECIPES["spark-function"], names)
    broadcast = SimpleNamespace(value=joblib.load(folder / "model.joblib"))
    parts = frames(folder)
    scored = list(names["scorer"](broadcast)(iter([*parts, parts[0].head(0)])))
    pd.testing.assert_frame_equal(
        pd.concat(scored, ignore_index=True), expected(folder), check_exact=True
    )


@pytest.mark.slow
@pytest.mark.parametrize(("name", "package"), [("dask", "distributed"), ("ray", "ray.util")])
def test_a_search_on_a_cluster_finds_what_one_process_finds(name, package, tmp_path):
    pytest.importorskip(package)
    run(f"{name}-search", tmp_path)
    on_cluster = joblib.load(tmp_path / f"search_{name}.joblib")
    X, Y = load_flights_nyc(return_X_y=True)
    search = GridSearchCV(
        MultiTab(n_bags=1, max_epochs=2, random_state=0), {"dropout": [0.0, 0.2]}, cv=2
    ).fit(X[:400], Y[:400])
    np.testing.assert_allclose(
        on_cluster.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"], rtol=1e-5
    )
    pd.testing.assert_frame_equal(on_cluster.predict(X[:1000]), search.predict(X[:1000]))


@pytest.mark.slow
def test_two_processes_save_one_model(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(RECIPES["data-parallel"])
    torchrun(script, folder=tmp_path)
    X, Y = load_flights_nyc(return_X_y=True)
    together = load(tmp_path / "together.skmtl")
    alone = MultiTab(n_bags=1, max_epochs=2, random_state=0).fit(X[:3000], Y[:3000])
    X, Y = X[:6000], Y[:6000]
    assert together.score(X, Y) == pytest.approx(alone.score(X, Y), abs=0.03)


@pytest.mark.slow
def test_boosting_on_dask_finds_the_outlier_tasks(tmp_path):
    pytest.importorskip("dask.dataframe")
    run("dask-boosting", tmp_path)
    model = load(tmp_path / "boosted.skmtl")
    X, y, truth = make_outlier_tasks(300, random_state=0, return_truth=True)
    assert model.outlier_score_[truth.outlier].min() > model.outlier_score_[~truth.outlier].max()
    assert model.score(X, y) > 0.85
