"""Without a package that is an extra, what needs it says which extra brings it."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

import skmtl
from skmtl.callbacks import ProgressBar
from skmtl.cli import main
from skmtl.datasets import make_survival
from skmtl.export import to_onnx
from skmtl.survival import IncidenceDisplay


@pytest.fixture(scope="module")
def model():
    X, y = make_survival(60, random_state=0)
    return skmtl.RMTGBSurvival(n_bags=1, n_rounds=2, random_state=0).fit(X, y)


def without(monkeypatch, package):
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)


def score_with_a_bar(model, folder):
    make_survival(10, random_state=0)[0].to_csv(folder / "in.csv")
    skmtl.score_files(model, folder / "in.csv", folder / "out", progress=True)


def fit_with_dask(model, folder):
    from skmtl.distributed import fit_with_dask

    fit_with_dask(model, None, "y")


@pytest.mark.parametrize(
    ("package", "extra", "user", "use"),
    [
        ("matplotlib", "plot", "IncidenceDisplay",
         lambda model, folder: IncidenceDisplay.from_estimator(model, make_survival(9)[0])),
        ("rich", "progress", "ProgressBar", lambda model, folder: ProgressBar()),
        ("rich", "progress", "progress=True", score_with_a_bar),
        ("pyarrow", "parquet", "score_files",
         lambda model, folder: skmtl.score_files(model, folder, folder / "out")),
        ("pyarrow", "parquet", "Reading Parquet files",
         lambda model, folder: skmtl.MultiTab().fit(str(folder), y="a")),
        ("onnx", "onnx", "to_onnx", lambda model, folder: to_onnx(model)),
        ("distributed", "dask", "fit_with_dask", fit_with_dask),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_the_error_names_the_extra(package, extra, user, use, model, tmp_path, monkeypatch):
    if package != "distributed":
        pytest.importorskip(package)
    without(monkeypatch, package)
    with pytest.raises(ImportError, match=rf'{user} needs .*pip install "skmtl\[{extra}\]"'):
        use(model, tmp_path)


def test_the_command_names_the_extra_of_parquet(tmp_path, monkeypatch, capsys):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]}).to_parquet(tmp_path / "in.parquet")
    (tmp_path / "fit.toml").write_text(
        'estimator = "RMTGBRegressor"\noutput = "model.skmtl"\n'
        '[data]\ntrain = "in.parquet"\ntargets = ["b"]\n'
    )
    without(monkeypatch, "pyarrow")
    assert main(["fit", str(tmp_path / "fit.toml")]) == 1
    assert 'pip install "skmtl[parquet]"' in capsys.readouterr().err
