"""Categories and task ids of another type are refused wherever a model reads X."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl import GroupedTasks

N = 60
NUMBERS = pd.DataFrame({"c": pd.Categorical(np.tile([1, 2, 3], N // 3)), "x": np.arange(N) % 7.0})
Y = pd.DataFrame({"y": 10.0 * NUMBERS["c"].astype(int)})
AS_TEXT = NUMBERS.assign(c=NUMBERS["c"].astype(int).astype("str"))
REFUSED = "Column 'c' of X holds text, such as '1', but held numbers in fit, such as 1"


@pytest.fixture(params=["network", "boosting"])
def model(request, small, boosted):
    if request.param == "network":
        return small.mixed(max_epochs=2)
    return boosted.mixed(n_rounds=40)


def test_predictions_scores_and_frames(model):
    model.fit(NUMBERS, Y)
    asked = [
        model.predict,
        lambda X: model.predict(X.head(1)),
        lambda X: model.score(X, Y),
        lambda X: model.score_tasks(X, Y),
        lambda X: skmtl.score_frame(model, X),
    ]
    for ask in asked:
        with pytest.raises(ValueError, match=REFUSED):
            ask(AS_TEXT)
    pd.testing.assert_frame_equal(
        model.predict(NUMBERS.assign(c=np.tile([1.0, 2.0, 3.0], N // 3))), model.predict(NUMBERS)
    )
    with pytest.raises(ValueError, match=rf"eval_set cannot be used: {REFUSED}"):
        model.fit(NUMBERS, Y, eval_set=(AS_TEXT, Y))


def test_the_next_fit_of_a_warm_start(small):
    model = small.mixed(max_epochs=1, warm_start=True).fit(NUMBERS, Y)
    with pytest.raises(ValueError, match=REFUSED):
        model.fit(AS_TEXT, Y)


def test_feeds_of_graphs(boosted):
    pytest.importorskip("onnx")
    from skmtl.export import onnx_inputs

    with pytest.raises(ValueError, match=REFUSED):
        onnx_inputs(boosted.mixed(n_rounds=2).fit(NUMBERS, Y), AS_TEXT)


@pytest.mark.parametrize("is_grouped", [False, True])
def test_task_ids(model, is_grouped):
    model.set_params(task_column="c")
    if is_grouped:
        model = GroupedTasks(model, groups=[[1], [2, 3]])
    model.fit(NUMBERS, Y)
    for ask in (model.predict, lambda X: model.score(X, Y), lambda X: skmtl.score_frame(model, X)):
        with pytest.raises(ValueError, match=r"'c' of X holds text.* but held numbers in fit"):
            ask(AS_TEXT)


def test_files_with_booleans_of_which_some_are_missing(tmp_path, boosted):
    pytest.importorskip("pyarrow")
    flags = pd.Series(np.tile([True, False], N // 2), dtype="boolean")
    X = pd.DataFrame({"c": pd.Categorical(flags)})
    model = boosted.regressor(n_rounds=40).fit(X, 10.0 * flags.astype(int))
    holed = flags.where(np.arange(N) > 1)
    pd.DataFrame({"c": holed}).to_parquet(tmp_path / "in.parquet")
    skmtl.score_files(model, tmp_path / "in.parquet", tmp_path / "out")
    scores = pd.read_parquet(tmp_path / "out").iloc[:, 0]
    np.testing.assert_allclose(scores[2:], 10.0 * flags[2:].astype(int), atol=2)
    np.testing.assert_array_equal(scores, model.predict(pd.DataFrame({"c": holed})))
