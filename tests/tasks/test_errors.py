"""Unsuitable labels raise an error that names the task and a remedy."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from skmtl.tasks import (
    KINDS,
    Binary,
    Count,
    Multiclass,
    Ordinal,
    Quantile,
    Regression,
    TaskSet,
    mixed_kind,
)

NUMBER_KINDS = [Regression(), Quantile(), Count()]
CLASS_KINDS = [Binary(), Multiclass(), Ordinal()]
TASK = "Task 'spend'"


def refuses(*parts):
    """Expect an error whose message has all parts, in this order."""
    return pytest.raises(ValueError, match=".*".join(map(re.escape, parts)))


@pytest.mark.parametrize("kind", [*NUMBER_KINDS, *CLASS_KINDS], ids=str)
@pytest.mark.parametrize(
    "labels",
    [
        pd.Series([np.nan, np.nan]),
        pd.Series([None, None], dtype=object),
        pd.Series([None, None], dtype="Int64"),
        pd.Series([None, None], dtype="str"),
        pd.Series([None, None], dtype="category"),
        pd.Series([], dtype=float),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_no_label_at_all(kind, labels):
    with refuses(TASK, "no observed label", "Drop the task"):
        kind.fit(labels, task="spend")


@pytest.mark.parametrize("kind", [*NUMBER_KINDS, *CLASS_KINDS], ids=str)
def test_no_label_with_weight(kind):
    with refuses(TASK, "no observed label", "zero weight"):
        kind.fit(pd.Series([None, 1.0, 2.0]), task="spend", weight=np.array([1.0, 0.0, 0.0]))


@pytest.mark.parametrize("kind", [*NUMBER_KINDS, *CLASS_KINDS], ids=str)
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity(kind, value):
    with refuses(TASK, "infinity", "NaN for a missing label"):
        kind.fit(pd.Series([1.0, 2.0, value]), task="spend")


@pytest.mark.parametrize("kind", NUMBER_KINDS, ids=str)
def test_infinity_at_encode(kind):
    head = kind.fit(pd.Series([1.0, 2.0]), task="spend")
    with refuses(TASK, "infinity"):
        head.encode(pd.Series([1.0, np.inf]))


@pytest.mark.parametrize("kind", NUMBER_KINDS, ids=str)
@pytest.mark.parametrize("dtype", ["str", "category", object])
def test_text_where_numbers_are_needed(kind, dtype):
    with refuses(TASK, "'much'", f"kind {kind.name!r} needs numbers", "`tasks`"):
        kind.fit(pd.Series(["much", "little"], dtype=dtype), task="spend")


def test_negative_counts():
    with refuses(TASK, "negative labels (smallest: -2)", "'regression'"):
        Count().fit(pd.Series([3, -2, 1]), task="spend")


def test_negative_counts_at_encode():
    head = Count().fit(pd.Series([3, 1]), task="spend")
    with refuses(TASK, "negative labels (smallest: -0.5)"):
        head.encode(pd.Series([3, None, -0.5]))


def test_counts_that_are_all_zero():
    with refuses(TASK, "all zero", "Drop the task"):
        Count().fit(pd.Series([0, 0, None]), task="spend")


@pytest.mark.parametrize("kind", CLASS_KINDS, ids=str)
@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (pd.Series([7, 7, None], dtype="Int64"), "(7)"),
        (pd.Series([True, True]), "(True)"),
        (pd.Series([1.0, np.nan]), "(1.0)"),
    ],
    ids=["Int64", "bool", "float"],
)
def test_one_class(kind, labels, shown):
    with refuses(TASK, "one class only " + shown, "Drop the task"):
        kind.fit(labels, task="spend")


@pytest.mark.parametrize("kind", [Binary(), Multiclass()], ids=str)
def test_one_class_of_text(kind):
    with refuses(TASK, "one class only ('yes')"):
        kind.fit(pd.Series(["yes", None, "yes"]), task="spend")


@pytest.mark.parametrize("kind", CLASS_KINDS, ids=str)
def test_fractions_as_classes(kind):
    with refuses("Unknown label type: continuous", TASK, "fractional", "regression"):
        kind.fit(pd.Series([0.5, 1.5, 2.0]), task="spend")


@pytest.mark.parametrize("kind", [Binary(), Multiclass()], ids=str)
def test_classes_of_different_types(kind):
    with refuses(TASK, "different types", "[1, 'a']", "Use one type"):
        kind.fit(pd.Series([1, "a"], dtype=object), task="spend")


def test_binary_with_three_classes():
    with refuses(TASK, "3 classes", "['a', 'b', 'c']", "Use 'multiclass'"):
        Binary().fit(pd.Series(["a", "b", None, "c"]), task="spend")


@pytest.mark.parametrize("dtype", ["str", "string", "category", object])
def test_ordinal_text_without_an_order(dtype):
    with refuses(TASK, "text without an order", "Ordinal(order=[...])"):
        Ordinal().fit(pd.Series(["low", "high", None], dtype=dtype), task="spend")


def test_ordinal_label_outside_the_order():
    with refuses(TASK, "'huge'", "not in the order ['low', 'high']"):
        Ordinal(["low", "high"]).fit(pd.Series(["low", "high", "huge"]), task="spend")


@pytest.mark.parametrize(
    ("kind", "fitted", "later", "shown"),
    [
        (Binary(), [False, True], [7], "7"),
        (Binary(), ["no", "yes"], ["no", "maybe"], "'maybe'"),
        (Multiclass(), [1, 2, 3], [4], "4"),
        (Ordinal(), [1, 2, 3], [None, 2.5], "2.5"),
    ],
)
def test_label_that_fit_did_not_see(kind, fitted, later, shown):
    head = kind.fit(pd.Series(fitted), task="spend")
    with refuses(
        f"{TASK} has the label {shown}, which was not seen in fit", f"classes are {fitted}"
    ):
        head.encode(pd.Series(later))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Quantile(()), "quantiles must lie strictly between 0 and 1"),
        (lambda: Quantile(0.5), "a sequence of numbers, such as (0.5,), got 0.5"),
        (lambda: Quantile(("low",)), "a sequence of numbers, such as (0.5,), got ('low',)"),
        (lambda: Quantile((0.0, 0.5)), "strictly between 0 and 1, got (0.0, 0.5)"),
        (lambda: Quantile((0.5, 1.0)), "strictly between 0 and 1, got (0.5, 1.0)"),
        (lambda: Quantile((0.5, 0.5)), "strictly increasing, got (0.5, 0.5)"),
        (lambda: Quantile((0.9, 0.1)), "strictly increasing, got (0.9, 0.1)"),
        (lambda: Regression("squares"), "'squared', 'absolute' or 'huber', got 'squares'"),
        (lambda: Regression("huber", delta=0.0), "delta must be positive, got 0.0"),
        (lambda: Regression("huber", delta=float("nan")), "delta must be positive, got nan"),
        (lambda: Regression("huber", delta="1"), "delta must be positive, got '1'"),
        (lambda: Ordinal("abc"), "order must be a list of classes, from low to high, got 'abc'"),
        (lambda: Ordinal(3), "order must be a list of classes, from low to high, got 3"),
        (lambda: Ordinal(["a", "b", "a"]), "order must name each class once, got ['a', 'b', 'a']"),
    ],
)
def test_arguments(make, message):
    with refuses(message):
        make()


FRAME = pd.DataFrame({"spend": [1.0, 2.0], "clicked": ["no", "yes"]})


@pytest.mark.parametrize(
    ("tasks", "parts"),
    [
        ("ordnial", ("'ordnial'", "task 'spend'", *sorted(KINDS))),
        ({"clicked": "binray"}, ("'binray'", "task 'clicked'", *sorted(KINDS))),
        ({"clicked": None}, ("Unknown kind None", "task 'clicked'")),
        ({"clicked": int}, ("Unknown kind <class 'int'>", "task 'clicked'")),
        (["binary", "binary"], ("Unknown kind ['binary', 'binary']",)),
        ({"click": "binary"}, ("`tasks` names ['click']", "['spend', 'clicked']")),
        ({0: "regression"}, ("`tasks` names [0]", "['spend', 'clicked']")),
        ("regression", ("Task 'clicked'", "not numbers", "'no'")),
    ],
)
def test_tasks(tasks, parts):
    with refuses(*parts):
        TaskSet.fit(FRAME, infer=mixed_kind, tasks=tasks)


def test_a_task_without_labels_is_named_among_others():
    Y = FRAME.assign(empty=np.nan)
    with refuses("Task 'empty'", "no observed label"):
        TaskSet.fit(Y, infer=mixed_kind)


@pytest.mark.parametrize(
    "columns", [["clicked", "spend"], ["spend"], ["spend", "late"], ["spend", "clicked", "late"]]
)
def test_other_columns_than_in_fit(columns):
    tasks = TaskSet.fit(FRAME, infer=mixed_kind)
    with refuses(f"y has the targets {columns}", "fitted on ['spend', 'clicked']"):
        tasks.encode(FRAME.reindex(columns=columns))
