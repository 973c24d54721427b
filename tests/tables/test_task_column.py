from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skmtl.tables import TaskIds, split_task_column

FRAME = pd.DataFrame({"hours": [3.0, 5.0], "school": ["north", "south"], "age": [7, 8]})


@pytest.mark.parametrize("task", ["school", 1, -2, np.int64(1)])
@pytest.mark.parametrize("table", [FRAME, pl.from_dict(FRAME.to_dict("list"))], ids=["pd", "pl"])
def test_a_name_or_a_position_takes_the_column_out(table, task):
    features, ids = split_task_column(table, task)
    assert features.columns.tolist() == ["hours", "age"]
    assert ids.tolist() == ["north", "south"]
    assert FRAME.columns.tolist() == ["hours", "school", "age"]


def test_a_column_of_an_array_by_its_position():
    features, ids = split_task_column(np.arange(6).reshape(2, 3), 1)
    assert features.columns.tolist() == [0, 2]
    assert ids.tolist() == [1, 4]


def test_an_integer_that_is_a_name_is_not_a_position():
    frame = pd.DataFrame([[10, 20, 30]], columns=[2, 0, 1])
    assert split_task_column(frame, 0)[1].tolist() == [20]


@pytest.mark.parametrize(
    ("frame", "task", "message"),
    [
        (FRAME, "shcool", r"task_column='shcool' is not a column of X.*'hours', 'school', 'age'"),
        (FRAME, 3, "task_column=3 is not a column of X; its 3 columns are"),
        (FRAME, -4, "task_column=-4 is not a column"),
        (FRAME.assign(school=["north", None]), "school", r"1 of 2 rows.*'school'.*\[1\]"),
        (FRAME[["school"]], "school", "no column besides the task ids 'school'"),
    ],
)
def test_errors_say_what_is_wrong_with_the_task_column(frame, task, message):
    with pytest.raises(ValueError, match=message):
        split_task_column(frame, task)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["b", "a", "b"], ["a", "b"]),
        ([3, 1, 3], [1, 3]),
        ([1.5, 0.5, 1.5], [0.5, 1.5]),
        ([True, False, True], [False, True]),
        ([(1, 2), (0, 5), (1, 2)], [(0, 5), (1, 2)]),
        (["x", 4, "x"], [4, "x"]),
        (pd.Series(["b", "a", "b"], dtype="category"), ["a", "b"]),
        (pd.Series(["b", "a", "b"], dtype="str"), ["a", "b"]),
        (pd.Series([3, 1, 3], dtype="Int64"), [1, 3]),
        (np.array(["b", "a", "b"]), ["a", "b"]),
    ],
)
def test_ids_of_any_type_are_numbered_in_order(ids, expected):
    task_ids = TaskIds().fit(ids)
    assert task_ids.ids_ == expected
    indices = task_ids.transform(ids)
    assert indices.tolist() == [1, 0, 1]
    assert indices.dtype == np.int64
    assert task_ids.transform([None]).tolist() == [-1]


def test_ids_match_across_number_types():
    assert TaskIds().fit([1, 2]).transform(np.array([2.0, 1.0, 2.5])).tolist() == [1, 0, -1]
