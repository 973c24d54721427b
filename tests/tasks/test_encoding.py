"""Encoding labels of any dtype, and converting raw scores to the user's units."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit

from skmtl.tasks import Binary, Count, Multiclass, Ordinal, Quantile, Regression

ORDERED = pd.CategoricalDtype(["low", "mid", "high"], ordered=True)

TWO_CLASSES = {
    "float": (pd.Series([2.0, np.nan, 1.0, 2.0]), [1.0, 2.0]),
    "int": (pd.Series([7, 5, 5, 7]), [5, 7]),
    "Int64": (pd.Series([7, None, 5, 7], dtype="Int64"), [5, 7]),
    "Float64": (pd.Series([7, None, 5, 7], dtype="Float64"), [5.0, 7.0]),
    "bool": (pd.Series([True, False, False, True]), [False, True]),
    "boolean": (pd.Series([True, None, False, True], dtype="boolean"), [False, True]),
    "bool objects": (pd.Series([True, None, False, True], dtype=object), [False, True]),
    "str": (pd.Series(["b", None, "a", "b"], dtype="str"), ["a", "b"]),
    "string": (pd.Series(["b", None, "a", "b"], dtype="string"), ["a", "b"]),
    "category": (pd.Series(["b", None, "a", "b"], dtype="category"), ["a", "b"]),
    "category of int": (pd.Series([7, None, 5, 7]).astype("category"), [5, 7]),
    "category of bool": (pd.Series([True, None, False, True], dtype="category"), [False, True]),
    "text objects": (pd.Series(["b", None, "a", "b"], dtype=object), ["a", "b"]),
    "text objects with NaN": (pd.Series(["b", np.nan, "a", "b"], dtype=object), ["a", "b"]),
    "int objects with NA": (pd.Series([7, pd.NA, 5, 7], dtype=object), [5, 7]),
    "numpy text": (pd.Series(np.array(["b", "a", "a", "b"])), ["a", "b"]),
}


@pytest.mark.parametrize("kind", [Binary(), Multiclass(), Ordinal(order=[])], ids=str)
@pytest.mark.parametrize("dtype", TWO_CLASSES)
def test_classes_of_every_dtype_are_encoded_in_order(kind, dtype):
    labels, classes = TWO_CLASSES[dtype]
    if isinstance(kind, Ordinal):
        kind = Ordinal(order=classes)
    head = kind.fit(labels, task="t")
    assert head.classes_.tolist() == classes
    codes = head.encode(labels)
    expected = [classes.index(label) if pd.notna(label) else 0 for label in labels]
    assert codes.dtype == np.float64
    assert codes.ravel().tolist() == expected


def test_ordered_category_is_encoded_in_its_own_order():
    labels = pd.Series(["high", None, "low", "mid"], dtype=ORDERED)
    head = Ordinal().fit(labels, task="t")
    assert head.encode(labels).ravel().tolist() == [2.0, 0.0, 0.0, 1.0]


def test_classes_are_found_again_in_another_dtype():
    """Labels for scoring may come from another file format."""
    text = Binary().fit(pd.Series(["no", "yes"]), task="t")
    assert text.encode(pd.Series(["yes", None], dtype="category")).ravel().tolist() == [1.0, 0.0]
    assert text.encode(pd.Series(["yes", None], dtype=object)).ravel().tolist() == [1.0, 0.0]
    whole = Binary().fit(pd.Series([3, 4]), task="t")
    assert whole.encode(pd.Series([4.0, np.nan])).ravel().tolist() == [1.0, 0.0]
    assert whole.encode(pd.Series([4, None], dtype="Int64")).ravel().tolist() == [1.0, 0.0]


# The median absolute deviation of the standard normal distribution.
MAD = 0.6745

NUMBER_DTYPES = {
    "float": pd.Series([1.0, np.nan, 3.0]),
    "float32": pd.Series([1.0, np.nan, 3.0], dtype="float32"),
    "Int64": pd.Series([1, None, 3], dtype="Int64"),
    "Float64": pd.Series([1, None, 3], dtype="Float64"),
    "objects": pd.Series([1, None, 3], dtype=object),
    "category": pd.Series([1, None, 3]).astype("category"),
}


@pytest.mark.parametrize("dtype", NUMBER_DTYPES)
def test_numbers_of_every_dtype_are_encoded_alike(dtype):
    labels = NUMBER_DTYPES[dtype]
    assert Regression().fit(labels, task="t").encode(labels).ravel().tolist() == [-1.0, 0.0, 1.0]
    deviations = Quantile().fit(labels, task="t").encode(labels).ravel() / MAD
    np.testing.assert_allclose(deviations, [-1.0, 0.0, 1.0])
    assert Count().fit(labels, task="t").encode(labels).ravel().tolist() == [0.5, 0.0, 1.5]


def test_bool_is_a_number_for_regression():
    labels = pd.Series([True, None, False], dtype="boolean")
    assert Regression().fit(labels, task="t").encode(labels).ravel().tolist() == [1.0, 0.0, -1.0]


NUMBER_KINDS = [Regression(), Regression("absolute"), Regression("huber"), Quantile(), Count()]


@pytest.mark.parametrize("kind", NUMBER_KINDS, ids=str)
def test_predicting_the_encoded_labels_gives_the_labels(kind):
    labels = pd.Series([0.5, 2.0, 7.0, 11.0])
    head = kind.fit(labels, task="t")
    scores = np.repeat(head.encode(labels), head.n_scores, axis=1)
    if isinstance(kind, Count):
        scores = np.log(scores)
    np.testing.assert_allclose(head.predict(scores), labels, rtol=1e-12)


@given(st.integers(-30, 30), st.floats(-5, 5))
def test_units_do_not_matter(exponent, offset):
    """Charges in coulomb and distances between stars in metres are learnt equally well."""
    labels = pd.Series([0.0, 1.0, 5.0, 2.0]) + offset
    unit = 10.0**exponent
    there = Regression().fit(labels * unit, task="t")
    here = Regression().fit(labels, task="t")
    np.testing.assert_allclose(there.encode(labels * unit), here.encode(labels), atol=1e-9)
    np.testing.assert_allclose(
        there.predict(np.array([[0.3]])), here.predict(np.array([[0.3]])) * unit, rtol=1e-9
    )


@pytest.mark.parametrize("constant", [0.0, 0.1, -3e7, 1e-12])
def test_a_constant_target_has_a_unit_that_is_not_larger(constant):
    head = Regression().fit(pd.Series([constant] * 7), task="t")
    np.testing.assert_allclose(head.encode(pd.Series([constant])), 0.0, atol=1e-9)
    expected = [constant, constant + 2 * (min(abs(constant), 1) or 1)]
    np.testing.assert_allclose(head.predict(np.array([[0.0], [2.0]])), expected, rtol=1e-9)


def test_regression_known_answer():
    head = Regression().fit(pd.Series([0.0, 8.0]), task="t", weight=np.array([3.0, 1.0]))
    # Weighted mean 2, weighted variance (3 * 4 + 36) / 4 = 12.
    np.testing.assert_allclose(head.encode(pd.Series([2.0, 8.0])).ravel(), [0.0, 6 / 12**0.5])
    np.testing.assert_allclose(head.predict(np.array([[0.0], [1.0]])), [2.0, 2.0 + 12**0.5])


def test_count_known_answer():
    head = Count().fit(pd.Series([0, 2, 4]), task="t")
    np.testing.assert_allclose(head.predict(np.log([[1.0], [1.5]])), [2.0, 3.0])


def test_quantiles_come_back_sorted_and_in_the_users_unit():
    head = Quantile((0.1, 0.5, 0.9)).fit(pd.Series([8.0, 12.0]), task="t")
    scores = np.array([[1.0, -1.0, 0.5], [-1.0, 0.0, 1.0]]) * MAD
    expected = [[8.0, 11.0, 12.0], [8.0, 10.0, 12.0]]
    np.testing.assert_allclose(head.predict_quantiles(scores), expected)
    np.testing.assert_allclose(head.predict(scores), [11.0, 10.0])


def test_quantile_predicts_the_level_nearest_to_the_median():
    head = Quantile((0.05, 0.4, 0.95)).fit(pd.Series([-1.0, 1.0]), task="t")
    np.testing.assert_allclose(head.predict(np.array([[-3.0, 0.25, 3.0]]) * MAD), [0.25])


def test_binary_known_answer():
    head = Binary().fit(pd.Series(["no", "yes"]), task="t")
    scores = logit([[0.2], [0.7]])
    np.testing.assert_allclose(head.predict_proba(scores), [[0.8, 0.2], [0.3, 0.7]])
    assert head.predict(scores).tolist() == ["no", "yes"]


def test_multiclass_known_answer():
    head = Multiclass().fit(pd.Series([30, 10, 20]), task="t")
    scores = np.log([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]) + 4.0
    np.testing.assert_allclose(head.predict_proba(scores), [[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    assert head.predict(scores).tolist() == [30, 10]


@pytest.mark.parametrize("kind", [Binary(), Multiclass()], ids=str)
def test_probabilities_of_extreme_scores_are_zero_and_one(kind):
    head = kind.fit(pd.Series(["a", "b"]), task="t")
    scores = np.array([[-1e4], [1e4]]) if head.n_scores == 1 else np.array([[1e4, 0], [0, 1e4]])
    assert head.predict_proba(scores).tolist() == [[1.0, 0.0], [0.0, 1.0]]


ALL_KINDS = [*NUMBER_KINDS, Binary(), Multiclass(), Ordinal()]


@pytest.mark.parametrize("kind", ALL_KINDS, ids=str)
def test_labels_of_weight_zero_have_no_influence(kind):
    labels = pd.Series([1, 2, 2, 1, 2, 1])
    weight = np.array([1.0, 2.0, 1.0, 1.0, 0.0, 0.0])
    strange = labels.copy()
    strange[4:] = [900, 7]
    one = kind.fit(labels, task="t", weight=weight)
    other = kind.fit(strange, task="t", weight=weight)
    assert one.n_scores == other.n_scores
    np.testing.assert_array_equal(one.encode(labels), other.encode(labels))


@pytest.mark.parametrize("kind", ALL_KINDS, ids=str)
def test_rows_without_a_label_have_no_influence(kind):
    labels = pd.Series([1, 2, 2, 1, 2], dtype="Int64")
    with_gaps = pd.concat([pd.Series([None, None], dtype="Int64"), labels], ignore_index=True)
    one, other = kind.fit(labels, task="t"), kind.fit(with_gaps, task="t")
    np.testing.assert_array_equal(one.encode(labels), other.encode(labels))
    assert other.encode(with_gaps)[:2].tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize("kind", ALL_KINDS, ids=str)
def test_fit_leaves_the_users_kind_unchanged(kind):
    before = dict(vars(kind))
    head = kind.fit(pd.Series([1, 2, 2]), task="t")
    assert vars(kind) == before
    assert head is not kind
    assert head.task == "t"


@pytest.mark.parametrize("kind", ALL_KINDS, ids=str)
def test_equal_arguments_make_equal_kinds(kind):
    twin = type(kind)(*kind.parameters().values())
    assert twin == kind
    assert hash(twin) == hash(kind)
    assert kind != "regression"
    assert repr(kind).startswith(type(kind).__name__)


def test_different_arguments_make_different_kinds():
    assert Regression("huber", delta=1.0) != Regression("huber", delta=2.0)
    assert Quantile((0.1,)) != Quantile((0.2,))
    assert Binary() != Multiclass()
