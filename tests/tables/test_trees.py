"""The matrix that trees read: numbers as they are, categories as codes."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skmtl.tables import TreeEncoder


def encode(frame):
    return TreeEncoder().fit(frame).transform(frame)


@given(hnp.arrays(np.float64, (5, 2), elements=st.floats(allow_infinity=False)))
def test_numbers_stay_as_they_are(values):
    np.testing.assert_array_equal(encode(pd.DataFrame(values)), values)


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        (["float32", "int16", "bool"], np.float32),
        (["uint8", "float16", "int8"], np.float32),
        (["float32", "int32", "bool"], np.float64),
        (["float64", "int8", "bool"], np.float64),
        (["Int8", "float32", "float32"], np.float64),
    ],
)
def test_the_matrix_is_short_only_where_nothing_is_lost(dtypes, expected):
    frame = pd.DataFrame(
        {str(i): pd.Series([0, 1, 1]).astype(dtype) for i, dtype in enumerate(dtypes)}
    )
    matrix = encode(frame)
    assert matrix.dtype == expected
    np.testing.assert_array_equal(matrix, [[0] * 3, [1] * 3, [1] * 3])


def test_columns_keep_their_order_and_categories_are_codes():
    frame = pd.DataFrame(
        {
            "city": ["Rome", None, "Bern"],
            "size": [1.5, None, -2],
            "colour": pd.Categorical(["red", "blue", None], categories=["red", "blue"]),
            "new": [True, False, True],
        }
    )
    encoder = TreeEncoder().fit(frame)
    assert encoder.columns_ == ["city", "size", "colour", "new"]
    assert encoder.categorical_positions_ == [0, 2]
    assert encoder.numeric_positions_ == [1, 3]
    matrix = encoder.transform(frame)
    known = {name: list(index) for name, index in encoder.categories_.items()}
    for position, name in [(0, "city"), (2, "colour")]:
        codes = [known[name].index(v) + 2 if isinstance(v, str) else 1 for v in frame[name]]
        assert matrix[:, position].tolist() == codes
    np.testing.assert_array_equal(matrix[:, [1, 3]], [[1.5, 1], [np.nan, 0], [-2, 1]])


def test_unknown_and_missing_categories_have_codes_of_their_own():
    encoder = TreeEncoder().fit(pd.DataFrame({"city": ["Rome", "Bern"]}))
    later = pd.DataFrame({"city": ["Oslo", None, "Bern", "Rome"]})
    assert encoder.transform(later).ravel().tolist() == [0, 1, 2, 3]


def test_numbers_beyond_float32_are_as_large_as_can_be():
    encoder = TreeEncoder().fit(pd.DataFrame({"x": np.float32([0, 1])}))
    later = pd.DataFrame({"x": [1e300, -1e300, 0.5]})
    np.testing.assert_array_equal(encoder.transform(later).ravel(), [np.inf, -np.inf, 0.5])


def test_no_row_gives_a_matrix_without_rows():
    frame = pd.DataFrame({"x": [1.0, 2.0], "city": ["a", "b"]})
    assert TreeEncoder().fit(frame).transform(frame[:0]).shape == (0, 2)


@pytest.mark.parametrize("columns", [["x"], ["city"]])
def test_columns_of_one_sort_alone(columns):
    frame = pd.DataFrame({"x": [1.0, 2.0], "city": ["a", "b"]})[columns]
    assert encode(frame).shape == (2, 1)


def test_other_columns_or_kinds_are_refused():
    frame = pd.DataFrame({"x": [1.0, 2.0], "city": ["a", "b"]})
    encoder = TreeEncoder().fit(frame)
    with pytest.raises(ValueError, match=r"columns \['x'\] of X held numbers"):
        encoder.transform(frame.assign(x="a"))
    with pytest.raises(ValueError, match=r"columns \['city'\] of X held text"):
        encoder.transform(frame.assign(city=1.0))
    with pytest.raises(ValueError, match="same order"):
        encoder.transform(frame[["city", "x"]])
    with pytest.raises(ValueError, match=r"infinity in the columns \['x'\]"):
        TreeEncoder().fit(frame.assign(x=np.inf))


def test_a_pickle_encodes_the_same_and_the_frame_is_left_as_it_was():
    frame = pd.DataFrame({"x": [1.0, None], "city": ["a", None]})
    kept = frame.copy()
    encoder = TreeEncoder().fit(frame)
    again = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(again.transform(frame), encoder.transform(frame))
    pd.testing.assert_frame_equal(frame, kept)
