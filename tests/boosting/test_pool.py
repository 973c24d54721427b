"""Entries of many heads are computed together, with the same results as separately."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl.boosting import Pool, Segment, wide_pools
from skmtl.tasks import Binary, Count, Quantile, Regression, TaskSet

RNG = np.random.default_rng(0)
KINDS = {
    "a": Regression(),
    "b": Regression(),
    "c": Regression("huber"),
    "d": Regression("huber", delta=0.3),
    "e": Quantile((0.2,)),
    "f": Quantile((0.8,)),
    "g": Count(),
    "h": Count(),
    "i": Binary(),
    "j": Binary(),
    "k": Binary(loss="focal"),
    "l": Binary(loss="logit_adjusted"),
    "m": Binary(loss="logit_adjusted"),
    "n": Regression(),
}


def labels_of(kind, n):
    if isinstance(kind, Count):
        return RNG.poisson(3, n).astype(float)
    if isinstance(kind, Binary):
        return (RNG.random(n) < RNG.uniform(0.2, 0.8)).astype(float)
    return RNG.normal(RNG.normal(), RNG.uniform(1, 5), n)


def pool_of_all(missing):
    n = 25
    y = pd.DataFrame({name: labels_of(kind, n) for name, kind in KINDS.items()})
    y = y.mask(RNG.random(y.shape) < missing)
    heads = {name: kind.fit(y[name], task=name) for name, kind in KINDS.items()}
    tasks = TaskSet(heads)
    ((_, pool),) = [(p.targets, p.pool) for p in wide_pools(tasks, tasks.encode(y), weight_of(y))]
    return pool


def weight_of(y):
    return y.notna().to_numpy().astype(float)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_losses_and_derivatives_are_those_of_each_head(missing):
    pool = pool_of_all(missing)
    coordinates = RNG.normal(size=(len(pool.task), 1))
    constants = RNG.normal(size=(pool.n_tasks, 1))
    losses, gradient, hessian = pool.losses_and_derivatives(coordinates, constants)
    np.testing.assert_array_equal(losses, pool.losses(coordinates, constants))
    np.testing.assert_array_equal(gradient, pool.derivatives(coordinates, constants)[0])
    for task, (head, part) in enumerate((s.head, s.part) for s in pool.segments):
        scores = coordinates[part] + constants[task]
        labels = head.prepared(pool.target[part, : head.target_width], np.float64)
        of_head = head.losses_and_derivatives(scores, labels)
        for whole, own in zip((losses, gradient, hessian), of_head, strict=True):
            np.testing.assert_array_equal(whole[part], own)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_sums_over_the_entries_of_a_row(missing):
    pool = pool_of_all(missing)
    values = RNG.normal(size=(len(pool.task), 2))
    for order in ("C", "F"):
        sums = pool.by_row(np.asarray(values, order=order))
        for column in (0, 1):
            expected = np.bincount(pool.row, values[:, column], pool.n_rows)
            np.testing.assert_array_equal(sums[:, column], expected)


def test_rows_in_another_order_are_added_up_where_they_belong():
    """There are as many entries as in a complete table, not one for each task in each row."""
    head = Regression().fit(pd.Series([0.0, 1.0, 2.0]), task="t")
    row = np.array([0, 1, 1, 0, 2, 2])
    pool = Pool(
        segments=[Segment(head, slice(0, 3)), Segment(head, slice(3, 6))],
        task=np.repeat([0, 1], 3),
        target=np.zeros((6, 1)),
        weight=np.ones(6),
        row=row,
        n_rows=3,
        names=["t", "u"],
        is_long=False,
    )
    sums = pool.by_row(np.arange(6.0)[:, None])
    np.testing.assert_array_equal(sums[:, 0], [3.0, 3.0, 9.0])
