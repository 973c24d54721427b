"""Trees predict waves of hazards: derivatives by the waves, and pools of events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from skmtl.boosting import Pool, wide_pools
from skmtl.boosting._pool import Segment
from skmtl.boosting._score_space import ScoreSpace
from skmtl.datasets import make_survival
from skmtl.tasks import (
    Binary,
    CompetingRisks,
    EventTimes,
    Multiclass,
    Regression,
    Survival,
    TaskSet,
    mixed_kind,
)


def event_times(kind, n=60, missing=0.0):
    _, y = make_survival(n, kind=kind, random_state=0)
    labels = pd.Series(EventTimes(y["event"], y["duration"]))
    return labels.mask(np.random.default_rng(0).random(n) < missing)


def pool_of(kind, head):
    """Create long data of two tasks, and scores at which to evaluate."""
    labels = event_times(kind)
    head = head.fit(labels, task="exit")
    rng = np.random.default_rng(1)
    n = len(labels)
    pool = Pool(
        segments=[Segment(head, slice(0, n))],
        task=rng.integers(0, 2, n),
        target=head.encode(labels),
        weight=np.ones(n),
        row=None,
        n_rows=n,
        names=["north", "south"],
        is_long=True,
    )
    return pool, rng.normal(size=(n, pool.n_trees)), rng.normal(size=(2, pool.n_scores))


POOLS = [
    pytest.param("single", Survival(9), 4, id="waves"),
    pytest.param("single", Survival(3), 3, id="fewer bins than waves"),
    pytest.param("single", Survival(9, smooth=False), 9, id="bins"),
    pytest.param("competing", CompetingRisks(9), 8, id="waves of causes"),
]


@pytest.mark.parametrize(("kind", "head", "n_trees"), POOLS)
def test_gradients_by_coordinates_are_those_of_finite_differences(kind, head, n_trees):
    pool, at, constants = pool_of(kind, head)
    assert pool.n_trees == n_trees
    gradient, _ = pool.derivatives(at, constants)
    for k in range(n_trees):
        step = 1e-5 * np.eye(n_trees)[k]
        more, less = (
            pool.losses_and_derivatives(moved, constants)[0] for moved in (at + step, at - step)
        )
        np.testing.assert_allclose(gradient[:, k], (more - less) / 2e-5, rtol=1e-4, atol=1e-7)


def test_the_second_derivatives_lie_above_the_whole_hessian():
    """This is so that simultaneous steps along all waves never overshoot."""
    space = ScoreSpace.from_head(Survival(9).fit(event_times("single"), task="exit"))
    by_scores = np.random.default_rng(0).exponential(size=(20, 9))
    _, bound = space.derivatives(np.zeros((20, 9)), by_scores)
    for own, diagonal in zip(by_scores, bound, strict=True):
        exact = space.directions @ np.diag(own) @ space.directions.T
        assert np.linalg.eigvalsh(np.diag(diagonal) - exact).min() >= -1e-9


def test_blocks_of_rows_are_as_good_as_all_at_once(monkeypatch):
    pool, at, constants = pool_of("single", Survival(5))
    at_once = pool.losses_and_derivatives(at, constants)
    monkeypatch.setattr("skmtl.boosting._pool._SCORES_AT_ONCE", 35)
    pool = replace(pool)
    in_blocks = pool.losses_and_derivatives(at, constants)
    for one, other in zip(in_blocks, at_once, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    np.testing.assert_allclose(
        pool.derivatives(at, constants), in_blocks[1:], rtol=1e-5, atol=1e-6
    )


def test_which_targets_share_trees():
    """Single scores are pooled, and so are events; classes and causes are not."""
    n = 60
    Y = pd.DataFrame(
        {
            "size": np.arange(n) / n,
            "death": event_times("single", missing=0.3),
            "exit": event_times("competing"),
            "colour": np.arange(n) % 3,
            "relapse": event_times("single"),
            "large": np.arange(n) % 2 > 0,
            "coarse": event_times("single"),
        }
    )
    kinds = {
        "size": Regression(), "death": Survival(9), "exit": CompetingRisks(9),
        "colour": Multiclass(), "relapse": Survival(7), "large": Binary(), "coarse": Survival(2),
    }  # fmt: skip
    tasks = TaskSet.fit(Y, infer=mixed_kind, tasks=kinds)
    labels = tasks.encode(Y)
    pools = wide_pools(tasks, labels, labels.mask.astype(float))
    found = [[tasks.names[i] for i in each.targets] for each in pools]
    assert found == [["size", "large"], ["death", "relapse"], ["exit"], ["colour"], ["coarse"]]
    events = pools[1].pool
    assert len(events.target) == labels.mask[:, [1, 4]].sum()
    assert (events.n_trees, events.n_scores) == (4, 9)
