"""Weights, constraints, threads, and when boosting stops."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.callback import ProgressBar
from sklearn.exceptions import NotFittedError

from skmtl.boosting._ensemble import Ensemble

ALL = ("shared", "signature", "partition", "task")


@pytest.fixture
def shops(long_table):
    """The prices of all rows, without gaps."""
    X, Y = long_table
    y = Y["price"].fillna(100.0)
    return X, y


# Weights


@pytest.mark.parametrize("early_stopping", [True, False])
def test_weight_zero_is_the_removal_of_the_row(early_stopping, boosted, shops):
    X, y = shops
    kept = np.random.default_rng(1).random(240) < 0.7
    settings = {"task_column": "shop", "blocks": ALL, "early_stopping": early_stopping}
    expected = boosted.regressor(**settings).fit(X[kept], y[kept]).predict(X)
    wild = X.assign(
        size=X["size"].where(kept, 1e9),
        city=X["city"].where(kept, "nowhere"),
        shop=X["shop"].where(kept, "ruin"),
    )
    model = boosted.regressor(**settings).fit(wild, y.where(kept, -1e9), sample_weight=1.0 * kept)
    np.testing.assert_array_equal(model.predict(X), expected)


def test_weight_two_is_a_row_given_twice(boosted, shops):
    X, y = shops
    X = X.round({"size": 1, "age": 1}).drop(columns=["city", "age"])
    twice = np.random.default_rng(1).random(240) < 0.5
    settings = {
        "task_column": "shop",
        # Not the partition, whose start reads the spread of the features over rows.
        "blocks": ("shared", "task"),
        "early_stopping": False,
        "n_rounds": 5,
        # LightGBM counts rows here, and in categories.
        "min_data_in_leaf": 1,
        "lightgbm_params": {"min_data_in_bin": 1},
    }
    model = boosted.regressor(**settings).fit(X, y, sample_weight=1.0 + twice)
    repeated = boosted.regressor(**settings).fit(
        pd.concat([X, X[twice]]), pd.concat([y, y[twice]])
    )
    np.testing.assert_allclose(model.predict(X), repeated.predict(X), rtol=1e-5)


@pytest.mark.parametrize("layout", ["long", "wide"])
def test_only_the_ratios_of_task_weights_matter(layout, boosted, long_table):
    X, Y = long_table
    settings = {"blocks": ("shared", "partition", "task")}
    settings |= {"task_column": "shop"} if layout == "long" else {}
    first, second = [
        boosted.mixed(**settings, task_weight={"price": factor, "sold": 3 * factor}).fit(X, Y)
        for factor in (1.0, 2.0**-12)
    ]
    pd.testing.assert_frame_equal(first.contributions(X), second.contributions(X))


def test_the_users_task_weights_are_left_as_they_are(boosted, long_table):
    X, Y = long_table
    weight = np.array([1.0, 3.0])
    boosted.mixed(task_weight=weight).fit(X, Y)
    assert weight.tolist() == [1.0, 3.0]
    weight.flags.writeable = False  # as those of a Series are
    boosted.mixed(task_weight=weight).fit(X, Y)


def test_heavy_rows_decide(boosted, shops):
    X, _ = shops
    y = np.where(np.arange(240) % 2 == 0, 1.0, -1.0)
    weight = np.where(y > 0, 1.0, 1e-3)
    prediction = boosted.regressor(task_column="shop").fit(X, y, sample_weight=weight).predict(X)
    assert prediction.mean() > 0.9


def test_a_heavy_task_has_its_way_in_shared_trees(boosted):
    X = np.random.default_rng(0).normal(size=(200, 2))
    Y = np.column_stack([X[:, 0], -X[:, 0]])  # what is shared can serve one of them only
    for heavy in (0, 1):
        weight = [0.1, 0.1]
        weight[heavy] = 1.0
        model = boosted.regressor(blocks=("shared",), task_weight=weight, early_stopping=False)
        scores = model.fit(X, Y).score_tasks(X, Y)
        assert scores[heavy] > 0.3
        assert scores[1 - heavy] < 0


@pytest.mark.parametrize("layout", ["long", "wide"])
def test_a_task_of_weight_zero_has_its_constant(layout, boosted, long_table):
    X, Y = long_table
    settings = {
        "task_weight": {"price": 0},
        "blocks": ("shared", "partition", "task"),
        "early_stopping": False,
    }
    settings |= {"task_column": "shop"} if layout == "long" else {}
    model = boosted.mixed(**settings).fit(X, Y)
    expected = boosted.mixed(**settings | {"task_weight": None}).fit(X, Y)
    np.testing.assert_allclose(model.predict(X)["price"].mean(), Y["price"].mean(), atol=10)
    parts = model.contributions(X)
    assert (parts[("price", "task")] == 0).all()
    assert (expected.contributions(X)[("price", "task")] != 0).any()
    assert (model.predict(X)["sold"] == Y["sold"])[Y["sold"].notna()].mean() > 0.8


# Constraints


@pytest.mark.filterwarnings("ignore:X has columns without any value")
@pytest.mark.parametrize("form", ["mapping", "sequence", "array"])
@pytest.mark.parametrize("sign", [1, -1])
def test_predictions_follow_a_constraint_in_every_task(sign, form, boosted, shops):
    X, y = shops  # prices rise with the size but in one shop
    constraints = {
        "mapping": {"size": sign},
        "sequence": (sign, 0, 0),
        "array": np.array([sign, 0, 0]),
    }[form]
    model = boosted.regressor(
        task_column="shop", blocks=ALL, monotone_constraints=constraints, early_stopping=False
    ).fit(X, y)
    free = boosted.regressor(task_column="shop", blocks=ALL, early_stopping=False).fit(X, y)
    grid = np.linspace(-3, 3, 50)
    for shop, age, city in itertools.product(
        [*X["shop"].unique(), "new"], [0.1, np.nan], ["Bern", "Oslo"]
    ):
        line = pd.DataFrame({"size": grid, "shop": shop, "age": age, "city": city})
        assert (np.diff(sign * model.predict(line)) >= 0).all(), shop
    line = pd.DataFrame({"size": grid, "shop": "west", "age": 1.0, "city": "Bern"})
    assert (np.diff(free.predict(line)) < 0).any()


# When it stops


def test_a_block_stops_where_nothing_is_left_to_learn(boosted):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 3)), rng.normal(size=300)
    model = boosted.regressor(blocks=("shared",), n_rounds=500, patience=7).fit(X, y)
    (rounds,) = model.n_rounds_["shared"]
    history = model.history_
    assert rounds < 50
    assert len(history) == 1 + rounds + 7
    assert history["validation_loss"].argmin() == rounds
    # The training loss would have gone on to fall.
    assert history["loss"].is_monotonic_decreasing


def test_targets_of_noise_do_not_end_the_trees_of_another(boosted):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(700, 8))
    Y = pd.DataFrame(rng.normal(size=(700, 4)), columns=["learnt", "n1", "n2", "n3"])
    Y["learnt"] = X[:, 0] + abs(X[:, 1]) + np.sin(3 * X[:, 2]) + 0.3 * Y["learnt"]
    settings = {"blocks": ("task",), "n_rounds": 200, "learning_rate": 0.1}
    alone = boosted.mixed(**settings).fit(X[:400], Y[["learnt"]][:400])
    joint = boosted.mixed(**settings).fit(X[:400], Y[:400])
    best = alone.score_tasks(X[400:], Y[["learnt"]][400:])["learnt"]
    assert best > 0.85
    assert joint.score_tasks(X[400:], Y[400:])["learnt"] > best - 0.03


@pytest.mark.parametrize(("kind", "patience"), [("number", 30), ("time", 15)])
def test_hazards_have_less_patience(kind, patience, boosted):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(100, 3)), pd.DataFrame({"number": rng.normal(size=100)})
    if kind == "time":
        y = pd.DataFrame({"end_event": rng.integers(2, size=100), "end_time": rng.random(100)})
    tasks = {"end": "survival"} if kind == "time" else None
    model = boosted.mixed(blocks=("shared",), n_rounds=500, tasks=tasks)
    (rounds,) = model.fit(X, y).n_rounds_["shared"]
    assert len(model.history_) == 1 + rounds + patience


@pytest.mark.parametrize("blocks", ["auto", ("task",)], ids=str)
def test_features_of_one_value_leave_the_constants(blocks, boosted):
    """LightGBM fails where no feature can be split."""
    Y = pd.DataFrame({"a": np.arange(100.0), "b": np.arange(100.0) % 7})
    model = boosted.regressor(blocks=blocks, early_stopping=False).fit(np.zeros((100, 2)), Y)
    np.testing.assert_allclose(model.predict(np.zeros((1, 2)))[0], Y.mean())


def test_rows_given_by_the_user_decide_when_to_stop(boosted, shops):
    X, y = shops
    settings = {"task_column": "shop", "blocks": ("shared", "task"), "n_rounds": 200}
    model = boosted.regressor(**settings, n_bags=5)
    model.fit(X[:160], y[:160], eval_set=(X[160:], y[160:]))
    assert len(model.n_rounds_) == 1, "one bag"
    rounds = model.n_rounds_["shared"].iloc[0]
    assert 0 < rounds < 200
    # The validation loss is that of the rows: half the mean squared error in deviations.
    error = (y[160:] - model.predict(X[160:])) / y[:160].std(ddof=0)
    loss = model.selection_["validation_loss"].iloc[0]
    assert loss == pytest.approx((error**2).mean() / 2, rel=1e-4)
    # Nothing is learnt from them: with labels that are noise, there are few rounds.
    noise = pd.Series(np.random.default_rng(0).permutation(y[160:]), X.index[160:])
    other = boosted.regressor(**settings).fit(X[:160], y[:160], eval_set=[(X[160:], noise)])
    assert other.n_rounds_["shared"].iloc[0] < rounds


def test_rows_of_weight_zero_in_an_eval_set_do_not_count(boosted, shops):
    X, y = shops
    weight = 1.0 * (np.arange(80) < 40)
    wild = y[160:].where(weight > 0, 1e9)
    expected = boosted.regressor(task_column="shop").fit(
        X[:160], y[:160], eval_set=(X[160:200], y[160:200])
    )
    model = boosted.regressor(task_column="shop")
    model.fit(X[:160], y[:160], eval_set=(X[160:], wild, weight))
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))


def test_bags_hold_out_other_rows_and_are_averaged(boosted, shops):
    X, y = shops
    settings = {"task_column": "shop", "blocks": ("shared",)}
    model = boosted.regressor(**settings, n_bags=3).fit(X, y)
    assert len(model.n_rounds_) == 3
    losses = model.history_.groupby("bag")["validation_loss"].first()
    assert losses.nunique() == 3


@pytest.mark.parametrize("stopping", [True, False])
def test_numbers_of_numpy_are_numbers(boosted, shops, stopping):
    X, y = shops
    settings = {"task_column": "shop", "blocks": ("shared",), "early_stopping": stopping}
    model = boosted.regressor(**settings, n_bags=np.int64(2), n_rounds=np.int64(4)).fit(X, y)
    same = boosted.regressor(**settings, n_bags=2, n_rounds=4).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), same.predict(X))


def test_threads_do_not_change_the_model(boosted, shops):
    X, y = shops
    first, second = [
        boosted.regressor(task_column="shop", blocks=ALL, n_jobs=n_jobs).fit(X, y)
        for n_jobs in (1, 2)
    ]
    np.testing.assert_allclose(first.predict(X), second.predict(X), rtol=1e-12)
    pd.testing.assert_frame_equal(first.history_, second.history_)


# Callbacks and interrupts


class Recorder:
    """Keeps what each bag reports; `stop` or `interrupt` after so many."""

    def __init__(self, stop=None, interrupt=None):
        self.stop, self.interrupt, self.reports = stop, interrupt, []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if context.task_name != "epoch":
            return False
        self.reports.append(estimator.last_epoch_)
        if len(self.reports) == self.interrupt:
            raise KeyboardInterrupt
        return len(self.reports) == self.stop


def test_callbacks_see_every_bag_of_every_sequence(boosted, shops):
    recorder = Recorder()
    model = boosted.regressor(task_column="shop", n_bags=2).set_callbacks(recorder).fit(*shops)
    assert len(recorder.reports) == model.selection_["n_bags"].sum()
    assert recorder.reports[0]["blocks"] == ("shared", "partition", "task")
    assert recorder.reports[0]["improved"]
    tried = {report["blocks"] for report in recorder.reports}
    assert tried == set(model.selection_["blocks"])
    least = min(report["validation_loss"] for report in recorder.reports)
    assert [r["validation_loss"] for r in recorder.reports if r["improved"]][-1] == least


def test_the_progress_bar_of_scikit_learn_works(boosted, shops, capsys):
    boosted.regressor(task_column="shop").set_callbacks(ProgressBar()).fit(*shops)
    assert "RMTGBRegressor" in capsys.readouterr().out


def test_a_callback_may_stop_the_fit(boosted, shops):
    model = (
        boosted.regressor(task_column="shop", n_bags=3).set_callbacks(Recorder(stop=2)).fit(*shops)
    )
    assert model.selection_["n_bags"].tolist() == [1, 1]


def test_an_interrupt_between_bags_keeps_those_that_are_ready(boosted, shops):
    X, y = shops
    model = boosted.regressor(task_column="shop").set_callbacks(Recorder(interrupt=1))
    with pytest.warns(UserWarning, match="interrupted: what was ready is kept"):
        model.fit(X, y)
    assert model.blocks_["price"] == ("shared", "partition", "task")
    expected = boosted.regressor(task_column="shop", blocks=("shared", "partition", "task")).fit(
        X, y
    )
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))


def interrupting(method, number):
    """A method that is interrupted in its call of that number."""
    calls = itertools.count()

    def act(*arguments):
        if next(calls) == number:
            raise KeyboardInterrupt
        return method(*arguments)

    return act


@pytest.mark.parametrize("name", ["grow", "scores"])
def test_an_interrupt_within_a_block_keeps_the_best_rounds_so_far(
    name, boosted, shops, monkeypatch
):
    X, y = shops
    monkeypatch.setattr(Ensemble, name, interrupting(getattr(Ensemble, name), 6))
    model = boosted.regressor(task_column="shop", blocks=("shared", "task"))
    with pytest.warns(UserWarning, match="interrupted: what was ready is kept"):
        model.fit(X, y)
    rounds = model.n_rounds_.iloc[0]
    assert 0 < rounds["shared"] <= 6
    assert rounds["task"] == 0
    assert model.score(X, y) > 0.3


def test_an_interrupt_of_a_later_sequence_keeps_the_earlier_ones(boosted, shops, monkeypatch):
    X, y = shops
    monkeypatch.setattr(Ensemble, "grow", interrupting(Ensemble.grow, 150))
    model = boosted.regressor(task_column="shop", n_rounds=20)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, y)
    monkeypatch.undo()
    assert 0 < len(model.selection_) < 4
    complete = boosted.regressor(task_column="shop", n_rounds=20, blocks=model.blocks_["price"])
    np.testing.assert_allclose(
        model.selection_["validation_loss"].iloc[0],
        complete.fit(X, y).selection_["validation_loss"].iloc[0],
    )


def test_an_interrupt_before_anything_is_learnt_is_passed_on(boosted, shops, monkeypatch):
    monkeypatch.setattr(Ensemble, "scores", interrupting(Ensemble.scores, 0))
    model = boosted.regressor(task_column="shop")
    with pytest.raises(KeyboardInterrupt):
        model.fit(*shops)
    with pytest.raises(NotFittedError):
        model.predict(shops[0])


def test_an_interrupt_leaves_later_targets_their_constants(boosted, long_table, monkeypatch):
    X, Y = long_table
    monkeypatch.setattr(Ensemble, "grow", interrupting(Ensemble.grow, 3))
    model = boosted.mixed(task_column="shop")
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, Y)
    parts = model.contributions(X)
    assert (parts[("price", "shared")] != 0).any()
    assert (parts["sold"].drop(columns="intercept") == 0).all(axis=None)
