"""A network from outside of the package has all that MultiTab has."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV

import skmtl
from skmtl.balancing import BALANCERS
from skmtl.inspection import task_affinity
from tests.extending.perceptron import Perceptron

RNG = np.random.default_rng(0)
X = pd.DataFrame(
    {"a": RNG.normal(size=160), "b": RNG.normal(size=160), "city": RNG.choice(["x", "y"], 160)}
)
X.loc[::7, "a"] = None
Y = pd.DataFrame(
    {
        "u": 2 * X["b"] + (X["city"] == "x"),
        "v": X["b"] > 0,
        "w": pd.cut(X["b"], [-9, -0.5, 0.5, 9], labels=["low", "mid", "high"]).astype("str"),
    }
)
Y.loc[RNG.random(160) < 0.2, "u"] = None
SMALL = {"n_bags": 2, "max_epochs": 20, "learning_rate": 0.02, "random_state": 0}
BRIEF = SMALL | {"n_bags": 1, "max_epochs": 1}


@pytest.fixture(scope="module")
def model():
    return Perceptron(**SMALL).fit(X, Y)


def test_it_is_trained_and_reports_its_auxiliary_loss(model):
    assert model.score(X, Y) > 0.7
    assert model.history_["auxiliary[size]"].between(0, 1e-3).all()
    assert model.last_epoch_["auxiliary"].keys() == {"size"}
    assert len(model.network_) == 2


def test_rows_are_predicted_by_themselves(model):
    pd.testing.assert_frame_equal(model.predict(X.iloc[[3]]), model.predict(X).iloc[[3]])


@pytest.mark.parametrize("at", ["representation", "trunk"])
@pytest.mark.parametrize("balance", BALANCERS)
def test_every_balancer_balances_it(balance, at):
    model = Perceptron(balance=balance, balance_at=at, **BRIEF).fit(X, Y)
    assert np.isfinite(model.predict(X)["u"]).all()


def test_long_data():
    model = Perceptron(task_column="city", balance="pcgrad", **SMALL).fit(X, Y["u"])
    assert model.score_tasks(X, Y["u"]).index.tolist() == ["x", "y"]
    assert np.isfinite(model.predict(X.assign(city="z"))).all().all()


def test_the_affinity_of_its_tasks():
    found = task_affinity(Perceptron(**BRIEF | {"max_epochs": 3}), X, Y)
    assert found.n_looks > 0
    assert found.affinity.index.tolist() == ["u", "v", "w"]


def test_files_and_searches(model, tmp_path):
    model.save(tmp_path / "perceptron.skmtl")
    loaded = skmtl.load(tmp_path / "perceptron.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), model.predict(X))
    search = GridSearchCV(Perceptron(**BRIEF), {"size": [4, 8]}, cv=2).fit(X, Y)
    assert search.best_params_["size"] in (4, 8)


def test_warm_start_refuses_another_shape():
    again = Perceptron(warm_start=True, **BRIEF).fit(X, Y)
    with pytest.raises(ValueError, match="size=16; now it is 8"):
        again.set_params(size=8).fit(X, Y)
