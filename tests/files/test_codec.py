"""Everything that a fitted model may contain survives a round trip."""

from __future__ import annotations

import datetime
import json
from tokenize import TokenError

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skmtl._storable import storable
from skmtl.files._arrays import read_arrays
from skmtl.files._decode import Decoder
from skmtl.files._encode import Encoder
from skmtl.tasks import Ordinal, Regression


def there_and_back(value):
    encoder = Encoder()
    text = json.dumps(encoder.encode(value, "the value"), allow_nan=False)
    sections = encoder.sections()
    decoder = Decoder(sections.get("arrays.npy", b""), sections.get("boosters.txt", b""))
    return decoder.decode(json.loads(text))


def assert_same(found, value):
    """Equal in type, content and dtype; NaN equals NaN, and 0.0 is not -0.0."""
    assert type(found) is type(value)
    if isinstance(value, (list, tuple)):
        assert len(found) == len(value)
        for mine, theirs in zip(found, value, strict=True):
            assert_same(mine, theirs)
    elif isinstance(value, dict):
        assert_same(list(found), list(value))
        assert_same(list(found.values()), list(value.values()))
    elif isinstance(value, np.ndarray):
        assert (found.dtype, found.shape) == (value.dtype, value.shape)
        if value.dtype == object:
            assert_same(found.ravel().tolist(), value.ravel().tolist())
        else:
            assert found.tobytes() == value.tobytes()
    elif isinstance(value, np.generic):
        assert (found.dtype, found.tobytes()) == (value.dtype, value.tobytes())
    elif isinstance(value, float):
        assert repr(found) == repr(value)
    else:
        assert found is value or found == value


HASHABLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.binary() | st.dates(),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)  # fmt: skip
ARRAYS = hnp.arrays(
    st.one_of(
        hnp.boolean_dtypes(), hnp.integer_dtypes(), hnp.floating_dtypes(sizes=(16, 32, 64)),
        hnp.unicode_string_dtypes(), hnp.byte_string_dtypes(), hnp.datetime64_dtypes(),
        hnp.timedelta64_dtypes(), hnp.complex_number_dtypes(sizes=(64, 128)),
    ),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)  # fmt: skip
OBJECTS = hnp.arrays(object, hnp.array_shapes(max_dims=2, max_side=3), elements=HASHABLE)
VALUES = st.recursive(
    HASHABLE | st.floats() | ARRAYS | OBJECTS | ARRAYS.filter(np.size).map(lambda a: a.flat[0]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(HASHABLE, inner, max_size=4)
    ),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(VALUES)
@example({"$": "object", "class": "TaskSet"})
@example({1: 1, "1": 2, 1.5: [float("nan"), -0.0, float("-inf")]})
@example([10**30, "\ud800", "", slice(None, 3), slice(1, 2, 3), np.float32, np.int64])
def test_a_value_comes_back(value):
    assert_same(there_and_back(value), value)


@pytest.mark.parametrize(
    "value",
    [
        pd.NA,
        pd.NaT,
        pd.Timestamp("2026-01-01 12:30:00.123456789"),
        pd.Timestamp("2026-01-01", tz="UTC"),
        pd.Timedelta("3 days 00:00:00.000000001"),
        pd.Interval(0.5, 2, closed="left"),
        datetime.date(2026, 1, 1),
        pd.offsets.MonthBegin(2),
        pd.offsets.Week(weekday=4),
        pd.offsets.Hour(6),
    ],
    ids=str,
)
def test_a_label_comes_back(value):
    found = there_and_back(value)
    assert type(found) is type(value)
    assert found is value or (found == value and hash(found) == hash(value))


COLUMNS = {
    "number": [1.5, np.nan, -np.inf],
    "text": pd.Series(["a", None, "Ł"], dtype="str"),
    "string": pd.Series(["a", None, ""], dtype="string"),
    "object": pd.Series(["a", "b", "c"], dtype=object),
    "mixed": pd.Series([(1, 2), None, 3], dtype=object),
    "whole": pd.Series([1, None, 3], dtype="Int64"),
    "short": pd.Series([1, 2, 3], dtype="int8"),
    "flag": pd.Series([True, None, False], dtype="boolean"),
    "time": pd.to_datetime(["2026-01-01", None, "2026-03-01"]),
    "category": pd.Categorical(["x", None, "z"], ["z", "y", "x"], ordered=True),
    "number category": pd.Categorical([3, None, 1]),
}
INDICES = [
    pd.RangeIndex(3),
    pd.RangeIndex(10, 4, -2, name="row"),
    pd.Index([1.5, 2.5, np.nan], name=("a", 1)),
    pd.Index(["a", "b", "c"]),
    pd.Index(["a", "b", "c"], dtype=object),
    pd.Index([("a", 1), ("b", 2), None], tupleize_cols=False),
    pd.to_datetime(["2026-01-01", "2026-01-02", "2026-02-01"]),
    pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["x", None]),
    pd.CategoricalIndex(["a", "b", "a"], ["b", "a"], name="c"),
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_frames_series_and_indices_come_back(index):
    pd.testing.assert_index_equal(there_and_back(index), index, exact=True)
    frame = pd.DataFrame({n: pd.Series(c).array for n, c in COLUMNS.items()}).set_axis(index)
    pd.testing.assert_frame_equal(there_and_back(frame), frame, check_freq=False)
    pd.testing.assert_frame_equal(there_and_back(frame.iloc[:0]), frame.iloc[:0], check_freq=False)
    series = pd.Series([1.0, 2.0, 3.0], index=index, name="s")
    pd.testing.assert_series_equal(there_and_back(series), series, check_freq=False)
    wide = pd.DataFrame([[1, 2, 3]], columns=index)
    pd.testing.assert_frame_equal(there_and_back(wide), wide, check_freq=False)


def test_objects_and_classes_of_skmtls_own_come_back():
    values = [Regression("huber", delta=2.0), Ordinal(order=("low", "high")), Regression]
    assert there_and_back(values) == values


def test_arrays_keep_their_order_in_memory():
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    assert there_and_back(array).flags.f_contiguous


@pytest.mark.parametrize(
    "value",
    [
        np.random.RandomState(0), np.random.default_rng(0), len, lambda x: x, object(), {1, 2},
        range(3), np.zeros(2, dtype=[("a", int)]), pd.Series([1 + 2j]).to_frame, int,
        {"deep": [({"er": np.random.default_rng(0)},)]},
        np.array([object()]), pd.Series(pd.period_range("2026", periods=2)),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_cannot_be_kept_is_a_type_error(value):
    with pytest.raises(TypeError, match="the value"):
        there_and_back(value)


def test_a_value_that_holds_itself_is_a_type_error():
    value: list = []
    value.append(value)
    with pytest.raises(TypeError, match="nested too deeply"):
        there_and_back(value)


def test_no_two_classes_have_one_name():
    with pytest.raises(ValueError, match="Regression is the name of two classes"):
        storable(type("Regression", (), {}))


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '|O', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': __import__('os').getcwd()}",
        "{}",
        "(((((",
    ],
)
def test_forged_arrays_are_refused(header):
    text = header.encode() + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + b"\0" * 16
    with pytest.raises((ValueError, TokenError)):
        read_arrays(data)
