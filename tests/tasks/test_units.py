"""Long data: each group has its own location and scale, shrunk towards the common ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl.tasks import Count, Quantile, Regression

UNSEEN = -1
KINDS = [Regression(), Quantile((0.5,)), Count()]


def centres(head, groups):
    """Return the prediction for a raw score of zero in each group."""
    return head.predict(np.zeros((len(groups), 1)), group=np.array(groups))


def fit(kind, labels, group, n_groups, weight=None):
    labels = pd.Series(np.asarray(labels, dtype=float))
    return kind.fit(labels, task="t", group=np.asarray(group), n_groups=n_groups, weight=weight)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_equal_group_means_give_the_common_mean(kind):
    head = fit(kind, [1.0, 5.0, 2.0, 4.0], [0, 0, 1, 1], 2)
    np.testing.assert_allclose(centres(head, [0, 1, UNSEEN]), 3.0)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_differences_within_chance_give_the_common_mean(kind):
    """Means of 2.9 and 3.1 with a standard deviation of 2 are no evidence of different groups."""
    head = fit(kind, [0.9, 4.9, 1.1, 5.1], [0, 0, 1, 1], 2)
    np.testing.assert_allclose(centres(head, [0, 1]), 3.0)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_many_rows_give_a_group_its_own_mean(kind):
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1], 20_000)
    labels = rng.normal(np.where(group == 0, 10.0, 30.0), 1.0)
    head = fit(kind, labels, group, 2)
    centre = np.median if isinstance(kind, Quantile) else np.mean
    own = [centre(labels[group == 0]), centre(labels[group == 1])]
    np.testing.assert_allclose(centres(head, [0, 1]), own, rtol=1e-4)
    np.testing.assert_allclose(centres(head, [UNSEEN]), centre(labels))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_group_of_few_rows_is_drawn_to_the_common_mean(kind):
    rng = np.random.default_rng(0)
    # Six groups that differ, the last with two rows only and far from the others.
    group = np.append(np.repeat(np.arange(5), 200), [5, 5])
    labels = rng.normal(20.0 + 2.0 * (group % 3), 4.0)
    labels[-2:] = 40.0
    head = fit(kind, labels, group, 6)
    last, common = centres(head, [5, UNSEEN])
    assert common < last < 40.0
    assert last < (common + 40.0) / 2


def test_shrinkage_known_answer():
    """Two groups of two rows: the random-intercept formulas by hand."""
    head = fit(Regression(), [0.0, 2.0, 10.0, 12.0], [0, 0, 1, 1], 2)
    within, between = 1.0, 25.0 - 1.0 * 2 / 4
    trust = 2 / (2 + within / between)
    np.testing.assert_allclose(centres(head, [0, 1]), [6 - 5 * trust, 6 + 5 * trust])


def test_groups_without_spread_inside_keep_their_means():
    """Without variance within groups, all means are certain, except that of the empty group."""
    head = fit(Regression(), [1.0, 1.0, 4.0, 4.0], [0, 0, 2, 2], 3)
    np.testing.assert_allclose(centres(head, [0, 1, 2, UNSEEN]), [1.0, 2.5, 4.0, 2.5])


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_group_without_a_label_gets_the_common_units(kind):
    head = fit(kind, [1.0, 3.0, 8.0, 9.0], [0, 0, 2, 2], 3)
    labels = pd.Series([5.0, 5.0])
    empty, unseen = head.encode(labels, group=np.array([1, UNSEEN])).ravel()
    np.testing.assert_allclose(centres(head, [1]), centres(head, [UNSEEN]))
    assert np.isfinite([empty, unseen]).all()


@pytest.mark.parametrize("kind", [Regression(), Quantile((0.5,))], ids=str)
def test_a_groups_scale_is_its_own_where_it_has_many_rows(kind):
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1], 5_000)
    labels = rng.normal(0.0, np.where(group == 0, 1.0, 10.0))
    head = fit(kind, labels, group, 2)
    steps = head.predict(np.ones((2, 1)), group=np.array([0, 1])) - centres(head, [0, 1])
    np.testing.assert_allclose(steps, [labels[:5000].std(), labels[5000:].std()], rtol=0.1)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_weights_count_like_rows(kind):
    labels, group = np.array([1.0, 2.0, 6.0, 9.0]), np.array([0, 0, 1, 1])
    weight = np.array([2, 1, 3, 1])
    one = fit(kind, labels, group, 2, weight=weight.astype(float))
    other = fit(kind, np.repeat(labels, weight), np.repeat(group, weight), 2)
    np.testing.assert_allclose(centres(one, [0, 1, UNSEEN]), centres(other, [0, 1, UNSEEN]))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_one_group_is_wide_data(kind):
    labels = [1.0, 2.0, 6.0, 7.0]
    wide = kind.fit(pd.Series(labels), task="t")
    long = fit(kind, labels, [0, 0, 0, 0], 1)
    np.testing.assert_allclose(
        long.encode(pd.Series(labels), group=np.zeros(4, dtype=int)),
        wide.encode(pd.Series(labels)),
    )


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_predicting_the_encoded_labels_gives_the_labels(kind):
    labels, group = pd.Series([1.0, 2.0, 6.0, 9.0]), np.array([0, 1, 1, UNSEEN])
    head = fit(kind, labels, [0, 0, 1, 1], 2)
    scores = head.encode(labels, group=group)
    if isinstance(kind, Count):
        scores = np.log(scores)
    np.testing.assert_allclose(head.predict(scores, group=group), labels, rtol=1e-12)


def test_quantiles_of_groups_are_in_their_units():
    head = fit(Quantile((0.1, 0.9)), [0.0, 2.0, 10.0, 12.0], [0, 0, 1, 1], 2)
    found = head.predict_quantiles(np.array([[0.0, 0.0]] * 3), group=np.array([0, 1, UNSEEN]))
    expected = centres(fit(Quantile((0.5,)), [0.0, 2.0, 10.0, 12.0], [0, 0, 1, 1], 2), [0, 1, -1])
    np.testing.assert_allclose(found, np.column_stack([expected, expected]))


def test_a_group_of_zero_counts_keeps_a_small_positive_mean():
    head = fit(Count(), [0.0, 0.0, 10.0, 10.0], [0, 0, 1, 1], 2)
    none, many = centres(head, [0, 1])
    assert many == pytest.approx(10.0)
    assert 0 < none < 0.1
    assert head.encode(pd.Series([0.0]), group=np.array([0])).item() == 0.0
