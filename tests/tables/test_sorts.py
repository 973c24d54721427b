"""Categories are recognised by value, or the column is refused."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from skmtl.tables import TableEncoder, TaskIds, TreeEncoder

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")

ENCODERS = pytest.mark.parametrize("make", [TableEncoder, TreeEncoder])
DAYS = pd.to_datetime(["2026-01-01", "2026-01-02"])
# Two categories in each form that a sort of column may have.
FORMS = {
    "text": [
        pd.Series(["0", "1"], dtype="str"),
        pd.Series(["0", "1"], dtype=object),
        pd.Series(["0", "1"], dtype="string[pyarrow]"),
        pd.Series([b"0", b"1"], dtype=object),
        pd.Series(pd.Categorical(["0", "1"])),
        pl.Series(["0", "1"], dtype=pl.Categorical),
        pl.Series(["0", "1"], dtype=pl.Enum(["0", "1"])),
        pa.array(["0", "1"]).dictionary_encode(),
    ],
    "numbers": [
        pd.Series(pd.Categorical([0, 1])),
        pd.Series(pd.Categorical([0.0, 1.0])),
        pd.Series(pd.Categorical([False, True])),
        pd.Series(pd.Categorical([Decimal(0), Decimal(1)])),
        pd.Series(pd.Categorical(pd.array([0, 1], dtype="Int8"))),
        pa.array([0, 1]).dictionary_encode(),
    ],
    "Timestamp": [pd.Series(pd.Categorical(DAYS))],
    "Interval": [pd.Series(pd.cut([0.5, 1.5], [0, 1, 2]))],
}
PLAIN_NUMBERS = [
    pd.Series([0, 1]),
    pd.Series([0.0, 1.0]),
    pd.Series([False, True]),
    pd.Series([0, 1], dtype="Int64"),
    pd.Series([False, True], dtype="boolean"),
    pd.Series([0, 1], dtype="int8"),
    pd.Series([False, True], dtype=object),
]


def table(column):
    if isinstance(column, pl.Series):
        return pl.DataFrame({"c": column}).to_pandas()
    if isinstance(column, (pa.Array, pa.DictionaryArray)):
        return pa.table({"c": column}).to_pandas()
    return pd.DataFrame({"c": column})


def codes(encoder, frame):
    encoded = encoder.transform(frame)
    return (encoded if isinstance(encoder, TreeEncoder) else encoded.codes).ravel().tolist()


@ENCODERS
@pytest.mark.parametrize("sort", FORMS)
def test_forms_of_one_sort_are_the_same_categories(make, sort):
    new = FORMS[sort] + (PLAIN_NUMBERS if sort == "numbers" else [])
    for learnt in map(table, FORMS[sort]):
        encoder = make().fit(learnt)
        for frame in map(table, new):
            assert codes(encoder, frame) == [2, 3]
            assert codes(encoder, frame.tail(1)) == [3]


@ENCODERS
@pytest.mark.parametrize("sort", FORMS)
@pytest.mark.parametrize("other", FORMS)
def test_another_sort_is_refused(make, sort, other):
    if sort == other:
        return
    for learnt in map(table, FORMS[sort]):
        encoder = make().fit(learnt)
        for frame in map(table, FORMS[other]):
            for rows in (frame, frame.head(1)):
                with pytest.raises(ValueError, match=r"Column 'c' of X holds .* but held "):
                    encoder.transform(rows)


@ENCODERS
def test_what_is_refused_says_what_to_do(make):
    encoder = make().fit(pd.DataFrame({"c": pd.Categorical([1, 2])}))
    with pytest.raises(ValueError, match=r"holds text, such as '2', but held numbers in fit"):
        encoder.transform(pd.DataFrame({"c": ["2", "1"]}))
    with pytest.raises(ValueError, match=r"pd\.to_numeric"):
        encoder.transform(pd.DataFrame({"c": ["2"]}))
    encoder = make().fit(pd.DataFrame({"c": ["1", "2"]}))
    with pytest.raises(ValueError, match=r"convert it with \.astype\('str'\)"):
        encoder.transform(pd.DataFrame({"c": pd.Categorical([1, 2])}))
    with pytest.raises(ValueError, match=r"now hold numbers: convert them with \.astype\('str'\)"):
        encoder.transform(pd.DataFrame({"c": [1, 2]}))


@ENCODERS
def test_columns_without_categories_are_of_any_sort(make):
    nothing = pd.DataFrame({"c": pd.Series([None, None], dtype=object)})
    for learnt in map(table, [*FORMS["text"], *FORMS["numbers"]]):
        assert codes(make().fit(learnt), nothing)[0] in (0, 1)
        assert codes(make().fit(nothing), learnt) == [0, 0]


@ENCODERS
def test_mixed_categories_may_hold_either_sort(make):
    encoder = make().fit(pd.DataFrame({"c": pd.Categorical(["a", 1, "1"])}))
    for value, unknown in (("a", "z"), (1, 9)):
        known, strange = (
            codes(encoder, pd.DataFrame({"c": pd.Categorical([cell])}))
            for cell in (value, unknown)
        )
        assert known[0] >= 2
        assert strange == [0]


def test_task_ids_are_checked_as_well():
    ids = TaskIds().fit([1, 2])
    assert ids.transform([2.0, 1.0, 3.0]).tolist() == [1, 0, -1]
    assert TaskIds().fit([False, True]).transform([1, 0]).tolist() == [1, 0]
    with pytest.raises(ValueError, match="holds text, such as '1', but held numbers in fit"):
        ids.transform(pd.Series(["1", "2"], name="id"))
    with pytest.raises(ValueError, match="holds numbers, such as 1"):
        TaskIds().fit(["1", "2"]).transform(np.array([1, 2]))
