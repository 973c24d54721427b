"""Rows without any label: they teach the encoder, and nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import PredefinedSplit

from skmtl import RMTGB, MultiTab, MultiTaskLinear
from skmtl.tables import ArrayTable

N, COPIES = 48, 5
RNG = np.random.default_rng(0)
# Of categories alone, and each row comes again as often as the others: what the encoders learn
# does not depend on whether the rows without labels are there.
X = pd.DataFrame({name: RNG.choice(list("abcd"), N) for name in ("colour", "shape", "place")})
Y = pd.DataFrame(
    {
        "price": (X["colour"] == "a") + 0.1 * RNG.normal(size=N),
        "sold": np.where(X["shape"].isin(["a", "b"]) ^ (RNG.random(N) < 0.1), "yes", "no"),
    }
)
JUDGED = (X.iloc[::3], Y.iloc[::3])
X_MORE = pd.concat([X] * COPIES, ignore_index=True)
Y_MORE = Y.reindex(range(N * COPIES))
MODELS = {
    "boosting": RMTGB(n_rounds=4, n_bags=1, random_state=0),
    "linear": MultiTaskLinear(random_state=0),
    "network": MultiTab(max_epochs=3, n_bags=1, random_state=0),
}


def assert_same(one, other):
    for a, b in zip(one.predict_proba(X), other.predict_proba(X), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    np.testing.assert_allclose(one.predict(X)["price"], other.predict(X)["price"], atol=1e-5)


@pytest.mark.parametrize("engine", MODELS)
def test_they_have_no_influence_where_encoders_are_equal(engine):
    model = type(MODELS[engine])
    parameters = MODELS[engine].get_params()
    alone = model(**parameters).fit(X, Y, eval_set=JUDGED)
    assert_same(model(**parameters).fit(X_MORE, Y_MORE, eval_set=JUDGED), alone)


def test_nor_those_whose_labels_weigh_nothing():
    model = MODELS["network"].get_params()
    alone = MultiTab(**model).fit(X, Y, eval_set=JUDGED)
    weight = np.repeat([[1.0, 1.0], [0.0, 1e-30]], [N, N], axis=0)
    both = pd.concat([X, X], ignore_index=True), pd.concat([Y, Y], ignore_index=True)
    weight[N:, 1] = 0.0
    assert_same(MultiTab(**model).fit(*both, eval_set=JUDGED, sample_weight=weight), alone)


@pytest.mark.parametrize("engine", ["boosting", "network"])
def test_nor_those_of_a_table_on_disk(engine):
    """Chunks have rows of both sorts, and the last ones no label at all."""
    order = np.random.default_rng(1).permutation(len(X_MORE))
    codes = X_MORE.apply(lambda column: column.map(ord)).to_numpy(float)[order]
    y = Y_MORE.assign(sold=Y_MORE["sold"].map({"no": 0.0, "yes": 1.0})).to_numpy(float)[order]
    codes, y = np.concatenate([codes, codes]), np.concatenate([y, np.full_like(y, np.nan)])
    parameters = MODELS[engine].get_params() | {"tasks": {1: "binary"}}
    in_memory = type(MODELS[engine])(**parameters).fit(codes, y)
    stored = type(MODELS[engine])(**parameters).fit(ArrayTable(codes), y)
    np.testing.assert_allclose(stored.predict(codes), in_memory.predict(codes), rtol=1e-5)


def test_they_may_not_be_all_that_a_splitter_holds_out():
    place = np.repeat([0, 1, -1], [N // 2, N // 2, N * (COPIES - 1)])
    model = MultiTab(max_epochs=1, n_bags=1, validation=PredefinedSplit(place))
    assert len(model.fit(X_MORE, Y_MORE).history_) == 1
    with pytest.raises(ValueError, match="holds out only rows without labels"):
        unlabelled = PredefinedSplit(np.repeat([-1, 0], [N, N * (COPIES - 1)]))
        model.set_params(validation=unlabelled).fit(X_MORE, Y_MORE)


def test_networks_are_as_many_as_the_rows_with_labels_ask_for():
    many = pd.concat([X] * 110, ignore_index=True)
    model = MultiTab(max_epochs=1, n_bags="auto", random_state=0)
    model.fit(many, Y.reindex(range(len(many))))
    assert model.history_["bag"].nunique() == 4
