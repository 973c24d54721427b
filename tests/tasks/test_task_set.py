"""The tasks of a model: kinds by dtype, joint targets, and predictions in the user's units."""

from __future__ import annotations

import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from skmtl.tasks import (
    Binary,
    Count,
    Multiclass,
    Ordinal,
    Quantile,
    Regression,
    TaskSet,
    class_kind,
    mixed_kind,
    number_kind,
)

Y = pd.DataFrame(
    {
        "spend": [0.0, np.nan, 8.0, 4.0],
        "colour": ["red", "blue", None, "green"],
        "visits": pd.array([None, 0, 2, 4], dtype="Int64"),
        "clicked": pd.array([True, False, None, True], dtype="boolean"),
        "risk": pd.Categorical(["low", "high", "mid", None], ["low", "mid", "high"], ordered=True),
        "delay": [1.0, 3.0, np.nan, np.nan],
    },
    index=[7, 3, 9, 1],
)
# The median absolute deviation of the standard normal distribution.
MAD = 0.6745
TASKS = {"visits": "count", "delay": Quantile((0.1, 0.5, 0.9))}


@pytest.fixture
def tasks():
    return TaskSet.fit(Y, infer=mixed_kind, tasks=TASKS)


def test_kinds_are_inferred_or_chosen(tasks):
    assert tasks.kinds == {
        "spend": "regression",
        "colour": "multiclass",
        "visits": "count",
        "clicked": "binary",
        "risk": "ordinal",
        "delay": "quantile",
    }
    assert len(tasks) == 6
    assert tasks.names == list(Y)


def test_slices_lie_side_by_side(tasks):
    assert tasks.n_scores == 1 + 3 + 1 + 1 + 2 + 3
    assert [(s.start, s.stop) for s in tasks.score_slices] == [
        (0, 1), (1, 4), (4, 5), (5, 6), (6, 8), (8, 11)
    ]  # fmt: skip
    assert [(s.start, s.stop) for s in tasks.target_slices] == [(i, i + 1) for i in range(6)]


def test_encode_known_answer(tasks):
    labels = tasks.encode(Y)
    np.testing.assert_array_equal(labels.mask, Y.notna().to_numpy())
    assert labels.target.dtype == np.float64
    scale = np.std([0.0, 8.0, 4.0])
    expected = [
        [-4 / scale, 2, 0, 1, 0, -MAD],
        [0, 0, 0, 0, 2, MAD],
        [4 / scale, 0, 1, 0, 1, 0],
        [0, 1, 2, 1, 0, 0],
    ]
    np.testing.assert_allclose(labels.target, expected)


def test_target_is_zero_where_the_label_is_missing(tasks):
    labels = tasks.encode(Y)
    assert (labels.target[~labels.mask] == 0).all()


def test_predict_gives_each_task_in_its_own_units(tasks):
    scores = np.zeros((1, tasks.n_scores))
    scores[0, 2] = 1.0  # green, of blue, green, red
    scores[0, 4] = np.log(2.0)  # twice the mean count
    scores[0, 5] = 1.0
    scores[0, 6:8] = [-3.0, np.log(1.0)]  # thresholds -3 and -2: high
    scores[0, 8:] = [-1.0, 2.0 * MAD, 3.0]
    *found, delay = tasks.predict(scores)
    assert [part.shape for part in found] == [(1,)] * 5
    assert [part[0] for part in found] == [4.0, "green", 4.0, True, "high"]
    np.testing.assert_allclose(delay, [4.0])


def test_predict_proba_of_the_tasks_that_have_classes(tasks):
    found = tasks.predict_proba(np.zeros((5, tasks.n_scores)))
    assert [part.shape for part in found] == [(5, 3), (5, 2), (5, 3)]
    for part in found:
        np.testing.assert_allclose(part.sum(axis=1), 1.0)


def test_initial_scores_are_each_heads_on_its_observed_rows(tasks):
    labels, weight = tasks.encode(Y), np.array([1.0, 2.0, 0.0, 3.0])
    found = tasks.initial_scores(labels, weight[:, None] * labels.mask)
    assert found.shape == (tasks.n_scores,)
    expected = []
    for i, head in enumerate(tasks.heads):
        rows = labels.mask[:, i] & (weight > 0)
        expected.append(head.initial_scores(labels.target[rows, i : i + 1], weight[rows]))
    np.testing.assert_array_equal(found, np.concatenate(expected))


def test_placeholders_of_missing_labels_have_no_influence(tasks):
    labels, weight = tasks.encode(Y), np.ones(4)
    strange = type(labels)(np.where(labels.mask, labels.target, np.nan), labels.mask)
    np.testing.assert_array_equal(
        tasks.initial_scores(labels, weight[:, None] * labels.mask),
        tasks.initial_scores(strange, weight[:, None] * labels.mask),
    )


