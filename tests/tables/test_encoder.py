from __future__ import annotations

import decimal
import pickle
import re
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skmtl.tables import TableEncoder, as_frame


def encode(values, **kwargs):
    """The one column `values`, learnt and encoded: its numbers or its codes."""
    frame = pd.DataFrame({"x": pd.Series(values, **kwargs)})
    encoder = TableEncoder().fit(frame)
    encoded = encoder.transform(frame)
    return (encoded.numeric if encoder.numeric_ else encoded.codes).ravel()


def clipped(z):
    return pytest.approx(np.asarray(z) / np.sqrt(1 + (np.asarray(z) / 3) ** 2), nan_ok=True)


class TestNumbers:
    def test_quartiles_centre_and_scale(self):
        # median 2, quartiles 1 and 3
        assert encode([0, 1, 2, 3, 4]) == clipped([-1, -0.5, 0, 0.5, 1])

    def test_missing_stays_missing_and_does_not_count(self):
        assert encode([0, 1, np.nan, 2, 3, 4]) == clipped([-1, -0.5, np.nan, 0, 0.5, 1])

    def test_an_outlier_moves_nothing_else(self):
        scaled = encode([0, 1, 2, 3, 1e300])
        np.testing.assert_array_equal(scaled[:4], encode([0, 1, 2, 3, 4])[:4])
        assert scaled[4] == pytest.approx(3)

    def test_a_rare_value_lies_two_from_the_common_one(self):
        assert encode([0] * 9 + [7]) == clipped([0] * 9 + [2])

    def test_an_outlier_does_not_flatten_a_column_of_many_zeros(self):
        # the non-zero values are 1, 2 and 1e9, whose median is 2
        assert encode([0] * 12 + [1, 2, 1e9])[-3:] == clipped([1, 2, 1e6])

    def test_constant_and_missing_columns(self):
        frame = pd.DataFrame({"constant": [5.0, 5.0, None], "missing": [np.nan] * 3})
        encoder = TableEncoder().fit(frame)
        later = pd.DataFrame({"constant": [9.0, None], "missing": [1.0, None]})
        expected = [[0, 0], [np.nan, np.nan]]
        np.testing.assert_array_equal(encoder.transform(later).numeric, expected)

    def test_huge_and_tiny_values_stay_finite_and_ordered(self):
        huge = np.array([-1.7e308, -1e308, 0, 1e308, 1.7e308])
        assert encode(huge) == clipped([-0.85, -0.5, 0, 0.5, 0.85])
        tiny = TableEncoder().fit(pd.DataFrame({"x": [0.0, 1e-300, 2e-300]}))
        scaled = tiny.transform(pd.DataFrame({"x": [-1e300, 1e300]})).numeric
        np.testing.assert_allclose(scaled, [[-3], [3]])

    @pytest.mark.parametrize(
        "column",
        [
            pd.Series([0, 1, None], dtype="Int64"),
            pd.Series([0, 1, None], dtype="UInt8"),
            pd.Series([0, 1, None], dtype="Float32"),
            pd.Series([False, True, None], dtype="boolean"),
            pd.Series([False, True, None], dtype=object),
            pd.Series([0, 1.0, None], dtype=object),
            pd.Series([0, True, pd.NA], dtype=object),
            pd.Series([decimal.Decimal(0), decimal.Decimal(1), None]),
            pd.Series([0, 1, np.nan], dtype="Sparse[float]"),
        ],
        ids=lambda column: f"{column.dtype} {type(column.iloc[0]).__name__}",
    )
    def test_every_kind_of_number_reads_alike(self, column):
        np.testing.assert_array_equal(encode(column), encode([0.0, 1.0, np.nan]))

    def test_plain_booleans_are_zero_and_one(self):
        np.testing.assert_array_equal(encode([False, True, True]), encode([0, 1, 1]))

    def test_the_array_is_float32_in_row_order(self):
        frame = as_frame(np.random.default_rng(0).normal(size=(50, 7)))
        numeric = TableEncoder().fit(frame).transform(frame).numeric
        assert numeric.dtype == np.float32
        assert numeric.flags.c_contiguous

    @given(
        hnp.arrays(float, st.integers(1, 30), elements=st.floats(allow_infinity=False)),
        st.integers(0, 2**32 - 1),
    )
    @settings(max_examples=50, deadline=None)
    def test_any_numbers_are_finite_bounded_and_monotonic(self, values, seed):
        frame = pd.DataFrame({"x": values})
        shuffled = frame.sample(frac=1, random_state=seed)
        encoder = TableEncoder().fit(shuffled)
        scaled = encoder.transform(frame).numeric[:, 0]
        np.testing.assert_array_equal(np.isnan(scaled), np.isnan(values))
        order = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]
        assert np.all(np.abs(scaled[order]) <= 3)
        assert np.all(np.diff(scaled[order]) >= 0)


