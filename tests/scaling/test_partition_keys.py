"""Columns in the names of folders: `fit`, the command and `score_files` read the same values."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import skmtl
from skmtl.cli import main
from skmtl.tables import ParquetTable

pytest.importorskip("pyarrow")
import pyarrow as pa
import pyarrow.parquet as pq

HIVE = "__HIVE_DEFAULT_PARTITION__"
BOOSTING = {"n_bags": 1, "n_rounds": 20, "learning_rate": 0.5, "random_state": 0}


def partitioned(folder, values, n=40):
    """A table with a partition for each value; y is the number of the partition."""
    x = np.random.default_rng(0).normal(size=n)
    for number, value in enumerate(values):
        (folder / f"key={value}").mkdir(parents=True)
        rows = pd.DataFrame({"id": np.arange(n) + n * number, "x": x, "y": float(number)})
        rows.to_parquet(folder / f"key={value}" / "rows.parquet")
    return folder


def fitted(folder, **options):
    return skmtl.RMTGBRegressor(**BOOSTING).fit(
        ParquetTable(folder, columns=["x", "key"]), "y", **options
    )


def scores_of(model, inputs, out, **options):
    skmtl.score_files(model, inputs, out, keep=["id"], **options)
    # pandas cannot read partitions of which one is missing.
    parts = [pq.ParquetFile(path).read().to_pandas() for path in out.rglob("*.parquet")]
    return pd.concat(parts).sort_values("id")["y_prediction"].to_numpy()


def key_of(folder):
    return ParquetTable(folder).dataset.to_table().to_pandas()["key"]


VALUES = {
    "whole numbers": ["1", "2", "3"],
    "zeros in front": ["01", "02", "10"],
    "below zero": ["-5", "0", "5"],
    "large": ["1", "3000000000", "9223372036854775807"],
    "one missing": ["1", "2", HIVE],
    "text and missing": ["a", "b", HIVE],
    "all missing": [HIVE],
    "decimals": ["0.5", "1.5", "2.5"],
    "decimals, missing": ["0.5", "1e3", HIVE],
    "decimals, NaN": ["0.5", "1", "NaN"],
    "booleans": ["true", "false"],
    "booleans of pandas": ["True", "False", HIVE],
    "text": ["a", "b", "c"],
    "coded text": ["a%20b", "c%2Fd", "%C3%A9"],
    "ids beyond int64": ["9" * 25, "1" + "0" * 24],
    "other digits": ["٣", "٤", "5"],
    "mixed": ["1", "two", "true"],
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_scores_of_the_files_of_fit_are_those_of_fit(values, tmp_path):
    folder = partitioned(tmp_path / "table", values)
    model = fitted(folder)
    in_memory = ParquetTable(folder).dataset.to_table().to_pandas().sort_values("id")
    predicted = model.predict(in_memory[["x", "key"]])
    scores = scores_of(model, folder, tmp_path / "out")
    np.testing.assert_array_equal(scores, np.ravel(predicted))
    means = scores.reshape(len(values), -1).mean(axis=1)
    np.testing.assert_allclose(means, np.arange(len(values)), atol=0.1)
    alone = [
        scores_of(model, folder / f"key={value}", tmp_path / f"out {number}")
        for number, value in enumerate(values)
    ]
    np.testing.assert_array_equal(np.concatenate(alone), scores)


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        (["1", "02", "-3"], "int64", [-3, 1, 2]),
        (["1", HIVE], "float64", [1, math.nan]),
        (["3000000000", "1"], "int64", [1, 3_000_000_000]),
        ([".5", "-1e-3", "2"], "float64", [-0.001, 0.5, 2]),
        (["True", "false"], "bool", [False, True]),
        (["9" * 25], "str", ["9" * 25]),
        (["٣"], "str", ["٣"]),
        (["1_000", "2"], "str", ["1_000", "2"]),
        (["a%20b"], "str", ["a b"]),
    ],
)
def test_keys_have_the_type_of_their_values(values, dtype, expected, tmp_path):
    key = key_of(partitioned(tmp_path / "table", values, n=1))
    assert str(key.dtype) == dtype
    np.testing.assert_array_equal(sorted(key, key=lambda v: (v != v, v)), expected)


def test_a_model_of_a_frame_reads_the_keys_that_pandas_writes(tmp_path):
    r = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": range(100),
            "sold": r.random(100) < 0.5,
            "price": r.choice([0.5, 1.25, 1e3, np.nan], 100),
            "month": r.choice([1, 2, 12], 100),
            "city": r.choice(["Bern", "Lyon", None], 100),
            "code": r.choice(["007", "08"], 100),
        }
    )
    y = frame["sold"] * 2 + frame["price"].fillna(7) + frame["month"] + (frame["city"] == "Bern")
    X = frame.drop(columns="id")
    model = skmtl.RMTGBRegressor(**BOOSTING).fit(X, y.rename("y"))
    for key in ("sold", "price", "code"):
        frame.to_parquet(tmp_path / key, partition_cols=[key])
        scores = scores_of(model, tmp_path / key, tmp_path / f"out {key}")
        np.testing.assert_array_equal(scores, model.predict(X))
    frame.to_parquet(tmp_path / "all", partition_cols=[*X.columns])
    scores = scores_of(model, tmp_path / "all", tmp_path / "out")
    np.testing.assert_array_equal(scores, model.predict(X))


@pytest.mark.parametrize(
    ("text", "kind"),
    [(text, "parquet") for text in ("may", "٣", "1_000", "0x1", "", "1,5", "true")]
    + [("may", "csv")],
)
def test_a_key_that_is_no_number_where_the_model_reads_numbers_is_named(text, kind, tmp_path):
    model = fitted(partitioned(tmp_path / "table", ["1", "2"]))
    new = partitioned(tmp_path / "new", ["1", text])
    if kind == "csv":
        for path in new.rglob("*.parquet"):
            pq.ParquetFile(path).read().to_pandas().to_csv(path.with_suffix(".csv"))
            path.unlink()
    with pytest.raises(ValueError, match=f"'key' of .* is in its path, with '{text}', and"):
        skmtl.score_files(model, new, tmp_path / "out")


@pytest.mark.parametrize("text", ["9" * 25, "1e300", "-0.0", "NaN", HIVE])
def test_keys_of_any_size_are_numbers_where_the_model_reads_numbers(text, tmp_path):
    model = fitted(partitioned(tmp_path / "table", ["1", "2"]))
    scores = scores_of(model, partitioned(tmp_path / "new", [text], n=3), tmp_path / "out")
    value = math.nan if text == HIVE else float(text)
    X = pd.DataFrame({"x": np.random.default_rng(0).normal(size=3), "key": value})
    np.testing.assert_array_equal(scores, model.predict(X))


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.lists(
        st.one_of(
            st.sampled_from([HIVE, "true", "False", "NaN", "1e5", ".5", "5."]),
            st.integers(-(2**65), 2**65).map(str),
            st.floats(allow_infinity=False, allow_nan=False).map(repr),
            st.text("abÅ٣ 0159-+.", min_size=1, max_size=4),
        ),
        min_size=1, max_size=4, unique_by=str.lower,
    )
)  # fmt: skip
def test_any_keys_are_read_alike(values, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    partitioned(folder / "table", values, n=5)
    model = fitted(folder / "table")
    frame = ParquetTable(folder / "table").dataset.to_table().to_pandas().sort_values("id")
    scores = scores_of(model, folder / "table", folder / "out")
    np.testing.assert_array_equal(scores, model.predict(frame[["x", "key"]]))


def test_a_partition_alone_has_its_keys(tmp_path):
    table = tmp_path / "run=7" / "sales"
    for year, month in ((2023, 12), (2024, 1), (2024, 2)):
        folder = table / f"year={year}" / f"month={month}"
        folder.mkdir(parents=True)
        pd.DataFrame({"x": [1.0] * 30, "y": float(month)}).to_parquet(folder / "a.parquet")
    (tmp_path / "latest").symlink_to(table / "year=2024" / "month=2")
    (table / "year=2025").symlink_to(table / "year=2024")
    for path, names in {
        "run=7/sales/year=2024": ["x", "y", "year", "month"],
        "run=7/sales/year=2024/month=2": ["x", "y", "year", "month"],
        "run=7/sales/year=2024/month=2/a.parquet": ["x", "y", "year", "month"],
        "run=7/sales/../sales/year=2024/month=2": ["x", "y", "year", "month"],
        "run=7/sales/year=2025/month=2": ["x", "y", "year", "month"],
        "latest": ["x", "y", "year", "month"],
        "run=7": ["x", "y", "run", "year", "month"],
    }.items():
        if path == "run=7":  # with the years and their link, the rows are there twice
            (table / "year=2025").unlink()
        assert ParquetTable(tmp_path / path).column_names() == names
    model = skmtl.RMTGBRegressor(**BOOSTING).fit(ParquetTable(table, columns=["x", "month"]), "y")
    for inputs in ("latest", "run=7/sales/year=2024", "run=7/sales/year=*/month=?/*"):
        out = tmp_path / "out"
        skmtl.score_files(model, tmp_path / inputs, out, keep=["year", "month"])
        assert sorted({path.relative_to(out).parts[:2] for path in out.rglob("a-*.parquet")})[
            -1
        ] == ("year=2024", "month=2")
    scores = pd.read_parquet(tmp_path / "out")
    assert len(scores) == 60 and set(scores["month"]) == {1, 2}


def test_rows_that_a_link_shows_twice_are_not_learnt_from_twice(tmp_path):
    folder = partitioned(tmp_path / "table", ["1", "2"])
    (folder / "key=3").symlink_to(folder / "key=2")
    with pytest.raises(ValueError, match="are the same file, by a link, so that its rows would"):
        ParquetTable(folder)
    with pytest.raises(ValueError, match="are one file in two partitions"):
        skmtl.score_files(fitted(folder / "key=1"), folder, tmp_path / "out")


def test_two_values_of_a_key_in_a_path_are_refused(tmp_path):
    folder = partitioned(tmp_path / "table" / "key=7", ["1"])
    with pytest.raises(ValueError, match="has two values of 'key'"):
        ParquetTable(tmp_path / "table")
    model = fitted(partitioned(tmp_path / "other", ["1", "2"]))
    with pytest.raises(ValueError, match="has two values of 'key'"):
        skmtl.score_files(model, folder, tmp_path / "out")


def test_a_column_in_the_file_goes_before_that_in_its_path(tmp_path):
    for key in (1, 2):
        (tmp_path / "table" / f"key={key}").mkdir(parents=True)
        rows = pa.table({"x": [1.0] * 30, "key": [key * 10] * 30, "y": [float(key)] * 30})
        pq.write_table(rows, tmp_path / "table" / f"key={key}" / "a.parquet")
    assert set(key_of(tmp_path / "table")) == {10, 20}
    model = fitted(tmp_path / "table")
    scores = skmtl.score_files(model, tmp_path / "table", tmp_path / "out")
    assert scores.n_rows == 60
    predicted = pd.read_parquet(tmp_path / "out")["y_prediction"].round().tolist()
    assert predicted == [1.0] * 30 + [2.0] * 30


@pytest.mark.parametrize("stream", ["true", "false"])
@pytest.mark.parametrize("train", ['"table"', '["table/key=1", "table/key=2"]', '"table/key=*/*"'])
def test_the_command_reads_keys_as_python_does(stream, train, tmp_path):
    if stream == "true" and train != '"table"':
        pytest.skip("the rows of one table stay on disk")
    folder = partitioned(tmp_path / "table", ["1", "2"])
    config = tmp_path / "fit.toml"
    config.write_text(
        f'estimator = "RMTGBRegressor"\noutput = "m.skmtl"\n[data]\ntrain = {train}\n'
        f'targets = "y"\ndrop = ["id"]\nstream = {stream}\n[parameters]\n'
        "n_bags = 1\nn_rounds = 20\nlearning_rate = 0.5\nrandom_state = 0\n"
    )
    assert main(["fit", str(config)]) == 0
    assert main(["score", str(tmp_path / "m.skmtl"), str(folder), str(tmp_path / "out")]) == 0
    expected = scores_of(fitted(folder), folder, tmp_path / "expected")
    scores = pd.read_parquet(tmp_path / "out")["y_prediction"].to_numpy()
    np.testing.assert_array_equal(scores, expected)
