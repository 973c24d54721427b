from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV, cross_validate, train_test_split

from skmtl.model_selection import MultiTaskStratifiedKFold, multitask_train_test_split

LABELS = st.sampled_from([None, "a", "b", "c"])


def folds_of(cv, X, y):
    """The fold of each row, after checking that train and test part the rows."""
    fold = np.full(len(y), -1)
    for k, (train, test) in enumerate(cv.split(X, y)):
        assert np.all(fold[test] == -1)
        fold[test] = k
        np.testing.assert_array_equal(np.sort(np.append(train, test)), np.arange(len(y)))
    assert np.all(fold >= 0)
    return fold


def spread(fold, labels, n_splits=5):
    """For each label, how many more rows the fullest fold has than the emptiest."""
    counts = pd.crosstab(labels, fold).reindex(columns=range(n_splits), fill_value=0)
    return counts.max(axis=1) - counts.min(axis=1)


def random_tasks(n_samples, n_tasks, n_levels=5, missing=0.3, seed=0):
    rng = np.random.default_rng(seed)
    columns = {}
    for task in range(n_tasks):
        shares = rng.dirichlet(np.full(n_levels, 0.7))
        labels = rng.choice(n_levels, size=n_samples, p=shares).astype(float)
        labels[rng.random(n_samples) < missing] = np.nan
        columns[f"task{task}"] = labels
    return pd.DataFrame(columns)


class MostFrequent(ClassifierMixin, BaseEstimator):
    """A classifier of several tasks that allows missing labels."""

    def __init__(self, offset=0):
        self.offset = offset

    def fit(self, X, y):
        self.classes_ = [column.dropna().unique() for _, column in y.items()]
        self.most_frequent_ = y.mode().iloc[0].to_numpy() + self.offset
        return self

    def predict(self, X):
        return np.tile(self.most_frequent_, (len(X), 1))

    def score(self, X, y):
        return float((y == self.predict(X)).to_numpy()[y.notna().to_numpy()].mean())


