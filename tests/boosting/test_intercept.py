"""The initial constants of boosting, by task of long data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skmtl.boosting import intercepts, long_pools
from skmtl.boosting._shrinkage import dispersion, shrunk_steps
from skmtl.tasks import Binary, Count, Multiclass, Ordinal, Quantile, Regression, TaskSet

RATES = [1e-4, 1e-3, 0.01, 0.1, 0.49, 0.9, 0.99, 1 - 1e-3, 1 - 1e-4]


def pool_of(kind, labels, group, weight=None):
    """Return the labels of one target in the form that boosting uses."""
    Y = pd.DataFrame({"y": labels})
    weight = np.ones(len(Y)) if weight is None else weight
    tasks = TaskSet.fit(Y, infer=lambda labels: kind, weight=weight)
    ids = list(range(group.max() + 1))
    return long_pools(tasks, tasks.encode(Y), weight[:, None], group, ids)[0].pool


def losses_of(pool, constants):
    """Return the summed losses of each task at these raw scores."""
    return pool.by_task(pool.losses(np.zeros((len(pool.task), pool.n_trees)), constants)[:, None])


def common_constant(pool):
    head = pool.segments[0].head
    constant = head.initial_scores(pool.target, np.ones(len(pool.target)))
    return np.tile(constant, (pool.n_tasks, 1))


def rates_by_task(pool):
    """Return the best constant by task, with one extra label: a share per class or the mean."""
    head, constants = pool.segments[0].head, []
    more = np.arange(len(head.classes_)) if head.is_classification else np.ones(1)
    for task in range(pool.n_tasks):
        target = np.concatenate([pool.target[pool.task == task], more[:, None]])
        weight = np.append(np.ones(len(target) - len(more)), np.full(len(more), 1 / len(more)))
        constants.append(head.initial_scores(target, weight))
    return np.array(constants)


def labels_by_rate(kind, rates, group, rng):
    """Create labels of which the first ones have all classes."""
    if isinstance(kind, Count):
        return rng.poisson(1000 * np.array(rates)[group]) + (group == 0)
    n_classes = 2 if isinstance(kind, Binary) else 4
    labels = (rng.random(len(group)) < np.array(rates)[group]) * rng.integers(
        1, n_classes, len(group)
    )
    labels[:n_classes] = np.arange(n_classes)
    return labels


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from([Binary(), Multiclass(), Ordinal(), Count()]),
    tasks=st.lists(
        st.tuples(st.sampled_from(RATES), st.sampled_from([1, 5, 200])), min_size=1, max_size=9
    ),
    seed=st.integers(0, 99),
)
@example(kind=Binary(), tasks=[(0.01, 200)] * 3 + [(0.49, 200)], seed=0)
@example(kind=Multiclass(), tasks=[(0.01, 200)] * 3 + [(0.49, 200)], seed=0)
@example(kind=Multiclass(), tasks=[(0.01, 200), (0.99, 200), (1 - 1e-4, 1)], seed=0)
def test_the_start_is_no_worse_than_the_rates_of_the_tasks(kind, tasks, seed):
    rates, sizes = zip((0.1, 5), *tasks, strict=True)
    group = np.repeat(np.arange(len(rates)), sizes)
    labels = labels_by_rate(kind, rates, group, np.random.default_rng(seed))
    pool = pool_of(kind, labels, group)
    start = intercepts(pool, pool.weight)
    assert np.isfinite(start).all()
    total = losses_of(pool, start).sum()
    assert total <= losses_of(pool, common_constant(pool)).sum() * (1 + 1e-9)
    # What the shrinkage may cost for each number of each task: what tasks that differ by chance
    # alone may well differ by.
    cost = 3.0 * pool.n_tasks * pool.n_trees
    assert total <= losses_of(pool, rates_by_task(pool)).sum() + cost


@pytest.mark.parametrize("kind", [Binary(), Multiclass(), Ordinal()], ids=str)
def test_rare_tasks_beside_a_frequent_one_start_from_their_rates(kind):
    group = np.repeat(np.arange(4), 200)
    labels = (np.arange(800) % 200 < np.array([2, 2, 2, 98])[group]).astype(int)
    pool = pool_of(kind, labels, group)
    rates = pool.segments[0].head.predict_proba(intercepts(pool, pool.weight))[:-1, 1]
    np.testing.assert_allclose(rates, [0.01, 0.01, 0.01, 0.49], atol=0.006)


def test_constants_of_means_are_the_shrunk_means():
    """One Newton step is exact for the squared loss, so the formula is computed by hand."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(6), [2, 5, 10, 20, 50, 100])
    labels = rng.normal(3.0 * rng.normal(size=6)[group])
    pool = pool_of(Regression(), labels, group)
    z, size = pool.target[:, 0], np.bincount(group)
    mean = np.bincount(group, z) / size
    phi = np.mean(z**2)
    variance = max((size * mean**2).sum() - phi * 6, 0) / size.sum()
    expected = mean * variance / (variance + phi / size)
    np.testing.assert_allclose(
        intercepts(pool, pool.weight)[:, 0], [*expected, 0.0], rtol=1e-9, atol=1e-12
    )


def test_constants_are_the_fixed_point_of_the_shrinkage():
    """The solution has converged: another step with the derivatives there would change nothing."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(8), [3, 10, 20, 40, 40, 80, 80, 160])
    labels = rng.random(len(group)) < np.linspace(0.1, 0.9, 8)[group]
    pool = pool_of(Binary(), labels, group)
    start = intercepts(pool, pool.weight)
    shifts = start[:-1] - start[-1]
    common = np.tile(start[-1], (8, 1))
    phi = dispersion(*pool.derivatives(np.zeros((len(group), 1)), common), pool.weight)
    gradient, hessian = pool.derivatives(shifts[group], common)
    pull = pool.by_task(hessian)
    expected = shrunk_steps(pool.by_task(gradient) - pull * shifts, pull, phi)
    np.testing.assert_allclose(shifts, expected, rtol=1e-5)
    assert np.abs(shifts).max() > 1.0


@pytest.mark.parametrize("kind", [Regression("absolute"), Quantile((0.5,))], ids=str)
def test_medians_of_large_tasks_are_met_whatever_the_unit(kind):
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(8), 200)
    labels = rng.normal(3.0 * np.arange(8)[group], 0.1)
    pool = pool_of(kind, labels, group)
    head, start = pool.segments[0].head, intercepts(pool, pool.weight)
    np.testing.assert_allclose(head.predict(start)[:-1], 3.0 * np.arange(8), atol=0.05)


@pytest.mark.parametrize("kind", [Binary(), Count(), Regression(), Regression("huber")], ids=str)
@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_unit_of_the_weights_has_no_effect(kind, unit):
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(5), [5, 10, 20, 40, 80])
    labels = (rng.random(len(group)) < np.linspace(0.1, 0.9, 5)[group]).astype(int)
    weight = rng.uniform(0.5, 2.0, len(group))
    pool = pool_of(kind, labels, group, weight)
    np.testing.assert_allclose(
        intercepts(pool, unit * weight), intercepts(pool, weight), rtol=1e-5, atol=1e-5
    )