def test_weights_reach_every_head():
    weight = np.array([1.0, 1.0, 0.0, 1.0])
    tasks = TaskSet.fit(Y[["spend", "risk"]], infer=mixed_kind, weight=weight)
    # Without the third row: the mean of 0 and 4, and no label "mid".
    assert tasks.heads[0].predict(np.zeros((1, 1))).tolist() == [2.0]
    assert tasks.heads[1].classes_.tolist() == ["low", "high"]


def test_groups_reach_every_head():
    frame = pd.DataFrame({"a": [0.0, 2.0, 10.0, 12.0]})
    group = np.array([0, 0, 1, 1])
    tasks = TaskSet.fit(frame, infer=number_kind, group=group, n_groups=2)
    low, high, unseen = tasks.predict(np.zeros((3, 1)), group=np.array([0, 1, -1]))[0]
    assert low < 2 < 10 < high
    assert unseen == 6.0
    target = tasks.encode(frame, group=group).target
    assert abs(target).max() < 1.6  # within its group, no label is far from the centre


def test_one_kind_for_all_tasks():
    assert set(TaskSet.fit(Y[["spend", "delay"]], infer=mixed_kind, tasks="quantile").heads) == {
        Quantile()
    }
    huber = Regression("huber")
    fitted = TaskSet.fit(Y[["spend", "delay"]], infer=mixed_kind, tasks=huber)
    assert fitted.heads == [huber, huber]
    assert TaskSet.fit(Y[["visits"]], infer=mixed_kind, tasks=Count).kinds == {"visits": "count"}


def test_tasks_of_one_loss_are_grouped():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 4, size=(40, 11)))
    tasks = {
        0: "regression", 1: "multiclass", 2: "count", 3: Regression("huber"), 4: "ordinal",
        5: "quantile", 6: "regression", 7: Quantile((0.1, 0.5, 0.8)), 8: "multiclass", 9: "count",
        10: Regression("huber", delta=9.0),
    }  # fmt: skip
    frame[8] = frame[8] % 3  # other classes, another loss
    groups = TaskSet.fit(frame, infer=mixed_kind, tasks=tasks).loss_groups()
    assert groups == [[0, 6], [1], [2, 9], [3], [4], [5], [7], [8], [10]]


def test_a_task_set_can_be_pickled(tasks):
    twin = pickle.loads(pickle.dumps(tasks))
    np.testing.assert_array_equal(twin.encode(Y).target, tasks.encode(Y).target)
    assert twin.heads == tasks.heads


@pytest.mark.parametrize(
    ("labels", "mixed", "classes"),
    [
        (pd.Series([0.5, 1.5, None, 2.5]), Regression(), Multiclass()),
        (pd.Series([0.0, 1.0]), Binary(), Binary()),
        (pd.Series([0, None, 1]), Binary(), Binary()),
        (pd.Series([0.0, np.nan, 1.0], dtype="float32"), Binary(), Binary()),
        (pd.Series([1, np.nan, 0], dtype=object), Binary(), Binary()),
        (pd.Series([0.0, None, 1.0], dtype="Float64"), Binary(), Binary()),
        (pd.Series([Decimal(0), None, Decimal(1)]), Binary(), Binary()),
        (pd.Series([0.0, 1.0, 0.5]), Regression(), Multiclass()),
        (pd.Series([0.0, 2.0]), Regression(), Binary()),
        (pd.Series([0.0, np.nan, 0.0]), Binary(), Binary()),
        (pd.Series([1, 2, 3]), Regression(), Multiclass()),
        (pd.Series([0, 1, 1]), Binary(), Binary()),
        (pd.Series([0, None, 1], dtype="Int64"), Binary(), Binary()),
        (pd.Series([0, None, 2], dtype="Int64"), Regression(), Binary()),
        (pd.Series([0.5, None], dtype="Float64"), Regression(), Binary()),
        (pd.Series([True, False]), Binary(), Binary()),
        (pd.Series([True, None, False], dtype="boolean"), Binary(), Binary()),
        (pd.Series([True, None, False], dtype=object), Binary(), Binary()),
        (pd.Series([1.5, None], dtype=object), Regression(), Binary()),
        (pd.Series(["a", None, "b"]), Binary(), Binary()),
        (pd.Series(["a", "c", "b"], dtype=object), Multiclass(), Multiclass()),
        (pd.Series(np.array(["a", "c", "b"])), Multiclass(), Multiclass()),
        (pd.Series(["a", "c", "b"], dtype="category"), Multiclass(), Multiclass()),
        (pd.Series([1, 2, 3], dtype="category"), Multiclass(), Multiclass()),
        (pd.Series(pd.Categorical([1, 2, 3], ordered=True)), Ordinal(), Multiclass()),
        # Two levels have no order that matters.
        (pd.Series(pd.Categorical([1, 2, 2], ordered=True)), Binary(), Binary()),
    ],
)
def test_the_kind_follows_from_the_dtype(labels, mixed, classes):
    assert mixed_kind(labels) == mixed
    assert class_kind(labels) == classes
    assert number_kind(labels) == Regression()
