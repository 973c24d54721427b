"""Models of tables that stay on disk."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import (
    RMTGB,
    MultiTab,
    MultiTabClassifier,
    MultiTabRegressor,
    MultiTabSurvival,
    RMTGBRegressor,
)
from skmtl.datasets import make_outlier_tasks, make_survival
from skmtl.engines.network import MultiTabSettings
from skmtl.tables import ArrayTable, ParquetTable

QUICK = {"n_bags": 2, "max_epochs": 3, "n_members": 2, "row_size": 16, "random_state": 0}
LABELS = ["price", "sold"]


def columns(*names):
    """Features of the fixture: the weights are no feature."""
    return ["size", "rooms", "new", "city", "colour", *names]


def assert_same_model(model, other, X):
    pd.testing.assert_frame_equal(model.predict(X), other.predict(X), check_exact=True)
    losses = model.history_.columns.drop("seconds")
    pd.testing.assert_frame_equal(model.history_[losses], other.history_[losses])


def test_a_folder_that_fits_gives_the_model_that_memory_gives(on_disk):
    in_memory = MultiTab(**QUICK).fit(on_disk.X, on_disk.Y)
    stored = MultiTab(**QUICK).fit(ParquetTable(on_disk.folder, columns=columns()), y=LABELS)
    assert_same_model(stored, in_memory, on_disk.X)


def test_a_path_takes_all_other_columns_as_features(on_disk):
    model = MultiTab(**QUICK).fit(str(on_disk.folder), y=LABELS, sample_weight="weight")
    assert model.feature_names_in_.tolist() == columns()
    in_memory = MultiTab(**QUICK).fit(on_disk.X, on_disk.Y, sample_weight=on_disk.weight)
    assert_same_model(model, in_memory, on_disk.X)


def test_a_dataset_that_filters_its_files_is_read_as_it_is(on_disk):
    dataset = pytest.importorskip("pyarrow.dataset")
    some = dataset.dataset([str(on_disk.folder / f"{part}.parquet") for part in (2, 0)])
    model = MultiTab(**QUICK).fit(some, y=LABELS, sample_weight="weight")
    rows = np.r_[400:600, 0:200]
    in_memory = MultiTab(**QUICK).fit(
        on_disk.X.iloc[rows], on_disk.Y.iloc[rows], on_disk.weight[rows]
    )
    assert_same_model(model, in_memory, on_disk.X)


def test_rows_that_decide_when_to_stop_may_be_given(on_disk):
    given = (on_disk.X[:100], on_disk.Y[:100])
    stored = MultiTab(**QUICK).fit(
        on_disk.folder, y=LABELS, sample_weight="weight", eval_set=given
    )
    in_memory = MultiTab(**QUICK).fit(
        on_disk.X, on_disk.Y, sample_weight=on_disk.weight, eval_set=given
    )
    assert_same_model(stored, in_memory, on_disk.X)


def test_memory_maps_give_the_model_that_memory_gives(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)).astype(np.float32)
    y = X @ [1.0, 2.0, 3.0]
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    maps = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("X", "y")]
    weight = rng.integers(0, 2, 400)
    stored = MultiTabRegressor(**QUICK).fit(ArrayTable(maps[0]), maps[1], weight)
    in_memory = MultiTabRegressor(**QUICK).fit(X, y, weight)
    np.testing.assert_array_equal(stored.predict(X), in_memory.predict(X))


def test_survival_is_learnt_from_its_two_columns(tmp_path):
    pytest.importorskip("pyarrow")
    X, y = make_survival(300, random_state=0)
    events = pd.DataFrame({"event": y["event"], "duration": y["duration"]})
    pd.concat([X, events], axis=1).to_parquet(tmp_path / "patients.parquet")
    stored = MultiTabSurvival(**QUICK).fit(tmp_path, y=["event", "duration"])
    in_memory = MultiTabSurvival(**QUICK).fit(X, events)
    np.testing.assert_array_equal(stored.predict(X), in_memory.predict(X))


def test_more_rows_than_memory_holds_are_all_learnt_from(on_disk):
    table = ParquetTable(on_disk.folder, columns=columns(), rows_in_memory=100)
    model = MultiTab(**QUICK | {"max_epochs": 30, "n_bags": 1}).fit(table, y=LABELS)
    assert model.score_tasks(on_disk.X, on_disk.Y).min() > 0.8
    first, again = (
        MultiTab(**QUICK | {"max_epochs": 2, "n_bags": 1}).fit(table, y=LABELS) for _ in range(2)
    )
    assert_same_model(first, again, on_disk.X)


def test_classes_and_tasks_of_a_single_row_are_found(tmp_path):
    """Chance would find one row of 1,000 in a sample of 50 only one time in 20."""
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"size": np.arange(1000.0), "grade": ["a", "b"] * 500})
    frame["shop"] = np.arange(1000) // 500
    frame.loc[567, ["grade", "shop"]] = ["c", 7]
    frame.to_parquet(tmp_path / "rows.parquet")
    table = ParquetTable(tmp_path, rows_in_memory=50)
    settings = QUICK | {"n_bags": 1, "max_epochs": 1, "task_column": "shop"}
    model = MultiTabClassifier(**settings).fit(table, y="grade")
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert model.predict(frame[["size", "shop"]]).shape == (1000,)
    in_memory = MultiTabClassifier(**settings).fit(
        ParquetTable(tmp_path, rows_in_memory=1000), y="grade"
    )
    known = [each._reader.task_ids for each in (model, in_memory)]
    assert known[0] == known[1] == [0, 1, 7]


def test_training_goes_on_with_a_warm_start(on_disk):
    table = ParquetTable(on_disk.folder, columns=columns(), rows_in_memory=100)
    model = MultiTab(**QUICK, warm_start=True).fit(table, y=LABELS)
    epochs = model.n_epochs_
    assert model.fit(table, y=LABELS).n_epochs_ > epochs


@pytest.mark.parametrize("outcome", ["model", "error"])
def test_the_encoded_rows_are_deleted(outcome, on_disk, tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    table = ParquetTable(on_disk.folder, columns=columns(), cache_folder=cache)
    seen = []

    class Settings(MultiTabSettings):
        def describe(self, *arguments):
            seen.extend(file.name for file in cache.rglob("*.bin"))
            if outcome == "error":
                raise RuntimeError
            return super().describe(*arguments)

    class Model(MultiTab):
        def _architecture(self):
            return Settings(**vars(super()._architecture()))

    fit = lambda: Model(**QUICK).fit(table, y=LABELS)  # noqa: E731
    if outcome == "error":
        with pytest.raises(RuntimeError):
            fit()
    else:
        fit()
    assert sorted(seen) == ["codes.bin", "numeric.bin", "target.bin", "weight.bin"]
    assert list(cache.iterdir()) == []


BAD = {
    "no such label": ({"y": ["prize"]}, ValueError, "no column 'prize'; their columns are"),
    "no such weight": ({"y": LABELS, "sample_weight": "w"}, ValueError, "no column 'w'"),
    "labels as an array": ({"y": np.zeros(600)}, ValueError, "y must name its columns"),
    "weights as an array": (
        {"y": LABELS, "sample_weight": np.ones(600)},
        ValueError,
        "must be the name of one of its columns",
    ),
    "nothing but labels": (
        {"y": [*columns(), *LABELS, "weight"]},
        ValueError,
        "no column besides",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_with_the_columns_is_said(case, on_disk):
    arguments, error, message = BAD[case]
    with pytest.raises(error, match=message):
        MultiTab(**QUICK).fit(on_disk.folder, **arguments)


@pytest.mark.parametrize("lacking", [0, 2])
@pytest.mark.parametrize("column", ["size", "sold"])
def test_a_file_without_a_column_is_named(lacking, column, on_disk):
    path = on_disk.folder / f"{lacking}.parquet"
    pd.read_parquet(path).drop(columns=column).to_parquet(path)
    for table in (on_disk.folder, ParquetTable(on_disk.folder)):
        with pytest.raises(ValueError, match=rf"{lacking}\.parquet' has no column '{column}', w"):
            RMTGB(n_bags=1, n_rounds=2).fit(table, y=LABELS)


def test_files_may_differ_in_columns_that_are_not_used(on_disk):
    path = on_disk.folder / "0.parquet"
    pd.read_parquet(path).assign(more=1.0).to_parquet(path)
    table = ParquetTable(on_disk.folder, columns=columns())
    model = RMTGB(n_bags=1, n_rounds=2).fit(table, y=LABELS)
    assert model.feature_names_in_.tolist() == columns()


def test_an_infinity_outside_the_sample_is_refused_by_name(on_disk):
    frame = pd.read_parquet(on_disk.folder / "2.parquet")
    frame.loc[frame.index[-1], "size"] = np.inf
    frame.to_parquet(on_disk.folder / "2.parquet")
    table = ParquetTable(on_disk.folder, columns=columns(), rows_in_memory=20)
    with pytest.raises(ValueError, match=r"infinity in the columns \['size'\]"):
        MultiTab(**QUICK).fit(table, y=LABELS)


def test_a_path_to_nothing_is_refused(tmp_path):
    pytest.importorskip("pyarrow")
    with pytest.raises(FileNotFoundError, match=r"nowhere' is neither a Parquet file nor"):
        MultiTab().fit(tmp_path / "nowhere", y="a")


def test_arrays_of_different_length_are_refused():
    with pytest.raises(ValueError, match="X has 5, y has 4"):
        MultiTabRegressor().fit(ArrayTable(np.zeros((5, 2))), np.zeros(4))
    with pytest.raises(ValueError, match="two-dimensional"):
        ArrayTable(np.zeros(5))
    with pytest.raises(ValueError, match="rows_in_memory must be a whole number of at least 2"):
        ArrayTable(np.zeros((5, 2)), rows_in_memory=1)


BOOSTED = {"n_bags": 2, "n_rounds": 8, "random_state": 0}


@pytest.mark.parametrize("rows_in_memory", [1000, 100])
def test_boosting_gives_the_model_that_memory_gives(rows_in_memory, on_disk):
    """Whatever the sample: it decides about categories alone, and has all of these."""
    in_memory = RMTGB(**BOOSTED).fit(on_disk.X, on_disk.Y, on_disk.weight)
    table = ParquetTable(on_disk.folder, rows_in_memory=rows_in_memory)
    stored = RMTGB(**BOOSTED).fit(table, y=LABELS, sample_weight="weight")
    assert stored.blocks_ == in_memory.blocks_
    pd.testing.assert_frame_equal(stored.predict(on_disk.X), in_memory.predict(on_disk.X))


@pytest.mark.parametrize("blocks", [("signature", "partition", "task"), "auto"])
def test_every_block_grows_on_long_data_from_disk(blocks, tmp_path):
    """The signature block bins more columns than the files have."""
    X, y = make_outlier_tasks(100, random_state=0)
    matrix = X.assign(task=pd.factorize(X["task"])[0])
    np.save(tmp_path / "X.npy", matrix.to_numpy(dtype=np.float64))
    stored_X = np.load(tmp_path / "X.npy", mmap_mode="r")
    task = matrix.columns.get_loc("task")
    settings = BOOSTED | {"task_column": task, "blocks": blocks}
    in_memory = RMTGBRegressor(**settings).fit(np.array(stored_X), y.to_numpy())
    stored = RMTGBRegressor(**settings).fit(ArrayTable(stored_X, rows_in_memory=200), y.to_numpy())
    np.testing.assert_array_equal(stored.predict(stored_X), in_memory.predict(stored_X))


def test_boosting_stops_by_rows_that_are_given(on_disk):
    given = (on_disk.X[:100], on_disk.Y[:100])
    in_memory = RMTGB(**BOOSTED).fit(on_disk.X, on_disk.Y, on_disk.weight, eval_set=given)
    stored = RMTGB(**BOOSTED).fit(on_disk.folder, y=LABELS, sample_weight="weight", eval_set=given)
    pd.testing.assert_frame_equal(stored.predict(on_disk.X), in_memory.predict(on_disk.X))
