"""CSV files: words for missing values, quotes, formats."""

from __future__ import annotations

import gzip
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

import skmtl
from skmtl.scoring import ScoringError
from tests.files.cases import BOOSTING, NETWORK

pytest.importorskip("pyarrow")

WORDS = ["NA", "None", "null", "nan", "Bern"]


def regions(n=1000):
    X = pd.DataFrame({"size": np.linspace(0, 1, n), "region": WORDS * (n // len(WORDS))})
    return X, pd.Series(WORDS).map(dict(zip(WORDS, range(5), strict=True)))[X.index % 5]


@pytest.fixture(scope="module", params=["wide", "long", "grouped", "network"])
def model(request):
    """Knows "NA", "None", "null" and "nan" as categories, or as tasks of long data."""
    X, y = regions()
    y = pd.DataFrame({"a": y.to_numpy(float), "b": -y.to_numpy(float)})
    if request.param == "long":
        return skmtl.RMTGBRegressor(task_column="region", unseen="error", **BOOSTING).fit(
            X, y["a"]
        )
    if request.param == "grouped":
        inner = skmtl.RMTGB(**BOOSTING)
        return skmtl.GroupedTasks(inner, groups=[["a"], ["b"]]).fit(X, y)
    if request.param == "network":
        return skmtl.MultiTab(**NETWORK).fit(X, y)
    return skmtl.RMTGB(**BOOSTING).fit(X, y)


def scored(model, text, folder, name="rows.csv", **options):
    """Return the scores of a file, and the number of rows without scores."""
    data = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(data)
    shutil.rmtree(folder / "out", ignore_errors=True)
    report = skmtl.score_files(
        model, folder / name, folder / "out", on_error="quarantine", **options
    )
    scores = pd.read_parquet(folder / "out")
    assert len(scores) + report.n_refused == report.n_rows
    return scores, report.n_refused


@pytest.mark.parametrize("quote", ["", '"'])
def test_words_that_the_model_knows_are_text(model, quote, tmp_path):
    X, _ = regions(50)
    rows = [f"{quote}{word}{quote},{size!r},{quote}{word}{quote}" for size, word in X.to_numpy()]
    text = "\n".join(["id,size,region", *rows])
    scores, n_refused = scored(model, text, tmp_path, keep=["id", "region"])
    expected = skmtl.score_frame(model, X.assign(id=X["region"]), keep=["id", "region"])
    pd.testing.assert_frame_equal(scores, expected, check_exact=True)
    assert n_refused == 0


def forest():
    X = pd.DataFrame({"size": [1.0, 2.0, np.nan] * 40, "region": ["EU", None, "US"] * 40})
    return skmtl.RMTGB(**BOOSTING).fit(X, pd.DataFrame({"y": [1.0, 5.0, 9.0] * 40}))


@pytest.mark.parametrize(
    ("cells", "read", "options"),
    [
        (["EU", "", '""', "NA", "null", "<NA>"], ["EU", None, None, None, None, None], {}),
        (['"NA"', '"null"', '"x"'], ["NA", "null", "x"], {}),
        (["EU", "NA", "-", '"-"'], ["EU", "NA", None, "-"], {"csv_missing": ["-"]}),
        (["EU", "NA", ""], ["EU", "NA", None], {"csv_missing": [""]}),
        (["EU", '"EU"', "US"], [None, "EU", "US"], {"csv_missing": ["EU"]}),
    ],
)
def test_words_for_missing(cells, read, options, tmp_path, monkeypatch):
    from skmtl.scoring._outputs import Outputs

    seen = []
    values = Outputs.values
    monkeypatch.setattr(Outputs, "values", lambda self, X: (seen.append(X), values(self, X))[1])
    text = "id,size,region\n" + "".join(f"{cell},1.5,{cell}\n" for cell in cells)
    scores, _ = scored(forest(), text, tmp_path, keep=["id"], **options)
    assert [None if pd.isna(cell) else cell for cell in seen[-1]["region"]] == read
    # Kept columns come out as they stand, null where nothing stands.
    assert [None if pd.isna(cell) else f"{cell}" for cell in scores["id"]] == [
        cell.strip('"') if cell else None for cell in cells
    ]


def test_numbers_are_missing_where_a_word_says_so(tmp_path):
    model = forest()
    text = 'size,region\nNA,EU\n"NA",EU\n"",EU\n,EU\n nan ,EU\n'
    scores, n_refused = scored(model, text, tmp_path)
    expected = skmtl.score_frame(model, pd.DataFrame({"size": [np.nan] * 5, "region": ["EU"] * 5}))
    pd.testing.assert_frame_equal(scores, expected, check_exact=True)
    assert n_refused == 0
    assert scored(model, text, tmp_path, csv_missing=["-"])[1] == 2


def test_a_kept_column_with_a_type_has_it(tmp_path):
    text = "id,size,region\n1,1,EU\nNA,1,EU\n"
    scores, _ = scored(forest(), text, tmp_path, keep=["id"], csv_types={"id": "int64"})
    assert scores["id"].tolist()[0] == 1 and scores["id"].isna().tolist() == [False, True]
    scores, _ = scored(forest(), text, tmp_path, keep=["id"], csv_types={"id": "large_string"})
    assert scores["id"].tolist() == ["1", "NA"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("edits", [{500: '"'}, {250: '"', 700: '"'}])
def test_no_row_is_lost_where_a_quote_is_not_closed(edits, packed, end, tmp_path):
    rows = [f'{i},{i / 7!r},EU,"a note{end}of two lines, {i}"' for i in range(1000)]
    expected, _ = scored(
        forest(), end.join(["id,size,region,note", *rows]), tmp_path, keep=["id"], part_rows=300
    )
    rows = [edits.get(i, "") + row for i, row in enumerate(rows)]
    text = end.join(["id,size,region,note", *rows]).encode()
    name = "rows.csv.gz" if packed else "rows.csv"
    scores, n_refused = scored(
        forest(), gzip.compress(text) if packed else text, tmp_path, name, keep=["id"],
        part_rows=300,
    )  # fmt: skip
    # Both lines of such a row.
    assert len(scores) == 1000 - len(edits) and n_refused == 2 * len(edits)
    expected = expected.drop(index=list(edits)).reset_index(drop=True)
    pd.testing.assert_frame_equal(scores, expected, check_exact=True)


def test_a_quote_that_is_not_closed_stops_the_job_with_its_row(tmp_path):
    text = "size,region\n1,EU\n" + '2,"US\n' + "3,EU\n" * 100
    (tmp_path / "rows.csv").write_text(text)
    with pytest.raises(ScoringError, match=r"Row 1 .*rows.csv' cannot be scored: A quote that op"):
        skmtl.score_files(forest(), tmp_path / "rows.csv", tmp_path / "out")


def test_blank_lines_of_one_column_are_missing_cells(tmp_path):
    X = pd.DataFrame({"size": [1.0, np.nan, 3.0] * 20})
    model = skmtl.RMTGB(**BOOSTING).fit(X, pd.DataFrame({"y": [1.0, 5.0, 9.0] * 20}))
    scores, _ = scored(model, "size\n1\n\n3\n", tmp_path)
    assert scores["y_prediction"].tolist() == model.predict(X[:3])["y"].tolist()


@pytest.mark.parametrize("name", ["a.TSV", "a.csv.bz2", "a.tsv.zip", "a.CSV.xz", "a.csv.zst"])
def test_files_of_any_ending_encoding_and_decimal_point(name, tmp_path):
    from tests.csv_files.test_rows import PACKERS

    delimiter = "\t" if ".tsv" in name.lower() else ";"
    text = "größe;size;region\nä;1,5;EU\nö;;US\n".replace(";", delimiter)
    pack = next((p for s, p in PACKERS.items() if name.lower().endswith(s.lower())), bytes)
    scores, n_refused = scored(
        forest(), pack(text.encode("cp1252")), tmp_path, name, keep=["größe"],
        csv_encoding="cp1252", csv_decimal=",",
        csv_delimiter=None if delimiter == "\t" else ";",
    )  # fmt: skip
    X = pd.DataFrame({"size": [1.5, np.nan], "region": ["EU", "US"], "größe": ["ä", "ö"]})
    expected = skmtl.score_frame(forest(), X, keep=["größe"])
    pd.testing.assert_frame_equal(scores, expected, check_exact=True)
    assert n_refused == 0


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_another_delimiter_is_named(sign, tmp_path):
    (tmp_path / "rows.csv").write_text(sign.join(["size", "region"]) + "\n")
    with pytest.raises(ValueError, match=re.escape(f"pass csv_delimiter={sign!r}")):
        skmtl.score_files(forest(), tmp_path / "rows.csv", tmp_path / "out")


def test_a_truncated_file_is_named_and_leaves_whole_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("skmtl.csv_files._records._BLOCK", 2**16)
    text = "size,region\n" + "".join(f"{i / 7!r},EU\n" for i in range(30_000))
    data = gzip.compress(text.encode())
    (tmp_path / "cut.csv.gz").write_bytes(data[: len(data) - 100])
    with pytest.raises(ScoringError, match=r"cut.csv.gz' cannot be read after row [\d,]+: "):
        skmtl.score_files(forest(), tmp_path / "cut.csv.gz", tmp_path / "out", part_rows=10**4)
    assert len(pd.read_parquet(tmp_path / "out")) == 20_000


def test_options_are_part_of_the_job(tmp_path):
    (tmp_path / "rows.csv").write_text("size,region\n1,EU\n")
    skmtl.score_files(forest(), tmp_path / "rows.csv", tmp_path / "out")
    with pytest.raises(ScoringError, match="differs in csv_missing"):
        skmtl.score_files(forest(), tmp_path / "rows.csv", tmp_path / "out", csv_missing=["-"])


def test_behind_a_pipeline_the_error_names_the_types(tmp_path):
    X = pd.DataFrame({"size": [1.0, 2.0] * 30, "age": [1.0, 2.0, 3.0] * 20})
    imputer = SimpleImputer().set_output(transform="pandas")
    model = make_pipeline(imputer, skmtl.RMTGB(**BOOSTING)).fit(X, pd.DataFrame({"y": X["age"]}))
    with pytest.raises(
        ScoringError, match=r"\['size'\] were read as text, and \['age'\] as numbers\. .*csv_types"
    ):
        (tmp_path / "rows.csv").write_text("size,age\n1,2\n?,3\n")
        skmtl.score_files(model, tmp_path / "rows.csv", tmp_path / "out")
    text = "size,age\n,2\nNA,3\n"  # no type can be told
    scores, _ = scored(model, text, tmp_path)
    assert scores["y_prediction"].notna().all()
    text = "size,age\n1,2\n?,3\n"
    assert scored(model, text, tmp_path, csv_types={"size": "float64"})[1] == 1