class TestWeights:
    @given(
        st.lists(
            st.tuples(
                st.one_of(st.none(), st.floats(-1e6, 1e6)),
                st.sampled_from([None, "a", "b", "c"]),
                st.integers(0, 4),
            ),
            min_size=1,
            max_size=25,
        ),
        st.sampled_from([1.0, 0.1, 3.7]),
    )
    @settings(max_examples=60, deadline=None)
    def test_a_whole_weight_is_a_repeated_row(self, rows, unit):
        numbers, texts, weights = zip(*rows, strict=True)
        frame = pd.DataFrame(
            {"x": pd.array(numbers, dtype="Float64"), "t": pd.array(texts, dtype="str")}
        )
        repeated = frame.loc[frame.index.repeat(weights)]
        weighted = TableEncoder().fit(frame, sample_weight=unit * np.asarray(weights))
        counted = TableEncoder().fit(frame, rows=repeated.index.to_numpy())
        left, right = weighted.transform(frame), counted.transform(frame)
        np.testing.assert_array_equal(left.numeric, right.numeric)
        np.testing.assert_array_equal(left.codes, right.codes)

    def test_weights_are_those_of_the_training_rows(self):
        frame = pd.DataFrame({"x": [0.0, 1.0, 2.0, 50.0, 60.0]})
        encoder = TableEncoder().fit(
            frame, rows=np.array([0, 1, 2, 3]), sample_weight=np.array([1, 1, 1, 0, 9])
        )
        expected = TableEncoder().fit(frame.iloc[:3]).transform(frame).numeric
        np.testing.assert_array_equal(encoder.transform(frame).numeric, expected)


class TestCategories:
    def test_known_missing_and_unknown_codes(self):
        encoder = TableEncoder().fit(pd.DataFrame({"city": ["Rome", "Bern", None, "Bern"]}))
        later = pd.DataFrame({"city": ["Bern", "Oslo", None, "Rome"]})
        assert encoder.transform(later).codes.ravel().tolist() == [2, 0, 1, 3]
        assert encoder.cardinalities_ == [4]
        assert encoder.categories_["city"].tolist() == ["Bern", "Rome"]

    @pytest.mark.parametrize(
        "column",
        [
            pd.Series(["b", None, "a"], dtype="str"),
            pd.Series(["b", None, "a"], dtype="string"),
            pd.Series(["b", None, "a"], dtype=object),
            pd.Series(["b", pd.NA, "a"], dtype=object),
            pd.Series(["b", None, "a"], dtype="category"),
            pd.Series(pd.Categorical(["b", None, "a"], categories=["z", "b", "a"])),
            pd.Series([b"b", None, b"a"]),
            pd.Series([2, None, 1]).astype("category"),
            pd.Series([pd.Interval(1, 2), None, pd.Interval(0, 1)]).astype("category"),
            pd.Series([(2, 0), None, (1, 5)]).astype("category"),
            pd.Series(["b", None, 1]).astype("category"),
        ],
        ids=str,
    )
    def test_every_kind_of_category_reads_alike(self, column):
        assert encode(column).tolist() == [3, 1, 2]

    def test_a_text_column_reads_the_same_in_any_container(self):
        encoder = TableEncoder().fit(pd.DataFrame({"x": pd.Series(["a", "b"], dtype="category")}))
        for dtype in ("str", "string", object, "category"):
            later = pd.DataFrame({"x": pd.Series(["b", "c", "a"], dtype=dtype)})
            assert encoder.transform(later).codes.ravel().tolist() == [3, 0, 2]

    def test_numbers_stored_as_category_match_numbers(self):
        encoder = TableEncoder().fit(pd.DataFrame({"x": pd.Series([10, 20]).astype("category")}))
        later = pd.DataFrame({"x": [20.0, 10.0, 30.0]})
        assert encoder.transform(later).codes.ravel().tolist() == [3, 2, 0]

    def test_a_column_without_values_takes_anything_later(self):
        encoder = TableEncoder().fit(pd.DataFrame({"x": pd.Series([None, None], dtype=object)}))
        for values in (["a", None], [1.0, None]):
            assert encoder.transform(pd.DataFrame({"x": values})).codes.ravel().tolist() == [0, 1]

    def test_only_the_training_rows_make_categories_known(self):
        frame = pd.DataFrame({"x": ["a", "b", "c"], "y": [0.0, 1.0, 1e6]})
        encoder = TableEncoder().fit(frame, rows=np.array([0, 1]))
        alone = TableEncoder().fit(frame.iloc[:2])
        encoded, expected = encoder.transform(frame), alone.transform(frame)
        assert encoded.codes.ravel().tolist() == [2, 3, 0]
        np.testing.assert_array_equal(encoded.numeric, expected.numeric)


