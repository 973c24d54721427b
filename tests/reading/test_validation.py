"""Held-out rows: whole groups, the last rows, or those of a splitter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit

from skmtl import RMTGB, MultiTab, MultiTaskLinear
from skmtl.reading import CheckedTable, Roles, Validation
from skmtl.tables import ArrayTable, ParquetTable
from skmtl.tasks import TaskSet, mixed_kind
from tests.pandas_versions import TEXT

MODELS = {
    "network": MultiTab(max_epochs=2, row_size=4, n_members=1, random_state=0),
    "boosting": RMTGB(n_rounds=3, blocks=("shared",), random_state=0),
    "linear": MultiTaskLinear(penalty="ridge", random_state=0),
}


@pytest.fixture(params=MODELS)
def model(request):
    def with_settings(**parameters):
        inner = MODELS[request.param]
        return type(inner)(**inner.get_params() | parameters)

    return with_settings


@pytest.fixture(scope="module")
def visits():
    """Visits of patients who come one to six times, in no order."""
    rng = np.random.default_rng(0)
    patient = np.repeat([f"patient {i}" for i in range(60)], rng.integers(1, 7, 60))
    X = pd.DataFrame({"patient": patient, "age": rng.integers(20, 90, len(patient))})
    X["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 50, len(X)), "D")
    X["pulse"] = rng.normal(70, 8, len(X))
    X = X.sample(frac=1, random_state=0, ignore_index=True)
    Y = pd.DataFrame({"pressure": X["age"] + rng.normal(size=len(X)), "ill": X["pulse"] > 70})
    return X, Y.mask(rng.random(Y.shape) < 0.1)


@pytest.fixture
def seen(monkeypatch):
    """The table and the splits of every fit."""
    made, splits = [], Validation.splits

    def watched(self, table, *args, **settings):
        made.append((table, splits(self, table, *args, **settings)))
        return made[-1][1]

    monkeypatch.setattr(Validation, "splits", watched)
    return made


def split(X, Y, method, *, n=1, auto=1, fraction=0.2, seed=0, task_weight=None, **roles):
    tasks = TaskSet.fit(Y, infer=mixed_kind)
    weight = np.ones(len(tasks)) if task_weight is None else np.array(task_weight)
    return Validation(method, fraction).splits(
        CheckedTable(Roles(**roles).split(X), Y, None),
        tasks,
        weight,
        None,
        n,
        np.random.RandomState(seed),
        auto=auto,
    )


def drop_days(X):
    return X.drop(columns="day")


def drop_patients(X):
    return X.drop(columns="patient")


# groups


def test_models_learn_from_no_visit_of_the_patients_who_are_held_out(model, visits, seen):
    X, Y = drop_days(visits[0]), visits[1]
    model(n_bags=3, validation="group", group_column="patient").fit(X, Y)
    ((table, splits),) = seen
    assert len(splits) == 3
    for training, held_out in splits:
        patients = [set(table.rows.groups.iloc[part]) for part in (training, held_out)]
        assert patients[0] | patients[1] == set(X["patient"])
        assert not patients[0] & patients[1]


def test_groups_are_held_out_whole_and_once(visits):
    X, Y = visits
    Y = Y.fillna({"pressure": 0.0})  # so that every row counts
    splits = split(X, Y, "group", n=5, group="patient")
    np.testing.assert_array_equal(
        np.sort(np.concatenate([held_out for _, held_out in splits])), np.arange(len(X))
    )
    for training, held_out in splits:
        assert not set(X["patient"].iloc[training]) & set(X["patient"].iloc[held_out])
        assert len(held_out) == pytest.approx(0.2 * len(X), abs=5)


def test_more_bags_than_parts_hold_out_others(visits):
    splits = split(*visits, "group", n=4, fraction=0.5, group="patient")
    together = [set(held_out) for _, held_out in splits]
    assert not together[0] & together[1]
    assert not together[2] & together[3]
    assert together[0] not in (together[2], together[3])


def test_another_seed_holds_out_other_groups(visits):
    one, same, other = (
        split(*visits, "group", seed=seed, group="patient")[0][1].tolist() for seed in (0, 0, 1)
    )
    assert one == same != other


def test_a_group_with_the_only_labels_of_a_class_is_learnt():
    X = pd.DataFrame({"who": np.repeat(np.arange(10), 4), "x": np.arange(40.0)})
    Y = pd.DataFrame(
        {
            "colour": np.where(X["who"] == 3, "rare", np.where(X["x"] % 2, "red", "blue")),
            "size": X["x"].where(X["who"] == 7),
        }
    )
    held_out = [rows for _, rows in split(X, Y, "group", n=10, fraction=0.1, group="who")]
    assert [len(rows) for rows in held_out].count(0) == 2  # those of the groups 3 and 7
    assert set(X["who"].iloc[np.concatenate(held_out)]) == set(range(10)) - {3, 7}


def test_rows_of_a_held_out_group_that_say_nothing_are_in_neither_part(visits):
    X, Y = visits
    Y = Y.copy()
    Y.loc[::2, "pressure"] = None
    ((training, held_out),) = split(X, Y, "group", task_weight=[1.0, 0.0], group="patient")
    assert Y["pressure"].iloc[held_out].notna().all()
    neither = np.setdiff1d(np.arange(len(X)), np.append(training, held_out))
    assert Y["pressure"].iloc[neither].isna().all()
    assert not set(X["patient"].iloc[neither]) & set(X["patient"].iloc[training])


@pytest.mark.parametrize(
    ("change", "settings", "words"),
    [
        ({}, {"group_column": None}, r"validation='group' holds out.*group_column"),
        ({}, {"group_column": "nobody"}, r"group_column='nobody'"),
        ({"patient": "Ann"}, {}, r"At least two groups .* but 'patient' holds \['Ann'\]"),
        ({}, {"task_column": "patient"}, r"two roles: task_column='patient', group_column="),
        ({}, {"validation": "random"}, r"group_column='patient' has no effect on validation='ra"),
        ({}, {"validation": "grouped"}, r"validation='grouped' of \w+ must be one of 'random'"),
    ],
)
def test_groups_that_cannot_be_held_out(change, settings, words, model, visits):
    X, Y = drop_days(visits[0]).assign(**change), visits[1]
    parameters = {"n_bags": 1, "validation": "group", "group_column": "patient"} | settings
    with pytest.raises(ValueError, match=words):
        model(**parameters).fit(X, Y)


@pytest.mark.parametrize("validation", ["group", GroupKFold(3)])
def test_rows_without_a_group(validation, model, visits):
    X, Y = drop_days(visits[0]), visits[1]
    X["patient"] = X["patient"].where(X.index != 4)
    settings = {"n_bags": 1, "validation": validation, "group_column": "patient"}
    with pytest.raises(ValueError, match=r"1 of \d+ rows have no group in column 'patient' \(the"):
        model(**settings).fit(X, Y)
    fitted = model(**settings).fit(X.drop(index=4), Y.drop(index=4))
    pd.testing.assert_frame_equal(fitted.predict(X), fitted.predict(X.assign(patient="new")))
    model(**settings).fit(X.drop(index=4), Y.drop(index=4), eval_set=(X, Y))


# times


def test_the_last_rows_are_held_out_in_every_bag(model, visits, seen):
    X, Y = drop_patients(visits[0]), visits[1]
    model(n_bags=2, validation="time", time_column="day").fit(X, Y)
    ((table, splits),) = seen
    (training, held_out), second = splits
    np.testing.assert_array_equal(held_out, second[1])
    assert table.rows.times.iloc[training].max() < table.rows.times.iloc[held_out].min()


@pytest.mark.parametrize(
    "convert",
    [
        lambda day: day,
        lambda day: day.dt.tz_localize("UTC"),
        lambda day: day.dt.to_period("D"),
        lambda day: day - day.min(),
        lambda day: (day - day.min()).dt.days,
        lambda day: (day - day.min()).dt.days.astype("Int64"),
    ],
)
def test_times_of_all_sorts_have_an_order(convert, visits):
    X, Y = visits
    expected = split(X, Y, "time", time="day")
    found = split(X.assign(day=convert(X["day"])), Y, "time", time="day")
    for one, other in zip(expected[0], found[0], strict=True):
        np.testing.assert_array_equal(one, other)


def test_rows_of_one_time_are_on_one_side():
    X = pd.DataFrame({"t": [3, 1, 2, 2, 1, 2, 2, 3, 1, 1], "x": 0.0})
    Y = pd.DataFrame({"y": np.arange(10.0)})
    for fraction, held_out in ((0.2, [0, 7]), (0.5, [0, 7]), (0.1, [0, 7])):
        assert split(X, Y, "time", fraction=fraction, time="t")[0][1].tolist() == held_out
    distinct = X.assign(t=[9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    assert split(distinct, Y, "time", fraction=0.3, time="t")[0][1].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda day: day.mask(day.index < 2), r"2 of \d+ rows have no time in column 'day'"),
        (lambda day: day.min(), r"column 'day' holds one time only"),
        (lambda day: day.astype("str"), rf"Column 'day' has dtype {TEXT}.*pd\.to_datetime"),
    ],
)
def test_times_without_order(change, words, model, visits):
    X, Y = drop_patients(visits[0]), visits[1]
    with pytest.raises(ValueError, match=words):
        model(n_bags=1, validation="time", time_column="day").fit(
            X.assign(day=change(X["day"])), Y
        )


def test_a_task_that_only_the_last_rows_have_cannot_be_learnt(model, visits):
    X, Y = drop_patients(visits[0]), visits[1]
    Y = Y.assign(new=Y["pressure"].where(X["day"] == X["day"].max()))
    with pytest.raises(ValueError, match=r"Task 'new' only has labels in held-out rows"):
        model(n_bags=1, validation="time", time_column="day").fit(X, Y)


def test_last_rows_of_a_class_that_came_later_are_not_judged():
    X = pd.DataFrame({"day": range(20), "x": np.arange(20.0)})
    Y = pd.DataFrame({"colour": ["red", "blue"] * 10})
    Y.loc[[17, 19], "colour"] = "green"
    [(training, held_out)] = split(X, Y, "time", time="day")
    assert training.tolist() == list(range(16))
    assert held_out.tolist() == [16, 18]


def test_a_time_column_is_needed(model, visits):
    with pytest.raises(ValueError, match=r"validation='time' needs to know.*time_column"):
        model(validation="time").fit(*visits)


# splitters


def test_the_folds_of_a_splitter_are_those_of_the_bags(model, visits, seen):
    X, Y = drop_days(visits[0]), visits[1]
    model(n_bags=3, validation=GroupKFold(4), group_column="patient").fit(X, Y)
    folds = list(GroupKFold(4).split(X, Y, X["patient"]))
    ((_, splits),) = seen
    assert len(splits) == 3
    for ours, theirs in zip(splits, folds[:3], strict=True):
        for rows, expected in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(rows, expected)


def test_a_splitter_may_hold_out_rows_that_are_chosen_by_hand(model, visits, seen):
    X, Y = visits[0][["age", "pulse"]], visits[1]
    last = np.where(np.arange(len(X)) < 150, -1, 0)
    model(validation=PredefinedSplit(last)).fit(X, Y)
    ((_, splits),) = seen
    ((training, held_out),) = splits  # as many bags as folds, where n_bags is "auto"
    np.testing.assert_array_equal(held_out, np.arange(150, len(X)))
    np.testing.assert_array_equal(training, np.arange(150))


class Yields:
    """A splitter with these folds."""

    def __init__(self, *folds):
        self.folds = folds

    def get_n_splits(self, X=None, y=None, groups=None):
        return len(self.folds)

    def split(self, X, y=None, groups=None):
        return iter(self.folds)

    def __repr__(self):
        return "Yields()"


def test_masks_and_unsorted_positions_are_rows(visits):
    X, Y = visits
    mask = np.arange(len(X)) % 5 == 0
    masked = split(X, Y, Yields((~mask, mask)))
    shuffled = split(X, Y, Yields((np.flatnonzero(~mask)[::-1], np.flatnonzero(mask)[::-1])))
    for splits in (masked, shuffled):
        np.testing.assert_array_equal(splits[0][0], np.flatnonzero(~mask))
        np.testing.assert_array_equal(splits[0][1], np.flatnonzero(mask))


@pytest.mark.parametrize(
    ("splitter", "words"),
    [
        (KFold(2), r"yields 2 splits for n_bags=3: each bag needs one"),
        (Yields(), r"yields 0 splits"),
        (Yields(*[([0, 1, 2, 3], [3, 4])] * 3), r"has row 3 in the training part and in the held"),
        (Yields(*[([0, 1], [10_000])] * 3), r"yields row 10000, but there are rows 0 to"),
        (Yields(*[([0, 1], [])] * 3), r"must yield positions of rows, some of each part"),
        (Yields(*[([0.5], [1])] * 3), r"must yield positions of rows"),
        (KFold, r"must be one of .* or a splitter of scikit-learn"),
    ],
)
def test_splitters_that_do_not_suit(splitter, words, model, visits):
    with pytest.raises(ValueError, match=words):
        model(n_bags=3, validation=splitter).fit(drop_days(visits[0]), visits[1])


# other rows


@pytest.mark.parametrize("method", ["group", "time", "splitter"])
def test_an_eval_set_wins(method, model, visits, seen):
    X, Y = visits
    settings = {
        "group": {"validation": "group", "group_column": "patient"},
        "time": {"validation": "time", "time_column": "day"},
        "splitter": {"validation": KFold(3)},
    }[method]
    X = X[["age", "pulse", *{"group": ["patient"], "time": ["day"], "splitter": []}[method]]]
    chosen = {"n_bags": 1, "early_stopping": True} | settings
    fitted = model(**chosen).fit(X, Y, eval_set=(X.head(40), Y.head(40)))
    assert not seen
    plain = model(n_bags=1).fit(
        X[["age", "pulse"]], Y, eval_set=(X[["age", "pulse"]].head(40), Y.head(40))
    )
    pd.testing.assert_frame_equal(fitted.predict(X), plain.predict(X[["age", "pulse"]]))


@pytest.fixture(scope="module")
def on_disk(visits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("visits")
    visits[0].join(visits[1]).to_parquet(folder / "rows.parquet")
    return folder


@pytest.mark.parametrize(
    ("settings", "column"),
    [
        ({"validation": "group", "group_column": "patient"}, "patient"),
        ({"validation": "time", "time_column": "day"}, "day"),
        ({"validation": GroupKFold(3), "group_column": "patient"}, "patient"),
    ],
)
def test_tables_on_disk(settings, column, model, visits, on_disk):
    X, Y = visits[0][["age", "pulse", column]], visits[1]
    expected = model(n_bags=2, **settings).fit(X, Y).predict(X)
    table = ParquetTable(on_disk, columns=list(X))
    stored = model(n_bags=2, **settings).fit(table, ["pressure", "ill"])
    pd.testing.assert_frame_equal(stored.predict(X), expected)

    few = ParquetTable(on_disk, columns=list(X), rows_in_memory=50)
    if isinstance(stored, MultiTab):
        with pytest.raises(ValueError, match=r"needs all rows at once.*Raise rows_in_memory"):
            model(n_bags=2, **settings).fit(few, ["pressure", "ill"])
    else:
        stored = model(n_bags=2, **settings).fit(few, ["pressure", "ill"])
        pd.testing.assert_frame_equal(stored.predict(X), expected)


def test_groups_of_arrays_on_disk_are_named_by_position(visits, seen):
    X, Y = visits
    codes = X["patient"].factorize()[0].astype(float)
    matrix = np.column_stack([X["age"], codes, X["pulse"]])
    RMTGB(n_rounds=3, n_bags=2, blocks=("shared",), validation="group", group_column=1).fit(
        ArrayTable(matrix, rows_in_memory=50), Y["pressure"].fillna(50).to_numpy()
    )
    ((_, splits),) = seen
    for training, held_out in splits:
        assert len(training) + len(held_out) == len(X)
        assert not set(codes[training]) & set(codes[held_out])


@pytest.mark.parametrize("groups", [[(i // 5, 0) for i in range(60)], np.zeros((60, 1))])
def test_groups_of_several_columns_are_refused_with_what_to_do(groups):
    X = pd.DataFrame({"x": np.arange(60.0)})
    with pytest.raises(ValueError, match=r"groups must have one value for each row.*ngroup\(\)"):
        RMTGB().fit(X, X.rename(columns={"x": "y"}), groups=groups)