class TestMultiTaskStratifiedKFold:
    @given(st.integers(2, 6), st.lists(LABELS, min_size=6, max_size=60), st.integers(0, 99))
    @settings(max_examples=60, deadline=None)
    def test_one_task_is_spread_as_evenly_as_can_be(self, n_splits, labels, seed):
        y = np.array(labels, dtype=object)
        fold = folds_of(MultiTaskStratifiedKFold(n_splits, random_state=seed), y, y)
        # Hence a label with at least n_splits rows occurs in every fold.
        assert spread(fold, pd.Series(labels, dtype=object).fillna("none"), n_splits).max() <= 1
        assert np.ptp(np.bincount(fold, minlength=n_splits)) <= 1

    @given(
        st.integers(2, 6),
        st.lists(st.tuples(LABELS, LABELS, LABELS), min_size=6, max_size=60),
        st.booleans(),
    )
    @settings(max_examples=60, deadline=None)
    def test_folds_part_the_rows_evenly(self, n_splits, labels, shuffle):
        Y = pd.DataFrame(labels)
        cv = MultiTaskStratifiedKFold(n_splits, shuffle=shuffle, random_state=0)
        fold = folds_of(cv, Y, Y)
        assert np.ptp(np.bincount(fold, minlength=n_splits)) <= 1
        np.testing.assert_array_equal(fold, folds_of(cv, Y, Y))

    @pytest.mark.parametrize(("n_tasks", "share"), [(2, 0.15), (4, 0.2), (10, 0.6), (40, 0.9)])
    def test_several_tasks_are_spread_more_evenly_than_by_chance(self, n_tasks, share):
        Y = random_tasks(1000, n_tasks)
        fold = folds_of(MultiTaskStratifiedKFold(random_state=0), Y, Y)
        by_chance = np.random.default_rng(0).permutation(np.arange(1000) % 5)
        spreads, expected = (
            np.mean(np.concatenate([spread(f, Y[name]) for name in Y])) for f in (fold, by_chance)
        )
        assert spreads < share * expected
        for name in Y:
            for label, size in Y[name].value_counts().items():
                assert size < 5 or len(np.unique(fold[Y[name] == label])) == 5

    def test_rare_labels_of_one_task_do_not_gather(self):
        Y = np.zeros((100, 2))
        Y[:5, 0] = 1
        Y[:10, 1] = 1
        fold = folds_of(MultiTaskStratifiedKFold(random_state=0), Y, Y)
        assert sorted(fold[:5]) == [0, 1, 2, 3, 4]
        assert np.bincount(fold[:10]).tolist() == [2, 2, 2, 2, 2]

    def test_a_continuous_target_is_cut_at_its_quantiles(self):
        y = np.random.default_rng(0).lognormal(size=200)
        fold = folds_of(MultiTaskStratifiedKFold(random_state=0, n_bins=10), y, y)
        assert spread(fold, pd.qcut(y, 10, labels=False)).max() == 0

    @pytest.mark.parametrize("common", [0.0, 1.0])
    def test_a_continuous_target_with_one_frequent_value(self, common):
        y = np.append(np.full(180, common), np.linspace(0.01, 0.99, 20))
        fold = folds_of(MultiTaskStratifiedKFold(random_state=0), y, y)
        assert spread(fold, y == common).max() == 0

    def test_classes_written_as_floats_are_not_binned(self):
        y = np.repeat(np.arange(12.0), 5)
        fold = folds_of(MultiTaskStratifiedKFold(random_state=0), y, y)
        assert spread(fold, y).max() == 0

    @pytest.mark.parametrize(
        "y",
        [
            ["x", None, "y", "x", "y", "x"],
            pd.Series(["x", None, "y", "x", "y", "x"], dtype="category"),
            pd.Series([1, None, 0, 1, 0, 1], dtype="Int64"),
            pd.Series([True, None, False, True, False, True], dtype="boolean"),
            np.array([1, np.nan, 0, 1, 0, 1]),
            pl.Series([1, None, 0, 1, 0, 1]),
            pl.DataFrame({"t": ["x", None, "y", "x", "y", "x"]}),
            [["x"], [None], ["y"], ["x"], ["y"], ["x"]],
        ],
        ids=lambda y: type(y).__module__ + "." + type(y).__name__,
    )
    def test_labels_in_any_container(self, y):
        fold = folds_of(MultiTaskStratifiedKFold(2, random_state=0), np.zeros((6, 1)), y)
        assert sorted(fold[[2, 4]]) == [0, 1]
        assert np.bincount(fold[[0, 3, 5]], minlength=2).max() == 2

    def test_structured_labels(self):
        y = np.array([(0, 1.0), (1, np.nan)] * 4, dtype=[("event", int), ("time", float)])
        fold = folds_of(MultiTaskStratifiedKFold(4, random_state=0), y, y)
        assert spread(fold, y["event"], 4).max() == 0

    def test_shuffle_decides_whether_the_seed_counts(self):
        Y = random_tasks(200, 3)
        shuffled = [folds_of(MultiTaskStratifiedKFold(random_state=s), Y, Y) for s in (0, 1)]
        assert np.any(shuffled[0] != shuffled[1])
        ordered = [
            folds_of(MultiTaskStratifiedKFold(shuffle=False, random_state=s), Y, Y) for s in (0, 1)
        ]
        np.testing.assert_array_equal(ordered[0], ordered[1])

    def test_global_random_state_is_left_alone(self):
        Y = random_tasks(50, 2)
        np.random.seed(3)
        expected = np.random.random()
        np.random.seed(3)
        list(MultiTaskStratifiedKFold(random_state=0).split(Y, Y))
        assert np.random.random() == expected

    @pytest.mark.parametrize(
        ("parameters", "y", "message"),
        [
            ({"n_splits": 1}, [1, 2], "n_splits must be a whole number of at least 2, got 1"),
            ({"n_splits": 2.0}, [1, 2], "n_splits must be a whole number"),
            ({"n_splits": 3}, [1, 2], "Cannot have n_splits=3 folds of n_samples=2"),
            ({"n_bins": 0}, [1, 2], "n_bins must be a whole number of at least 1, got 0"),
            ({"task": "school"}, [1, 2], "task='school' is not a column of X"),
            ({}, None, "Stratification needs the labels"),
            ({}, [1, 2, 3], "inconsistent numbers of samples"),
            ({}, np.ones((2, 1, 1)), r"one or two dimensions, but its shape is \(2, 1, 1\)"),
        ],
    )
    def test_errors(self, parameters, y, message):
        cv = MultiTaskStratifiedKFold(**parameters)
        with pytest.raises(ValueError, match=message):
            list(cv.split(np.zeros((2, 1)), y))

    def test_it_is_a_splitter_of_scikit_learn(self):
        cv = MultiTaskStratifiedKFold(3, random_state=0)
        assert cv.get_n_splits() == 3
        assert repr(cv) == (
            "MultiTaskStratifiedKFold(n_bins=5, n_splits=3, random_state=0, shuffle=True,\n"
            "             task=None)"
        )
        Y = random_tasks(60, 2, n_levels=3)
        X = np.zeros((60, 1))
        search = GridSearchCV(MostFrequent(), {"offset": [0, 100]}, cv=cv).fit(X, Y)
        assert search.best_params_ == {"offset": 0}
        scores = cross_validate(clone(search.best_estimator_), X, Y, cv=cv)["test_score"]
        assert len(scores) == 3