class TestColumns:
    learnt = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"], "c": [True, False]})

    @pytest.mark.parametrize(
        ("given_frame", "message"),
        [
            (learnt[["a", "c"]], "seen at fit time, yet now missing:\n- b\n"),
            (learnt.assign(d=1), "unseen at fit time:\n- d\n"),
            (learnt.rename(columns={"a": "z"}), "unseen at fit time:\n- z\n(.|\n)*missing:\n- a"),
            (learnt[["b", "a", "c"]], "must be in the same order as they were in fit"),
            (learnt.assign(a=["p", "q"]), r"\['a'\] of X held numbers at fit and now hold text"),
            (learnt.assign(b=[1, 2]), r"\['b'\] of X held text or categories at fit and now hold"),
            (learnt.assign(a=[1.0, np.inf]), r"contains infinity in the columns \['a'\]"),
            (as_frame(np.ones((2, 2))), "X has 2 features, but TableEncoder is expecting 3 "),
        ],
    )
    def test_other_columns_than_at_fit_are_named(self, given_frame, message):
        with pytest.raises(ValueError, match=message):
            TableEncoder().fit(self.learnt).transform(given_frame)

    def test_the_columns_of_arrays_are_counted(self):
        encoder = TableEncoder().fit(as_frame(np.ones((3, 2))))
        with pytest.raises(ValueError, match="X has 3 features, but TableEncoder is expecting 2 "):
            encoder.transform(as_frame(np.ones((3, 3))))
        assert encoder.transform(pd.DataFrame({"a": [1.0], "b": [2.0]})).numeric.shape == (1, 2)

    def test_a_column_may_be_missing_altogether(self):
        nothing = pd.DataFrame({"a": [None], "b": [np.nan], "c": [None]})
        encoded = TableEncoder().fit(self.learnt).transform(nothing)
        # There was no gap to learn from: the median, and no category.
        assert encoded.numeric.tolist() == [[0, 0]]
        assert encoded.codes.tolist() == [[0]]
        learnt = self.learnt.reindex(range(len(self.learnt) + 1))
        encoded = TableEncoder().fit(learnt).transform(nothing)
        assert np.isnan(encoded.numeric).all()
        assert encoded.codes.tolist() == [[1]]

    @pytest.mark.parametrize(
        ("column", "error", "message"),
        [
            (pd.to_datetime(["2020-01-01"]), ValueError, r"'x' of X holds dates.*\.dt\.hour"),
            (pd.to_timedelta([1], "s"), ValueError, "'x' of X holds durations"),
            (pd.period_range("2020", periods=1), ValueError, "'x' of X holds dates or times"),
            ([pd.Timestamp("2020").date()], ValueError, "'x' of X holds dates or times"),
            ([1.0, np.inf], ValueError, r"Input X contains infinity in the columns \['x'\]"),
            ([decimal.Decimal("Infinity")], ValueError, r"infinity in the columns \['x'\]"),
            ([1, "a"], ValueError, r"'x' of X mixes numbers and text \(int, str\).*to_numeric"),
            ([1.0, {"foo": "bar"}], TypeError, "argument must be a string or a number"),
            ([[1], [2]], TypeError, "'x' of X holds list"),
            ([1j], ValueError, "Complex data not supported: column 'x'"),
            ([1j, None], ValueError, "Complex data not supported: column 'x'"),
            (pd.interval_range(0, 1), ValueError, "'x' of X has dtype interval"),
            ([2**2000], ValueError, "'x' of X holds a whole number too large"),
        ],
    )
    def test_a_column_that_cannot_be_read_is_named(self, column, error, message):
        values = pd.Series(
            column, dtype=None if len(column) and not isinstance(column, list) else object
        )
        with pytest.raises(error, match=message):
            TableEncoder().fit(pd.DataFrame({"x": values}))

    def test_columns_outside_the_training_rows_are_checked_too(self):
        frame = pd.DataFrame({"x": [1.0, 2.0, np.inf]})
        with pytest.raises(ValueError, match="infinity"):
            TableEncoder().fit(frame, rows=np.array([0, 1]))

    def test_positions_not_names_find_the_columns(self):
        frame = pd.DataFrame(
            [[1.0, "a"], [2.0, "b"]], columns=pd.Index([("u", 1), 7], dtype=object)
        )
        encoder = TableEncoder().fit(frame)
        assert (encoder.numeric_, encoder.categorical_) == ([("u", 1)], [7])
        assert encoder.transform(frame).codes.ravel().tolist() == [2, 3]


