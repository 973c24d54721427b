"""Files in, files out."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler

import skmtl
from skmtl.scoring import ScoringError
from tests.scoring.conftest import EVERY

pytest.importorskip("pyarrow")
import pyarrow as pa
import pyarrow.parquet as pq


def written(out):
    """The scores in a folder, in the order of the files."""
    return pd.read_parquet(out)


def names(out):
    """What lies in a folder, besides the record and the lock."""
    found = [path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()]
    return sorted(name for name in found if not name.startswith("_scoring."))


def assert_same(scores, expected):
    pd.testing.assert_frame_equal(
        scores, expected.reset_index(drop=True), check_dtype=False, check_exact=True
    )


@pytest.mark.parametrize("name", [n for n in EVERY if n != "multitab-regressor"])
def test_files_get_what_a_frame_gets(case_of, name, tmp_path):
    model, X = case_of(name)
    frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X.to_dict(as_series=False))
    frame = frame.assign(id=range(len(frame)))
    frame.to_parquet(tmp_path / "rows.parquet", row_group_size=30, index=False)
    times = [1.0, 2.5] if name.startswith("survival") else None
    report = skmtl.score_files(
        model, tmp_path / "rows.parquet", tmp_path / "out", keep=["id"], times=times,
        part_rows=10**6,
    )  # fmt: skip
    expected = skmtl.score_frame(model, frame, keep=["id"], times=times)
    assert_same(written(tmp_path / "out"), expected)
    assert (report.n_files, report.n_parts, report.n_rows) == (1, 1, len(frame))
    assert report.n_refused == 0 and report.errors is None


@pytest.mark.parametrize("name", EVERY)
def test_a_csv_file_gets_what_a_frame_gets(case_of, name, tmp_path):
    model, X = case_of(name)
    if isinstance(X, np.ndarray):
        frame = pd.DataFrame(X, columns=["a", "b"])
    else:
        frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X.to_dict(as_series=False))
    frame = frame.assign(id=[f"{i:04d}" for i in range(len(frame))])
    frame.to_csv(tmp_path / "rows.csv", index=False)
    types = {"new": "bool"} if name == "pipeline" else None
    skmtl.score_files(model, tmp_path / "rows.csv", tmp_path / "out", keep=["id"], csv_types=types)
    expected = skmtl.score_frame(model, frame, keep=["id"])
    assert_same(written(tmp_path / "out"), expected)


def test_every_file_of_a_pattern_has_parts_of_whole_row_groups(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    report = skmtl.score_files(
        model, f"{tmp_path}/in/*.parquet", f"{tmp_path}/out/deep", keep=["id"], part_rows=150
    )
    out = tmp_path / "out" / "deep"
    assert report.out == out
    assert names(out) == [
        "a-00000.parquet", "a-00001.parquet", "b-00000.parquet", "b-00001.parquet",
    ]  # fmt: skip
    sizes = [pq.read_metadata(path).num_rows for path in sorted(out.glob("*.parquet"))]
    assert sizes == [150, 150, 150, 50]
    assert_same(written(out), skmtl.score_frame(model, houses, keep=["id"]))


def test_a_csv_file_is_cut_into_parts_of_rows(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    houses.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "out"
    skmtl.score_files(
        model, tmp_path / "rows.csv", out, keep=["id"], part_rows=200, batch_rows=70,
        csv_types={"id": "int64"},
    )  # fmt: skip
    sizes = [pq.read_metadata(path).num_rows for path in sorted(out.glob("*.parquet"))]
    assert sizes == [200, 200, 100]
    assert_same(written(out), skmtl.score_frame(model, houses, keep=["id"]))


def test_a_folder_is_scored_with_its_subfolders_and_their_keys(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    folder = tmp_path / "sales"
    by_city = houses.assign(city=houses["city"].fillna("Bern"))
    by_city.drop(columns="new").to_parquet(folder_of(folder, "new=1") / "a.parquet")
    by_city.drop(columns="new").to_csv(folder_of(folder, "new=0") / "b.csv.gz", index=False)
    (folder / "_ignored").mkdir()
    (folder / "_ignored" / "c.parquet").write_bytes(b"no Parquet")
    out = folder / "scores"
    for _ in range(2):  # the scores within the folder are no input
        report = skmtl.score_files(
            model, folder, out, keep=["new", "id"], csv_types={"id": "int64"}
        )
    assert names(out) == ["new=0/b.csv.gz-00000.parquet", "new=1/a-00000.parquet"]
    assert report.n_rows == 1000
    for value in (0, 1):
        scores = pd.read_parquet(out, filters=[("new", "==", value)])
        expected = skmtl.score_frame(model, by_city.assign(new=value == 1), keep=["id"])
        assert_same(scores.drop(columns="new"), expected)


def folder_of(folder, name):
    (folder / name).mkdir(parents=True)
    return folder / name


def test_a_list_of_files_and_a_saved_model(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    model.save(tmp_path / "model.skmtl")
    files = [tmp_path / "in" / "b.parquet", str(tmp_path / "in" / "a.parquet")]
    skmtl.score_files(tmp_path / "model.skmtl", files, tmp_path / "out", proba=False)
    expected = skmtl.score_frame(model, houses, proba=False)
    assert_same(written(tmp_path / "out"), expected)


def test_a_list_of_folders_and_patterns_that_overlap(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    houses[:9].to_parquet(folder_of(tmp_path, "other") / "c.parquet")
    given = [tmp_path / "in", tmp_path / "in" / "b*", tmp_path / "other"]
    skmtl.score_files(model, given, tmp_path / "out")
    found = [f"{name}-00000.parquet" for name in ("in/a", "in/b", "other/c")]
    assert names(tmp_path / "out") == found
    skmtl.score_files(model, given[:1], tmp_path / "alone")
    assert names(tmp_path / "alone") == ["a-00000.parquet", "b-00000.parquet"]


def test_only_the_columns_that_are_needed_are_read(case_of, houses, tmp_path, monkeypatch):
    model, _ = case_of("rmtgb")
    asked = []
    read = pq.ParquetFile.iter_batches

    def spy(self, batch_size, row_groups, columns):
        asked.append(columns)
        return read(self, batch_size, row_groups, columns)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", spy)
    houses.assign(other="x").to_parquet(tmp_path / "in" / "a.parquet")
    skmtl.score_files(model, tmp_path / "in", tmp_path / "out", keep=["id"])
    assert asked == [["size", "age", "new", "colour", "city", "id"]] * 2


def test_files_without_rows_have_all_columns(case_of, houses, tmp_path):
    model, _ = case_of("multitab")
    folder = tmp_path / "none"
    folder.mkdir()
    houses[:0].to_parquet(folder / "a.parquet")
    pq.write_table(pa.Table.from_pandas(houses[:0]), folder / "b.parquet", row_group_size=1)
    header = ",".join(houses.columns)
    (folder / "c.csv").write_text(header)
    (folder / "d.csv").write_text(header + "\n\n")
    report = skmtl.score_files(model, folder, tmp_path / "out", keep=["size"])
    assert (report.n_parts, report.n_rows) == (4, 0)
    expected = skmtl.score_frame(model, houses, keep=["size"])
    for path in sorted((tmp_path / "out").glob("*.parquet")):
        assert pq.read_schema(path).names == expected.columns.tolist()
    again = skmtl.score_files(model, folder, tmp_path / "out", keep=["size"])
    assert again.n_parts_before == 4


def test_files_may_have_their_columns_in_another_order(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    houses[houses.columns[::-1]].to_parquet(tmp_path / "in" / "a.parquet")
    houses[houses.columns[::-1]].to_csv(tmp_path / "in" / "b.csv", sep=";", index=False)
    (tmp_path / "in" / "b.parquet").unlink()
    skmtl.score_files(model, tmp_path / "in", tmp_path / "out", csv_delimiter=";")
    expected = skmtl.score_frame(model, houses)
    assert_same(written(tmp_path / "out"), pd.concat([expected, expected]))


def test_csv_files_as_other_programs_write_them(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    rows = houses.assign(note='two\nlines, "quoted"')  # a missing city is ""
    rows["new"] = rows["new"].astype("str").str.upper()
    text = rows.to_csv(index=False, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8-sig", newline="")
    skmtl.score_files(model, tmp_path / "rows.csv", tmp_path / "out", keep=["note"])
    scores = written(tmp_path / "out")
    assert (scores.pop("note") == 'two\nlines, "quoted"').all()
    assert_same(scores, skmtl.score_frame(model, houses))


def test_kept_columns_come_out_as_they_are(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    table = pa.table(
        {
            **{name: pa.array(houses[name]) for name in ("size", "age", "new", "city")},
            "colour": pa.array(houses["colour"].astype("str")).dictionary_encode(),
            "day": pa.array([20_000] * 500, pa.date32()),
            "big": pa.array([None, 2**62] * 250, pa.int64()),
            "tags": pa.array([["a", "b"], None] * 250),
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    kept = ["tags", "big", "day", "colour"]
    skmtl.score_files(model, tmp_path / "rows.parquet", tmp_path / "out", keep=kept)
    scores = pq.read_table(tmp_path / "out" / "rows-00000.parquet")
    assert scores.select(kept).to_pylist() == table.select(kept).to_pylist()
    assert [scores.schema.field(name).type for name in ("big", "day")] == [
        table.schema.field(name).type for name in ("big", "day")
    ]


def test_missing_values_of_any_type_are_read_as_in_memory(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    some = houses.assign(new=houses["new"].astype("boolean").mask(houses.index % 3 == 0))
    some["size"] = None
    some.to_parquet(tmp_path / "rows.parquet")
    skmtl.score_files(model, tmp_path / "rows.parquet", tmp_path / "out")
    with pytest.warns(UserWarning, match="'size' is missing in all 500 rows"):
        expected = skmtl.score_frame(model, pd.read_parquet(tmp_path / "rows.parquet"))
    assert_same(written(tmp_path / "out"), expected)


def test_progress_reaches_the_end_and_never_goes_back(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    houses.to_csv(tmp_path / "in" / "c.csv", index=False)
    reports = []
    skmtl.score_files(
        model, tmp_path / "in", tmp_path / "out", batch_rows=60, progress=reports.append
    )
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert (reports[-1].n_files_done, reports[-1].n_files, reports[-1].n_rows) == (3, 3, 1000)
    assert len(reports) > 15


def test_a_bar_shows_the_progress(case_of, houses, tmp_path, capsys):
    pytest.importorskip("rich")
    model, _ = case_of("rmtgb")
    skmtl.score_files(model, tmp_path / "in", tmp_path / "out", progress=True)
    shown = capsys.readouterr().out
    assert "2/2 files" in shown and "100%" in shown and "500 rows" in shown


def test_before_any_work_every_file_must_have_the_columns(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    houses.drop(columns=["age", "city"]).to_parquet(tmp_path / "in" / "b.parquet")
    with pytest.raises(ValueError, match=r"b\.parquet' has no columns \['age', 'city'\]"):
        skmtl.score_files(model, tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_before_any_work_the_types_must_suit_the_model(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    houses.assign(size="1.5").to_parquet(tmp_path / "in" / "b.parquet")
    with pytest.raises(ValueError, match=r"'size' of .*b\.parquet' has text .* on numbers"):
        skmtl.score_files(model, tmp_path / "in", tmp_path / "out")
    houses.assign(city=1.5).to_parquet(tmp_path / "in" / "b.parquet")
    with pytest.raises(ValueError, match=r"'city' of .*b\.parquet' has numbers .* on text"):
        skmtl.score_files(model, tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_error": "ignore"}, "on_error must be 'raise' or 'quarantine'"),
        ({"keep": "id"}, r"keep must be a list of columns, such as \['id'\]"),
        ({"keep": ["error_row"]}, "keep names 'error_row', which is also the name of an output"),
        ({"part_rows": 0}, "part_rows must be a whole number from 1"),
        ({"part_rows": "all"}, "part_rows must be a whole number from 1"),
        ({"batch_rows": 2.5}, "batch_rows must be a whole number from 1"),
        ({"csv_delimiter": ", "}, "csv_delimiter must be one character"),
        ({"csv_types": {"id": "number"}}, "csv_types names the type 'number' for 'id'"),
        ({"times": [1]}, "times are for times to events"),
        ({"columns": ["size", "id"]}, "The model reads 5 columns, and there are 2"),
    ],
    ids=lambda value: None if isinstance(value, str) else next(iter(value)),
)
def test_options_that_make_no_sense(case_of, houses, tmp_path, options, message):
    model, _ = case_of("rmtgb")
    with pytest.raises(ValueError, match=message):
        skmtl.score_files(model, tmp_path / "in", tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("inputs", ["nothing/*.parquet", "nothing.parquet", "empty", []])
def test_no_file_at_all(case_of, tmp_path, inputs):
    model, _ = case_of("rmtgb")
    (tmp_path / "empty").mkdir()
    given = tmp_path / inputs if isinstance(inputs, str) else inputs
    with pytest.raises(FileNotFoundError, match="to score"):
        skmtl.score_files(model, given, tmp_path / "out")


def test_a_file_of_another_format_is_refused(case_of, tmp_path):
    model, _ = case_of("rmtgb")
    (tmp_path / "rows.xlsx").write_bytes(b"")
    with pytest.raises(ValueError, match="neither Parquet nor CSV by its name"):
        skmtl.score_files(model, tmp_path / "rows.xlsx", tmp_path / "out")


def test_a_csv_file_without_a_header_or_a_damaged_parquet_file(case_of, tmp_path):
    model, _ = case_of("rmtgb")
    (tmp_path / "rows.csv").write_bytes(b"")
    with pytest.raises(ScoringError, match=r"rows\.csv' has no header"):
        skmtl.score_files(model, tmp_path / "rows.csv", tmp_path / "out")
    (tmp_path / "rows.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ScoringError, match=r"rows\.parquet' is not a Parquet file"):
        skmtl.score_files(model, tmp_path / "rows.parquet", tmp_path / "out")


def test_a_parquet_file_that_is_damaged_inside_is_named(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    path = tmp_path / "in" / "b.parquet"
    content = bytearray(path.read_bytes())
    content[4:2000] = b"\xff" * 1996  # the footer stays
    path.write_bytes(content)
    with pytest.raises(ScoringError, match=r"b\.parquet' cannot be read after row 0"):
        skmtl.score_files(model, tmp_path / "in", tmp_path / "out")


def test_two_files_whose_scores_would_have_one_name(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    houses.to_parquet(tmp_path / "in" / "a.pq")
    skmtl.score_files(model, tmp_path / "in", tmp_path / "out")
    assert names(tmp_path / "out") == [f"{n}-00000.parquet" for n in ("a", "a.pq", "b")]
    houses.to_csv(tmp_path / "in" / "c.csv", index=False)
    houses.to_parquet(tmp_path / "in" / "c.csv.parquet")
    with pytest.raises(ValueError, match="would have the same name"):
        skmtl.score_files(model, tmp_path / "in", tmp_path / "out")


def test_a_header_that_is_not_utf_8_is_named(case_of, tmp_path):
    (tmp_path / "latin.csv").write_bytes("größe,city\n1,Bern\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"no columns \['size', .* is not in UTF-8: convert the"):
        skmtl.score_files(case_of("rmtgb").model, tmp_path / "latin.csv", tmp_path / "out")


def test_scores_go_into_a_folder_of_their_own(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    with pytest.raises(ScoringError, match=r"a\.parquet' is a file. Pass a folder"):
        skmtl.score_files(model, tmp_path / "in", tmp_path / "in" / "a.parquet")
    with pytest.raises(FileNotFoundError, match=r"no Parquet or CSV file to score outside .*in'"):
        skmtl.score_files(model, tmp_path / "in", tmp_path / "in")


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("size", pa.date32()),
        ("size", pa.timestamp("s")),
        ("size", pa.duration("s")),
        ("size", pa.list_(pa.float64())),
        ("city", pa.time32("s")),
        ("city", pa.struct({"name": pa.string()})),
    ],
    ids=str,
)
def test_before_any_work_no_column_may_be_of_a_type_that_nothing_reads(
    case_of, houses, tmp_path, column, kind
):
    model, _ = case_of("rmtgb")
    table = pq.read_table(tmp_path / "in" / "b.parquet")
    position = table.column_names.index(column)
    table = table.set_column(position, column, pa.nulls(len(table), kind))
    pq.write_table(table, tmp_path / "in" / "b.parquet")
    with pytest.raises(
        ValueError, match=f"'{column}' of .*b\\.parquet' has neither numbers nor text"
    ):
        skmtl.score_files(model, tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["rmtgb", "multitab"])
def test_text_in_parquet_files_may_be_binary(case_of, houses, tmp_path, name):
    model, _ = case_of(name)
    encoded = houses["city"].astype(object).map(lambda city: city.encode(), na_action="ignore")
    as_bytes = houses.assign(city=encoded)
    expected = skmtl.score_frame(model, houses)
    pd.testing.assert_frame_equal(skmtl.score_frame(model, as_bytes), expected)
    one = skmtl.score_frame(model, as_bytes[:1])
    pd.testing.assert_frame_equal(one, skmtl.score_frame(model, houses[:1]))
    as_bytes.to_parquet(tmp_path / "bytes.parquet")
    assert pa.types.is_binary(pq.read_schema(tmp_path / "bytes.parquet").field("city").type)
    skmtl.score_files(model, tmp_path / "bytes.parquet", tmp_path / "out")
    assert_same(written(tmp_path / "out"), expected)
    with pytest.raises(ValueError, match=r"'city' holds the bytes b'\\xff', which are not UTF-8"):
        skmtl.score_frame(model, as_bytes.assign(city=b"\xff"))


def test_before_any_work_a_kept_column_must_have_one_type(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    houses[300:].to_csv(tmp_path / "in" / "c.csv", index=False)
    with pytest.raises(ValueError, match=r"'id', which is int64 in .*csv_types=\{'id': 'int64'\}"):
        skmtl.score_files(model, tmp_path / "in", tmp_path / "out", keep=["id"])
    assert not (tmp_path / "out").exists()
    skmtl.score_files(
        model, tmp_path / "in", tmp_path / "out", keep=["id"], csv_types={"id": "int64"}
    )
    assert written(tmp_path / "out")["id"].tolist() == [*houses["id"], *houses["id"][300:]]


def test_types_of_csv_columns_that_are_not_there(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    houses.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(ValueError, match="csv_types names 'ID', which is in no CSV file"):
        skmtl.score_files(
            model, tmp_path / "rows.csv", tmp_path / "out", keep=["id"], csv_types={"ID": "int64"}
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("piped", [False, True])
def test_a_search_is_known_again_by_the_model_that_it_has_chosen(case_of, tmp_path, piped):
    X = pd.DataFrame({"a": np.arange(60.0)})

    def fitted(n_rounds):
        model = skmtl.RMTGBRegressor(n_bags=1, random_state=0)
        search = GridSearchCV(model, {"n_rounds": n_rounds}, cv=2, scoring="r2")
        return (make_pipeline(RobustScaler(), search) if piped else search).fit(X, X["a"])

    X.to_parquet(tmp_path / "rows.parquet")
    search = fitted([2, 20])
    skmtl.score_files(search, tmp_path / "rows.parquet", tmp_path / "out")
    assert_same(written(tmp_path / "out"), skmtl.score_frame(search, X))
    again = skmtl.score_files(fitted([20, 3]), tmp_path / "rows.parquet", tmp_path / "out")
    assert again.n_parts_before == 1
    with pytest.raises(ScoringError, match="which differs in model"):
        skmtl.score_files(fitted([2, 3]), tmp_path / "rows.parquet", tmp_path / "out")
