"""The demo on a tenth of the flights, with small models."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from skmtl.datasets import load_flights_nyc
from skmtl.demo import _comparison, _data
from skmtl.demo.__main__ import main
from tests.small_models import bound_models


@pytest.fixture(autouse=True)
def few_flights(monkeypatch):
    def load():
        flights = load_flights_nyc()
        for name in ("data", "target", "date"):
            flights[name] = flights[name].iloc[::10]
        return flights

    monkeypatch.setattr(_data, "load_flights_nyc", load)
    bound_models(monkeypatch.setattr)
    monkeypatch.setattr(_comparison, "N_RESAMPLES", 10)


def run(tmp_path, *options):
    return main(["--out", str(tmp_path / "picture.png"), *options])


def test_it_prints_two_comparisons_and_saves_a_picture(tmp_path, capsys):
    assert run(tmp_path, "--seed", "3") == 0
    printed = capsys.readouterr().out
    for target in ("dep_delay", "arr_delay", "air_time", "late", "cancelled", "mean"):
        rows = re.findall(rf"^{target}\b.*[+-]\d+\.\d .*to", printed, re.MULTILINE)
        assert len(rows) == 2, target
    assert "seed 3" in printed
    for labels in ("all labels", "30 % of the labels"):
        verdict = rf"Flights, with {labels}: MultiTab is better than LightGBM on \d of 5 targets"
        assert re.search(verdict, printed)
    assert len(re.findall(r"^(?:late|cancelled) .* 0\.500 ", printed, re.MULTILINE)) == 4
    assert re.search(r"30 labels of one target: R2 -?\d\.\d\d when MultiTab learns", printed)
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_it_runs_without_rich_and_matplotlib(tmp_path, capsys, monkeypatch):
    for name in ("rich", "matplotlib", "matplotlib.axes", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "skmtl.demo._picture", raising=False)
    assert run(tmp_path) == 0
    printed = capsys.readouterr().out
    assert re.search(
        r"^network 0, epoch 0: loss 0\.\d+, validation 0\.\d+, the best so far$", printed, re.M
    )
    assert 'pip install "skmtl[plot]"' in printed
    assert not (tmp_path / "picture.png").exists()


def test_the_test_days_come_after_all_others():
    split = _data.split_flights(seed=0)
    assert split.test.days.min() > max(split.training.days.max(), split.validation.days.max())
    assert set(split.training.days).isdisjoint(split.validation.days)


def test_hidden_labels_are_hidden_from_both_models_and_not_from_the_test():
    split = _data.split_flights(seed=0)
    few = split.with_labels(0.3, seed=0)
    for part, whole in ((few.training, split.training), (few.validation, split.validation)):
        kept = part.Y.notna().sum() / whole.Y.notna().sum()
        assert kept.between(0.2, 0.4).all()
        seen = part.Y["late"].dropna()
        assert (seen == whole.Y.loc[seen.index, "late"]).all()
    assert few.test is split.test


def test_importing_the_demo_runs_and_imports_nothing():
    code = "import sys, skmtl.demo; print('torch' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert printed.stdout.strip() == b"False"