def test_neither_fit_nor_transform_writes_to_the_frame():
    array = np.random.default_rng(0).normal(size=(20, 3))
    array.flags.writeable = False
    frame = as_frame(array)
    before = frame.copy()
    TableEncoder().fit(frame).transform(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_rows_are_encoded_alone_as_in_company():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(40, 9)).round(2)).assign(t=rng.choice(list("abc"), 40))
    encoder = TableEncoder().fit(frame.iloc[:30])
    together = encoder.transform(frame)
    for i in range(len(frame)):
        alone = encoder.transform(frame.iloc[[i]])
        np.testing.assert_array_equal(alone.numeric[0], together.numeric[i])
        np.testing.assert_array_equal(alone.codes[0], together.codes[i])


def test_a_pickle_is_small_and_encodes_alike():
    rng = np.random.default_rng(0)
    frame = as_frame(rng.normal(size=(5_000, 20))).assign(t=rng.choice(list("abc"), 5_000))
    encoder = TableEncoder().fit(frame)
    stored = pickle.dumps(encoder)
    assert len(stored) < 5_000
    restored = pickle.loads(stored).transform(frame)
    np.testing.assert_array_equal(restored.numeric, encoder.transform(frame).numeric)
    np.testing.assert_array_equal(restored.codes, encoder.transform(frame).codes)


def test_bytes_are_the_text_that_they_encode():
    text = pd.DataFrame({"city": ["Łódź", "Bern", None, "Łódź"]})
    cells = ["Łódź".encode(), b"Bern", None, "Łódź".encode()]
    as_bytes = pd.DataFrame({"city": pd.Series(cells, dtype=object)})
    mixed = pd.DataFrame({"city": pd.Series([*cells[:3], "Łódź"], dtype=object)})
    for frame in (text, as_bytes, mixed, as_bytes.astype("category")):
        encoder = TableEncoder().fit(frame)
        assert encoder.categories_["city"].tolist() == ["Bern", "Łódź"]
        for other in (text, as_bytes, mixed):
            assert encoder.transform(other).codes.ravel().tolist() == [3, 2, 1, 3]
    with pytest.raises(ValueError, match=r"'city' holds the bytes b'\\xff', which are not UTF-8"):
        TableEncoder().fit(pd.DataFrame({"city": [b"\xff", b"a"]}))


@pytest.mark.parametrize(
    "lengths",
    [
        pd.Series(pd.to_timedelta([1, 2, 3], "D")),
        pd.Series([pd.Timedelta(days=1), None, pd.Timedelta(days=2)], dtype=object),
        pd.Series([timedelta(days=1), None, timedelta(days=2)], dtype=object),
        pd.Series([np.timedelta64(1, "D"), np.timedelta64(2, "D")], dtype=object),
        pd.Series([1, None], dtype=pd.ArrowDtype(pa.duration("s"))),
    ],
    ids=["timedelta64", "Timedelta", "timedelta", "objects of numpy", "arrow"],
)
def test_lengths_of_time_are_refused_with_a_remedy_that_works(lengths):
    frame = pd.DataFrame({"stay": lengths})
    with pytest.raises(ValueError, match=r"Column 'stay'.*durations.*seconds") as error:
        TableEncoder().fit(frame)
    remedy = re.search(r"pd\.to_timedelta.*86400", str(error.value)).group()
    days = eval(remedy, {"pd": pd, "column": lengths})
    assert days.dropna().iloc[0] in (1.0, 1 / 86400)
