"""The rows held out to decide when training stops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl.reading import validation_splits
from skmtl.tasks import TaskSet, mixed_kind


@pytest.fixture
def labels():
    """A rare class, and a number of which half is missing."""
    rng = np.random.default_rng(0)
    price = pd.Series(rng.normal(size=200)).where(rng.random(200) < 0.5)
    return pd.DataFrame({"price": price, "colour": rng.permutation(["red"] * 180 + ["blue"] * 20)})


def splits(Y, fraction, n_splits):
    tasks = TaskSet.fit(Y, infer=mixed_kind)
    everything = np.ones(len(Y), dtype=bool)
    rng = np.random.RandomState(0)
    return validation_splits(Y, tasks, None, everything, fraction, n_splits, rng)


@pytest.mark.parametrize("n_splits", [1, 4])
@pytest.mark.parametrize("fraction", [0.1, 0.29, 0.35, 0.5])
def test_as_many_rows_are_held_out_as_were_asked_for(fraction, n_splits, labels):
    for training, held_out in splits(labels, fraction, n_splits):
        assert len(held_out) == round(fraction * 200)
        np.testing.assert_array_equal(np.sort(np.append(training, held_out)), np.arange(200))
        for column, counted in [
            ("price", labels["price"].notna()),
            ("colour", labels["colour"] == "blue"),
        ]:
            assert counted.iloc[held_out].sum() == pytest.approx(
                fraction * counted.sum(), abs=2.5
            ), column


@pytest.mark.parametrize(("fraction", "n_disjoint"), [(0.1, 10), (0.35, 2), (0.5, 2)])
def test_the_parts_of_several_networks_are_disjoint_as_long_as_there_are_rows(
    fraction, n_disjoint, labels
):
    parts = [held_out for _, held_out in splits(labels, fraction, n_disjoint)]
    together = np.concatenate(parts)
    assert len(np.unique(together)) == len(together)


def test_too_few_rows_for_the_fraction_hold_out_none(labels):
    [(training, held_out)] = splits(labels[labels["price"].notna()][:9], 0.1, 1)
    assert (len(training), len(held_out)) == (9, 0)


@pytest.mark.parametrize("n_splits", [1, 5])
def test_what_is_rare_is_learnt_whatever_is_held_out(n_splits):
    rng = np.random.default_rng(1)
    colours = ["red"] * 60 + ["blue", "blue", "green"] + [None] * 17
    Y = pd.DataFrame({"colour": rng.permutation(colours)})
    Y["price"] = np.where(np.arange(80) == 7, 2.5, np.nan)  # one label in all
    for training, held_out in splits(Y, 0.5, n_splits):
        assert len(held_out) > 30
        assert set(Y["colour"].iloc[training].dropna()) == {"red", "blue", "green"}
        assert "green" not in set(Y["colour"].iloc[held_out])
        assert Y["price"].iloc[training].notna().sum() == 1
