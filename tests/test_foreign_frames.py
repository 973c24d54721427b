"""Tables of other libraries than pandas: what they are read as, and how often."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skmtl
from skmtl import _foreign_frames
from skmtl.metrics import make_multitask_scorer, task_scorers
from skmtl.tables import as_frame
from skmtl.tasks import label_frame
from tests.pandas_versions import TEXT

BOOSTING = {"n_rounds": 2, "n_bags": 1, "random_state": 0}
NETWORK = {"n_bags": 1, "max_epochs": 1, "random_state": 0}
PLAIN = ["price", "sold"]

MODELS = {
    "wide": (skmtl.RMTGB(**BOOSTING), PLAIN),
    "long": (skmtl.RMTGB(task_column="shop", **BOOSTING), PLAIN),
    "network": (skmtl.MultiTab(**NETWORK), PLAIN),
    "linear": (skmtl.MultiTaskLinear(n_bags=1, random_state=0), PLAIN),
    "grouped": (skmtl.GroupedTasks(skmtl.RMTGB(**BOOSTING), groups=[["price"], ["sold"]]), PLAIN),
    "survival": (skmtl.RMTGBSurvival(events={"end": ("sold", "days")}, **BOOSTING),
                 ["sold", "days"]),
    "joined": (skmtl.RMTGB(tasks={"end": skmtl.tasks.Survival(event="sold", time="days")},
                           **BOOSTING), ["price", "sold", "days"]),
}  # fmt: skip


def tables(names, seed=0):
    rng = np.random.default_rng(seed)
    X = pl.DataFrame({"size": rng.normal(size=80), "shop": rng.choice(["north", "south"], 80)})
    price, sold, days = rng.normal(size=80), rng.random(80) < 0.5, rng.exponential(size=80)
    return X, pl.DataFrame({"price": price, "sold": sold, "days": days}).select(names)


@pytest.fixture
def conversions(monkeypatch):
    """How often each column has been converted since this was last asked."""
    counted: Counter[str] = Counter()
    values = _foreign_frames._values

    def counting(column):
        counted[column.name] += 1
        return values(column)

    monkeypatch.setattr(_foreign_frames, "_values", counting)

    def since():
        result = dict(counted)
        counted.clear()
        return result

    return since


@pytest.mark.parametrize("name", MODELS)
def test_every_column_is_converted_once(name, conversions):
    model, labels = MODELS[name]
    X, Y = tables(labels)
    of_X, of_Y = dict.fromkeys(X.columns, 1), dict.fromkeys(labels, 1)
    fitted = model.fit(X, Y)
    if name != "grouped":  # which hands the table of the user to each of its models
        assert conversions() == of_X | of_Y
        fitted = model.fit(X, Y, eval_set=tables(labels, seed=1))
        assert conversions() == dict.fromkeys([*X.columns, *labels], 2)
    conversions()
    for ask in (fitted.predict, lambda X: skmtl.score_frame(fitted, X, batch_rows=30)):
        ask(X)
        assert conversions() == of_X
    scorers = (
        type(fitted).score, type(fitted).score_tasks, make_multitask_scorer(), task_scorers()
    )  # fmt: skip
    for score in scorers:
        score(fitted, X, Y)
        assert conversions() == of_X | of_Y


def test_steps_before_grouped_models_get_the_table_of_the_user():
    X, Y = tables(PLAIN)
    in_polars = FunctionTransformer(lambda table: table.with_columns(pl.col("size") * 2))
    inner = make_pipeline(in_polars, skmtl.RMTGB(**BOOSTING))
    model = skmtl.GroupedTasks(inner, groups=[["price"], ["sold"]]).fit(X, Y)
    assert len(model.score_tasks(X, Y)) == len(model.predict(X).columns) == 2


COLUMNS = {
    "small": pl.Series([1, None, 3], dtype=pl.UInt8),
    "flag": pl.Series([True, None, False]),
    "price": pl.Series(["1.5", None, "2"]).cast(pl.Decimal(10, 2)),
    "share": pl.Series([0.5, None, 1.0]),
    "size": pl.Series(["low", None, "high"], dtype=pl.Enum(["low", "high"])),
    "text": pl.Series(["a", None, "b"]),
}


def test_features_and_labels_are_read_alike():
    table = pl.DataFrame(COLUMNS)
    pd.testing.assert_frame_equal(as_frame(table), label_frame(table))
    assert as_frame(table).dtypes.astype(str).to_dict() == {
        "small": "UInt8", "flag": "boolean", "price": "float64", "share": "float64",
        "size": "category", "text": TEXT,
    }  # fmt: skip


def test_lazy_labels_are_refused():
    with pytest.raises(TypeError, match=r"y is a lazy LazyFrame.*y\.collect\(\)"):
        label_frame(pl.LazyFrame({"a": [1]}))


@pytest.mark.parametrize("labels", [[True, None, False], ["a", None, "b"], [1, 0, 1]])
def test_labels_of_polars_are_learnt_as_those_of_pandas(labels):
    X, labels = pd.DataFrame({"size": np.arange(60.0)}), labels * 20
    answers = [
        skmtl.RMTGB(**BOOSTING).fit(X, y).predict_proba(X)[0]
        for y in (pd.DataFrame({"a": labels}), pl.DataFrame({"a": labels}))
    ]
    np.testing.assert_array_equal(*answers)
