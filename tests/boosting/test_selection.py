"""Which sequences of blocks are fitted to which bags, and targets that stop separately."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score
from sklearn.model_selection import PredefinedSplit

from skmtl import RMTGB
from skmtl.boosting import FittedSequence, _task
from skmtl.boosting._selection import Selection

A, B, C = ("shared", "task"), ("partition", "task"), ("task",)
N_ROWS = 100


def course(losses_by_bag, noise=0.0):
    """Return the sequences fitted to each bag, for losses by sequence and bag with noise."""
    selection, fitted = Selection(list(losses_by_bag)), []
    for bag in range(5):
        fitted.append(selection.due(bag))
        for number, names in enumerate(fitted[-1]):
            loss = losses_by_bag[names][min(bag, len(losses_by_bag[names]) - 1)]
            rows = np.random.default_rng(number).normal(size=N_ROWS)
            rows = loss / N_ROWS + noise * (rows - rows.mean()) / N_ROWS
            sequence = FittedSequence(np.zeros((2, 1)), {}, pd.DataFrame(), loss, split=bag)
            selection.add(names, sequence, rows)
    return fitted


def test_the_first_bag_drops_what_is_far_behind():
    assert course({A: [1.0], B: [1.05], C: [2.0]}) == [[A, B, C], [A], [A], [A], [A]]


def test_chance_in_few_rows_drops_nothing():
    assert course({A: [1.0], B: [1.05], C: [2.0]}, noise=0.5)[1] == [A, B]


def test_close_sequences_take_turns_after_two_bags():
    assert course({A: [1.0], B: [1.01], C: [1.015]}) == [[A, B, C], [A, B, C], [C], [A], [B]]


def test_what_two_bags_put_behind_is_dropped():
    assert course({A: [1.0, 1.05], B: [1.03, 0.95], C: [1.03]})[2:] == [[B], [B], [B]]


def test_sequences_are_compared_by_the_bags_that_they_have_in_common():
    losses = {A: [1.0, 1.0, 1.0, 5.0, 5.0], B: [1.01, 1.01, 1.0]}
    assert course(losses)[2:] == [[A], [B], [A]]


@pytest.fixture(scope="module")
def slow_and_fast():
    """Create a target that needs many trees, one with a single step, and noise."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(-3, 3, size=(300, 2)), columns=["a", "b"])
    Y = pd.DataFrame(
        {
            "slow": np.sin(3 * X["a"]) * X["b"],
            "fast": np.where(X["a"] > 0, 1.0, 0.0) + 0.5 * rng.normal(size=300),
            "noise": rng.normal(size=300),
        }
    )
    return X, Y


def test_spent_targets_grow_no_trees(slow_and_fast, monkeypatch):
    grown = []
    grow = _task.Ensemble.grow

    def counted(self, *arguments):
        grown.append(self)
        return grow(self, *arguments)

    monkeypatch.setattr(_task.Ensemble, "grow", counted)
    model = RMTGB(blocks=("task",), n_rounds=150, n_bags=1, patience=10, random_state=0)
    model.fit(*slow_and_fast)
    rounds = [grown.count(ensemble) for ensemble in dict.fromkeys(grown)]
    assert len(rounds) == 3
    assert min(rounds) < max(rounds) / 2
    kept = model.n_rounds_.groupby("target", sort=False)["task"].max()
    assert (kept <= max(rounds)).all()


def test_a_target_without_held_out_labels_follows_the_others():
    X = pd.DataFrame({"a": np.random.default_rng(0).permutation(300) / 100})
    Y = pd.DataFrame({"judged": X["a"], "unjudged": X["a"].where(np.arange(300) < 200)})
    last = PredefinedSplit(np.where(np.arange(300) < 200, -1, 0))
    settings = {"blocks": ("task",), "n_rounds": 150, "patience": 5, "random_state": 0}
    model = RMTGB(validation=last, n_bags=1, **settings).fit(X, Y)
    assert r2_score(X["a"], model.predict(X)["unjudged"]) > 0.99
