"""Models of random tables, targets and parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import skmtl
from tests.files.cases import NETWORK

pytest.importorskip("onnx", reason='needs the extra "onnx"')
pytest.importorskip("onnxruntime", reason='needs the extra "onnx"')

from tests.export.graphs import assert_same_outputs

KINDS = {"visits": "count", "delay": "quantile", "death": "survival", "exit": "competing_risks"}


def some(rng: np.random.Generator, names: list[str]) -> list[str]:
    """Return about half of the names, at least one."""
    chosen = [name for name in names if rng.random() < 0.5]
    return chosen or names[:1]


def random_table(rng: np.random.Generator, n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    X = pd.DataFrame({
        "size": rng.normal(size=n) * 10.0 ** rng.integers(-6, 7) + rng.integers(-5, 5),
        "short": rng.normal(size=n).astype(np.float32),
        "whole": rng.integers(-5, 6, n),
        "nullable": pd.array(rng.integers(0, 9, n), dtype="Int64"),
        "flag": rng.random(n) < 0.5,
        "letter": rng.choice(list("abcdefgh"), n),
        "code": pd.Categorical(rng.integers(0, rng.integers(2, 60), n)),
    })  # fmt: skip
    signal = X["whole"] / 5 + X["flag"] + X["letter"].isin(["a", "b"]) + rng.normal(0, 0.3, n)
    X = X.mask(rng.random(X.shape) < rng.choice([0.0, 0.1, 0.3]))
    X["size"], X["short"] = X["size"].astype(float), X["short"].astype(np.float32)
    Y = pd.DataFrame({
        "price": 1000 * signal, "visits": rng.poisson(np.exp(signal / 2)), "delay": signal,
        "late": signal > signal.median(), "class": pd.qcut(signal, 4, labels=False).map(str),
        "grade": pd.qcut(signal, 3, labels=["low", "mid", "high"]),
        "death_event": rng.integers(0, 2, n), "death_time": rng.exponential(size=n) + 0.1,
        "exit_event": rng.integers(0, 3, n), "exit_time": rng.exponential(size=n) + 0.1,
    })  # fmt: skip
    targets = some(rng, ["price", "visits", "delay", "late", "class", "grade", "death", "exit"])
    columns = [c for c in Y if c.removesuffix("_event").removesuffix("_time") in targets]
    return X[some(rng, list(X))], Y[columns]


def random_boosting(rng: np.random.Generator, is_long: bool) -> Any:
    blocks = ["linear", "shared", *["signature"] * is_long, "partition", "task"]
    return skmtl.RMTGB(
        blocks=some(rng, blocks),
        n_rounds=int(rng.integers(1, 30)),
        n_bags=int(rng.integers(1, 3)),
        num_leaves=int(rng.integers(2, 16)),
        min_data_in_leaf=int(rng.integers(1, 10)),
        lightgbm_params={
            "min_data_per_group": int(rng.integers(1, 50)),
            "zero_as_missing": bool(rng.random() < 0.2),
        },
    )


def random_network(rng: np.random.Generator, is_long: bool) -> Any:
    return skmtl.MultiTab(**NETWORK).set_params(
        learning_rate=0.05,
        mask=str(rng.choice(["none", "task_to_task", "feature_to_task", "both"])),
        feature_attention=bool(rng.random() < 0.5),
        n_blocks=int(rng.integers(0, 3)),
        numeric_embedding=str(rng.choice(["linear", "periodic", "piecewise_linear"])),
        row_mixing=str(rng.choice(["linear", "mlp", "ensemble"])),
        sample_context=[None, "memory", "prototypes"][rng.integers(0, 3)],
    )


def random_linear(rng: np.random.Generator, is_long: bool) -> Any:
    return skmtl.MultiTaskLinear(
        penalty=str(rng.choice(["ridge", "shared"])), n_bags=int(rng.integers(1, 3))
    )


MAKERS = {"boosting": random_boosting, "network": random_network, "linear": random_linear}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:penalty='shared'")  # some of the random targets are alone
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_random_model(make, seed):
    rng = np.random.default_rng(seed)
    X, Y = random_table(rng, 200)
    names = {c.removesuffix("_event").removesuffix("_time") for c in Y}
    is_long = seed % 3 == 0
    model = make(rng, is_long).set_params(
        tasks={name: kind for name, kind in KINDS.items() if name in names},
        task_column="shop" if is_long else None,
        random_state=seed,
    )
    if is_long:
        X = X.assign(shop=rng.choice(["north", "south", "west"], len(X)))
    model.fit(X[:100], Y[:100])
    if is_long:
        X["shop"] = X["shop"].replace("west", "a new one")
    assert_same_outputs(model, X[100:])
