"""Columns that have lost all their values since `fit` are told of, whatever is asked."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmtl import GroupedTasks

r = np.random.default_rng(0)
X = pd.DataFrame({"x": r.normal(size=120), "c": r.choice(list("ab"), 120)})
Y = pd.DataFrame({"u": 10 * X["x"], "v": X["c"] == "a"})
UNKNOWN = "'c' holds unknown categories in all 120 rows"


@pytest.fixture(params=["network", "boosting"])
def model(request, small, boosted):
    if request.param == "network":
        return small.mixed(max_epochs=1, early_stopping=False)
    return boosted.mixed(early_stopping=False)


def test_predictions_and_scores_warn(model):
    model.fit(X, Y)
    for ask in (model.predict, model.predict_proba, lambda X: model.score(X, Y)):
        with pytest.warns(UserWarning, match="'x' is missing in all 120 rows, and was in 0 of"):
            ask(X.assign(x=np.nan))
        with pytest.warns(UserWarning, match=UNKNOWN):
            ask(X.assign(c="z"))
        ask(X)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", ConvergenceWarning)
            X.head(4).assign(x=np.nan, c="z").pipe(model.predict)


def test_the_warning_points_at_the_user(model):
    model.fit(X, Y)
    with pytest.warns(UserWarning, match=UNKNOWN) as caught:
        model.predict(X.assign(c=None).assign(c="z"))
    assert [warning.filename for warning in caught] == [__file__]


def test_explanations_and_stages_warn(boosted):
    model = boosted.mixed(early_stopping=False, n_rounds=2).fit(X, Y)
    stages = lambda X: list(model.staged_predict(X))  # noqa: E731
    for ask in (model.shap_values, model.contributions, stages):
        with pytest.warns(UserWarning, match=UNKNOWN) as caught:
            ask(X.assign(c="z"))
        assert [warning.filename for warning in caught] == [__file__]


def test_pipelines_warn(boosted):
    pipeline = make_pipeline(FunctionTransformer(), boosted.mixed(n_rounds=2))
    pipeline.fit(X, Y)
    with pytest.warns(UserWarning, match=UNKNOWN):
        pipeline.predict(X.assign(c="z"))


@pytest.mark.parametrize("is_long", [False, True])
def test_groups_of_tasks_warn(boosted, is_long):
    task = "id" if is_long else None
    data = X.assign(id=np.arange(120) % 4) if is_long else X
    groups = [[0, 1], [2, 3]] if is_long else [["u"], ["v"]]
    model = GroupedTasks(boosted.mixed(task_column=task, n_rounds=2), groups=groups)
    model.fit(data, Y[["u"]] if is_long else Y)
    lost = data.assign(c="z")
    with pytest.warns(UserWarning, match="'c' holds unknown categories in all"):
        model.predict(lost)
    with pytest.warns(UserWarning, match=UNKNOWN):
        model.score(lost, Y[["u"]] if is_long else Y)
    # Of a group's rows all may be unknown without the column being so.
    if is_long:
        model.score(data.assign(c=data["c"].where(data["id"] > 0, "z")), Y[["u"]])
