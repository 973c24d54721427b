"""Cox's partial likelihood: the loss, computed with loops, its derivatives, and the baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose

from skmtl.datasets import make_survival
from skmtl.tasks import EventTimes, ProportionalHazards

N = 80
every_kind_of_ties = pytest.mark.parametrize("ties", ["efron", "breslow"])
early_and_late = pytest.mark.parametrize("late", [False, True], ids=["from 0", "late entry"])


def draw(late=False):
    """Create labels with many ties."""
    rng = np.random.default_rng(0)
    time = np.ceil(rng.exponential(8.0, N))
    # Some rows enter at 0, so that survival does not fall to 0 at an early time.
    entry = np.floor(time * rng.random(N)) * (rng.random(N) < 0.7) if late else None
    return EventTimes(rng.integers(2, size=N), time, entry)


def fitted(labels, ties="efron"):
    column = pd.Series(labels)
    head = ProportionalHazards(ties=ties).fit(column, task="death")
    return head, head.encode(column)


def naive_loss(labels, score, ties):
    """Return the sum of the losses, computed event by event."""
    total = 0.0
    for time in np.unique(labels.time[labels.event > 0]):
        watched = (labels.time >= time) & ((labels.entry < time) | (labels.entry == 0))
        tied = np.flatnonzero((labels.time == time) & (labels.event > 0))
        for position, row in enumerate(tied):
            share = position / len(tied) if ties == "efron" else 0.0
            danger = np.exp(score[watched]).sum() - share * np.exp(score[tied]).sum()
            rows = watched.sum() - share * len(tied)
            total += 1 - score[row] + np.log(danger / rows)
    return total


@every_kind_of_ties
@early_and_late
def test_the_loss_is_the_partial_likelihood(ties, late):
    labels = draw(late)
    head, target = fitted(labels, ties)
    score = np.random.default_rng(1).normal(size=N)
    losses = head.loss(torch.tensor(score)[:, None], torch.tensor(target))
    assert losses.shape == (N,)
    assert losses.sum().item() == pytest.approx(naive_loss(labels, score, ties))


@every_kind_of_ties
@early_and_late
@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_losses_in_numpy_are_those_in_torch(ties, late, scale):
    head, target = fitted(draw(late), ties)
    target[::5] = 0  # without a label
    scores = np.random.default_rng(1).normal(size=(N, 1)) * scale
    expected = head.loss(torch.tensor(scores), torch.tensor(target)).numpy()
    assert_allclose(head.losses(scores, target), expected, rtol=1e-9, atol=1e-12)
    together = head.losses_and_derivatives(scores, target)
    assert (together[0] == head.losses(scores, target)).all()


@every_kind_of_ties
@early_and_late
def test_derivatives_are_those_of_autograd(ties, late):
    head, target = fitted(draw(late), ties)
    scores = torch.tensor(np.random.default_rng(1).normal(size=(N, 1)), requires_grad=True)
    loss = head.loss(scores, torch.tensor(target)).sum()
    (first,) = torch.autograd.grad(loss, scores, create_graph=True)
    second = [torch.autograd.grad(first[i, 0], scores, retain_graph=True)[0][i] for i in range(N)]
    gradient, hessian = head.gradient_hessian(scores.detach().numpy(), target)
    assert_allclose(gradient, first.detach().numpy(), atol=1e-10)
    assert_allclose(hessian, np.maximum(torch.stack(second).numpy(), 1e-7), atol=1e-10)


def test_rows_without_a_label_are_not_at_risk():
    labels = draw()
    head, target = fitted(labels)
    scores = np.random.default_rng(1).normal(size=(N, 1))
    gone = np.arange(N) % 3 == 0
    with_gone, big = np.where(gone[:, None], 0.0, target), np.where(gone[:, None], 9.0, scores)
    kept = head.loss(torch.tensor(scores[~gone]), torch.tensor(target[~gone]))
    found = head.loss(torch.tensor(big), torch.tensor(with_gone))
    assert_allclose(found.numpy()[~gone], kept.numpy())
    assert (found.numpy()[gone] == 0).all()
    gradient, _ = head.gradient_hessian(big, with_gone)
    assert_allclose(gradient[~gone], head.gradient_hessian(scores[~gone], target[~gone])[0])
    assert (gradient[gone] == 0).all()


def test_columns_are_compared_by_themselves():
    """Networks pass scores of shape (batch, members, tasks, scores)."""
    head, target = fitted(draw())
    scores = np.random.default_rng(1).normal(size=(N, 3, 2, 1))
    stacked = np.broadcast_to(target[:, None, None], (N, 3, 2, 4))
    losses = head.loss(torch.tensor(scores), torch.tensor(stacked))
    assert losses.shape == (N, 3, 2)
    alone = head.loss(torch.tensor(scores[:, 1, 1]), torch.tensor(target))
    assert_allclose(losses[:, 1, 1].numpy(), alone.numpy())


def test_a_batch_without_a_label_has_no_loss_and_no_nan():
    head, _ = fitted(draw())
    scores = torch.zeros(5, 1, requires_grad=True)
    head.loss(scores, torch.zeros(5, 4)).sum().backward()
    assert (scores.grad == 0).all()


@every_kind_of_ties
def test_scikit_survivals_coefficients_have_no_gradient(ties):
    cox = pytest.importorskip("sksurv.linear_model").CoxPHSurvivalAnalysis
    surv = pytest.importorskip("sksurv.util").Surv
    X, y = make_survival(300, 3, random_state=0)
    labels = EventTimes(y["event"], np.ceil(y["duration"] * 2))
    model = cox(ties=ties, tol=1e-12).fit(X, surv.from_arrays(labels.event > 0, labels.time))
    head, target = fitted(labels, ties)
    scores = (X.to_numpy() @ model.coef_)[:, None]
    gradient, _ = head.gradient_hessian(scores, target)
    assert_allclose(X.to_numpy().T @ gradient, 0, atol=1e-5)
    if ties == "breslow":
        head.finish(scores, target, np.ones(300))
        cuts = head.grid_.edges[1:]
        expected = np.stack([f(cuts) for f in model.predict_cumulative_hazard_function(X[:5])])
        assert_allclose(head.curves(scores[:5]).cumulative_hazard(cuts), expected, atol=1e-6)


def test_equal_scores_give_kaplan_meier_or_with_breslows_baseline_nelson_aalen():
    labels = EventTimes([1, 0, 1, 1, 0], [1.0, 2.0, 3.0, 3.0, 4.0])
    for ties in ("efron", "breslow"):
        head, target = fitted(labels, ties)
        head.finish(np.full((5, 1), 0.7), target, np.ones(5))
        curves = head.curves(np.full((1, 1), 0.7))
        if ties == "efron":
            assert_allclose(curves.survival([1, 2.9, 3, 4]), [[4 / 5, 4 / 5, 4 / 15, 4 / 15]])
        else:
            assert_allclose(curves.cumulative_hazard([1, 3]), [[1 / 5, 1 / 5 + 2 / 3]])


def test_the_discrete_baseline_solves_kalbfleisch_and_prentices_equation():
    labels = draw()
    head, target = fitted(labels)
    score, weight = np.random.default_rng(1).normal(size=N), np.linspace(0.5, 2, N)
    head.finish(score[:, None], target, weight)
    alive = head.curves(np.zeros((1, 1))).survival(np.arange(labels.time.max() + 1))[0]
    for time in np.unique(labels.time[labels.event > 0]).astype(int)[:-1]:
        alpha, danger = alive[time] / alive[time - 1], np.exp(score)
        failed = (labels.time == time) & (labels.event > 0)
        left = (weight * danger / (1 - alpha**danger))[failed].sum()
        assert left == pytest.approx((weight * danger)[labels.time >= time].sum())


def test_bad_ties():
    with pytest.raises(ValueError, match="ties must be 'efron' or 'breslow'"):
        ProportionalHazards(ties="exact")
