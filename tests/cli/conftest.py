"""Tables and configurations in a folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skmtl.cli import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with ``train.parquet``, ``test.csv``, ``patients.csv`` and bad files."""
    rng = np.random.default_rng(0)
    n = 120
    frame = pd.DataFrame(
        {
            "id": range(n),
            "size": rng.normal(size=n),
            "city": rng.choice(["Bern", "Łódź"], n),
            "shop": rng.choice(["north", "south"], n),
            "rows": rng.integers(1, 3, n),
        }
    )
    frame["price"] = 10 * frame["size"] + (frame["city"] == "Bern")
    frame["sold"] = np.where(frame["size"] > 0, "yes", "no")
    frame["price"] = frame["price"].mask(rng.random(n) < 0.2)
    frame[:80].to_parquet(tmp_path / "train.parquet")
    frame[80:].to_csv(tmp_path / "test.csv", index=False)
    patients = frame[["size", "city"]].assign(
        died=rng.integers(0, 2, n), days=rng.exponential(size=n) * np.exp(frame["size"])
    )
    (tmp_path / "none.csv").write_bytes(b"")
    (tmp_path / "latin.csv").write_bytes("größe,city\n".encode("latin-1"))
    patients.to_csv(tmp_path / "patients.csv", index=False)
    return tmp_path


Fit = Callable[..., tuple[int, str, str]]

CONFIG = """
estimator = "RMTGB"
output = "model.skmtl"

[data]
train = "train.parquet"
test = "test.csv"
targets = ["price", "sold"]
drop = ["id", "shop", "rows"]

[parameters]
n_bags = 1
n_rounds = 5
random_state = 0
"""


@pytest.fixture
def fit(folder, capsys) -> Fit:
    """Run ``skmtl fit`` on a configuration: exit code, stdout, stderr."""

    def run(config: str = CONFIG, *options: str) -> tuple[int, str, str]:
        (folder / "fit.toml").write_text(config)
        code = main(["fit", str(folder / "fit.toml"), *options])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def outcome(fit) -> Callable[[str], dict]:
    """The output of ``skmtl fit --json`` for a valid configuration."""

    def run(config: str = CONFIG) -> dict:
        code, out, err = fit(config, "--json")
        assert code == 0, err
        return json.loads(out)

    return run
