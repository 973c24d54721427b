"""Weights that make the labels of rows with a source those of all rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from skmtl.engines.network._selection import LabelSelection
from skmtl.networks import PRESENT_SOURCES, Batch, ColumnSources
from skmtl.training import Samples

# A number and a category that are always there, and a source of one number.
SOURCES = ColumnSources(numeric=(-1, 0), categorical=(-1,), histories=())


def samples(labels, other, present, codes=None):
    """Rows of one number that is always there, with the labels of one task."""
    n = len(labels)
    numeric = np.column_stack([other, np.where(present, 0.0, np.nan)])
    codes = np.full(n, 2) if codes is None else codes
    batch = Batch(
        torch.tensor(numeric).float(),
        torch.tensor(codes)[:, None],
        extras={PRESENT_SOURCES: torch.tensor(present)[:, None]},
    )
    return Samples(batch, torch.tensor(labels).float()[:, None], torch.ones(n, 1))


def weights(rows):
    selection = LabelSelection(rows, SOURCES, (4,), [slice(0, 1)])
    return selection.weights(rows)[:, 0, 0].numpy()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_classes_that_are_measured_less_often_count_more(rng):
    y = rng.random(4000) < 0.5
    chance = np.where(y, 0.2, 0.8)
    present = rng.random(4000) < chance
    w = weights(samples(y, rng.normal(size=4000), present))
    np.testing.assert_allclose(w[present], 0.5 / chance[present], rtol=0.15)
    share = np.average(y[present], weights=w[present])
    assert share == pytest.approx(0.5, abs=0.03)
    assert y[present].mean() < 0.25


def test_numbers_that_are_measured_more_often_the_larger_they_are(rng):
    y = rng.normal(size=5000)
    present = rng.random(5000) < 1 / (1 + np.exp(-2 * y))
    w = weights(samples(y, rng.normal(size=5000), present))
    assert y[present].mean() > 0.5
    assert np.average(y[present], weights=w[present]) == pytest.approx(y.mean(), abs=0.12)


@pytest.mark.parametrize("by", ["number", "category", "chance"])
def test_presence_that_follows_from_other_columns_is_left_alone(by, rng):
    """Severe cases are measured: given that, the label has nothing to do with it."""
    severe = rng.random(5000) < 0.5
    y = rng.random(5000) < np.where(severe, 0.8, 0.2)
    present = rng.random(5000) < np.where(severe, 0.9, 0.1)
    other, codes = np.zeros(5000), np.full(5000, 2)
    if by == "number":
        other = severe.astype(float)
    elif by == "category":
        codes = np.where(severe, 2, 3)
    else:
        present = rng.random(5000) < 0.5
    assert weights(samples(y, other, present, codes)) == pytest.approx(1.0, abs=0.2)


def test_weights_are_bounded_and_need_rows_on_both_sides(rng):
    y = rng.random(2000) < 0.5
    w = weights(samples(y, np.zeros(2000), y))  # one class is never measured
    assert w.min() >= 0.1
    assert w.max() <= 10
    every = np.ones(2000, dtype=bool)
    every[:5] = False
    assert (weights(samples(y, np.zeros(2000), every)) == 1).all()
