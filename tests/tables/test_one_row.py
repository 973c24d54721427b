"""A single row is read cell by cell, with the same result as among other rows."""

from __future__ import annotations

import decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmtl.tables import TableEncoder, TreeEncoder

ENCODERS = pytest.mark.parametrize("make", [TableEncoder, TreeEncoder])
N_ROWS = 6
COLUMNS = {
    "float64": [1.5, np.nan, -0.0, 1e300, 2.0, -7.0],
    "float32": np.array([0.1, np.nan, 3.0, -1e30, 2.0, 5.0], dtype=np.float32),
    "int64": [2**62, -(2**53) - 1, 0, 1, 2, 3],
    "uint64": np.array([2**64 - 1, 2**53 + 1, 0, 1, 2, 3], dtype=np.uint64),
    "bool": [True, False, True, True, False, False],
    "Int64": pd.array([2**53 + 1, None, 0, 1, 2, 3], dtype="Int64"),
    "Float32": pd.array([0.1, None, 0.2, 1.0, 2.0, 3.0], dtype="Float32"),
    "boolean": pd.array([True, None, False, True, True, False], dtype="boolean"),
    "sparse": pd.arrays.SparseArray([0.0, 0.0, 1.0, np.nan, 0.0, 2.0]),
    "objects": pd.Series([1, 2.5, None, True, 0, 3], dtype=object),
    "decimals": pd.Series([decimal.Decimal("0.1"), None] + [decimal.Decimal(1)] * 4),
    "text": pd.Series(["a", "b", None, "ü", "", "a"], dtype="str"),
    "string": pd.Series(["a", None, "b", "c", "a", "a"], dtype="string"),
    "object text": pd.Series(["a", None, "b", np.nan, "a", "c"], dtype=object),
    "category": pd.Categorical(["x", None, "z", "y", "x", "x"], ["z", "y", "x", "w"]),
    "numbers as category": pd.Categorical([3, None, 1, 2, 3, 3]),
    "days as category": pd.Categorical(pd.to_datetime(["2026-01-01", None, "2026-01-02"] * 2)),
    "bands": pd.cut([0.5, 1.5, 2.5, np.nan, 0.5, 1.5], [0, 1, 2, 3]),
    "mixed categories": pd.Categorical(["a", 1, None, "1", "a", "a"]),
    "missing": [None] * 6,
}


def assert_rows_alike(encoder, frame):
    together = encoder.transform(frame)
    for i in range(len(frame)):
        alone = encoder.transform(frame.iloc[i : i + 1])
        for name in ("numeric", "codes") if isinstance(encoder, TableEncoder) else ("real",):
            mine, theirs = getattr(alone, name), getattr(together, name)[i : i + 1]
            assert mine.dtype == theirs.dtype
            assert mine.tobytes() == theirs.tobytes()


@ENCODERS
@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=5, unique=True))
def test_a_row_alone_is_read_as_among_others(make, names):
    frame = pd.DataFrame({name: COLUMNS[name] for name in names})
    # The last rows have categories that are not learnt.
    assert_rows_alike(make().fit(frame, rows=np.array([0, 2, 4, 5])), frame)


@ENCODERS
@pytest.mark.parametrize("name", COLUMNS)
def test_every_sort_of_column(make, name):
    frame = pd.DataFrame({name: COLUMNS[name], "other": 1.0})
    assert_rows_alike(make().fit(frame, rows=np.array([0, 2, 4, 5])), frame)


@ENCODERS
def test_text_may_be_written_otherwise_than_at_fit(make):
    frame = pd.DataFrame({"size": 1.0, "city": pd.Categorical(["Bern", "Łódź", "Oslo"])})
    encoder = make().fit(frame)
    expected = encoder.transform(frame)
    for dtype in ("str", "string", object, pd.CategoricalDtype(["Oslo", "Rome", "Łódź", "Bern"])):
        written = frame.astype({"city": dtype})
        assert_rows_alike(encoder, written)
        np.testing.assert_equal(vars_of(encoder.transform(written)), vars_of(expected))


def vars_of(encoded):
    return encoded if isinstance(encoded, np.ndarray) else vars(encoded)


@ENCODERS
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": [np.inf]}, r"infinity in the columns \['size'\]"),
        ({"size": pd.array([-np.inf], dtype="Float64")}, r"infinity in the columns \['size'\]"),
        ({"size": ["big"]}, r"columns \['size'\] of X held numbers at fit and now hold text"),
        ({"city": [3]}, r"columns \['city'\] of X held text or categories at fit and now"),
        ({"more": [1]}, "Feature names unseen at fit time:\n- more"),
        ({"size": [pd.Timestamp("2026-01-01")]}, "Column 'size' of X holds dates or times"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_row_is_named(make, change, message):
    frame = pd.DataFrame({"size": [1.0, 2.0], "city": ["Bern", "Oslo"]})
    with pytest.raises(ValueError, match=message):
        make().fit(frame).transform(frame[:1].assign(**change))
