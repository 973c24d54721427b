from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from scipy import sparse

from skmtl.tables import as_frame
from tests.pandas_versions import TEXT

MIXED_ROWS = [[1, "a", None, True], [2, None, 1.5, False]]
RECORDS = np.array([(1, "a"), (2, "b")], dtype=[("size", int), ("city", "U3")])


def kinds(frame):
    return [d.kind if isinstance(d, np.dtype) and d != TEXT else str(d) for d in frame.dtypes]


def test_a_pandas_frame_is_returned_as_it_is():
    frame = pd.DataFrame({"a": [1.0, None], "b": ["x", "y"]})
    assert as_frame(frame) is frame


def test_a_numeric_array_is_neither_copied_nor_renamed():
    array = np.arange(6, dtype=np.float32).reshape(3, 2)
    frame = as_frame(array)
    assert frame.columns.tolist() == [0, 1]
    assert np.shares_memory(frame.to_numpy(), array)


@pytest.mark.parametrize(
    ("table", "columns", "expected"),
    [
        (MIXED_ROWS, [0, 1, 2, 3], ["i", TEXT, "f", "b"]),
        (np.array(MIXED_ROWS, dtype=object), [0, 1, 2, 3], ["i", TEXT, "f", "b"]),
        (tuple(map(tuple, MIXED_ROWS)), [0, 1, 2, 3], ["i", TEXT, "f", "b"]),
        ([[1, 2.5], [3, 4]], [0, 1], ["f", "f"]),
        (np.array([["a", "1"]]), [0, 1], [TEXT, TEXT]),
        (RECORDS, ["size", "city"], ["i", TEXT]),
        (np.ma.masked_array([[1, 2], [3, 4]], [[0, 1], [0, 0]]), [0, 1], ["f", "f"]),
        (torch.ones(2, 2, requires_grad=True), [0, 1], ["f", "f"]),
        (torch.ones(2, 2, dtype=torch.bfloat16), [0, 1], ["f", "f"]),
        (torch.ones(2, 2, dtype=torch.int64), [0, 1], ["i", "i"]),
    ],
)
def test_arrays_and_lists_keep_the_dtype_of_each_column(table, columns, expected):
    frame = as_frame(table)
    assert frame.columns.tolist() == columns
    assert kinds(frame) == expected


def test_masked_cells_are_missing():
    masked = np.ma.masked_array([[1, 2], [3, 4]], [[0, 1], [0, 0]])
    assert as_frame(masked).isna().to_numpy().tolist() == [[False, True], [False, False]]


def test_polars_columns_keep_their_values_and_what_is_missing():
    text = ["b", None, "a"]
    frame = as_frame(
        pl.DataFrame(
            {
                "text": text,
                "category": pl.Series(text, dtype=pl.Categorical),
                "enum": pl.Series(text, dtype=pl.Enum(["b", "a"])),
                "id": [2**60 + 1, None, 3],
                "flag": [True, None, False],
                "share": [0.5, None, 1.5],
                "price": pl.Series([1, None, 2], dtype=pl.Decimal(10, 2)),
                "nothing": [None, None, None],
            }
        )
    )
    assert frame.isna().to_numpy().tolist() == [
        [False] * 7 + [True],
        [True] * 8,
        [False] * 7 + [True],
    ]
    for name in ("text", "category"):
        assert frame[name].dtype == TEXT
        assert frame[name].dropna().tolist() == ["b", "a"]
    assert frame["enum"].dropna().tolist() == ["b", "a"]
    assert frame["enum"].dtype == pd.CategoricalDtype(["b", "a"], ordered=True)
    assert frame["id"].iloc[0] == 2**60 + 1
    assert frame["flag"].dropna().tolist() == [True, False]
    assert frame[["share", "price"]].dtypes.tolist() == [np.float64, np.float64]


def test_a_pyarrow_dictionary_keeps_what_is_missing():
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is no dependency")
    column = pyarrow.array(["a", None, "b"]).dictionary_encode()
    frame = as_frame(pyarrow.table({"city": column}))
    assert frame["city"].isna().tolist() == [False, True, False]
    assert frame["city"].dropna().tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (sparse.csr_array(np.eye(3)), TypeError, r"Sparse data was passed.*toarray\(\)"),
        (pl.LazyFrame({"a": [1]}), TypeError, r"lazy LazyFrame.*\.collect\(\)"),
        (np.ones((3, 2)) * 1j, ValueError, "Complex data not supported"),
        (np.ones(3), ValueError, "Expected 2D array, got 1D array instead(.|\n)*Reshape your"),
        (pd.Series([1, 2]), ValueError, "got 1D array instead: X is a Series.*Reshape your data"),
        (pl.Series([1, 2]), ValueError, "got 1D array instead: X is a Series.*Reshape your data"),
        (["a", "b"], ValueError, "Expected 2D array, got 1D"),
        (np.ones((2, 2, 2)), ValueError, "Found array with dim 3"),
        (np.ones((12, 0)), ValueError, r"0 feature\(s\) \(shape=\(12, 0\)\) while a minimum of 1"),
        (np.ones((0, 3)), ValueError, r"Found array with 0 sample\(s\) \(shape=\(0, 3\)\)"),
        (pd.DataFrame({"a": []}), ValueError, r"Found array with 0 sample\(s\) \(shape=\(0, 1\)"),
        (pd.DataFrame(index=[0, 1]), ValueError, r"Found array with 0 feature\(s\)"),
        ([[1, 2], [3]], ValueError, "X must be a table, but its rows differ in length"),
        (
            pd.DataFrame(np.ones((2, 4)), columns=list("abab")),
            ValueError,
            r"Column names of X must be unique.*\['a', 'b'\]",
        ),
    ],
)
def test_errors_say_what_is_wrong_with_the_table(table, error, message):
    with pytest.raises(error, match=message):
        as_frame(table)


def test_errors_use_the_name_of_the_table():
    with pytest.raises(ValueError, match="Y is empty"):
        as_frame(pd.DataFrame({"a": []}), name="Y")
