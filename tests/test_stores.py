"""Tables, scores and models in stores, by their addresses: in memory, and on a local S3 server."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl.cli import main
from skmtl.files import read_header
from skmtl.scoring import ScoringError
from skmtl.tables import ParquetTable

pytest.importorskip("pyarrow")
fsspec = pytest.importorskip("fsspec")
ROWS = pd.DataFrame({"id": range(300), "x": np.tile([1.0, 2.0, 4.0], 100)})
ROWS["y"] = 10 * ROWS["x"]
OPTIONS = {"n_rounds": 20, "n_bags": 1, "early_stopping": False, "random_state": 0}


@pytest.fixture(scope="module")
def s3():
    """Start a server and return its settings for the environment."""
    pytest.importorskip("s3fs", reason="s3fs is not installed: pip install s3fs")
    server = pytest.importorskip("moto.server", reason="pip install 'moto[server]'")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "key",
           "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip
    running.stop()


@pytest.fixture(params=["memory", "s3"])
def top(request, monkeypatch, tmp_path):
    """The address of an empty bucket, with nothing written to the folder of the process."""
    monkeypatch.chdir(tmp_path)
    if request.param == "s3":
        for name, value in request.getfixturevalue("s3").items():
            monkeypatch.setenv(name, value)
    address = f"{request.param}://bucket-of-tests"
    store = fsspec.filesystem(request.param, skip_instance_cache=True)
    store.mkdir(address)
    yield address
    store.rm(address, recursive=True)
    assert not list(tmp_path.glob("*:*"))


def write(address, content):
    with fsspec.open(address, "wb") as stream:
        stream.write(content)


def parquet(frame):
    return frame.to_parquet(None, index=False)


@pytest.fixture(scope="module")
def model():
    return skmtl.RMTGBRegressor(**OPTIONS).fit(ROWS[["x"]], ROWS["y"])


def files_of(address):
    store, path = fsspec.core.url_to_fs(address)
    store.invalidate_cache()
    return sorted(name for name in store.find(path) if name.endswith(".parquet"))


def scores_in(address):
    frames = []
    for name in files_of(address):
        with fsspec.open(f"{address.partition('://')[0]}://{name.lstrip('/')}", "rb") as stream:
            frames.append(pd.read_parquet(stream))
    return pd.concat(frames).sort_values("id", ignore_index=True)


def test_models_are_saved_to_and_loaded_from_stores(top, model):
    model.save(f"{top}/models/m.skmtl")
    loaded = skmtl.load(f"{top}/models/m.skmtl")
    np.testing.assert_array_equal(loaded.predict(ROWS[["x"]]), model.predict(ROWS[["x"]]))
    assert read_header(f"{top}/models/m.skmtl")["estimator"] == "RMTGBRegressor"
    with pytest.raises(FileNotFoundError):
        skmtl.load(f"{top}/models/none.skmtl")


def test_all_rows_are_scored_and_a_job_is_resumed(top, model):
    first, second, third = ROWS[:100], ROWS[100:200], ROWS[200:]
    write(f"{top}/in/a.parquet", parquet(first))
    write(f"{top}/in/month=2/b.parquet", parquet(second))
    write(f"{top}/in/c.csv", third.to_csv(index=False).encode())
    write(f"{top}/in/_hidden.parquet", b"not read")
    write(f"{top}/m.skmtl", b"")
    model.save(f"{top}/m.skmtl")
    options = {"keep": ["id", "x"], "csv_types": {"id": "int64"}, "part_rows": 60}

    def score(inputs=f"{top}/in", out=f"{top}/out", **more):
        return skmtl.score_files(f"{top}/m.skmtl", inputs, out, **options, **more)

    report = score()
    assert (report.n_rows, report.n_files, report.n_parts_before) == (300, 3, 0)
    assert fsspec.core.url_to_fs(str(report.out))[1].strip("/") == "bucket-of-tests/out"
    scores = scores_in(f"{top}/out")
    assert scores["id"].tolist() == list(range(300))
    np.testing.assert_array_equal(scores["y_prediction"], model.predict(ROWS[["x"]]))
    assert score().n_parts_before == report.n_parts
    # A part is lost, one is damaged, and a file is replaced.
    store, _ = fsspec.core.url_to_fs(top)
    lost, damaged, *_ = files_of(f"{top}/out")
    store.rm(lost)
    store.pipe_file(damaged, b"nothing")
    write(f"{top}/in/month=2/b.parquet", parquet(second.assign(id=second["id"] + 1000)))
    again = score()
    assert (again.n_rows, again.n_parts) == (300, report.n_parts)
    assert again.n_parts_before < report.n_parts
    expected = [*range(100), *range(200, 300), *range(1100, 1200)]
    assert scores_in(f"{top}/out")["id"].tolist() == expected
    with pytest.raises(ScoringError, match="holds the scores of another job"):
        score(proba=False)
    with pytest.raises(ScoringError, match="written by score_files"):
        score(f"{top}/out/*.parquet", f"{top}/other")


def test_tables_go_from_a_store_to_this_machine_and_back(top, model, tmp_path):
    write(f"{top}/in/a.parquet", parquet(ROWS))
    write(f"{top}/in/b.txt", b"text")
    skmtl.score_files(model, f"{top}/in/*.parquet", tmp_path / "out", keep=["id"])
    scores = pd.read_parquet(tmp_path / "out")
    np.testing.assert_array_equal(scores["y_prediction"], model.predict(ROWS[["x"]]))
    ROWS.to_parquet(tmp_path / "rows.parquet")
    skmtl.score_files(model, tmp_path / "rows.parquet", f"{top}/out", keep=["id"])
    pd.testing.assert_frame_equal(scores_in(f"{top}/out"), scores)


def test_refused_rows_are_set_aside_in_the_store(top, model):
    write(f"{top}/a.parquet", parquet(ROWS.assign(x=[np.inf, *ROWS["x"][1:]])))
    report = skmtl.score_files(
        model, f"{top}/a.parquet", f"{top}/out", keep=["id"], on_error="quarantine"
    )
    assert (report.n_rows, report.n_refused) == (300, 1)
    assert scores_in(str(report.errors))["id"].tolist() == [0]


def test_what_is_not_there_is_named(top, model):
    with pytest.raises(FileNotFoundError, match=r"no file '.*none\.parquet' to score"):
        skmtl.score_files(model, f"{top}/none.parquet", f"{top}/out")
    with pytest.raises(FileNotFoundError, match="no Parquet or CSV file"):
        skmtl.score_files(model, f"{top}/*.parquet", f"{top}/out")
    with pytest.raises(FileNotFoundError, match="neither a Parquet file nor a folder"):
        skmtl.RMTGBRegressor().fit(f"{top}/none.parquet", "y")
    ROWS.to_parquet("rows.parquet")
    with pytest.raises(ValueError, match="no folder in common"):
        write(f"{top}/a.parquet", parquet(ROWS))
        skmtl.score_files(model, ["rows.parquet", f"{top}/a.parquet"], f"{top}/out")


def test_models_are_fitted_on_tables_in_a_store(top):
    write(f"{top}/rows/part=1/a.parquet", parquet(ROWS))
    write(f"{top}/rows/part=2/a.parquet", parquet(ROWS.assign(y=ROWS["y"] + 5)))
    table = ParquetTable(f"{top}/rows", columns=["x", "part"])
    fitted = skmtl.RMTGBRegressor(**OPTIONS).fit(table, "y")
    X = pd.concat([ROWS[["x"]].assign(part=part) for part in (1, 2)])
    expected = skmtl.RMTGBRegressor(**OPTIONS).fit(X, pd.concat([ROWS["y"], ROWS["y"] + 5]))
    np.testing.assert_array_equal(fitted.predict(X), expected.predict(X))


def test_the_commands_read_and_write_addresses(top, tmp_path, capsys):
    write(f"{top}/rows/a.parquet", parquet(ROWS))
    write(f"{top}/test.csv", ROWS.to_csv(index=False).encode())
    (tmp_path / "fit.toml").write_text(
        f'estimator = "RMTGBRegressor"\noutput = "{top}/m.skmtl"\nreport = "{top}/m.json"\n'
        f'[data]\ntrain = "{top}/rows/*.parquet"\ntest = "{top}/test.csv"\ntargets = "y"\n'
        'drop = ["id"]\n[parameters]\nn_rounds = 20\nn_bags = 1\nearly_stopping = false\n'
    )
    assert main(["fit", "fit.toml"]) == 0, capsys.readouterr().err
    with fsspec.open(f"{top}/m.json") as stream:
        assert json.load(stream)["scores"]["y"] > 0.5
    for arguments in (
        ["score", f"{top}/m.skmtl", f"{top}/rows", f"{top}/out", "--keep", "id"],
        ["inspect", f"{top}/m.skmtl"],
        ["card", f"{top}/m.skmtl", f"{top}/test.csv", "--out", f"{top}/card.md"],
    ):
        assert main(arguments) == 0, capsys.readouterr().err
    assert len(scores_in(f"{top}/out")) == 300
    with fsspec.open(f"{top}/card.md") as stream:
        assert b"RMTGBRegressor" in stream.read()


def test_a_bucket_that_does_not_exist_is_not_created(s3, monkeypatch, model, tmp_path):
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    ROWS.to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(FileNotFoundError, match="There is no 's3://mistyped'"):
        skmtl.score_files(model, tmp_path / "rows.parquet", "s3://mistyped/out")
