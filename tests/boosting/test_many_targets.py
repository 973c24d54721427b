"""Wide data with more than 50 targets: what is tried on some of them, and what all of them get."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import RMTGB
from skmtl.boosting import MANY_TARGETS, FittedSequence, _growth, wide_pools
from skmtl.boosting._many_tasks import Turns, tried_tasks
from skmtl.boosting._selection import Selection
from skmtl.tasks import Binary, Regression, TaskSet

N_TARGETS, N_ROWS = MANY_TARGETS + 10, 150
QUICK = {"n_rounds": 15, "n_bags": 2, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    """Create targets of one cause, some of which depend on it in the other direction."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(-2, 2, size=(N_ROWS, 3)), columns=["a", "b", "c"])
    cause = np.where(X["a"] > 0, 1.0, -1.0) * np.where(X["b"] > 0, 1.0, -1.0)
    signs = np.where(np.arange(N_TARGETS) % 6 == 0, -1.0, 1.0)
    noise = rng.normal(size=(N_ROWS, N_TARGETS))
    Y = pd.DataFrame(np.outer(cause, signs) + 0.3 * noise).add_prefix("y")
    return X, Y.mask(rng.random(Y.shape) < 0.2), signs


@pytest.fixture(scope="module")
def fitted(table):
    """Fit, and count the targets of every block of trees by target."""
    sizes = []
    grower = _growth._GROWERS["task"]

    def counted(fold, features, options):
        sizes.append(fold.pool.n_tasks)
        return grower(fold, features, options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(_growth._GROWERS, "task", counted)
        model = RMTGB(**QUICK).fit(*table[:2])
    return model, sizes


def test_only_the_chosen_blocks_are_fitted_to_all_targets(fitted):
    model, sizes = fitted
    assert sizes.count(N_TARGETS) == 2  # one for each bag
    assert set(sizes) == {25, N_TARGETS}
    tried = model.selection_.loc["y0"]
    assert len(tried) == 4
    assert tried["n_bags"].tolist() == [2, 0, 0, 0]
    assert tried["kept"].tolist() == [True, False, False, False]


def test_the_model_is_that_of_the_chosen_blocks(table, fitted):
    X, Y, _ = table
    model = fitted[0]
    alone = RMTGB(blocks=model.blocks_["y0"], **QUICK).fit(X, Y)
    pd.testing.assert_frame_equal(model.predict(X), alone.predict(X))


def test_all_targets_have_outlier_scores(table, fitted):
    _, Y, signs = table
    scores = fitted[0].outlier_score_
    assert scores.index.tolist() == Y.columns.tolist()
    assert scores[signs < 0].min() > scores[signs > 0].max()


def test_lines_leave_outlier_scores_to_a_partition_of_its_own(table):
    X, _, signs = table
    rng = np.random.default_rng(1)
    slopes = signs + 0.05 * rng.normal(size=N_TARGETS)
    Y = pd.DataFrame(np.outer(X["a"], slopes) + 0.1 * rng.normal(size=(N_ROWS, N_TARGETS)))
    model = RMTGB(**QUICK).fit(X, Y.add_prefix("y"))
    assert model.blocks_["y0"][0] == "linear"
    assert all("linear" in bag.blocks for bag in model._fitted.pools[0][1].bags)
    scores = model.outlier_score_
    assert scores[signs < 0].min() > scores[signs > 0].max()


def pool_of_kinds():
    """Create a pool of 60 numbers, of which half have few labels, and 40 classes."""
    rng = np.random.default_rng(0)
    Y = pd.DataFrame(rng.normal(size=(40, 100))).add_prefix("y")
    Y.iloc[10:, :30] = np.nan
    Y.iloc[:, 60:] = (Y.iloc[:, 60:] > 0).astype(float)
    heads = {
        name: (Regression() if i < 60 else Binary()).fit(Y[name], task=name)
        for i, name in enumerate(Y)
    }
    tasks = TaskSet(heads)
    weight = Y.notna().to_numpy().astype(float)
    [of_targets] = wide_pools(tasks, tasks.encode(Y), weight)
    return of_targets.pool


def test_what_is_tried_stands_for_all_kinds_and_numbers_of_labels():
    tried = tried_tasks(pool_of_kinds())
    assert len(np.unique(tried)) == 25
    assert (tried >= 60).sum() == 10
    assert 7 <= (tried < 30).sum() <= 8


def test_the_entries_of_some_tasks_are_those_of_all():
    pool, rng = pool_of_kinds(), np.random.default_rng(1)
    tasks = np.array([3, 40, 41, 70, 99])
    entries, part = pool.of_tasks(tasks)
    coordinates, constants = rng.normal(size=(len(pool.task), 1)), rng.normal(size=(101, 1))
    np.testing.assert_array_equal(
        part.losses(coordinates[entries], constants[tasks]),
        pool.losses(coordinates, constants)[entries],
    )
    assert tasks[part.task].tolist() == pool.task[entries].tolist()
    assert part.names == [pool.names[task] for task in tasks]
    np.testing.assert_array_equal(part.row, pool.row[entries])


def test_sequences_that_are_close_take_turns():
    trial = Selection([("shared", "task"), ("task",), ("partition", "task")])
    for names, loss in (
        (("shared", "task"), 1.01),
        (("task",), 1.0),
        (("partition", "task"), 2.0),
    ):
        bag = FittedSequence(np.zeros((61, 1)), {}, pd.DataFrame(), loss)
        trial.add(names, bag, np.full(10, loss / 10))
    turns = Turns(trial)
    assert [turns.due(bag) for bag in range(4)] == [
        [("task",), ("partition",)],  # the latter for outlier scores
        [("shared", "task")],
        [("task",)],
        [("shared", "task")],
    ]


def test_an_interrupt_before_all_targets_are_fitted_is_raised(table, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setitem(_growth._GROWERS, "partition", interrupted)
    with pytest.raises(KeyboardInterrupt):
        RMTGB(**QUICK).fit(*table[:2])
