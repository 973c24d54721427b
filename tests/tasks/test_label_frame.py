"""Converting tables of labels of any type to a DataFrame with a column per task."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skmtl.tasks import (
    Binary,
    EventTimes,
    Regression,
    is_named,
    is_single,
    label_frame,
    labels_of_tasks,
    mixed_kind,
)
from tests.pandas_versions import TEXT


def test_a_data_frame_is_not_copied():
    frame = pd.DataFrame({"a": [1.0], "b": ["x"]}, index=["row"])
    assert label_frame(frame) is frame


def test_a_series_keeps_its_name_and_index():
    frame = label_frame(pd.Series([1, 2], name="visits", index=[5, 6]))
    assert frame.columns.tolist() == ["visits"]
    assert frame.index.tolist() == [5, 6]
    assert label_frame(pd.Series([1, 2])).columns.tolist() == [0]


@pytest.mark.parametrize("values", [[1.0, 2.0], (1.0, 2.0), np.array([1.0, 2.0])])
def test_one_dimension_is_one_task(values):
    frame = label_frame(values)
    assert frame.columns.tolist() == [0]
    assert frame[0].tolist() == [1.0, 2.0]
    assert frame[0].dtype == np.float64


@pytest.mark.parametrize("values", [[[1, 2], [3, 4], [5, 6]], np.array([[1, 2], [3, 4], [5, 6]])])
def test_two_dimensions_are_a_task_per_column(values):
    frame = label_frame(values)
    assert frame.columns.tolist() == [0, 1]
    assert frame[1].tolist() == [2, 4, 6]
    assert (frame.dtypes == np.int64).all()


def test_columns_of_an_object_array_find_their_types():
    frame = label_frame(np.array([["a", 1.5, True], [None, None, False]], dtype=object))
    assert frame[0].dtype == TEXT
    assert frame[1].dtype == np.float64
    assert frame[2].dtype == bool
    assert frame.isna().to_numpy().tolist() == [[False] * 3, [True, True, False]]


def test_columns_of_a_list_find_their_types():
    frame = label_frame([["a", 1.5], ["b", 2.5]])
    assert frame[0].tolist() == ["a", "b"]
    assert frame[1].dtype == np.float64


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
@pytest.mark.parametrize("label", ["text", 1.5, 3, True])
def test_missing_labels_of_a_list_stay_missing(label, missing):
    frame = label_frame([label, missing])
    assert frame[0].isna().tolist() == [False, True]
    assert frame[0][0] == label


def test_numpy_text_stays_text():
    frame = label_frame(np.array(["nan", "b"]))
    assert frame[0].tolist() == ["nan", "b"]


def test_structured_arrays_name_their_tasks():
    array = np.array([(1.5, "x"), (2.5, "y")], dtype=[("spend", float), ("clicked", "U1")])
    frame = label_frame(array)
    assert frame.columns.tolist() == ["spend", "clicked"]
    assert frame["spend"].dtype == np.float64
    assert frame["clicked"].tolist() == ["x", "y"]


POLARS = pl.DataFrame(
    {
        "float": [1.5, None, 2.5],
        "int": [1, None, 0],
        "whole": [1, 2, 3],
        "bool": [True, None, False],
        "text": ["x", None, "y"],
    }
)


def test_polars_nulls_are_missing():
    frame = label_frame(POLARS)
    assert frame.columns.tolist() == POLARS.columns
    missing = frame.isna()
    assert missing.loc[1].tolist() == [True, True, False, True, True]
    assert not missing.loc[[0, 2]].to_numpy().any()


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("float", "regression"),
        ("int", "binary"),
        ("whole", "regression"),
        ("bool", "binary"),
        ("text", "binary"),
    ],
)
def test_kinds_of_polars_columns(column, kind):
    assert mixed_kind(label_frame(POLARS)[column]).name == kind


def test_an_enum_of_polars_is_an_ordered_category():
    levels = pl.Series("risk", ["low", None, "high", "mid"], pl.Enum(["low", "mid", "high"]))
    labels = label_frame(levels)["risk"]
    assert labels.cat.ordered
    assert labels.cat.categories.tolist() == ["low", "mid", "high"]
    assert labels.isna().tolist() == [False, True, False, False]
    assert mixed_kind(labels).name == "ordinal"


DECIMALS = [Decimal("1.5"), None, Decimal("-2.25")]


@pytest.mark.parametrize(
    "labels",
    [
        pd.Series(DECIMALS),
        pd.Series(DECIMALS, dtype=pd.ArrowDtype(pa.decimal128(4, 2))),
        pl.Series(DECIMALS),
    ],
    ids=["objects", "arrow", "polars"],
)
def test_decimals_are_numbers(labels):
    column = label_frame(labels)[0]
    assert mixed_kind(column).name == "regression"
    head = Regression().fit(column, task="price")
    assert head.encode(column).ravel().tolist() == [1.0, 0.0, -1.0]


@pytest.mark.parametrize("dtype", [float, int])
def test_masked_labels_are_missing(dtype):
    one = np.ma.masked_array(np.array([1, 2, 3], dtype=dtype), mask=[False, True, False])
    for array, column in ((one, 0), (np.ma.column_stack([one[::-1], one]), 1)):
        labels = label_frame(array)[column]
        assert labels.isna().tolist() == [False, True, False]
        assert labels.dropna().tolist() == [1, 3]


def test_polars_labels_can_be_learnt():
    frame = label_frame(POLARS)
    head = Binary().fit(frame["bool"], task="bool")
    assert head.classes_.tolist() == [False, True]
    assert head.encode(frame["bool"]).ravel().tolist() == [1.0, 0.0, 0.0]
    head = Regression().fit(frame["int"], task="int")
    assert head.encode(frame["int"]).ravel().tolist() == [1.0, 0.0, -1.0]


@pytest.mark.parametrize("values", [["a", "b", "a"], ["a", None, "a"]])
def test_polars_categories_are_text(values):
    frame = label_frame(pl.Series("colour", values, dtype=pl.Categorical))
    assert frame["colour"].dropna().tolist() == [v for v in values if v]


def test_polars_series_keep_their_name():
    assert label_frame(pl.Series("visits", [1, 2])).columns.tolist() == ["visits"]
    assert label_frame(pl.Series([1, 2])).columns.tolist() == [0]


def test_zero_rows_are_a_table_too():
    assert label_frame(np.zeros(0)).shape == (0, 1)
    assert label_frame(np.zeros((0, 3))).shape == (0, 3)
    assert label_frame([]).shape == (0, 1)


@pytest.mark.parametrize(
    ("y", "single"),
    [
        ([1, 2], True),
        (np.zeros(3), True),
        (pd.Series([1, 2]), True),
        (pl.Series([1, 2]), True),
        (np.zeros((3, 1)), False),
        (pd.DataFrame({"a": [1]}), False),
        (POLARS, False),
        (np.array([(1.5,)], dtype=[("spend", float)]), False),
    ],
)
def test_single_means_without_a_column_axis(y, single):
    assert is_single(y) is single


@pytest.mark.parametrize(
    ("y", "named"),
    [
        (pd.DataFrame({"a": [1]}), True),
        (POLARS, True),
        (np.array([(1.5,)], dtype=[("spend", float)]), True),
        (np.zeros((3, 2)), False),
        ([1, 2], False),
        (pd.Series([1, 2], name="a"), False),
    ],
)
def test_named_means_that_columns_can_be_matched(y, named):
    assert is_named(y) is named


def test_named_labels_are_matched_by_name():
    names = ["a", "b", "c"]
    found = labels_of_tasks(pd.DataFrame({"c": [3], "a": [1]}), names)
    assert found.to_dict("list") == {"a": [1], "c": [3]}
    with pytest.raises(ValueError, match=r"tasks \['d'\], which the model was not fitted on"):
        labels_of_tasks(pd.DataFrame({"a": [1], "d": [1]}), names)


def test_labels_without_names_are_matched_by_position():
    assert labels_of_tasks([[1, 2]], ["a", "b"]).to_dict("list") == {"a": [1], "b": [2]}
    assert labels_of_tasks(pd.Series([5], name="other"), ["a"]).to_dict("list") == {"a": [5]}
    with pytest.raises(ValueError, match=r"y has 3 columns, .* the 2 tasks \['a', 'b'\]"):
        labels_of_tasks([[1, 2, 3]], ["a", "b"])


TIME = datetime.datetime(2020, 1, 1)
DATE = datetime.date(2020, 1, 1)
STEP = datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed, but the target y is None"),
        ({"a": [1, 2]}, "y is a dict; pass a DataFrame"),
        (np.zeros((2, 2, 2)), "must be 1-D or 2-D .* array of shape (2, 2, 2)"),
        (3.0, "must be 1-D or 2-D .* array of shape ()"),
        ("label", "must be 1-D or 2-D .* array of shape ()"),
        (np.zeros((2, 0)), "y has no column"),
        (pd.DataFrame(index=[0, 1]), "y has no column"),
        (pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]), "names ['a'] more than once"),
        (np.array([1j]), "Complex data not supported"),
        ([1j, 2.0], "Complex data not supported"),
        (pd.DataFrame({"a": [1.0], "b": [1j]}), "Complex data not supported: task 'b'"),
        (pd.Series([1j, 2j], dtype=object), "Complex data not supported: task 0"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "Task 0 has dates or durations"),
        ([TIME], "Task 0 has dates or durations"),
        ([DATE, None], "Task 0 has dates or durations as labels (date)"),
        ([STEP], "Task 0 has dates or durations"),
        (pd.DataFrame({"when": pd.to_datetime([TIME])}), "Task 'when' .* (datetime64"),
        (pd.DataFrame({"when": pd.to_datetime([TIME], utc=True)}), "Task 'when' .* UTC"),
        (pd.DataFrame({"when": pd.period_range(TIME, periods=1, freq="D")}), "'when' .* (period"),
        (pl.DataFrame({"when": [TIME, None]}), "Task 'when' has dates or durations"),
        (pl.DataFrame({"when": [DATE]}), "Task 'when' has dates or durations"),
        (pl.DataFrame({"when": [DATE, None]}), "Task 'when' has dates or durations"),
        (pl.DataFrame({"how long": [STEP]}), "Task 'how long' has dates or durations"),
        ([[1, 2], [3]], "differ in length"),
        (pd.Series([[1], [2, 3]], name="list"), "Task 'list' has lists or arrays as labels"),
        (pl.DataFrame({"list": [[1], [2, 3]]}), "Task 'list' has lists or arrays as labels"),
    ],
)
def test_what_cannot_be_labels(y, message):
    pattern = ".*".join(re.escape(part) for part in message.split(".*"))
    with pytest.raises(ValueError, match=pattern):
        label_frame(y)


def test_unusual_numbers_are_labels():
    frame = label_frame(pd.Series([Fraction(1, 2), Fraction(3, 2)]))
    assert Regression().fit(frame[0], task=0).encode(frame[0]).ravel().tolist() == [-1.0, 1.0]


@pytest.mark.parametrize(
    "array",
    [
        EventTimes([1, 0], [2.0, 3.0], causes=["death"]),
        pd.array([1, None], dtype="Int64"),
        pd.Categorical(["low", "high"], categories=["low", "high"], ordered=True),
    ],
    ids=["event times", "integers", "categories"],
)
def test_an_array_of_pandas_is_one_task_as_in_a_series(array):
    frame = label_frame(array)
    pd.testing.assert_frame_equal(frame, pd.Series(array).to_frame(0))
    assert frame[0].dtype == array.dtype
