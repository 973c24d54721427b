"""Counts of missing and unknown cells by column."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skmtl.tables import TableEncoder, TreeEncoder, describe_empty_columns

ENCODERS = pytest.mark.parametrize("make", [TableEncoder, TreeEncoder])
CELLS = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=8)


@ENCODERS
@given(learnt=CELLS, new=CELLS)
def test_counts_are_those_of_a_loop(make, learnt, new):
    def table(cells):
        numbers = [np.nan if cell is None else float(ord(cell)) for cell in cells]
        return pd.DataFrame({"text": pd.Series(cells, dtype="str"), "number": numbers})

    encoder = make().fit(table(learnt))
    observed = [cell for cell in learnt if cell is not None]
    assert encoder.counts_.to_frame().to_numpy().tolist() == [
        [learnt.count(None), sum(observed.count(cell) == 1 for cell in observed)],
        [learnt.count(None), 0],
    ]
    counts = encoder.count_cells(table(new))
    unknown = sum(cell is not None and cell not in learnt for cell in new)
    assert counts.n_rows == len(new)
    assert counts.to_frame().to_numpy().tolist() == [
        [new.count(None), unknown],
        [new.count(None), 0],
    ]
    parts = [encoder.count_cells(table([cell])) for cell in new]
    total = sum(parts[1:], parts[0])
    pd.testing.assert_frame_equal(total.to_frame(), counts.to_frame())
    assert total.n_rows == counts.n_rows


def test_only_the_rows_that_are_learnt_from_count():
    frame = pd.DataFrame({"x": [1.0, np.nan, np.nan, 4.0], "c": ["a", "a", None, "b"]})
    encoder = TableEncoder().fit(frame, rows=np.array([0, 1, 3]), sample_weight=[1, 1, 1, 0])
    assert encoder.counts_.n_rows == 2
    assert encoder.counts_.to_frame().loc["x"].tolist() == [1, 0]
    assert encoder.counts_.to_frame().loc["c"].tolist() == [0, 0]


@ENCODERS
def test_counts_are_stored(make):
    encoder = make().fit(pd.DataFrame({"x": [1.0, np.nan], "c": ["a", "b"]}))
    again = pickle.loads(pickle.dumps(encoder))
    pd.testing.assert_frame_equal(again.counts_.to_frame(), encoder.counts_.to_frame())


def described(learnt, new):
    encoder = TreeEncoder().fit(learnt)
    return describe_empty_columns(encoder.count_cells(new), encoder.counts_)


FIT = pd.DataFrame(
    {
        "full": np.arange(400.0),
        "half": [1.0, np.nan] * 200,
        "none": np.full(400, np.nan),
        "city": ["Rome", "Bern", None, "Oslo"] * 100,
        "key": [f"k{i}" for i in range(400)],
    }
)


def test_columns_that_lost_their_values_are_named():
    new = FIT.head(10).assign(full=np.nan, city=["ROME", None] * 5)
    text = described(FIT, new)
    assert "'full' is missing in all 10 rows, and was in 0 of the 400 rows of fit" in text
    assert "'city' is missing or holds unknown categories in all 10 rows, and did in 100" in text
    assert "'half'" not in text
    assert "'none'" not in text
    new = FIT.head(5).assign(city="ROME")
    assert "'city' holds unknown categories in all 5 rows, and did in 0 of" in described(FIT, new)


@pytest.mark.parametrize(
    "new",
    [
        FIT,
        FIT.head(4).assign(full=np.nan, city="ROME"),  # four rows are no column
        FIT.head(8).assign(half=np.nan),  # by chance once in 256 tables
        FIT.head(9).assign(key="new", none=np.nan),  # nothing else was to be expected
        FIT.head(0),
        FIT.head(300).assign(full=[*[np.nan] * 299, 1.0]),
    ],
)
def test_what_may_be_chance_is_not_told(new):
    assert described(FIT, new) is None


def test_many_columns_are_told_in_few_lines():
    frame = pd.DataFrame(np.ones((50, 30)))
    text = described(frame, frame * np.nan)
    assert text.count("is missing") == 10
    assert "and 20 more" in text
