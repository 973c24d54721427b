"""CSV files as one frame."""

from __future__ import annotations

import warnings
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pyarrow")

from skmtl.csv_files import CsvError, read_frame
from tests.csv_files.test_rows import csv_file
from tests.pandas_versions import TEXT


def frame_of(*texts, like=None, **options):
    files = [csv_file(text, f"{i}.csv", **options) for i, text in enumerate(texts)]
    return read_frame(files, files[0].header, like)


def column(*cells, **options):
    return frame_of("a,b\n" + "".join(f"{cell},\n" for cell in cells), **options)["a"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1", "-2.5", "1e3", "", "7"]),
            st.sampled_from(["True", "False"]),
            st.sampled_from(["x", "1", "True", "é", ""]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_columns_are_what_pandas_makes_of_them(rows):
    text = "a,b,c,d\n" + "".join(f"{','.join(row)},end\n" for row in rows)
    expected = pd.read_csv(StringIO(text))
    if {texts for *_, texts in rows} == {"True", ""}:
        return  # pandas has objects there, too, with another missing value
    # Missing text is None in the one and NaN in the other before pandas 3.
    pd.testing.assert_frame_equal(frame_of(text).fillna(np.nan), expected)


@pytest.mark.parametrize(
    ("cells", "dtype", "values"),
    [
        (["1", "2"], "int64", [1, 2]),
        (["1", "NA"], "float64", [1.0, np.nan]),
        (['"1"', '"NA"'], "float64", [1.0, np.nan]),
        (["NA", "null"], "float64", [np.nan, np.nan]),
        (['"NA"', '"null"'], TEXT, ["NA", "null"]),
        (['"NA"', "1", "2"], "float64", [np.nan, 1.0, 2.0]),
        ([" 1", "2 "], "int64", [1, 2]),
        (["1", "2.0", "0x1"], TEXT, ["1", "2.0", "0x1"]),
        (["True", "1"], TEXT, ["True", "1"]),
        (["x", '"NA"', '""'], TEXT, ["x", "NA", np.nan]),
        ([str(2**62 + 1), "0"], "int64", [2**62 + 1, 0]),
    ],
)
def test_types_of_columns(cells, dtype, values):
    found = column(*cells)
    assert str(found.dtype) == dtype
    pd.testing.assert_series_equal(found.fillna(np.nan), pd.Series(values, dtype=dtype, name="a"))


def test_words_without_quotes_in_a_text_are_missing_and_said_to_be():
    with pytest.warns(UserWarning, match=r"text column 'a', .* as missing: 'NA' \(2\), 'None'"):
        found = column("x", "NA", "NA", "None", '"None"')
    assert found.isna().tolist() == [False, True, True, True, False]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert column("x", "NA", "-", missing=["-"]).tolist()[:2] == ["x", "NA"]
        assert column("x", "NA", missing=[""]).tolist() == ["x", "NA"]
        assert column("1", "NA").isna().tolist() == [False, True]


def test_all_files_have_the_type_of_all_cells():
    found = frame_of("a\n1\n2\n", "a\n3\nx\n", "a\n007\n")
    assert found["a"].tolist() == ["1", "2", "3", "x", "007"]
    assert frame_of("a\n1\n", "a\n2.5\n")["a"].tolist() == [1.0, 2.5]


def test_a_later_table_is_read_like_an_earlier_one():
    like = pd.DataFrame({"code": ["1", "NA"], "size": [1.5, 2.0], "old": [True, False]})
    with pytest.warns(UserWarning, match=r"text column 'code', .* as missing: 'null' \(1\)"):
        found = frame_of("code,size,old\n01,3,\nNA,NA,True\nnull,,False\n", like=like)
    assert found["code"].fillna("-").tolist() == ["01", "NA", "-"]
    assert found["size"].fillna(-1).tolist() == [3.0, -1.0, -1.0]
    assert found["old"].tolist() == [None, True, False]
    like["code"] = like["code"].astype("category")
    assert frame_of("code,size,old\n1,3,True\n", like=like)["code"].tolist() == ["1"]
    with pytest.raises(CsvError, match=r"^Row 1 .* of '0.csv' .*'size' holds '3m', which is not"):
        frame_of("code,size,old\n1,2,True\n1,3m,True\n", like=like)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\n1,2\n3\n", r"Row 1 \(from 0\) of '0.csv' cannot be read: The row has 1 cells"),
        ('a,b\n1,"2\n3,4\n', r"Row 0 \(from 0\) of '0.csv' cannot be read: A quote"),
        (b"a,b\n1,\xff\n", r"Row 0 .* Column 'b' holds b'\\xff', which is not UTF-8 text"),
    ],
)
def test_no_row_is_lost(text, reason):
    with pytest.raises(CsvError, match=reason):
        frame_of(text)


def test_decimal_points_and_encodings():
    found = frame_of("größe;ort\n1,5;Zürich\n-2;Bern\n".encode("cp1252"),
                     delimiter=";", decimal=",", encoding="cp1252")  # fmt: skip
    assert found.to_dict("list") == {"größe": [1.5, -2.0], "ort": ["Zürich", "Bern"]}
    assert frame_of("a;b\n1.5;\n", delimiter=";", decimal=",")["a"].tolist() == ["1.5"]


def test_tables_without_rows():
    assert frame_of("a,b\n").dtypes.astype(str).tolist() == ["float64", "float64"]
