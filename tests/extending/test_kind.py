"""A kind from outside of the package goes wherever one of skmtl's goes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV

import skmtl
from skmtl.export import to_onnx
from skmtl.inspection import transfer_report
from skmtl.metrics import make_multitask_scorer
from tests.tasks.gamma import Gamma

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(300, 2)), columns=["a", "b"])
MEAN = np.exp(1 + X["a"])
Y = pd.DataFrame({"claim": RNG.gamma(5, MEAN / 5), "sold": X["b"] > 0})
Y.loc[RNG.random(300) < 0.2, "claim"] = None
TASKS = {"claim": "gamma"}
ENGINES = {
    "network": lambda **given: skmtl.MultiTab(
        **{"tasks": TASKS, "n_bags": 1, "max_epochs": 15, "row_size": 32, "random_state": 0}
        | given
    ),
    "boosting": lambda **given: skmtl.RMTGB(
        **{"tasks": TASKS, "n_bags": 1, "n_rounds": 40, "random_state": 0} | given
    ),
}


@pytest.fixture(params=ENGINES)
def make(request):
    return ENGINES[request.param]


def test_it_is_learnt_scored_and_saved(make, tmp_path):
    model = make().fit(X, Y)
    assert model.task_kinds_ == {"claim": "gamma", "sold": "binary"}
    assert (model.predict(X)["claim"] > 0).all()
    assert np.corrcoef(model.predict(X)["claim"], MEAN)[0, 1] > 0.8
    assert model.score_tasks(X, Y)["claim"] > 0.3
    assert make_multitask_scorer({"claim": "neg_mean_absolute_error"})(model, X, Y) < 1
    model.save(tmp_path / "gamma.skmtl")
    loaded = skmtl.load(tmp_path / "gamma.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), model.predict(X))
    frame = skmtl.score_frame(loaded, X)
    np.testing.assert_array_equal(frame["claim_prediction"], model.predict(X)["claim"])


def test_it_is_searched_grouped_and_reported(make):
    search = GridSearchCV(make(), {"validation_fraction": [0.2, 0.3]}, cv=2).fit(X, Y)
    assert np.isfinite(search.best_score_)
    grouped = skmtl.GroupedTasks(make(), groups="alone").fit(X, Y)
    assert grouped.score_tasks(X, Y)["claim"] > 0.3
    report = transfer_report(make(), X, Y, cv=2, random_state=0)
    assert report.table.loc["claim"].notna().any()


def test_without_a_link_in_graphs_it_is_not_exported(make):
    with pytest.raises(TypeError, match="'claim' has a kind of your own, Gamma"):
        to_onnx(make().fit(X, Y))


def test_an_instance_is_as_good_as_the_word(make):
    by_word, by_instance = make().fit(X, Y), make(tasks={"claim": Gamma()}).fit(X, Y)
    pd.testing.assert_frame_equal(by_word.predict(X), by_instance.predict(X))
