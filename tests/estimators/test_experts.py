"""Mixtures of experts in fitted networks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from sklearn.base import clone

import skmtl
from skmtl.datasets import make_ratings
from skmtl.inspection import ExpertUseDisplay
from skmtl.networks import Experts, FeatureGates, TaskEmbeddings, TopK
from tests.files.cases import KINDS, NETWORK, long_table, table

RICH = Experts(
    n_levels=2,
    groups=[["price", "visits", "sold"], ["grade", "risk", "delay"]],
    gate="token",
    others="detached",
    task_inputs=(FeatureGates(), TaskEmbeddings()),
)


@pytest.fixture(scope="module")
def rich():
    X, Y = table()
    return skmtl.MultiTab(tasks=KINDS, **NETWORK | {"row_mixing": RICH}).fit(X, Y)


@pytest.fixture(scope="module")
def conflict():
    """Six tasks that need different differences of the same columns."""
    X = pd.DataFrame(np.random.default_rng(0).uniform(-1, 1, (500, 6)), columns=list("abcdef"))
    pairs = ["ab", "cd", "ef", "ad", "cf", "eb"]
    return X, pd.DataFrame({pair: X[pair[0]] - X[pair[1]] for pair in pairs})


def fitted(conflict, **settings):
    X, Y = conflict
    model = skmtl.MultiTabRegressor(
        row_mixing=Experts(**settings), row_layers=1, n_bags=1, n_members=1, n_blocks=0,
        embedding_size=4, numeric_embedding="linear", tower_size=8, dropout=0.0, batch_size=64,
        learning_rate=0.03, max_epochs=20, patience=20, random_state=0, device="cpu",
    )  # fmt: skip
    return model.fit(X[:400], Y[:400])


@pytest.mark.filterwarnings("ignore:The loss of held-out rows")
def test_tasks_in_conflict_gain_from_experts_of_their_own(conflict):
    """A trunk of three units has no room for six directions; one of each task has for its own."""
    test = [part[400:] for part in conflict]
    shared = fitted(conflict, shared=1, own=0, size=3, activation="relu").score(*test)
    own = fitted(conflict, shared=0, own=1, size=3, activation="relu").score(*test)
    assert own > 0.8
    assert own > shared + 0.2


@pytest.mark.filterwarnings("ignore:The loss of held-out rows")
def test_feature_gates_find_the_columns_that_a_task_uses(conflict):
    model = fitted(conflict, shared=0, own=1, size=12, task_inputs=(FeatureGates(),))
    gates = model.feature_gates_
    assert list(gates.columns) == list("abcdef")
    for task, row in gates.iterrows():
        assert set(row.nlargest(2).index) == set(task)


def test_the_use_of_experts_is_a_frame_of_shares(rich):
    use = rich.expert_use_
    assert list(use.index) == list(rich.task_set_.varying.names)
    assert list(use.columns[:3]) == ["shared 0", "shared 1", "price 0"]
    np.testing.assert_allclose(use.sum(axis=1), 1, rtol=1e-5)
    assert rich.feature_gates_.shape == (6, 5)
    by_group = rich.feature_gates_.loc[["price", "visits", "sold"]]
    assert (by_group.nunique() == 1).all(), "those of a group have experts in common"


def test_experts_of_a_target_called_shared_are_told_apart():
    X, Y = table()
    mixing = Experts(shared=1, own=1)
    model = skmtl.MultiTab(**NETWORK | {"row_mixing": mixing})
    use = model.fit(X, Y[["price"]].assign(shared=Y["price"])).expert_use_
    assert list(use.columns) == ["shared expert 0", "price 0", "shared 0"]
    assert use.loc["price", "shared 0"] == 0


def test_ids_of_long_data_use_experts_by_id():
    X, y = long_table()
    mixing = Experts(gate="token")
    model = skmtl.MultiTabRegressor(task_column="shop", **NETWORK | {"row_mixing": mixing})
    use = model.fit(X, y).expert_use_
    assert list(use.index) == sorted(X["shop"].unique())
    assert use["shared 0"].nunique() == len(use)
    blind = clone(model).set_params(row_mixing=Experts(gate="row"))
    two = pd.DataFrame({"one": y, "two": -y})
    assert blind.fit(X, two).expert_use_.index.nlevels == 2


def test_a_saved_model_answers_the_same(rich, tmp_path):
    X, _ = table()
    rich.save(tmp_path / "rich.skmtl")
    loaded = skmtl.load(tmp_path / "rich.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), rich.predict(X))
    pd.testing.assert_frame_equal(loaded.expert_use_, rich.expert_use_)
    pd.testing.assert_frame_equal(loaded.feature_gates_, rich.feature_gates_)
    assert loaded.row_mixing == clone(rich).row_mixing == RICH


def test_rows_are_scored_by_themselves_and_in_threads(rich):
    X, _ = table()
    together = rich.predict(X)["price"].to_numpy()
    alone = np.concatenate([rich.predict(X[i : i + 7])["price"] for i in range(0, len(X), 7)])
    assert np.abs(alone - together).max() <= 1e-6 * together.std()
    with ThreadPoolExecutor(4) as pool:
        for answer in pool.map(lambda _: rich.predict(X)["price"].to_numpy(), range(4)):
            np.testing.assert_array_equal(answer, together)


@pytest.mark.parametrize("balance", ["uncertainty", "pcgrad", "rep_mtl", "sharpness_aware"])
def test_every_sort_of_balancer_trains_experts(balance):
    X, Y = table()
    mixing = Experts(routing=TopK(k=2))
    model = skmtl.MultiTab(tasks=KINDS, balance=balance, **NETWORK | {"row_mixing": mixing})
    history = model.fit(X, Y).history_
    assert np.isfinite(history["loss"]).all()
    assert (history["auxiliary[load_balance]"] > 0).all()


@pytest.mark.parametrize("at", ["representation", "trunk"])
@pytest.mark.parametrize("balance", ["cagrad", "sharpness_aware"])
def test_gradients_are_balanced_where_every_task_has_rows_of_its_own(balance, at):
    # Each rater is a task with its rows and its experts, and some are in few batches.
    X, Y = make_ratings(16, 2, n_raters=4, n_questions=2, n_levels=3, random_state=0)
    Y = Y.astype(float)
    Y.iloc[np.flatnonzero(X["rater"] == 3)[2:]] = np.nan
    Y.iloc[::9, 1] = np.nan
    settings = NETWORK | {"row_mixing": "ple", "batch_size": 16}
    model = skmtl.MultiTabClassifier(
        task_column="rater", tasks="ordinal", balance=balance, balance_at=at, **settings
    ).fit(X.drop(columns="item"), Y)
    assert np.isfinite(model.history_["loss"]).all()
    assert len(model.expert_use_) == 8  # of each rater and question


def test_a_warm_start_asks_for_the_same_experts():
    X, Y = table()
    model = skmtl.MultiTab(tasks=KINDS, warm_start=True, **NETWORK | {"row_mixing": "mmoe"})
    model.fit(X, Y).fit(X, Y)
    with pytest.raises(ValueError, match="had row_mixing='mmoe'"):
        model.set_params(row_mixing="ple").fit(X, Y)


def test_a_target_without_a_group_is_named():
    X, Y = table()
    mixing = Experts(n_levels=2, groups=[["price"]])
    with pytest.raises(ValueError, match="no group has 'visits'"):
        skmtl.MultiTab(tasks=KINDS, **NETWORK | {"row_mixing": mixing}).fit(X, Y)


def test_other_row_paths_are_refused():
    for wrong in ("moe", Experts, 3):
        with pytest.raises(ValueError, match="'stem' or an Experts object"):
            skmtl.MultiTab(row_mixing=wrong).check_parameters()


def test_attributes_say_what_they_need(rich):
    X, Y = table()
    plain = skmtl.MultiTab(tasks=KINDS, **NETWORK).fit(X, Y)
    with pytest.raises(AttributeError, match=r"expert_use_ needs row_mixing=Experts"):
        plain.expert_use_  # noqa: B018
    mmoe = skmtl.MultiTab(tasks=KINDS, **NETWORK | {"row_mixing": "mmoe"}).fit(X, Y)
    with pytest.raises(AttributeError, match="feature_gates_ needs FeatureGates among"):
        mmoe.feature_gates_  # noqa: B018
    with pytest.raises(AttributeError, match=r"expert_use_ needs row_mixing=Experts"):
        ExpertUseDisplay.from_estimator(plain)


def test_the_display_shows_the_use(rich):
    display = ExpertUseDisplay.from_estimator(rich)
    np.testing.assert_array_equal(display.image_.get_array(), rich.expert_use_)
    assert display.ax_.get_yticklabels()[0].get_text() == "price"
    pyplot.close("all")
