"""The losses of a batch: the loss of each head for its observed labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from skmtl.networks import Batch
from skmtl.tasks import Quantile, Regression, TaskSet, mixed_kind
from skmtl.training import Samples
from skmtl.training._loss import TaskLosses

# Kinds are interleaved, so that tasks with the same loss are not adjacent.
KINDS = {
    "a": "regression",
    "b": "multiclass",
    "c": "count",
    "d": Regression("huber"),
    "e": "ordinal",
    "f": "binary",
    "g": Quantile((0.1, 0.5, 0.9)),
    "h": "regression",
    "i": "multiclass",
    "j": "binary",
    "k": Regression("absolute"),
    "l": "count",
    "m": Quantile((0.1, 0.5, 0.9)),
    "n": "ordinal",
}
N_ROWS, N_MEMBERS = 12, 3


def labels_of(kind, rng):
    if kind == "binary":
        return rng.integers(0, 2, N_ROWS)
    if kind in ("multiclass", "ordinal"):
        return rng.permutation(np.arange(N_ROWS) % 3)
    return rng.poisson(2.0, N_ROWS) + rng.integers(1, 3)


@pytest.fixture
def tasks():
    rng = np.random.default_rng(0)
    Y = pd.DataFrame({name: labels_of(kind, rng) for name, kind in KINDS.items()})
    return TaskSet.fit(Y, infer=mixed_kind, tasks=KINDS), Y


@pytest.fixture
def batch(tasks):
    task_set, Y = tasks
    generator = torch.Generator().manual_seed(0)
    target = torch.tensor(task_set.encode(Y).target, dtype=torch.float32)
    weight = torch.rand(N_ROWS, len(task_set), generator=generator) + 0.5
    scores = torch.randn(N_ROWS, N_MEMBERS, task_set.n_scores, generator=generator)
    empty = torch.empty(N_ROWS, 0)
    return scores, Samples(Batch(empty, empty.long()), target, weight)


def losses_of(tasks):
    return TaskLosses(tasks[0], torch.device("cpu"))


def one_by_one(task_set, scores, target):
    """Compute the loss of each head separately, in the order of the tasks."""
    found = [
        torch.stack(
            [head.loss(scores[:, m, of_scores], target[:, of_target]) for m in range(N_MEMBERS)]
        ).mean(dim=0)
        for head, of_scores, of_target in zip(
            task_set.heads, task_set.score_slices, task_set.target_slices, strict=True
        )
    ]
    return torch.stack(found, dim=1)


def test_some_tasks_share_a_call(tasks):
    assert any(len(group) > 1 for group in tasks[0].loss_groups())


def test_losses_per_row_are_each_heads_own_in_order(tasks, batch):
    scores, samples = batch
    found = losses_of(tasks).per_row(scores, samples.target)
    assert found.shape == (N_ROWS, len(KINDS))
    torch.testing.assert_close(found, one_by_one(tasks[0], scores, samples.target))


def test_gradients_are_each_heads_own(tasks, batch):
    scores, samples = batch
    one, other = scores.clone().requires_grad_(), scores.clone().requires_grad_()
    losses_of(tasks).per_row(one, samples.target).sum().backward()
    one_by_one(tasks[0], other, samples.target).sum().backward()
    torch.testing.assert_close(one.grad, other.grad)


def test_sums_are_weighted(tasks, batch):
    scores, samples = batch
    expected = (samples.weight * one_by_one(tasks[0], scores, samples.target)).sum(dim=0)
    torch.testing.assert_close(losses_of(tasks).sums(scores, samples), expected)


def test_sums_of_half_precision_scores_are_float32(tasks, batch):
    scores, samples = batch
    half = scores.bfloat16()
    found = losses_of(tasks).sums(half, samples)
    torch.testing.assert_close(found, losses_of(tasks).sums(half.float(), samples))
    assert found.dtype == torch.float32


def without_first_row(samples, placeholder=0.0):
    """Return the batch with `placeholder` for all labels of the first row, which are missing."""
    target, weight = samples.target.clone(), samples.weight.clone()
    target[0] = placeholder
    weight[0] = 0.0
    return Samples(samples.inputs, target, weight)


def sums_and_gradient(tasks, scores, samples):
    scores = scores.clone().requires_grad_()
    sums = losses_of(tasks).sums(scores, samples)
    sums.sum().backward()
    return sums.detach(), scores.grad


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("task", range(len(KINDS)), ids=KINDS)
def test_a_missing_label_gives_no_loss_and_no_gradient(task, tasks, batch):
    scores, samples = batch
    samples.weight[0, task] = 0.0
    sums, gradient = sums_and_gradient(tasks, scores, samples)
    rest = losses_of(tasks).sums(scores[1:], samples.take(slice(1, None)))
    torch.testing.assert_close(sums[task], rest[task])
    own = torch.zeros(tasks[0].n_scores, dtype=torch.bool)
    own[tasks[0].score_slices[task]] = True
    assert (gradient[0][:, own] == 0).all()
    assert (gradient[0][:, ~own] != 0).any()
    assert (gradient[1:][:, :, own] != 0).any()


def test_a_finite_placeholder_has_exactly_no_influence(tasks, batch):
    scores, samples = batch
    zero = sums_and_gradient(tasks, scores, without_first_row(samples))
    one = sums_and_gradient(tasks, scores, without_first_row(samples, 1.0))
    assert same(zero, one)


@pytest.mark.parametrize("placeholder", [torch.nan, torch.inf, -torch.inf, 1e30])
def test_a_strange_placeholder_has_exactly_no_influence(placeholder, tasks, batch):
    scores, samples = batch
    zero = sums_and_gradient(tasks, scores, without_first_row(samples))
    strange = sums_and_gradient(tasks, scores, without_first_row(samples, placeholder))
    assert same(zero, strange)


def test_extreme_scores_of_missing_labels_do_not_leak(tasks, batch):
    """The loss of a count overflows at a score of 90, which is no problem for missing labels."""
    scores, samples = batch
    masked, extreme = without_first_row(samples), scores.clone()
    extreme[0] = 300.0
    assert same(
        sums_and_gradient(tasks, scores, masked), sums_and_gradient(tasks, extreme, masked)
    )