class TestLongData:
    @pytest.fixture
    def long_data(self):
        rng = np.random.default_rng(0)
        schools = rng.choice([f"school{i:02}" for i in range(30)], size=900)
        X = pd.DataFrame({"hours": rng.normal(size=900), "school": schools})
        return X, rng.normal(size=900), rng.choice(["pass", "fail"], p=[0.8, 0.2], size=900)

    def test_every_task_is_spread_evenly(self, long_data):
        X, y, _ = long_data
        fold = folds_of(MultiTaskStratifiedKFold(random_state=0, task="school"), X, y)
        assert spread(fold, X["school"]).max() <= 1
        np.testing.assert_array_equal(np.bincount(fold), [180] * 5)

    def test_every_label_within_a_task_is_spread_evenly(self, long_data):
        X, _, y = long_data
        fold = folds_of(MultiTaskStratifiedKFold(random_state=0, task=1), X.to_numpy(), y)
        assert spread(fold, X["school"] + y).max() <= 1
        assert spread(fold, X["school"]).max() <= 1

    @given(
        st.integers(2, 6),
        st.lists(st.tuples(st.integers(0, 5), LABELS), min_size=6, max_size=80),
        st.booleans(),
    )
    @settings(max_examples=60, deadline=None)
    def test_tasks_and_their_labels_are_spread_as_evenly_as_can_be(self, n_splits, rows, shuffle):
        X = pd.DataFrame({"school": [school for school, _ in rows], "x": 0.0})
        y = pd.Series([label for _, label in rows], dtype=object).fillna("none")
        cv = MultiTaskStratifiedKFold(n_splits, shuffle=shuffle, random_state=0, task="school")
        fold = folds_of(cv, X, y)
        assert spread(fold, X["school"], n_splits).max() <= 1
        assert spread(fold, X["school"].astype(str) + y, n_splits).max() <= 1
        assert np.ptp(np.bincount(fold, minlength=n_splits)) <= 1

    def test_quantiles_are_those_of_the_task(self, long_data):
        X, _, _ = long_data
        X = X.sort_values("school", kind="stable").iloc[:60].assign(school=["a"] * 30 + ["b"] * 30)
        # Over all rows, the quantiles would only tell a from b.
        y = np.append(np.arange(30), 1000 + np.arange(30)) + 0.5
        fold = folds_of(MultiTaskStratifiedKFold(random_state=0, n_bins=3, task="school"), X, y)
        third = np.tile(np.repeat(["low", "middle", "high"], 10), 2)
        assert spread(fold, X["school"].to_numpy() + third).max() == 0

    def test_tasks_with_fewer_rows_than_folds(self):
        X = pd.DataFrame({"school": np.repeat(np.arange(50), 3), "x": 0.0})
        y = np.random.default_rng(0).normal(size=150)
        fold = folds_of(MultiTaskStratifiedKFold(5, random_state=0, task="school"), X, y)
        assert spread(fold, X["school"]).max() == 1
        assert np.bincount(fold).tolist() == [30] * 5


