"""Addresses that cannot be opened are refused: they are no folders of that name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import skmtl
from skmtl.cli import main
from skmtl.files import read_header
from skmtl.tables import ParquetTable

ADDRESSES = [
    "nowhere://bucket/rows.parquet", Path("nowhere://bucket/rows.parquet"), "NoWhere://b/*.parquet",
    "simplecache::s3://bucket/x",
]  # fmt: skip


@pytest.fixture
def model():
    X = pd.DataFrame({"x": [1.0, 2.0] * 30})
    return skmtl.RMTGBRegressor(n_rounds=2, n_bags=1, random_state=0).fit(X, X["x"].rename("y"))


@pytest.fixture
def here(tmp_path, monkeypatch, model):
    """A folder with a model and a table, to be left as it is."""
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    model.save("m.skmtl")
    pd.DataFrame({"x": [1.0, 2.0] * 30, "y": 1.0}).to_parquet("rows.parquet")
    yield tmp_path
    assert {path.name for path in tmp_path.iterdir()} <= {"m.skmtl", "rows.parquet", "fit.toml"}


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
def test_python_refuses_addresses(address, model, here):
    y = pd.Series([1.0, 2.0])
    calls = {
        "inputs": lambda: skmtl.score_files(model, address, "out"),
        "one of the inputs": lambda: skmtl.score_files(model, ["rows.parquet", address], "out"),
        "out": lambda: skmtl.score_files(model, "rows.parquet", address),
        "the model": lambda: skmtl.score_files(address, "rows.parquet", "out"),
        "the model of a frame": lambda: skmtl.score_frame(address, pd.DataFrame({"x": y})),
        "load": lambda: skmtl.load(address),
        "header": lambda: read_header(address),
        "save": lambda: model.save(address),
        "table": lambda: ParquetTable(address),
        "fit": lambda: skmtl.RMTGBRegressor().fit(address, "y"),
    }
    for what, call in calls.items():
        with pytest.raises(ValueError, match=r"but fsspec cannot open it|a chain of addresses"):
            call()
            pytest.fail(what)


@pytest.mark.parametrize("address", ["nowhere://bucket/x", "simplecache::memory://x"])
def test_the_command_refuses_addresses(address, here, capsys):
    for arguments in (
        ["score", "m.skmtl", "rows.parquet", address],
        ["score", "m.skmtl", address, "out"],
        ["score", address, "rows.parquet", "out"],
        ["inspect", address],
    ):
        assert main(arguments) in (1, 2)
        assert f"is {address!r}, " in capsys.readouterr().err


@pytest.mark.parametrize("key", ["train", "eval", "test", "output", "report"])
def test_the_configuration_refuses_addresses(key, here, capsys):
    names = dict.fromkeys(("train", "eval", "test"), "rows.parquet")
    names |= {"output": "new.skmtl", "report": "new.json", key: "nowhere://bucket/x"}
    data = "".join(f'{key} = "{names[key]}"\n' for key in ("train", "eval", "test"))
    (here / "fit.toml").write_text(
        f'estimator = "RMTGB"\noutput = "{names["output"]}"\nreport = "{names["report"]}"\n'
        f'[data]\n{data}targets = "y"\n'
    )
    assert main(["fit", "fit.toml", "--check"]) == 2
    assert f"{key} is 'nowhere://bucket/x', but fsspec" in capsys.readouterr().err


def test_what_only_looks_like_an_address_is_a_path(here, model):
    for name in ("a:b", "s3", "C:", "x=s3:", "s3:x"):
        model.save(here / name)
        assert read_header(here / name)["estimator"] == "RMTGBRegressor"
        (here / name).unlink()


def test_files_of_this_machine_have_addresses(here, model):
    model.save(f"file://{here}/other.skmtl")
    assert read_header(here / "other.skmtl")["estimator"] == "RMTGBRegressor"
    (here / "other.skmtl").unlink()


def test_a_dataset_may_lie_in_any_store():
    fsspec = pytest.importorskip("fsspec")
    from pyarrow import dataset

    memory = fsspec.filesystem("memory")
    rows = pd.DataFrame({"x": [1.0, 2.0] * 30, "y": [3.0, 5.0] * 30})
    with memory.open("/fit-rows/a.parquet", "wb") as stream:
        stream.write(rows.to_parquet(None))
    options = {"n_rounds": 2, "n_bags": 1, "random_state": 0}
    model = skmtl.RMTGBRegressor(**options).fit(
        ParquetTable(dataset.dataset("/fit-rows", format="parquet", filesystem=memory)), "y"
    )
    expected = skmtl.RMTGBRegressor(**options).fit(rows[["x"]], rows["y"])
    assert (model.predict(rows[["x"]]) == expected.predict(rows[["x"]])).all()
