"""The block "linear": linear models before the trees."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl import RMTGB, RMTGBRegressor
from skmtl.boosting._linear import _parts
from skmtl.tasks import Survival

RNG = np.random.default_rng(0)
N = 240
X = pd.DataFrame(RNG.uniform(-1, 1, size=(N, 3)), columns=list("abc"))
X["kind"] = pd.Categorical(RNG.choice(["x", "y", "z"], N))
FAST = {"n_rounds": 8, "n_bags": 1, "random_state": 0}


def truth(X):
    """Create a linear effect, and a step that is not linear."""
    return (3 * X["a"] + np.where(X["b"] > 0, 1.0, -1.0)).rename("y")


def with_gaps(X):
    X = X.copy()
    X.loc[::7, "a"] = np.nan
    X.loc[::11, "kind"] = np.nan
    return X


def labels():
    score = truth(X) + 0.1 * RNG.normal(size=N)
    times = np.exp(-score / 3) * RNG.exponential(size=N)
    return pd.DataFrame(
        {
            "number": score.where(RNG.random(N) > 0.2),
            "count": RNG.poisson(np.exp(score / 3)),
            "binary": score > 0,
            "class": pd.cut(score, [-9, -1, 1, 9], labels=["low", "mid", "high"]).astype(str),
            "died": times < 1.5,
            "time": np.minimum(times, 1.5),
        }
    )


TASKS = {
    "number": "regression",
    "count": "count",
    "binary": "binary",
    "class": "multiclass",
    "death": Survival(event="died", time="time", cuts=8),
}


@pytest.fixture(scope="module")
def mixed():
    return RMTGB(tasks=TASKS, blocks=("linear", "shared"), **FAST).fit(with_gaps(X), labels())


@pytest.fixture(scope="module")
def long():
    rows = with_gaps(X).assign(shop=np.arange(N) % 4)
    model = RMTGBRegressor(task_column="shop", blocks=("linear", "partition", "task"), **FAST)
    return model.fit(rows, truth(X) + np.arange(N) % 4)


def test_a_line_goes_on_where_trees_end():
    Y = pd.DataFrame({"y": truth(X), "z": X["c"] - 2 * X["a"]}) + 0.05 * RNG.normal(size=(N, 2))
    beyond = X.assign(a=X["a"] + 2)
    lines, trees = (
        RMTGB(blocks=blocks, n_bags=1, random_state=0).fit(X, Y) for blocks in ("auto", ("task",))
    )
    assert set(lines.blocks_.values()) == {("linear", "partition", "task")}
    error, of_trees = (
        np.abs(model.predict(beyond)["y"] - truth(beyond)).max() for model in (lines, trees)
    )
    assert error < 0.5
    assert of_trees > 3


def test_many_features_do_not_hide_that_a_line_overfits():
    """After linear models of 100 columns, trees still learn a step from 200 rows."""
    wide = pd.DataFrame(RNG.normal(size=(200, 100))).add_prefix("x")
    y = wide.sum(axis=1) / 10 + 3 * (wide["x1"].abs() > 0.7) + 0.1 * RNG.normal(size=200)
    model = RMTGBRegressor(blocks=("linear", "shared"), n_bags=1, random_state=0).fit(wide, y)
    losses = model.history_.groupby("block")[["loss", "validation_loss"]]
    # Out-of-fold scores are no better on training rows than on others.
    after = losses.last().loc["linear"]
    assert 0.5 < after["loss"] / after["validation_loss"] < 2
    assert losses.min()["validation_loss"]["shared"] < 0.5 * after["validation_loss"]


def test_left_out_scores_are_those_of_fits_without_the_row():
    rows = np.hstack([RNG.normal(size=(30, 5)), np.ones((30, 1))])
    y, weight = RNG.normal(size=(30, 1)), RNG.uniform(0.5, 2, 30)
    penalised = np.append(np.ones(5), 0.0)
    ones = np.ones((30, 1))

    def part(weight):
        pool = SimpleNamespace(entry_rows=lambda: np.arange(30))
        return _parts(SimpleNamespace(learnt=weight, pool=pool), [np.arange(30)], rows)[0]

    def coef(weight, strength):
        start = np.zeros((6, 1))
        return part(weight).step(strength / weight.sum(), penalised, start, -y, ones)

    scores = rows @ coef(weight, 3.0)
    left_out = part(weight).left_out(3.0 / weight.sum(), penalised, scores - y, ones)
    for row in (0, 17):
        without = np.where(np.arange(30) == row, 0.0, weight)
        expected = rows[row] @ coef(without, 3.0)
        np.testing.assert_allclose(scores[row] + left_out[row], expected, atol=1e-10)


def test_tasks_of_the_same_rows_learn_what_each_learns_alone():
    """They share the Hessian if weights, losses and regularisation strengths are the same."""
    n, rows = 30, np.hstack([RNG.normal(size=(30, 5)), np.ones((30, 1))])
    learnt = np.ones((4, n))
    learnt[1] *= 2.0
    learnt[3, ::3] = 0.0
    gradient, hessian = RNG.normal(size=(4 * n, 1)), np.ones((4 * n, 1))
    hessian[2 * n : 3 * n] = RNG.uniform(0.1, 1, size=(n, 1))
    penalised = np.append(np.ones(5), 0.0)
    pool = SimpleNamespace(entry_rows=lambda: np.tile(np.arange(n), 4))
    fold = SimpleNamespace(learnt=learnt.ravel(), pool=pool)
    entries = np.split(np.arange(4 * n), 4)
    together = _parts(fold, entries, rows)
    for factor in (1.0, 0.1):
        for number, part in enumerate(together):
            (alone,) = _parts(fold, entries[number : number + 1], rows)
            for act in ("step", "left_out"):
                given = (np.zeros((6, 1)),) if act == "step" else ()
                results = [
                    getattr(p, act)(factor, penalised, *given, gradient, hessian)
                    for p in (part, alone)
                ]
                np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("layout", ["wide", "long"])
def test_no_round_of_it_is_no_block(layout):
    task = "shop" if layout == "long" else None
    rows = X.assign(shop=np.arange(N) % 4) if task else X
    settings = {**FAST, "task_column": task}
    without = RMTGBRegressor(**settings | {"blocks": ("shared",)}).fit(rows, truth(X))
    rounds = {"linear": 0, "shared": 8}
    model = RMTGBRegressor(**settings | {"blocks": ("linear", "shared"), "n_rounds": rounds})
    model.fit(rows, truth(X))
    np.testing.assert_array_equal(model.predict(rows), without.predict(rows))
    assert model.n_rounds_["linear"].tolist() == [0]


def test_lines_of_nothing_are_not_taken():
    noise = RNG.normal(size=N)
    model = RMTGBRegressor(blocks=("linear",), n_bags=1, random_state=0)
    with pytest.warns(UserWarning, match="predicts a constant"):
        model.fit(X[["c"]], noise)
    assert np.ptp(model.predict(X[["c"]])) == 0


def test_numbers_near_the_largest_are_left_to_the_trees():
    huge = X[["a"]].assign(huge=np.where(np.arange(N) % 2, 1.7e308, -1.7e308))
    model = RMTGBRegressor(blocks=("linear",), **FAST).fit(huge, truth(X))
    np.testing.assert_array_equal(model.predict(huge), model.predict(huge.assign(huge=1.0)))
    both = pd.DataFrame({"y": truth(X), "class": X["a"] > 0})
    assert RMTGB(**FAST).fit(huge, both).score_tasks(huge, both).min() > 0.5
    far = huge.assign(a=1.7e308)  # as well as linear models can
    np.testing.assert_array_equal(model.predict(far), model.predict(huge.assign(a=1e300)))


def test_blocks_add_up_to_the_prediction(mixed, long):
    parts = long.contributions(with_gaps(X).assign(shop=np.arange(N) % 4))
    assert list(parts) == ["intercept", "linear", "partition", "task"]
    predicted = long.predict(with_gaps(X).assign(shop=np.arange(N) % 4))
    np.testing.assert_allclose(parts.sum(axis=1), predicted, atol=1e-9)
    assert (parts["linear"].std() > parts["partition"].std()).all()
    parts = mixed.contributions(with_gaps(X))["number"]
    np.testing.assert_allclose(parts.sum(axis=1), mixed.predict(with_gaps(X))["number"], atol=1e-9)


@pytest.mark.parametrize("case", ["mixed", "long"])
def test_shap_values_add_up_to_the_blocks(case, request):
    model = request.getfixturevalue(case)
    rows = with_gaps(X).assign(shop=np.arange(N) % 4).head(20)
    rows = rows if case == "long" else rows.drop(columns="shop")
    values, parts = model.shap_values(rows), model.contributions(rows)
    if case == "long":
        np.testing.assert_allclose(values.sum(axis=1), parts.sum(axis=1), atol=1e-9)
    else:
        for target in ("number", "count", "binary"):
            np.testing.assert_allclose(
                values[target].sum(axis=1), parts[target].sum(axis=1), atol=1e-9
            )


@pytest.mark.parametrize("case", ["mixed", "long"])
def test_a_stored_model_predicts_the_same(case, request, tmp_path):
    model = request.getfixturevalue(case)
    rows = with_gaps(X).assign(shop=np.arange(N) % 4)
    rows = rows if case == "long" else rows.drop(columns="shop")
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(
        pd.DataFrame(loaded.predict(rows)), pd.DataFrame(model.predict(rows))
    )


@pytest.mark.parametrize("case", ["mixed", "long"])
def test_a_graph_gives_the_same(case, request):
    graphs = pytest.importorskip("tests.export.graphs", exc_type=ImportError)
    rows = with_gaps(X).assign(shop=np.arange(N) % 4)
    rows.loc[3, "a"] = 1e6
    rows = rows if case == "long" else rows.drop(columns="shop")
    graphs.assert_same_outputs(request.getfixturevalue(case), rows)


def test_constraints_leave_no_line():
    with pytest.raises(ValueError, match="'linear': remove one of them"):
        RMTGBRegressor(blocks=("linear", "shared"), monotone_constraints={"a": 1}).fit(X, truth(X))
    model = RMTGBRegressor(monotone_constraints={"a": 1}, **FAST).fit(X, truth(X))
    assert model.blocks_ == {"target": ("shared",)} or list(model.blocks_.values()) == [
        ("shared",)
    ]


def test_large_tables_are_fitted_without_lines(monkeypatch):
    y = truth(X)
    tried = RMTGBRegressor(**FAST).fit(X, y).selection_["blocks"].tolist()
    assert ("linear", "shared") in tried
    monkeypatch.setattr("skmtl.engines.boosting._rmtgb_settings._MOST_CELLS_OF_LINES", 4 * N - 1)
    tried = RMTGBRegressor(**FAST).fit(X, y).selection_["blocks"].tolist()
    assert tried == [("shared",)]