class TestMultitaskTrainTestSplit:
    @pytest.mark.parametrize(("test_size", "n_test"), [(0.25, 250), (0.1, 100), (300, 300)])
    def test_both_parts_have_the_labels_in_proportion(self, test_size, n_test):
        Y = random_tasks(1000, 3)
        _, _, Y_train, Y_test = multitask_train_test_split(
            Y, Y, test_size=test_size, random_state=0
        )
        assert (len(Y_train), len(Y_test)) == (1000 - n_test, n_test)
        assert Y_train.index.union(Y_test.index).equals(Y.index)
        for name in Y:
            expected = Y[name].value_counts() * n_test / 1000
            counts = Y_test[name].value_counts().reindex(expected.index, fill_value=0)
            assert (counts - expected).abs().max() <= 3

    def test_a_label_too_rare_to_share_stays_in_training(self):
        y = np.repeat(["common", "rare"], [99, 1])
        _, _, y_train, _ = multitask_train_test_split(y, y, test_size=0.2, random_state=0)
        assert "rare" in y_train

    def test_containers_keep_their_kind_and_rows_stay_together(self):
        Y = random_tasks(40, 2)
        X = pl.DataFrame({"row": np.arange(40)})
        parts = multitask_train_test_split(X, Y, np.arange(40), list(range(40)), random_state=0)
        assert [type(part) for part in parts[::2]] == [
            pl.DataFrame,
            pd.DataFrame,
            np.ndarray,
            list,
        ]
        for part in (0, 1):
            rows = parts[4 + part].tolist()
            assert parts[part]["row"].to_list() == rows
            assert parts[2 + part].index.tolist() == rows
            assert parts[6 + part] == rows

    def test_the_seed_decides(self):
        Y = random_tasks(60, 2)
        splits = [multitask_train_test_split(Y, Y, random_state=s)[1].index for s in (0, 0, 1)]
        assert splits[0].equals(splits[1])
        assert not splits[0].equals(splits[2])

    def test_long_data(self):
        X = pd.DataFrame({"school": np.repeat(["a", "b"], [40, 8]), "x": 0.0})
        y = np.arange(48) + 0.5
        _, X_test, _, _ = multitask_train_test_split(X, y, random_state=0, task="school")
        assert X_test["school"].value_counts().to_dict() == {"a": 10, "b": 2}

    @pytest.mark.parametrize(
        ("test_size", "message"),
        [
            (1.0, "share between 0 and 1 or a number of rows, got 1.0"),
            (-0.1, "share between 0 and 1"),
            ("half", "share between 0 and 1"),
            (4, "test_size=4 of n_samples=4 are 0 training rows and 4 test rows"),
            (0, "are 4 training rows and 0 test rows"),
        ],
    )
    def test_errors(self, test_size, message):
        with pytest.raises(ValueError, match=message):
            multitask_train_test_split(np.zeros((4, 1)), np.arange(4), test_size=test_size)

    @pytest.mark.parametrize(
        "sizes",
        [
            {"train_size": 0.3},
            {"train_size": 7},
            {"train_size": 0.31, "test_size": 0.31},
            {"train_size": 5, "test_size": 20},
            {},
        ],
        ids=str,
    )
    def test_sizes_are_those_of_scikit_learn(self, sizes):
        rows = np.arange(31)
        y = rows % 3
        expected = [len(part) for part in train_test_split(rows, **sizes)]
        parts = multitask_train_test_split(rows, y, random_state=0, **sizes)
        assert [len(part) for part in parts[:2]] == expected
        assert len(np.unique(np.concatenate(parts[:2]))) == sum(expected)
        for labels in parts[2:]:
            assert np.ptp(np.bincount(labels, minlength=3)) <= 2

    def test_both_sizes_must_fit(self):
        with pytest.raises(ValueError, match=r"train_size=0.8 and test_size=2 .* 3 training rows"):
            multitask_train_test_split(np.arange(4), np.arange(4), train_size=0.8, test_size=2)

    def test_lengths_must_agree(self):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            multitask_train_test_split(np.zeros((4, 1)), np.arange(5))
