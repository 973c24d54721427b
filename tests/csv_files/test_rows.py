"""Every row of a file is given or refused, wherever its quotes are."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pyarrow")
import pyarrow as pa

from skmtl.csv_files import CsvError, CsvFile, CsvFormat, text_cells


def csv_file(text, name="rows.csv", **options):
    packed = text.encode() if isinstance(text, str) else text
    return CsvFile(name, lambda: io.BytesIO(packed), CsvFormat(**options))


def rows_of(file):
    """The cells of the rows by their number, and the numbers of those refused."""
    rows, refused = {}, {}
    for block in file.blocks(file.header):
        columns = [text_cells(block, name)[0].to_pylist() for name in file.header]
        rows |= dict(zip(block.rows.tolist(), zip(*columns, strict=True), strict=True))
        refused |= dict(block.refused)
    assert sorted([*rows, *refused]) == list(range(len(rows) + len(refused)))
    return rows, refused


def written(rows, *, always=False, end="\n", delimiter=","):
    """As RFC 4180 says. Python's writer quotes no line end but its own, before version 3.13."""

    def cell(text):
        needs_quotes = always or any(sign in text for sign in f'"\r\n{delimiter}')
        return '"' + text.replace('"', '""') + '"' if needs_quotes else text

    return "".join(delimiter.join(map(cell, row)) + end for row in rows)


CELL = st.text(st.sampled_from('ab1,;"\r\n é'), max_size=6)


@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n), min_size=1, max_size=8)
    ),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([",", ";"]),
)
def test_what_is_written_is_read(rows, always, end, delimiter):
    header = [f"c{i}" for i in range(len(rows[0]))]
    text = written([header, *rows], always=always, end=end, delimiter=delimiter)
    found, refused = rows_of(csv_file(text, delimiter=delimiter))
    assert refused == {}
    cells = [tuple(cell or "" for cell in found[row]) for row in range(len(rows))]
    assert cells == list(map(tuple, rows))


@given(
    st.text(st.sampled_from('a1,"\r\n'), max_size=40),
    st.integers(1, 3),
    st.integers(1, 9),
)
def test_rows_depend_neither_on_the_blocks_nor_on_the_way_they_are_found(text, n_cells, size):
    from skmtl.csv_files import _records

    def records(size, at_once):
        stream = io.BytesIO(text.encode())
        with pytest.MonkeyPatch.context() as patch:
            if not at_once:
                patch.setattr(_records._RowSplitter, "take_at_once", lambda *_: False)
            parts = list(_records.read_records(lambda _: stream.read(size), b"", b",", n_cells))
        rows = np.concatenate([part.rows for part in parts]).tolist()
        return b"".join(part.text for part in parts), rows, [r for p in parts for r in p.refused]

    whole, rows, refused = records(-1, True)
    assert records(size, True) == records(size, False) == (whole, rows, refused)
    assert sorted([*rows, *(row for row, _ in refused)]) == list(range(len(rows) + len(refused)))


LINES = [f"{i},{i / 7:.3f},Bern,x{i}" for i in range(300)]
HEADER = "id,size,city,note\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "edits",
    [
        {120: '"{}'},  # up to the end of the file
        {120: '"{}', 200: '"{}'},
        {120: '"{}', 200: '200,"1",Bern,x200'},
        {120: '"{}', 200: '200",1,Bern,x200'},  # the cell is closed, and the row has its cells
        {120: '"{}', 121: '121",1,Bern,x121'},
        {120: '120,1,"Bern,x120', 140: '140,1,Bern","x140"'},
        {120: '120,1,Bern,"x120', 299: '299,1,Bern,x299"'},
        {0: '"{}'},
        {299: '"{}'},
    ],
    ids=str,
)  # fmt: skip
def test_a_quote_that_is_not_closed_costs_its_own_line(edits, end):
    lines = [edits.get(i, "{}").format(line) for i, line in enumerate(LINES)]
    rows, refused = rows_of(csv_file(end.join([HEADER.strip(), *lines])))
    assert len(rows) + len(refused) == 300
    assert min(edits) in refused and set(refused) <= set(edits)
    for i in set(rows) - set(edits):
        assert ",".join(rows[i]) == LINES[i]
    assert refused[min(edits)].startswith("A quote that opens a cell is ")


def test_texts_of_many_lines_are_one_cell():
    notes = [f'Dear "friend",\n\nline {i}, and\r\nso on, {i}' for i in range(50)]
    table = [["id", "size", "note"], *([str(i), "1.5", note] for i, note in enumerate(notes))]
    rows, refused = rows_of(csv_file(written(table)))
    assert refused == {} and [rows[i][2] for i in range(50)] == notes


def test_a_table_in_a_cell_is_no_row_where_the_numbers_are_none():
    inner = "a,b,c\nd,e,f\n" * 20 + "a,b"
    table = [["id", "size", "note"], *([str(i), "1.5", "-"] for i in range(20))]
    rows, refused = rows_of(csv_file(written([*table, ["20", "", inner]])))
    assert refused == {} and rows[20] == ("20", None, inner)


