"""Tables with limits, and the log-rank test, against published numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from skmtl.datasets import make_survival
from skmtl.survival import (
    KaplanMeierDisplay,
    kaplan_meier,
    kaplan_meier_table,
    log_rank_test,
)
from tests.survival.test_estimates import RELAPSED, REMISSION, WEEKS

# The 21 patients of the same study who were given a placebo (Freireich et al. 1963).
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
BOTH = {"event": RELAPSED + [1] * 21, "duration": WEEKS + PLACEBO}
GROUPS = ["drug"] * 21 + ["placebo"] * 21


def test_the_table_of_the_textbook():
    """Counts and limits as Stata lists them for these data."""
    table = kaplan_meier_table(REMISSION)
    assert table.index.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert table["at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert table["events"].tolist() == [3, 1, 1, 1, 1, 1, 1]
    assert_allclose(table["low"].iloc[:3], [0.6197, 0.5631, 0.5032], atol=5e-5)
    assert_allclose(table["high"].iloc[:3], [0.9516, 0.9228, 0.8894], atol=5e-5)


def test_numbers_at_risk_at_times_of_your_own():
    table = kaplan_meier_table(REMISSION, [0, 10, 20, 30])
    assert table["at_risk"].tolist() == [21, 15, 8, 4]
    assert table["events"].tolist() == [0, 5, 2, 2]
    assert table["censored"].tolist() == [0, 3, 4, 1]
    assert_allclose(table["survival"], kaplan_meier(REMISSION)([0, 10, 20, 30]))
    assert table["low"].isna().tolist() == [True, False, False, False]


def test_nobody_is_at_risk_before_entry():
    y = {"event": [1, 1, 1], "duration": [2, 4, 5], "entry": [0, 0, 3]}
    assert kaplan_meier_table(y)["at_risk"].tolist() == [2, 2, 1]


def test_more_confidence_is_wider():
    narrow, wide = (kaplan_meier_table(REMISSION, confidence=c) for c in (0.5, 0.99))
    assert (wide["low"] < narrow["low"]).all()
    assert (narrow["low"] < narrow["survival"]).all()
    assert (narrow["high"] < wide["high"]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"times": [2, 1]}, "increasing"), ({"confidence": 95}, "between 0 and 1")],
)
def test_wrong_arguments_of_a_table(arguments, message):
    with pytest.raises(ValueError, match=message):
        kaplan_meier_table(REMISSION, **arguments)


def test_log_rank_of_the_textbook():
    """R's survdiff: 16.8 on 1 degree of freedom, expected 19.3 and 10.7."""
    test = log_rank_test(BOTH, GROUPS)
    assert test.statistic == pytest.approx(16.793, abs=5e-4)
    assert test.degrees_of_freedom == 1
    assert test.p_value == pytest.approx(4.17e-5, rel=5e-3)
    assert_allclose(test.groups["expected"], [19.25, 10.75], atol=5e-3)
    assert test.groups["events"].tolist() == [9, 21]


def test_log_rank_does_not_depend_on_the_names_or_the_order_of_groups():
    _, y = make_survival(200, random_state=0)
    groups = np.random.default_rng(0).integers(0, 3, 200)
    first, second = (log_rank_test(y, labels) for labels in (groups, -groups))
    assert first.statistic == pytest.approx(second.statistic)
    assert first.degrees_of_freedom == 2
    assert first.groups["expected"].sum() == pytest.approx(first.groups["events"].sum())


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["a"] * 42, "one group only"),
        (["a"] * 41, "each of the 42 rows"),
        (pd.Series(["a", None] * 21), "missing"),
    ],
)
def test_wrong_groups(groups, message):
    with pytest.raises(ValueError, match=message):
        log_rank_test(BOTH, groups)


def test_the_plot_has_curves_limits_and_numbers_at_risk():
    pytest.importorskip("matplotlib")
    display = KaplanMeierDisplay.from_labels(BOTH, groups=GROUPS)
    drug, placebo = display.ax_.lines
    at = np.searchsorted(drug.get_xdata(), [6, 10, 23], side="right") - 1
    assert_allclose(drug.get_ydata()[at], kaplan_meier(REMISSION)([6, 10, 23]))
    assert drug.get_xdata()[-1] == 35  # the last patient was followed up to here
    assert placebo.get_ydata()[-1] == 0
    assert len(display.ax_.collections) == 2
    ticks = {label.get_text().split("\n")[0]: label for label in display.ax_.get_xticklabels()}
    assert ticks["0"].get_text() == "0\n21\n21"
    assert ticks["12"].get_text() == "12\n12\n6"
    names = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert names == ["drug", "placebo"]


def test_the_plot_leaves_out_rows_without_a_group_or_a_label():
    pytest.importorskip("matplotlib")
    y = {"event": [1, 0, None, 1], "duration": [1, 2, None, 4]}
    display = KaplanMeierDisplay.from_labels(pd.DataFrame(y), groups=["a", "a", "a", None])
    assert list(display.labels) == ["a"]
    assert len(display.labels["a"]) == 2
    whole = KaplanMeierDisplay.from_labels(REMISSION)
    assert whole.ax_.get_legend() is None
    with pytest.raises(ValueError, match="no observed label"):
        KaplanMeierDisplay.from_labels(pd.DataFrame(y)[2:3])
    with pytest.raises(ValueError, match="No row with a label has a group"):
        KaplanMeierDisplay.from_labels(REMISSION, groups=[None] * 21)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        KaplanMeierDisplay.from_labels(REMISSION, groups=["a"])