def test_quotes_within_cells_are_text():
    rows, refused = rows_of(csv_file('a,b\n5" pipe,x"y\n"7"" pipe",\n"bad" one,2\n"",\n'))
    assert rows == {0: ('5" pipe', 'x"y'), 1: ('7" pipe', None), 3: ("", None)}
    assert list(refused) == [2]


def test_rows_of_another_length_are_refused_with_their_lines():
    rows, refused = rows_of(csv_file('a,b\n\n1\n1,2,3\r\n\r\n"x\ny",2\n"x\ny",2,3\n1,2\n'))
    assert rows == {2: ("x\ny", "2"), 4: ("1", "2")}
    assert refused[0] == "The row has 1 cells where the header has 2: '1'."
    assert refused[3] == "The row has 3 cells where the header has 2: '\"x\\ny\",2,3'."


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blank_lines_of_one_column_are_its_missing_cells(end):
    text = end.join(["a", "1", "", '""', "NA", "", ""])
    rows, refused = rows_of(csv_file(text))
    assert refused == {} and [*rows.values()] == [("1",), (None,), ("",), ("NA",), (None,)]


def test_a_line_that_is_too_long_is_an_error(monkeypatch):
    monkeypatch.setattr("skmtl.csv_files._records._BLOCK", 50)
    monkeypatch.setattr("skmtl.csv_files._records._LONGEST", 100)
    text = "a,b\n1,2\n" + "x" * 70_000
    with pytest.raises(CsvError, match=r"'rows.csv' has a line of more than 100 bytes in row 1"):
        rows_of(csv_file(text))
    # A cell over the bound is refused by its first line.
    text = "a,b\n1,2\n" + "3,4\n" * 20_000 + '1,"' + "5\n" * 200 + '"\n6,7\n'
    rows, refused = rows_of(csv_file(text))
    assert 20_001 in refused and "not closed" in refused[20_001]
    assert rows[max(rows)] == ("6", "7")


def packed_zip(data, members=("rows.csv",)):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in members:
            archive.writestr(name, data)
    return stream.getvalue()


def packed_zst(data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


PACKERS = {
    ".gz": gzip.compress, ".BZ2": bz2.compress, ".xz": lzma.compress, ".zst": packed_zst,
    ".zip": packed_zip,
}  # fmt: skip


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_packed_files_in_any_encoding(suffix, encoding):
    text = HEADER + '"Zürich\nWest",1,a,b\n' + "\n".join(LINES)
    file = csv_file(PACKERS[suffix](text.encode(encoding)), "a.csv" + suffix, encoding=encoding)
    rows, refused = rows_of(file)
    assert len(rows) == 301 and refused == {} and rows[0][0] == "Zürich\nWest"


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_packed_file_that_is_cut_short_is_named(suffix):
    data = PACKERS[suffix](np.random.default_rng(0).bytes(300_000).hex().encode())
    for size in (3, len(data) // 2, len(data) - 5):
        with pytest.raises(CsvError, match=r"^'cut.csv.* cannot be read"):
            rows_of(csv_file(data[:size], "cut.csv" + suffix))


def test_an_archive_of_several_files_is_refused():
    with pytest.raises(CsvError, match=r"'a.csv.zip' must contain one file, not 2"):
        csv_file(packed_zip(b"a\n1\n", ("a.csv", "b.csv")), "a.csv.zip")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has no header: its first line is empty"),
        ("\na,b", "has no header: its first line is empty"),
        ('"a,b\n1,2', "has a header that cannot be read: a quote is not closed"),
    ],
)
def test_headers_that_are_none(text, reason):
    with pytest.raises(CsvError, match=f"^'rows.csv' {reason}"):
        csv_file(text)


def test_headers():
    assert csv_file('\ufeffa,"b\nc",,a\r\n').header == ["a", "b\nc", "Unnamed: 2", "a"]
    with pytest.raises(CsvError, match="has two columns 'a'"):
        rows_of(csv_file("a,a\n1,2\n"))


@pytest.mark.parametrize(
    ("name", "delimiter"),
    [("a.TSV", "\t"), ("a.tsv.GZ", "\t"), ("a.csv", ","), ("b.tsv/a.csv", ",")],
)
def test_the_name_says_the_delimiter(name, delimiter):
    assert CsvFormat().delimiter_of(name) == delimiter
    assert CsvFormat(delimiter=";").delimiter_of(name) == ";"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"delimiter": ", "}, "csv_delimiter must be one character"),
        ({"delimiter": '"'}, "csv_delimiter must be one character"),
        ({"delimiter": "é"}, "csv_delimiter must be one character"),
        ({"decimal": ""}, "csv_decimal must be one character"),
        ({"decimal": ",", "delimiter": ","}, "csv_decimal and csv_delimiter are both ','"),
        ({"encoding": "latin-0"}, "csv_encoding must be an encoding that Python has"),
        ({"missing": "NA"}, "csv_missing must be a list of words, got 'NA'"),
        ({"missing": [1]}, "csv_missing must be a list of words"),
    ],
)
def test_formats_that_cannot_be(options, reason):
    with pytest.raises(ValueError, match=reason):
        CsvFormat(**options)
